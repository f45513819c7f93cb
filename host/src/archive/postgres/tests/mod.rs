//! The contract, and what only PostgreSQL has to be asked.

mod damage;
mod indexed;
mod kills;
mod older;
mod outage;
mod plans;
mod schema;
mod text;

use std::sync::Arc;

use super::{PostgresStore, testing::Server};
use crate::archive::contract::{Fresh, contract};

pub(super) async fn fresh() -> Fresh {
    let address = Server::shared().database().await;
    let store = PostgresStore::open(&address).await.unwrap();
    Fresh { store: Arc::new(store), kept: Box::new(()) }
}

contract!(crate::archive::postgres::tests::fresh);
