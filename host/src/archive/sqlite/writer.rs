//! The one thread that writes. Batches that wait share a transaction, because what a commit costs is
//! waiting for the disk; each still has its own result, and one that fails takes no other with it.

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    index::{self, Vocabulary},
    write::{self, Memory},
};
use crate::archive::{Batch, Indexed, StoreError, Written};

pub(super) type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

#[derive(Debug)]
pub(super) enum Order {
    Write(Batch, Reply<Written>),
    Index(usize, Reply<Indexed>),
}

/// Batches that wait are written together up to so many writes.
const MOST_TOGETHER: usize = 2_000;

pub(super) struct Writer {
    db: Connection,
    memory: Memory,
    words: Vocabulary,
    written: watch::Sender<u64>,
}

impl Writer {
    pub(super) fn new(db: Connection, written: watch::Sender<u64>) -> Self {
        Self { db, memory: Memory::default(), words: Vocabulary::default(), written }
    }

    /// Until nobody can order anything any more.
    pub(super) fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        let mut next = orders.blocking_recv();
        while let Some(order) = next.take() {
            match order {
                Order::Index(most, reply) => {
                    // Whoever asked may have stopped waiting; then nobody needs the answer.
                    let _ = reply.send(self.index(most));
                }
                Order::Write(batch, reply) => {
                    let mut weight = batch.writes.len();
                    let mut batches = vec![(batch, reply)];
                    while weight < MOST_TOGETHER {
                        match orders.try_recv() {
                            Ok(Order::Write(batch, reply)) => {
                                weight += batch.writes.len();
                                batches.push((batch, reply));
                            }
                            Ok(other) => {
                                next = Some(other);
                                break;
                            }
                            Err(_) => break,
                        }
                    }
                    self.write(batches);
                }
            }
            next = next.or_else(|| orders.blocking_recv());
        }
    }

    fn write(&mut self, batches: Vec<(Batch, Reply<Written>)>) {
        let (batches, replies): (Vec<Batch>, Vec<Reply<Written>>) = batches.into_iter().unzip();
        let results = match self.together(&batches) {
            Ok(results) => results,
            Err(error) => {
                self.undo();
                replies.iter().map(|_| Err(error.clone())).collect()
            }
        };
        let count = results.iter().filter(|result| result.is_ok()).count() as u64;
        for (reply, result) in replies.into_iter().zip(results) {
            let result = result.map_err(|error| error.at(|| self.place()));
            let _ = reply.send(result);
        }
        if count > 0 {
            self.written.send_modify(|written| *written += count);
        }
    }

    /// All in one transaction. An error is one of the whole: then none was written.
    fn together(&mut self, batches: &[Batch]) -> Result<Vec<Result<Written, StoreError>>, StoreError> {
        self.db.execute_batch("begin immediate")?;
        let mut results = Vec::with_capacity(batches.len());
        for batch in batches {
            self.db.execute_batch("savepoint batch")?;
            let result = write::apply(&self.db, &mut self.memory, batch);
            if let Err(error) = &result {
                // A full disk ends the whole transaction.
                if self.db.is_autocommit() {
                    return Err(error.clone());
                }
                self.db.execute_batch("rollback to batch")?;
                self.memory = Memory::default();
            }
            self.db.execute_batch("release batch")?;
            results.push(result);
        }
        self.db.execute_batch("commit")?;
        Ok(results)
    }

    fn index(&mut self, most: usize) -> Result<Indexed, StoreError> {
        let done = self.index_in_transaction(most);
        if done.is_err() {
            self.undo();
        }
        done.map_err(|error| error.at(|| self.place()))
    }

    fn place(&self) -> String {
        self.db.path().unwrap_or_default().to_owned()
    }

    fn index_in_transaction(&mut self, most: usize) -> Result<Indexed, StoreError> {
        self.db.execute_batch("begin immediate")?;
        let indexed = index::index(&self.db, &mut self.words, most)?;
        self.db.execute_batch("commit")?;
        Ok(indexed)
    }

    /// What was remembered may be of rows that are no more.
    fn undo(&mut self) {
        (self.memory, self.words) = (Memory::default(), Vocabulary::default());
        if !self.db.is_autocommit()
            && let Err(error) = self.db.execute_batch("rollback")
        {
            tracing::error!(error = %error, "a transaction of the archive could not be undone");
        }
    }
}
