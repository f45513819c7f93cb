//! Run ids that sort by the time of their creation, also within one millisecond.

use jiff::Timestamp;
use uuid::{ContextV7, Uuid};

use crate::model::RunId;

#[derive(Debug)]
pub(super) struct RunIds {
    context: ContextV7,
    latest: Timestamp,
}

impl RunIds {
    /// Goes on after the newest id of the ledger, whatever the clock says.
    pub(super) fn after(newest: Option<RunId>) -> Self {
        let made = newest.and_then(|id| id.0.get_timestamp()).map(|time| time.to_unix());
        let millis = made.map_or(0, |(seconds, nanos)| seconds * 1000 + u64::from(nanos / 1_000_000) + 1);
        let latest = i64::try_from(millis).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
        Self { context: ContextV7::new(), latest: latest.unwrap_or(Timestamp::UNIX_EPOCH) }
    }

    /// A clock that goes back does not make ids go back.
    pub(super) fn next(&mut self, now: Timestamp) -> RunId {
        self.latest = self.latest.max(now);
        let seconds = u64::try_from(self.latest.as_second()).unwrap_or(0);
        let nanos = u32::try_from(self.latest.subsec_nanosecond()).unwrap_or(0);
        RunId(Uuid::new_v7(uuid::Timestamp::from_unix(&self.context, seconds, nanos)))
    }
}

/// The smallest id that a run created at `time` can have.
pub(super) fn lowest_at(time: Timestamp) -> RunId {
    let millis = u64::try_from(time.as_millisecond()).unwrap_or(0);
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    RunId(Uuid::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_creation() {
        let mut ids = RunIds::after(None);
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let all: Vec<_> =
            (0..10_000).map(|i| ids.next(start + jiff::SignedDuration::from_micros(i * 10))).collect();
        assert!(all.is_sorted());
        let earlier = ids.next(start - jiff::SignedDuration::from_hours(1));
        assert!(earlier > all[9_999], "the clock went back, the ids did not");
    }

    #[test]
    fn ids_go_on_after_a_restart() {
        let at: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        for _ in 0..100 {
            let before = RunIds::after(None).next(at);
            assert!(RunIds::after(Some(before)).next(at) > before, "within one millisecond");
        }
    }

    #[test]
    fn lowest_id_bounds_a_moment() {
        let mut ids = RunIds::after(None);
        let at: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let id = ids.next(at);
        assert!(lowest_at(at) <= id && id < lowest_at(at + jiff::SignedDuration::from_millis(1)));
    }
}
