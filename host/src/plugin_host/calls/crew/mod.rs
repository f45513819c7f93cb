//! Threads for guests that compute: never those of the runtime, and at a lower priority than theirs.
//!
//! Each plugin has as many of them as there are processors, and waits for no other plugin's: one that is stuck
//! keeps nobody waiting but its own callers. While other plugins are called, too, it has half of them: there the
//! others find a processor that is free at once, and need not wait until the system takes one away from it. A call
//! that goes on for long makes its thread give way to others; what follows a call that went wrong does so from
//! its start, and so does for some seconds, while others are called, what follows many that kept a processor busy.
//! Priority cannot be taken back without privileges, so such a thread only does such work from then on.

#[cfg(test)]
mod tests;

use std::{
    cell::Cell,
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
};

type Work = Box<dyn FnOnce() + Send>;

/// How much more than Tapedeck's own threads they give way to others.
pub(super) const NICENESS: i32 = 5;
/// How much more those do that take long.
pub(super) const STEP_BACK: i32 = 10;
/// A call that takes longer lets others go first, and so does the next one of its plugin.
pub(crate) const PATIENCE: Duration = Duration::from_millis(30);
/// So many calls of one plugin may wait for programs and servers at once, each on its thread.
const MOST_WAITING: usize = 32;
/// Whoever was called so long ago is called still.
const STILL: Duration = Duration::from_secs(1);
/// Whoever computes for longer than `MUCH` within this time keeps a processor busy, and is taken for one that does
/// for `BUSY_STILL` more.
const WINDOW: Duration = Duration::from_millis(100);
const MUCH: Duration = Duration::from_millis(50);
const BUSY_STILL: Duration = Duration::from_secs(5);
/// A thread with nothing to do ends after this.
const KEPT: Duration = Duration::from_secs(10);

/// Cheap to clone. The threads end with the last clone. They know the runtime: what waits for a guest there waits
/// on it, not on one that it would have to make.
#[derive(Clone, Debug)]
pub(crate) struct Crew {
    shared: Arc<Shared>,
    _end: Arc<End>,
}

/// The way of one plugin's calls: how many run at once, and whether they have to let others go first.
#[derive(Clone, Debug)]
pub(crate) struct Lane {
    turns: Arc<Semaphore>,
    /// Of those that are made while others have calls, too, and of those that have to let others go first.
    turns_beside: Arc<Semaphore>,
    /// Of those that wait for most of their time.
    turns_to_wait: Arc<Semaphore>,
    is_behind: Arc<AtomicBool>,
    spent: Arc<Mutex<Spent>>,
}

/// How busy a plugin has kept processors lately.
#[derive(Debug, Default)]
struct Spent {
    since: Option<Instant>,
    time: Duration,
    busy_until: Option<Instant>,
}

impl Spent {
    fn add(&mut self, time: Duration, now: Instant) {
        if now.duration_since(*self.since.get_or_insert(now)) >= WINDOW {
            (self.since, self.time) = (Some(now), Duration::ZERO);
        }
        self.time += time;
        if self.time > MUCH {
            self.busy_until = Some(now + BUSY_STILL);
        }
    }

    fn is_much(&self, now: Instant) -> bool {
        self.busy_until.is_some_and(|until| now < until)
    }
}

impl Lane {
    pub(crate) fn new() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let turns = |n| Arc::new(Semaphore::new(n));
        Self {
            turns: turns(processors),
            turns_beside: turns((processors / 2).max(1)),
            turns_to_wait: turns(MOST_WAITING),
            is_behind: Arc::default(),
            spent: Arc::default(),
        }
    }

    /// Whether the next call has to give way from its start, since the last one went wrong.
    pub(crate) fn keep_behind(&self, is_behind: bool) {
        self.is_behind.store(is_behind, Relaxed);
    }

    fn spend(&self, time: Duration, now: Instant) {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner).add(time, now);
    }

    fn is_busy(&self, now: Instant) -> bool {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner).is_much(now)
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.turns, &other.turns)
    }
}

struct Shared {
    runtime: Handle,
    /// For calls at the usual priority, and for those that have to let others go first.
    ahead: Pool,
    behind: Pool,
    /// The two that were called last, and when.
    called: Mutex<[Option<(Lane, Instant)>; 2]>,
}

/// Threads of one priority, and what they have to do.
#[derive(Default)]
struct Pool {
    queue: Mutex<Queue>,
    woken: Condvar,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

/// Never holds more work than there are threads that will take it at once.
#[derive(Default)]
struct Queue {
    work: VecDeque<Work>,
    idle: usize,
    is_over: bool,
}

#[derive(Debug)]
struct End(Arc<Shared>);

impl Drop for End {
    fn drop(&mut self) {
        for pool in [&self.0.ahead, &self.0.behind] {
            pool.lock().is_over = true;
            pool.woken.notify_all();
        }
    }
}

impl Crew {
    pub(crate) fn start(runtime: &Handle) -> Self {
        let (ahead, behind, called) = Default::default();
        let shared = Arc::new(Shared { runtime: runtime.clone(), ahead, behind, called });
        Self { _end: Arc::new(End(shared.clone())), shared }
    }

