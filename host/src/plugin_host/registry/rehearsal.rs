//! Where code runs for the first time: nobody knows yet whether it ends, or how much memory it fills.
//!
//! One at a time for a moment. Who needs longer begins anew, and waits for the others that do. So two run at once
//! at most, on threads that give way, and whoever starts quickly waits for nobody who does not: only for their
//! moments.

use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::plugin_host::{Failure, PluginError, calls::Crew};

/// Whoever starts quickly has started by then: Python needs some milliseconds.
const MOMENT: Duration = Duration::from_millis(200);

#[derive(Debug)]
pub(crate) struct Rehearsals {
    crew: Crew,
    quick: Arc<Semaphore>,
    long: Arc<Semaphore>,
}

/// What bounds one of them.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    pub(crate) limit: Duration,
    /// Nobody waits for it any more.
    pub(crate) cancel: CancellationToken,
}

impl Rehearsals {
    pub(crate) fn new(crew: Crew) -> Self {
        Self { crew, quick: Arc::new(Semaphore::new(1)), long: Arc::new(Semaphore::new(1)) }
    }

    /// Tries `code`, and gives it back with what came of it. Who drops the future ends the guest too.
    pub(crate) async fn run<C: Send + 'static, T: Send + 'static>(
        &self,
        code: C,
        limit: Duration,
        rehearse: impl Fn(&C, Bounds) -> Result<T, PluginError> + Clone + Send + 'static,
    ) -> (C, Result<T, PluginError>) {
        let moment = limit.min(MOMENT);
        let (code, ended) = self.take_turn(false, code, moment, rehearse.clone()).await;
        let is_late = ended.as_ref().is_err_and(|error| matches!(error.failure, Failure::Timeout { .. }));
        if !is_late || moment == limit {
            return (code, ended);
        }
        self.take_turn(true, code, limit, rehearse).await
    }

    async fn take_turn<C: Send + 'static, T: Send + 'static>(
        &self,
        is_long: bool,
        code: C,
        limit: Duration,
        rehearse: impl FnOnce(&C, Bounds) -> Result<T, PluginError> + Send + 'static,
    ) -> (C, Result<T, PluginError>) {
        let turns = if is_long { &self.long } else { &self.quick };
        let turn = turns.clone().acquire_owned().await.expect("nobody closes it");
        let cancel = CancellationToken::new();
        let _until_dropped = cancel.clone().drop_guard();
        let work = move || {
            let ended = rehearse(&code, Bounds { limit, cancel });
            (code, ended)
        };
        self.crew.run_apart(turn, is_long, work).await
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Mutex,
            atomic::{AtomicUsize, Ordering::SeqCst},
            mpsc,
        },
        thread,
    };

    use tokio::{runtime::Handle, task::JoinSet};

    use super::*;
    use crate::{model::PluginName, plugin_host::Who};

    const LONG: Duration = Duration::from_secs(10);

    fn too_late(limit: Duration) -> PluginError {
        let name: PluginName = "a".parse().unwrap();
        PluginError::new(&Who::named(&name), Failure::Timeout { limit, setting: "limits.start_deadline" })
    }

    fn rehearsals() -> Arc<Rehearsals> {
        Arc::new(Rehearsals::new(Crew::start(&Handle::current())))
    }

    /// Those that run at once, now and at most.
    #[derive(Default)]
    struct AtOnce(AtomicUsize, AtomicUsize);

    impl AtOnce {
        fn during<T>(&self, work: impl FnOnce() -> T) -> T {
            self.1.fetch_max(self.0.fetch_add(1, SeqCst) + 1, SeqCst);
            // Time for others to come in.
            (0..1_000).for_each(|_| thread::yield_now());
            let done = work();
            self.0.fetch_sub(1, SeqCst);
            done
        }

        fn most(&self) -> usize {
            self.1.load(SeqCst)
        }
    }

    #[tokio::test]
    async fn never_two_at_once() {
        let (rehearsals, at_once) = (rehearsals(), Arc::new(AtOnce::default()));
        let mut all = JoinSet::new();
        for number in 0..16 {
            let (rehearsals, at_once) = (rehearsals.clone(), at_once.clone());
            all.spawn(async move {
                let ended = rehearsals.run(number, LONG, move |number, bounds| {
                    assert_eq!(thread::current().name(), Some("plugin-call"));
                    assert_eq!(bounds.limit, MOMENT);
                    at_once.during(|| Ok(number + 1))
                });
                let (number, ended) = ended.await;
                assert_eq!(ended.unwrap(), number + 1);
            });
        }
        all.join_all().await;
        assert_eq!(at_once.most(), 1);
    }

    #[tokio::test]
    async fn who_starts_quickly_waits_for_none_that_takes_long() {
        let (rehearsals, at_once) = (rehearsals(), Arc::new(AtOnce::default()));
        let (release, held) = mpsc::channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
        let mut slow = JoinSet::new();
        for number in 0..8 {
            let (rehearsals, at_once) = (rehearsals.clone(), at_once.clone());
            let (held, begun) = (held.clone(), begun.clone());
            slow.spawn(async move {
                let loops = move |_: &i32, bounds: Bounds| -> Result<(), _> {
                    if bounds.limit > MOMENT {
                        begun.send(()).unwrap();
                        at_once.during(|| held.lock().unwrap().recv().unwrap_err());
                    }
                    Err(too_late(bounds.limit))
                };
                rehearsals.run(number, LONG, loops).await.1.unwrap_err().failure
            });
        }
        begins.recv().await.unwrap();
        for number in 0..8 {
            assert_eq!(rehearsals.run(number, LONG, |number, _| Ok(*number)).await.1.unwrap(), number);
        }
        assert_eq!(slow.len(), 8, "not one of them has ended");
        assert!(slow.try_join_next().is_none());
        drop(release);
        for failure in slow.join_all().await {
            let is_own = matches!(failure, Failure::Timeout { limit, .. } if limit == LONG);
            assert!(is_own, "{failure}: by its own bound");
        }
        assert_eq!(at_once.most(), 1);
    }

    #[tokio::test]
    async fn short_bounds_are_tried_once() {
        let (rehearsals, tried) = (rehearsals(), Arc::new(AtomicUsize::new(0)));
        let own = tried.clone();
        let late = move |_: &(), bounds: Bounds| -> Result<(), _> {
            own.fetch_add(1, SeqCst);
            Err(too_late(bounds.limit))
        };
        let short = MOMENT / 2;
        let failure = rehearsals.run((), short, late).await.1.unwrap_err().failure;
        assert!(matches!(failure, Failure::Timeout { limit, .. } if limit == short), "{failure}");
        assert_eq!(tried.load(SeqCst), 1);
    }

    #[tokio::test]
    async fn rehearsals_end_when_nobody_waits() {
        let rehearsals = rehearsals();
        let (ended, mut ends) = tokio::sync::mpsc::unbounded_channel();
        let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
        let waits = move |_: &(), bounds: Bounds| -> Result<(), _> {
            begun.send(()).unwrap();
            while !bounds.cancel.is_cancelled() {
                thread::yield_now();
            }
            ended.send(()).unwrap();
            Ok(())
        };
        let running = rehearsals.run((), LONG, waits);
        tokio::select! {
            _ = running => panic!("it waits"),
            _ = begins.recv() => {}
        }
        ends.recv().await.unwrap();
        assert!(rehearsals.run((), LONG, |_, _| Ok(())).await.1.is_ok(), "its turn is free again");
    }
}
