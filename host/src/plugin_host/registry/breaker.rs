//! Leaves a plugin alone that fails again and again, and tries it once now and then.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use crate::plugin_host::{BreakerSettings, Failure};

/// Closed while calls pass; open while none do; at the end of the rest a single call is let through.
#[derive(Debug)]
pub(crate) struct Breaker {
    inner: Mutex<Inner>,
    /// Nothing has failed of late: the usual case, which costs one load.
    is_calm: AtomicBool,
}

#[derive(Debug)]
struct Inner {
    settings: BreakerSettings,
    failures: VecDeque<Timestamp>,
    rest: Option<Rest>,
    /// When the last rest ended, and which in a row that was.
    last: Option<(Timestamp, u32)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rest {
    pub(crate) since: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) reason: String,
    /// How many in a row; each is twice as long as the one before.
    times: u32,
    /// When the one call was let through. Should nobody hear of it again, there will be another.
    tried_at: Option<Timestamp>,
}

impl Breaker {
    pub(crate) fn new(settings: BreakerSettings) -> Self {
        Self { inner: Mutex::new(Inner::new(settings)), is_calm: AtomicBool::new(true) }
    }

    /// For what fails from now on.
    pub(crate) fn set(&self, settings: &BreakerSettings) {
        self.lock().settings.clone_from(settings);
    }

    /// Whether a call may be made now.
    pub(crate) fn admit(&self, now: Timestamp) -> Result<(), Rest> {
        if self.is_calm.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut inner = self.lock();
        inner.check(now)?;
        if let Some(rest) = &mut inner.rest {
            rest.tried_at = Some(now);
        }
        Ok(())
    }

