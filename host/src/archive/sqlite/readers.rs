//! A few connections for questions, opened when they are needed.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::connection::open_reader;
use crate::archive::StoreError;

const MOST: usize = 4;

type Open = fn(&Path) -> Result<Connection, StoreError>;

#[derive(Clone, Debug)]
pub(super) struct Readers(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    open: Open,
    free: Semaphore,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: &Path) -> Self {
        Self::opened_by(path, open_reader)
    }

    pub(super) fn opened_by(path: &Path, open: Open) -> Self {
        let (path, free, idle) = (path.to_owned(), Semaphore::new(MOST), Mutex::default());
        Self(Arc::new(Inner { path, open, free, idle }))
    }

    /// All that one question reads is of the same moment. Who does not wait for the answer costs no connection.
    pub(super) async fn ask<T, Q>(&self, question: Q) -> Result<T, StoreError>
    where
        T: Send + 'static,
        Q: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (inner, place) = (self.0.clone(), self.0.path.clone());
        let stopped = |_| StoreError::Failed { reason: "the archive is closed".into() };
        // Held until the question is answered, even when nobody waits any more: see below.
        let permit = inner.free.acquire().await.map_err(stopped)?;
        permit.forget();
        let asked = tokio::task::spawn_blocking(move || {
            let back = Back(inner);
            let db = back.take()?;
            let answer = {
                let snapshot = db.unchecked_transaction()?;
                question(&snapshot)
            };
            back.put(db);
            answer
        });
        asked
            .await
            .map_err(|error| StoreError::Failed { reason: format!("a question came to grief: {error}") })?
            .map_err(|error| error.at(|| place.display().to_string()))
    }
}

/// Gives the place back whatever happens.
struct Back(Arc<Inner>);

impl Back {
    fn take(&self) -> Result<Connection, StoreError> {
        let idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| (self.0.open)(&self.0.path), Ok)
    }

    fn put(&self, db: Connection) {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).push(db);
    }
}

impl Drop for Back {
    fn drop(&mut self) {
        self.0.free.add_permits(1);
    }
}
