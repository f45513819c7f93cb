use std::{fs, path::Path, sync::Arc};

use super::super::{
    PostgresStore,
    testing::{Server, abandoned},
};
use crate::archive::contract::{
    Fresh,
    kills::{FOLDER, survives, variable, write_until_killed},
};

const ADDRESS: &str = "address";

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_writer_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let address = Server::shared().database().await;
    fs::write(folder.path().join(ADDRESS), &address).unwrap();
    let open = async || {
        // A commit that was on its way is there now, or never will be.
        abandoned(&address).await;
        let store = PostgresStore::open(&address).await.unwrap();
        Fresh { store: Arc::new(store), kept: Box::new(()) }
    };
    survives("archive::postgres::tests::kills::writes_until_killed", folder.path(), open).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it is the process that `a_killed_writer_loses_nothing` kills"]
async fn writes_until_killed() {
    let Some(folder) = variable(FOLDER) else { return };
    let address = fs::read_to_string(Path::new(&folder).join(ADDRESS)).unwrap();
    write_until_killed(Arc::new(PostgresStore::open(&address).await.unwrap())).await;
}