    /// Whether [`Self::admit`] would refuse it; lets nobody through.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), Rest> {
        if self.is_calm.load(Ordering::Acquire) { Ok(()) } else { self.lock().check(now) }
    }

    /// Returns whether it had been resting.
    pub(crate) fn succeeded(&self, now: Timestamp) -> bool {
        if self.is_calm.load(Ordering::Acquire) {
            return false;
        }
        let mut inner = self.lock();
        // A call that began before the rest says nothing about what is wrong since.
        if inner.rest.as_ref().is_some_and(|rest| rest.tried_at.is_none()) {
            return false;
        }
        let rested = inner.rest.take();
        if let Some(rest) = &rested {
            inner.failures.clear();
            inner.last = Some((now, rest.times));
        }
        self.is_calm.store(inner.failures.is_empty(), Ordering::Release);
        rested.is_some()
    }

    /// Returns the rest that begins with this failure.
    pub(crate) fn failed(&self, now: Timestamp, failure: &Failure) -> Option<Rest> {
        if !is_its_own_fault(failure) {
            return None;
        }
        let mut inner = self.lock();
        self.is_calm.store(false, Ordering::Release);
        let window = signed(inner.settings.window);
        let times = match &inner.rest {
            // Calls that were in flight when the rest began.
            Some(rest) if rest.tried_at.is_none() => return None,
            Some(rest) => rest.times + 1,
            None => {
                inner.failures.push_back(now);
                inner.failures.retain(|at| *at + window > now);
                if inner.failures.len() < inner.settings.failures as usize {
                    return None;
                }
                // What works once after each rest is not well yet.
                inner.last.filter(|(ended, _)| now < *ended + window).map_or(0, |(_, times)| times + 1)
            }
        };
        let length = inner.settings.rest.saturating_mul(2_u32.saturating_pow(times));
        let until = now + signed(length.min(inner.settings.longest_rest));
        let rest = Rest { since: now, until, reason: failure.to_string(), times, tried_at: None };
        inner.rest = Some(rest.clone());
        Some(rest)
    }

    /// Somebody says that it is fine, or there is new code.
    pub(crate) fn reset(&self) {
        let mut inner = self.lock();
        *inner = Inner::new(inner.settings.clone());
        self.is_calm.store(true, Ordering::Release);
    }

    pub(crate) fn resting(&self) -> Option<Rest> {
        if self.is_calm.load(Ordering::Acquire) { None } else { self.lock().rest.clone() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    const fn new(settings: BreakerSettings) -> Self {
        Self { settings, failures: VecDeque::new(), rest: None, last: None }
    }

    fn check(&self, now: Timestamp) -> Result<(), Rest> {
        let lease = signed(self.settings.rest);
        let keeps_out =
            |rest: &&Rest| now < rest.until || rest.tried_at.is_some_and(|tried| now < tried + lease);
        self.rest.as_ref().filter(keeps_out).map_or(Ok(()), |rest| Err(rest.clone()))
    }
}

/// What the world or the operator did to it is no reason to leave it alone.
pub(crate) fn is_its_own_fault(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::Trap { .. } | Failure::Timeout { .. } | Failure::Limit { .. } | Failure::Garbage { .. }
    )
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin_host::GuestFailure;

    const SETTINGS: BreakerSettings = BreakerSettings {
        failures: 3,
        window: Duration::from_secs(60),
        rest: Duration::from_secs(10),
        longest_rest: Duration::from_secs(25),
    };

    fn trap() -> Failure {
        Failure::Trap { what: "unreachable".into() }
    }

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(secs).unwrap()
    }

    fn resting_since(secs: i64) -> Breaker {
        let breaker = Breaker::new(SETTINGS);
        assert!((0..2).all(|n| breaker.failed(at(secs - 2 + n), &trap()).is_none()));
        assert!(breaker.failed(at(secs), &trap()).is_some());
        breaker
    }

    #[test]
    fn rests_after_failures_in_a_row() {
        let breaker = resting_since(100);
        let rest = breaker.admit(at(105)).unwrap_err();
        assert_eq!((rest.since, rest.until), (at(100), at(110)));
        assert!(rest.reason.contains("unreachable"));
        assert!(breaker.resting().is_some());
    }

    #[test]
    fn old_failures_do_not_count() {
        let breaker = Breaker::new(SETTINGS);
        for n in 0..100 {
            assert!(breaker.failed(at(n * 31), &trap()).is_none());
            assert!(breaker.admit(at(n * 31)).is_ok());
        }
    }

    #[test]
    fn one_call_tries_after_the_rest() {
        let breaker = resting_since(100);
        assert!(breaker.admit(at(110)).is_ok());
        assert!(breaker.admit(at(110)).is_err(), "the second waits for the first");
        assert!(breaker.succeeded(at(110)));
        assert!(breaker.admit(at(110)).is_ok() && breaker.resting().is_none());
        assert!(breaker.failed(at(111), &trap()).is_none(), "it starts with a clean sheet");
    }

    #[test]
    fn rests_grow_up_to_a_limit() {
        let breaker = resting_since(0);
        let mut now = at(0);
        for seconds in [20, 25, 25] {
            now = breaker.resting().unwrap().until;
            assert!(breaker.admit(now).is_ok());
            let rest = breaker.failed(now, &trap()).unwrap();
            assert_eq!(rest.until, now + SignedDuration::from_secs(seconds));
        }
        breaker.reset();
        assert!(breaker.admit(now).is_ok());
    }

    #[test]
    fn working_once_does_not_shorten_rests() {
        let breaker = resting_since(0);
        assert!(breaker.admit(at(10)).is_ok() && breaker.succeeded(at(10)));
        let fails_again = |secs: i64| (0..3).find_map(|n| breaker.failed(at(secs + n), &trap())).unwrap();
        assert_eq!(fails_again(11).until, at(13 + 20));
        assert!(breaker.admit(at(33)).is_ok() && breaker.succeeded(at(33)));
        assert_eq!(fails_again(100).until, at(102 + 10), "it was well for more than the window");
    }

    #[test]
    fn settings_may_change() {
        let breaker = Breaker::new(SETTINGS);
        breaker.set(&BreakerSettings { failures: 1, ..SETTINGS });
        assert!(breaker.failed(at(0), &trap()).is_some());
    }

    #[test]
    fn lost_tries_are_made_again() {
        let breaker = resting_since(0);
        assert!(breaker.admit(at(10)).is_ok());
        assert!(breaker.admit(at(19)).is_err());
        assert!(breaker.admit(at(20)).is_ok());
    }

    #[test]
    fn calls_in_flight_change_no_rest() {
        let breaker = resting_since(0);
        assert!(breaker.failed(at(1), &trap()).is_none());
        assert!(!breaker.succeeded(at(1)));
        assert_eq!(breaker.resting().unwrap().until, at(10));
    }

    #[test]
    fn what_the_plugin_says_itself_is_no_fault() {
        let breaker = Breaker::new(SETTINGS);
        for n in 0..50 {
            let refusal = GuestFailure::Permanent { message: "no such track".into() };
            assert!(breaker.failed(at(n), &refusal.into()).is_none());
            assert!(breaker.failed(at(n), &Failure::Cancelled).is_none());
        }
        assert!(breaker.admit(at(50)).is_ok());
    }

    #[test]
    fn what_is_well_again_costs_one_load() {
        let breaker = resting_since(0);
        assert!(breaker.admit(at(10)).is_ok() && breaker.succeeded(at(10)));
        assert!(breaker.is_calm.load(Ordering::Acquire));
    }
}
