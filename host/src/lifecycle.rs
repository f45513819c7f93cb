//! How the process ends. The first signal drains: jobs see a token and finish. A second one, or
//! the time limit, aborts. A task that dies is a bug: it drains too, and the exit code says so.

use std::{
    future::Future,
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
    time::Duration,
};

use futures_util::FutureExt as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Cheap to clone; all clones are one process's end.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    drain: CancellationToken,
    abort: CancellationToken,
    tasks: TaskTracker,
    /// Why it had to end, of whoever said so first.
    failure: Arc<OnceLock<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Everything stopped by itself.
    Drained,
    /// A second signal or the time limit cut it short.
    Aborted,
    /// A task had died, or something that nothing works without is broken.
    Failed,
}

impl Lifecycle {
    /// Cancelled when work should come to an end.
    pub fn draining(&self) -> CancellationToken {
        self.drain.clone()
    }

    /// Cancelled when there is no time left.
    pub fn aborting(&self) -> CancellationToken {
        self.abort.clone()
    }

    pub fn drain(&self) {
        self.drain.cancel();
    }

    /// Ends the process with a failure code, and says why in its last line.
    pub fn fail(&self, why: impl Into<String>) {
        // What comes after the first is its consequence.
        let _ = self.failure.set(why.into());
        self.drain.cancel();
    }

    pub fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    pub fn abort(&self) {
        self.drain.cancel();
        self.abort.cancel();
    }

    /// Runs a task that the process waits for at its end. It has to watch [`Self::draining`].
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let lifecycle = self.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                outcome = AssertUnwindSafe(task).catch_unwind() => {
                    if outcome.is_err() {
                        tracing::error!(task = name, "A task has died; shutting down");
                        lifecycle.fail(format!("the task `{name}` has died: the log says how"));
                    }
                }
                () = lifecycle.abort.cancelled() => {}
            }
        });
    }

    /// Turns SIGTERM and SIGINT into drain, then abort. Not tracked: it is there to the very end.
    #[expect(clippy::disallowed_methods, reason = "the end must not wait for the one who listens for it")]
    pub fn spawn_signal_listener(&self) -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let lifecycle = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                if lifecycle.drain.is_cancelled() {
                    tracing::warn!("Second signal: stopping at once");
                    lifecycle.abort.cancel();
                    return;
                }
                tracing::info!("Stopping: waiting for running jobs; a second signal stops at once");
                lifecycle.drain.cancel();
            }
        });
        Ok(())
    }

    /// Blocks until everything has ended, at most `limit` after draining began.
    pub async fn wait(&self, limit: Duration) -> Ending {
        self.drain.cancelled().await;
        self.tasks.close();
        let mut ending = Ending::Drained;
        tokio::select! {
            () = self.tasks.wait() => {}
            () = self.abort.cancelled() => ending = Ending::Aborted,
            () = tokio::time::sleep(limit) => {
                tracing::warn!(limit_s = limit.as_secs(), "Jobs did not end in time: stopping at once");
                self.abort.cancel();
                ending = Ending::Aborted;
            }
        }
        if ending == Ending::Aborted {
            // Tasks notice the abort at their next await; only a blocked one needs this bound.
            let _ = tokio::time::timeout(Duration::from_secs(2), self.tasks.wait()).await;
        }
        if self.failure().is_some() { Ending::Failed } else { ending }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn drained_tasks_end_the_wait() {
        let lifecycle = Lifecycle::default();
        lifecycle.spawn_signal_listener().unwrap();
        let draining = lifecycle.draining();
        lifecycle.spawn("polite", async move { draining.cancelled().await });
        lifecycle.drain();
        assert_eq!(lifecycle.wait(Duration::from_secs(60)).await, Ending::Drained);
    }

    #[tokio::test]
    async fn time_limit_aborts_the_rest() {
        let lifecycle = Lifecycle::default();
        lifecycle.spawn("deaf", std::future::pending());
        lifecycle.drain();
        assert_eq!(lifecycle.wait(Duration::from_millis(10)).await, Ending::Aborted);
    }

    #[tokio::test]
    async fn dead_task_ends_the_process() {
        let lifecycle = Lifecycle::default();
        lifecycle.spawn("buggy", async { panic!("a bug") });
        assert_eq!(lifecycle.wait(Duration::from_secs(60)).await, Ending::Failed);
        lifecycle.fail("what came of it");
        assert_eq!(lifecycle.failure(), Some("the task `buggy` has died: the log says how"));
    }
}
