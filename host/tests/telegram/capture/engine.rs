//! Both engines, for tests that ask the same of each. Several processes find the same archive by the folder.

use std::{fs, path::Path, sync::Arc};

use tapedeck::archive::{PostgresStore, SharedStore, SqliteStore};

use crate::support::postgres::{self, Server};

/// Says where the archive is that is no file in the folder.
const ADDRESS: &str = "address";
const FILE: &str = "archive.db";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    Sqlite,
    Postgres,
}

impl On {
    /// An empty archive, in the place of the one that may be there.
    pub(crate) async fn make_anew(self, folder: &Path) {
        for ending in ["", "-wal", "-shm"] {
            let file = folder.join(format!("{FILE}{ending}"));
            if file.exists() {
                fs::remove_file(file).unwrap();
            }
        }
        if self == Self::Postgres {
            fs::write(folder.join(ADDRESS), Server::shared().database().await).unwrap();
        }
    }
}

pub(crate) async fn open(folder: &Path) -> SharedStore {
    match address(folder) {
        Some(address) => Arc::new(PostgresStore::open(&address).await.unwrap()),
        None => {
            let file = folder.join(FILE);
            Arc::new(tokio::task::spawn_blocking(move || SqliteStore::open(&file)).await.unwrap().unwrap())
        }
    }
}

/// What a process that was killed had begun is over, one way or the other.
pub(crate) async fn settled(folder: &Path) {
    if let Some(address) = address(folder) {
        postgres::abandoned(&address).await;
    }
}

pub(crate) fn address(folder: &Path) -> Option<String> {
    fs::read_to_string(folder.join(ADDRESS)).ok()
}
