//! Work with guests that takes as long as it takes, such as an export: on a thread of its own, which has the priority
//! of the crew's and gives way as they do.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::mpsc,
    thread,
};

use tokio::{runtime::Handle, sync::oneshot};

use super::crew;

type Work = Box<dyn FnOnce() + Send>;

/// The work, under way. Who drops this leaves it to its own end.
#[derive(Debug)]
pub struct Apart<T>(oneshot::Receiver<thread::Result<T>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a thread has ended in the middle")]
pub struct Panicked;

impl<T: Send + 'static> Apart<T> {
    /// Needs tokio around it, which the work knows too.
    pub fn spawn(work: impl FnOnce() -> T + Send + 'static) -> Self {
        let (sender, receiver) = oneshot::channel();
        let work: Work = Box::new(move || {
            let done = catch_unwind(AssertUnwindSafe(work));
            // Who asked may be gone.
            drop(sender.send(done));
        });
        let (given, taken) = mpsc::channel::<Work>();
        let runtime = Handle::current();
        let inside = runtime.clone();
        let spawned = thread::Builder::new().name("plugin-apart".into()).spawn(move || {
            let _inside = inside.enter();
            crew::begin();
            taken.into_iter().for_each(|work| work());
        });
        match spawned {
            Ok(_) => drop(given.send(work)),
            Err(error) => {
                tracing::warn!(%error, "No thread for a plugin's work; it is done at normal priority");
                drop(runtime.spawn_blocking(work));
            }
        }
        Self(receiver)
    }

    pub async fn ended(self) -> Result<T, Panicked> {
        self.0.await.map_err(|_| Panicked)?.map_err(|_| Panicked)
    }

    /// Blocks the thread, which must be none of the runtime's.
    pub fn wait(self) -> T {
        match self.0.blocking_recv().expect("work says how it ends") {
            Ok(done) => done,
            Err(panic) => resume_unwind(panic),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn works_beside_the_runtime_on_threads_of_its_own() {
        let here = Handle::current().id();
        let about = move || (Handle::current().id() == here, thread::current().id());
        let (one, other) = (Apart::spawn(about), Apart::spawn(about));
        let (one, other) = (one.ended().await.unwrap(), other.ended().await.unwrap());
        assert!(one.0 && other.0 && one.1 != other.1 && one.1 != thread::current().id());
        let waiting = tokio::task::spawn_blocking(|| Apart::spawn(|| 7).wait());
        assert_eq!(waiting.await.unwrap(), 7);
    }

    #[tokio::test]
    async fn panics_are_told() {
        assert_eq!(Apart::spawn(|| -> i32 { panic!("on purpose") }).ended().await, Err(Panicked));
        let waiting = tokio::task::spawn_blocking(|| Apart::spawn(|| -> i32 { panic!("on purpose") }).wait());
        assert!(waiting.await.unwrap_err().is_panic());
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn who_takes_long_gives_way() {
        let niceness = || rustix::process::getpriority_process(None).unwrap();
        let ours = niceness();
        let usual = (ours + crew::NICENESS).min(19);
        let behind = (usual + crew::STEP_BACK).min(19);
        let work = move || (niceness(), crew::give_way(), niceness());
        assert_eq!(Apart::spawn(work).ended().await, Ok((usual, (), behind)));
        assert_eq!(Apart::spawn(niceness).ended().await, Ok(usual), "the next one has a thread of its own");
        assert_eq!(niceness(), ours);
    }
}
