//! One thread that flushes for everybody: while one flush is on its way to the disk, the next
//! callers gather for the following one.

use std::{
    sync::{Arc, mpsc},
    thread::JoinHandle,
};

use tokio::sync::oneshot;

use super::StateError;

type Waiter = oneshot::Sender<Result<(), Arc<StateError>>>;

#[derive(Clone, Debug)]
pub(super) struct Flusher {
    thread: Arc<Thread>,
}

/// Waits for its end when the last handle goes: only then is the state's file closed.
#[derive(Debug)]
struct Thread {
    waiters: Option<mpsc::Sender<Waiter>>,
    handle: Option<JoinHandle<()>>,
}

impl Drop for Thread {
    fn drop(&mut self) {
        drop(self.waiters.take());
        if let Some(Err(_)) = self.handle.take().map(JoinHandle::join) {
            tracing::error!("The thread that flushes the state has died");
        }
    }
}

impl Flusher {
    /// `flush` runs on the flusher's own thread and blocks until the disk has it all.
    pub(super) fn start(flush: impl Fn() -> Result<(), StateError> + Send + 'static) -> Self {
        let (sender, waiters) = mpsc::channel::<Waiter>();
        let handle = std::thread::Builder::new()
            .name("state-flush".into())
            .spawn(move || {
                while let Ok(first) = waiters.recv() {
                    let all: Vec<_> = std::iter::once(first).chain(waiters.try_iter()).collect();
                    let outcome = flush().map_err(Arc::new);
                    for waiter in all {
                        // A waiter that is gone has been cancelled and needs no answer.
                        let _ = waiter.send(outcome.clone());
                    }
                }
            })
            .expect("the system can start one more thread");
        Self { thread: Arc::new(Thread { waiters: Some(sender), handle: Some(handle) }) }
    }

    pub(super) async fn flushed(&self) -> Result<(), StateError> {
        let (waiter, answer) = oneshot::channel();
        self.send(waiter)?;
        answer.await.map_err(|_| StateError::Stopped)?.map_err(plain)
    }

    /// For what would be no great loss.
    pub(super) fn flush_soon(&self) {
        let (waiter, _) = oneshot::channel();
        // A flusher that has stopped leaves nothing to do: the state is being closed.
        let _ = self.send(waiter);
    }

    /// Like [`Self::flushed`], for those who may block.
    pub(super) fn flush_blocking(&self) -> Result<(), StateError> {
        let (waiter, answer) = oneshot::channel();
        self.send(waiter)?;
        answer.blocking_recv().map_err(|_| StateError::Stopped)?.map_err(plain)
    }

    fn send(&self, waiter: Waiter) -> Result<(), StateError> {
        let waiters = self.thread.waiters.as_ref().ok_or(StateError::Stopped)?;
        waiters.send(waiter).map_err(|_| StateError::Stopped)
    }
}

fn plain(error: Arc<StateError>) -> StateError {
    Arc::try_unwrap(error).unwrap_or_else(StateError::Flush)
}
