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
        let pause = Duration::try_from(self.now().duration_until(due)).unwrap_or(Duration::ZERO);
        Box::pin(tokio::time::sleep(pause))
    }
}

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
