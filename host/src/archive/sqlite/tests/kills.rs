use std::{path::Path, sync::Arc};

use crate::archive::{
    SqliteStore,
    contract::{
        Fresh,
        kills::{FOLDER, survives, variable, write_until_killed},
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_writer_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive.sqlite");
    let open = async || Fresh { store: Arc::new(SqliteStore::open(&path).unwrap()), kept: Box::new(()) };
    survives("archive::sqlite::tests::kills::writes_until_killed", folder.path(), open).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it is the process that `a_killed_writer_loses_nothing` kills"]
async fn writes_until_killed() {
    let Some(folder) = variable(FOLDER) else { return };
    let store = SqliteStore::open(&Path::new(&folder).join("archive.sqlite")).unwrap();
    write_until_killed(Arc::new(store)).await;
}
