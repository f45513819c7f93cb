//! Threads for guests that compute: never those of the runtime, and at a lower priority than theirs.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use tokio::sync::{Semaphore, oneshot};

type Work = Box<dyn FnOnce() + Send>;

/// As many threads as there are processors. They end with the last clone.
#[derive(Clone, Debug)]
pub(crate) struct Crew {
    work: mpsc::Sender<Work>,
    /// Bounds what waits: whoever has more to do waits in its own task.
    turns: Arc<Semaphore>,
}

/// How much more than Tapedeck's own threads they give way to others.
const NICENESS: i32 = 5;
const WAITING_PER_THREAD: usize = 4;

impl Crew {
    pub(crate) fn start() -> std::io::Result<Self> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let (work, queue) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..threads {
            let queue = queue.clone();
            thread::Builder::new().name(format!("plugin-{number}")).spawn(move || run(&queue))?;
        }
        Ok(Self { work, turns: Arc::new(Semaphore::new(threads * WAITING_PER_THREAD)) })
    }

    /// Does it there and waits for it here. Dropping the future leaves the work to its own end.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let turn = self.turns.clone().acquire_owned().await.expect("nobody closes it");
        let (sender, receiver) = oneshot::channel();
        let work = move || {
            let done = catch_unwind(AssertUnwindSafe(work));
            drop(turn);
            // Whoever asked may be gone.
            drop(sender.send(done));
        };
        self.work.send(Box::new(work)).expect("the threads live as long as this");
        match receiver.await.expect("work that was taken is done, or says that it panicked") {
            Ok(done) => done,
            Err(panic) => resume_unwind(panic),
        }
    }
}

fn run(queue: &Mutex<mpsc::Receiver<Work>>) {
    // Without the right to it, they compete as all others do.
    let _ = rustix::process::nice(NICENESS);
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(work) = next else { return };
        work();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn works_beside_the_runtime() {
        let crew = Crew::start().unwrap();
        let all = (0..100_u64).map(|n| crew.run(move || (n, thread::current().name().map(str::to_owned))));
        for (n, (same, name)) in futures_util::future::join_all(all).await.into_iter().enumerate() {
            assert_eq!(same, n as u64);
            assert!(name.unwrap().starts_with("plugin-"));
        }
    }

    #[tokio::test]
    async fn panics_go_back_to_who_asked() {
        let crew = Crew::start().unwrap();
        for _ in 0..64 {
            let panicking = tokio::task::JoinSet::from_iter([{
                let crew = crew.clone();
                async move { crew.run(|| panic!("on purpose")).await }
            }]);
            let panicked = panicking.join_all();
            let caught = AssertUnwindSafe(panicked);
            assert!(futures_util::FutureExt::catch_unwind(caught).await.is_err());
        }
        assert_eq!(crew.run(|| 7).await, 7);
    }
}
