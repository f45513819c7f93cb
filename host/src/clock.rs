//! The one source of time. Everything that asks "when" takes a [`Clock`].

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

pub trait Clock: fmt::Debug + Send + Sync + 'static {
    fn now(&self) -> Timestamp;

    /// Returns at `due` or later; at once when it has passed. A jump of the system's clock can
    /// make it late, never early by more than the jump: callers look at `now` again.
    fn sleep_until(&self, due: Timestamp) -> BoxFuture<'static, ()>;
}

pub type SharedClock = Arc<dyn Clock>;

/// The system's clock.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::try_from(SystemTime::now())
            .expect("the system's clock shows a year between -9999 and 9999")
    }

    fn sleep_until(&self, due: Timestamp) -> BoxFuture<'static, ()> {
        let left =
            move || Duration::try_from(SystemClock.now().duration_until(due)).unwrap_or(Duration::ZERO);
        Box::pin(async move {
            if let Some(most) = left().checked_sub(LAST_STRETCH) {
                tokio::time::sleep(most).await;
            }
            let rest = left().min(2 * LAST_STRETCH);
            if !rest.is_zero() {
                // A thread of the pool sleeps to the moment; dropped, it wakes for nobody.
                let _ = tokio::task::spawn_blocking(move || std::thread::sleep(rest)).await;
            }
        })
    }
}

/// tokio's timer turns in steps of a millisecond and is late by one to two.
const LAST_STRETCH: Duration = Duration::from_millis(3);

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct ManualClock {
    now: watch::Sender<Timestamp>,
}

impl ManualClock {
    pub fn at(now: Timestamp) -> Arc<Self> {
        Arc::new(Self { now: watch::Sender::new(now) })
    }

    pub fn advance(&self, by: SignedDuration) {
        self.now.send_modify(|now| *now += by);
    }

    /// Jumps, backwards too.
    pub fn set(&self, to: Timestamp) {
        self.now.send_replace(to);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    fn sleep_until(&self, due: Timestamp) -> BoxFuture<'static, ()> {
        let mut now = self.now.subscribe();
        Box::pin(async move {
            // An error means that the clock is gone, and with it whoever could move it.
            if now.wait_for(|now| *now >= due).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn system_clock_never_wakes_early() {
        for ms in [0, 1, 2, 5, 12] {
            let due = SystemClock.now() + SignedDuration::from_millis(ms);
            SystemClock.sleep_until(due).await;
            assert!(SystemClock.now() >= due, "{ms} ms");
        }
    }

    #[tokio::test]
    async fn past_moments_wake_at_once() {
        let sleeping = SystemClock.sleep_until(Timestamp::UNIX_EPOCH);
        assert!(tokio::time::timeout(Duration::from_secs(1), sleeping).await.is_ok());
    }

    #[tokio::test]
    async fn manual_clock_wakes_when_moved() {
        let clock = ManualClock::at(Timestamp::UNIX_EPOCH);
        let mut sleeping = clock.sleep_until(Timestamp::UNIX_EPOCH + SignedDuration::from_secs(5));
        clock.advance(SignedDuration::from_secs(4));
        assert!(futures_util::poll!(&mut sleeping).is_pending());
        clock.advance(SignedDuration::from_secs(1));
        sleeping.await;
    }
}
