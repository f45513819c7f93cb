//! How far runs are. Kept in memory alone: a step of a run is not worth a write to the disk.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::model::{Progress, Run, RunId};

/// Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct ProgressBoard(Arc<Mutex<HashMap<RunId, Progress>>>);

impl ProgressBoard {
    pub(super) fn note(&self, run: &Run) {
        let mut board = self.lock();
        match &run.progress {
            Some(progress) => board.insert(run.id, progress.clone()),
            None => board.remove(&run.id),
        };
    }

    /// The run is over: what it came to stands in the ledger.
    pub(super) fn forget(&self, run: RunId) {
        self.lock().remove(&run);
    }

    /// Adds what the ledger does not know.
    pub(super) fn fill_in<'a>(&self, runs: impl IntoIterator<Item = &'a mut Run>) {
        let board = self.lock();
        for run in runs {
            if let Some(progress) = board.get(&run.id).filter(|_| !run.status.is_over()) {
                run.progress = Some(progress.clone());
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RunId, Progress>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
