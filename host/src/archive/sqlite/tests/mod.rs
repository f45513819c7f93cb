//! What the contract asks of every engine, and what only this one promises.

mod damage;
mod kills;
mod older;
mod plans;
mod room;
mod source;
mod views;

use super::*;
use crate::archive::contract::{Fresh, contract};

async fn fresh() -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("archive.sqlite")).unwrap();
    Fresh { store: std::sync::Arc::new(store), kept: Box::new(folder) }
}

contract!(crate::archive::sqlite::tests::fresh);
