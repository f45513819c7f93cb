//! How far a piece of work is: who does it writes, who wonders reads, and neither waits for the other.

mod percent;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering::Relaxed},
    },
};

use serde::Serialize;

pub(crate) use percent::PercentReader;

/// No percentage is this large.
const UNKNOWN: u8 = u8::MAX;
/// Between two of these, listeners hear nothing.
const STEP: u8 = 5;

type Listener = Box<dyn Fn(Option<Reading>) + Send + Sync>;

/// Clones are one.
#[derive(Clone)]
pub struct Gauge(Arc<Inner>);

struct Inner {
    percent: AtomicU8,
    done_bytes: AtomicU64,
    /// 0: nobody counts bytes.
    total_bytes: AtomicU64,
    listener: Option<Listener>,
}

/// What a gauge shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Reading {
    pub percent: u8,
    /// Where bytes are counted.
    pub done_bytes: Option<u64>,
    pub total_bytes: Option<u64>,
}

impl Default for Gauge {
    fn default() -> Self {
        Self::build(None)
    }
}

impl fmt::Debug for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gauge({:?})", self.read())
    }
}

impl Gauge {
    /// `listener` is called whenever it shows notably more, or less.
    pub fn telling(listener: impl Fn(Option<Reading>) + Send + Sync + 'static) -> Self {
        Self::build(Some(Box::new(listener)))
    }

    fn build(listener: Option<Listener>) -> Self {
        let (percent, done_bytes, total_bytes) =
            (AtomicU8::new(UNKNOWN), AtomicU64::new(0), AtomicU64::new(0));
        Self(Arc::new(Inner { percent, done_bytes, total_bytes, listener }))
    }

    /// Something begins of which nobody knows yet how far it is.
    pub fn begin(&self) {
        self.show(UNKNOWN, (0, 0));
    }

    /// More than 100 counts as 100.
    pub fn percent(&self, percent: u8) {
        self.show(percent.min(100), (0, 0));
    }

    /// Without a total, nobody knows how far it is.
    pub fn bytes(&self, done: u64, total: u64) {
        let percent = done.saturating_mul(100).checked_div(total);
        let percent = percent.and_then(|percent| u8::try_from(percent.min(100)).ok());
        self.show(percent.unwrap_or(UNKNOWN), (done, total));
    }

    /// `None`: nobody knows.
    pub fn read(&self) -> Option<Reading> {
        let percent = self.0.percent.load(Relaxed);
        if percent == UNKNOWN {
            return None;
        }
        // They belong together, but one of them may be newer: it is only to be looked at.
        let total = self.0.total_bytes.load(Relaxed);
        let done = self.0.done_bytes.load(Relaxed).min(total);
        let counted = total > 0;
        Some(Reading { percent, done_bytes: counted.then_some(done), total_bytes: counted.then_some(total) })
    }

    fn show(&self, percent: u8, (done, total): (u64, u64)) {
        self.0.done_bytes.store(done, Relaxed);
        self.0.total_bytes.store(total, Relaxed);
        let before = self.0.percent.swap(percent, Relaxed);
        if before / STEP != percent / STEP
            && let Some(listener) = &self.0.listener
        {
            listener(self.read());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[test]
    fn shows_what_was_told_last() {
        let gauge = Gauge::default();
        assert_eq!(gauge.read(), None);
        gauge.percent(42);
        assert_eq!(gauge.read(), Some(Reading { percent: 42, done_bytes: None, total_bytes: None }));
        gauge.clone().bytes(1, 3);
        assert_eq!(gauge.read(), Some(Reading { percent: 33, done_bytes: Some(1), total_bytes: Some(3) }));
        gauge.bytes(7, 3);
        assert_eq!(gauge.read().map(|it| (it.percent, it.done_bytes)), Some((100, Some(3))));
        gauge.bytes(7, 0);
        assert_eq!(gauge.read(), None, "of how many?");
        gauge.percent(200);
        gauge.begin();
        assert_eq!(gauge.read(), None);
    }

    #[test]
    fn listeners_hear_of_steps_and_not_of_each_byte() {
        let heard = Arc::new(AtomicUsize::new(0));
        let gauge = {
            let heard = heard.clone();
            Gauge::telling(move |_| {
                heard.fetch_add(1, Relaxed);
            })
        };
        (0..=10_000).for_each(|done| gauge.bytes(done, 10_000));
        assert_eq!(heard.load(Relaxed), 21);
        gauge.begin();
        gauge.begin();
        assert_eq!(heard.load(Relaxed), 22);
    }
}
