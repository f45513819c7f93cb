//! The last log lines of each run.

use super::{
    StateError,
    tree::{Key, Tree},
};
use crate::model::{LogLine, RunId};

#[derive(Clone, Copy, Debug)]
struct LineKey {
    run: RunId,
    seq: u64,
}

impl Key for LineKey {
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.run.to_bytes();
        bytes.extend(self.seq.to_be_bytes());
        bytes
    }
}

#[derive(Clone, Debug)]
pub struct RunLogs {
    tree: Tree<LineKey, LogLine>,
}

impl RunLogs {
    pub(super) fn open(db: &sled::Db) -> Result<Self, StateError> {
        Ok(Self { tree: Tree::open(db, "run-logs")? })
    }

    /// Stores new lines and removes those numbered below `oldest_kept`.
    pub fn write(&self, run: RunId, lines: &[LogLine], oldest_kept: u64) -> Result<(), StateError> {
        let mut batch = sled::Batch::default();
        for line in lines {
            batch.insert(LineKey { run, seq: line.seq }.to_bytes(), super::tree::encode(line));
        }
        let from = LineKey { run, seq: 0 }.to_bytes();
        for entry in self.tree.raw().range(from..LineKey { run, seq: oldest_kept }.to_bytes()).keys() {
            batch.remove(entry.map_err(StateError::Write)?);
        }
        self.tree.raw().apply_batch(batch).map_err(StateError::Write)
    }

    /// Lines numbered above `after`, oldest first, at most `limit`.
    pub fn read(&self, run: RunId, after: u64, limit: usize) -> Result<Vec<LogLine>, StateError> {
        let from = LineKey { run, seq: after.saturating_add(1) }.to_bytes();
        let until = LineKey { run, seq: u64::MAX }.to_bytes();
        self.tree
            .raw()
            .range(from..=until)
            .take(limit)
            .map(|entry| {
                let (key, value) = entry.map_err(StateError::Write)?;
                self.tree.decode(&key, &value)
            })
            .collect()
    }

    pub fn remove(&self, run: RunId) -> Result<(), StateError> {
        self.write(run, &[], u64::MAX)
    }
}
