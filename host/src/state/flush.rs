//! One thread that flushes for everybody: while one flush is on its way to the disk, the next
//! callers gather for the following one.

use std::sync::{Arc, mpsc};

use tokio::sync::oneshot;

use super::StateError;

type Waiter = oneshot::Sender<Result<(), Arc<StateError>>>;

#[derive(Clone, Debug)]
pub(super) struct Flusher {
    waiters: mpsc::Sender<Waiter>,
}

impl Flusher {
    /// `flush` runs on the flusher's own thread and blocks until the disk has it all.
    pub(super) fn start(flush: impl Fn() -> Result<(), StateError> + Send + 'static) -> Self {
        let (sender, waiters) = mpsc::channel::<Waiter>();
        std::thread::Builder::new()
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
        Self { waiters: sender }
    }

    pub(super) async fn flushed(&self) -> Result<(), StateError> {
        let (waiter, answer) = oneshot::channel();
        self.waiters.send(waiter).map_err(|_| StateError::Stopped)?;
        answer.await.map_err(|_| StateError::Stopped)?.map_err(|error| match Arc::try_unwrap(error) {
            Ok(error) => error,
            Err(shared) => StateError::Flush(shared),
        })
    }
}