    /// Does it there and waits for it here. Dropping the future leaves work that has begun to its own end; what
    /// has not is not done.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        lane: &Lane,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        let now = Instant::now();
        let is_beside = self.shared.note_call(lane, now);
        let is_behind = lane.is_behind.load(Relaxed) || (is_beside && lane.is_busy(now));
        let beside = match is_beside || is_behind {
            true => Some(turn(&lane.turns_beside).await),
            false => None,
        };
        let turns = (turn(&lane.turns).await, beside);
        let own = lane.clone();
        let timed = move || {
            let began = Instant::now();
            let done = work();
            let (ended, took) = (Instant::now(), began.elapsed());
            own.spend(took, ended);
            if took > PATIENCE {
                own.keep_behind(true);
            }
            done
        };
        self.hand_over(is_behind || lane.is_behind.load(Relaxed), turns, timed).await
    }

    /// The same for work that waits for most of its time: it is polled there.
    pub(crate) async fn wait_for<T: Send + 'static>(
        &self,
        lane: &Lane,
        work: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let turn = turn(&lane.turns_to_wait).await;
        let runtime = self.shared.runtime.clone();
        self.hand_over(lane.is_behind.load(Relaxed), turn, move || runtime.block_on(work)).await
    }

    /// The same for work that is no plugin's call. Its `turn` ends with it. What will take long lets others go first
    /// from its start.
    pub(crate) async fn run_apart<T: Send + 'static>(
        &self,
        turn: OwnedSemaphorePermit,
        will_take_long: bool,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        self.hand_over(will_take_long, turn, work).await
    }

    async fn hand_over<T: Send + 'static>(
        &self,
        is_behind: bool,
        turn: impl Send + 'static,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        let (sender, receiver) = oneshot::channel();
        let work = move || {
            if sender.is_closed() {
                return;
            }
            let done = catch_unwind(AssertUnwindSafe(work));
            drop(turn);
            // Whoever asked may be gone.
            drop(sender.send(done));
        };
        self.shared.give(Box::new(work), is_behind);
        match receiver.await.expect("work that was taken is done, or says that it panicked") {
            Ok(done) => done,
            Err(panic) => resume_unwind(panic),
        }
    }
}

async fn turn(turns: &Arc<Semaphore>) -> OwnedSemaphorePermit {
    turns.clone().acquire_owned().await.expect("nobody closes it")
}

impl Shared {
    /// Says whether another one has calls, too.
    fn note_call(&self, lane: &Lane, now: Instant) -> bool {
        let mut called = self.called.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut called[0] {
            Some((last, at)) if last.is(lane) => *at = now,
            _ => {
                called[1] = called[0].take();
                called[0] = Some((lane.clone(), now));
            }
        }
        called[1].as_ref().is_some_and(|(_, at)| now.duration_since(*at) < STILL)
    }

    fn pool(&self, is_behind: bool) -> &Pool {
        if is_behind { &self.behind } else { &self.ahead }
    }

    fn give(self: &Arc<Self>, work: Work, is_behind: bool) {
        let pool = self.pool(is_behind);
        let mut queue = pool.lock();
        queue.work.push_back(work);
        if queue.work.len() <= queue.idle {
            pool.woken.notify_one();
            return;
        }
        queue.idle += 1;
        drop(queue);
        let shared = self.clone();
        let name = "plugin-call".to_owned();
        let spawned = thread::Builder::new().name(name).spawn(move || shared.work(is_behind));
        if let Err(error) = spawned {
            tracing::warn!(%error, "No thread for a plugin's call; it is made at normal priority");
            let mut queue = pool.lock();
            queue.idle -= 1;
            let left = queue.work.pop_front();
            drop(queue);
            left.into_iter().for_each(|work| drop(self.runtime.spawn_blocking(work)));
        }
    }

    /// What a thread does.
    fn work(&self, is_behind: bool) {
        let _inside = self.runtime.enter();
        begin();
        if is_behind {
            give_way();
        }
        let pool = || self.pool(RANK.get() == Rank::Behind);
        while let Some(work) = pool().next() {
            work();
            pool().lock().idle += 1;
        }
    }
}

impl Pool {
    /// Waits for work. `None`: there was none for long, or there will be no more.
    fn next(&self) -> Option<Work> {
        let mut queue = self.lock();
        let mut is_late = false;
        loop {
            let work = queue.work.pop_front();
            if work.is_some() || queue.is_over || is_late {
                queue.idle -= 1;
                return work;
            }
            let (back, waited) = self.woken.wait_timeout(queue, KEPT).unwrap_or_else(PoisonError::into_inner);
            (queue, is_late) = (back, waited.timed_out());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Rank {
    /// Not one of these threads.
    Foreign,
    Ahead,
    Behind,
}

thread_local! {
    static RANK: Cell<Rank> = const { Cell::new(Rank::Foreign) };
}

/// The first thing that a thread for guests does.
pub(super) fn begin() {
    step_back(NICENESS);
    RANK.set(Rank::Ahead);
}

/// Lets everybody else go before the call that this thread is busy with. Of threads that are not the crew's, no
/// priority is changed.
pub(crate) fn give_way() {
    if RANK.get() == Rank::Ahead {
        RANK.set(Rank::Behind);
        step_back(STEP_BACK);
    }
}

/// On Linux, niceness belongs to the thread. Elsewhere it would hold for the whole process.
fn step_back(by: i32) {
    // Without the right to it, they compete as all others do.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(by);
    #[cfg(not(target_os = "linux"))]
    let _ = by;
}
