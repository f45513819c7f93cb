//! How long Spotify wants to be left alone: kept in the state, because a restart that asks at once
//! makes such a wait longer.

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::SpotifyError;
use crate::state::{SpotifyWait, SpotifyWaits};

/// When Spotify does not say how long.
const UNSAID: u64 = 30;
/// No wait that makes sense is longer; Spotify's own longest is a day.
const LONGEST: u64 = 7 * 86_400;

#[derive(Debug)]
pub(super) struct Limits {
    stored: SpotifyWaits,
    current: Mutex<Option<SpotifyWait>>,
}

impl Limits {
    pub(super) fn load(stored: SpotifyWaits) -> Self {
        let current = stored.get().unwrap_or_else(|error| {
            tracing::warn!(%error, "A pause that Spotify asked for before cannot be read; going on without");
            None
        });
        Self { stored, current: Mutex::new(current) }
    }

    pub(super) fn until(&self, now: Timestamp) -> Option<Timestamp> {
        let mut current = self.lock();
        let wait = current.as_ref()?;
        // A clock that went back would make the wait longer than anybody asked for.
        let began = now >= wait.since;
        if now < wait.until && began {
            return Some(wait.until);
        }
        *current = None;
        self.in_state(|stored| stored.remove().map(drop));
        None
    }

    pub(super) fn check(&self, now: Timestamp) -> Result<(), SpotifyError> {
        self.until(now).map_or(Ok(()), |until| Err(SpotifyError::RateLimited { until }))
    }

    /// The later end counts.
    pub(super) fn begin(&self, now: Timestamp, retry_after: Option<&str>) -> SpotifyError {
        let seconds =
            retry_after.and_then(|text| text.trim().parse().ok()).unwrap_or(UNSAID).clamp(1, LONGEST);
        let length = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
        let until = now.checked_add(length).unwrap_or(Timestamp::MAX);
        let mut current = self.lock();
        let until = current.as_ref().map_or(until, |wait| wait.until.max(until));
        let wait = SpotifyWait { until, seconds, since: now };
        tracing::warn!(until = %until, seconds, "Spotify asked for a pause");
        self.in_state(|stored| stored.put(&wait));
        *current = Some(wait);
        SpotifyError::RateLimited { until }
    }

    /// A pause that cannot be written down still holds.
    fn in_state(&self, change: impl FnOnce(&SpotifyWaits) -> Result<(), crate::state::StateError>) {
        if let Err(error) = change(&self.stored) {
            tracing::warn!(%error, "A pause that Spotify asked for will not survive a restart");
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<SpotifyWait>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::State;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn open(folder: &std::path::Path) -> Limits {
        Limits::load(State::open(folder).unwrap().spotify_waits)
    }

    #[test]
    fn pauses_hold_to_the_second_across_restarts() {
        let folder = tempfile::tempdir().unwrap();
        open(folder.path()).begin(at(1000), Some("86400"));
        let limits = open(folder.path());
        assert_eq!(limits.until(at(87_399)), Some(at(87_400)));
        assert!(matches!(limits.check(at(87_399)), Err(SpotifyError::RateLimited { .. })));
        assert_eq!(limits.until(at(87_400)), None);
        drop(limits);
        assert_eq!(open(folder.path()).until(at(2000)), None, "it is over for good");
    }

    #[test]
    fn later_ends_win_and_nonsense_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let limits = open(folder.path());
        limits.begin(at(0), Some("100"));
        limits.begin(at(10), Some("5"));
        assert_eq!(limits.until(at(20)), Some(at(100)));
        assert_eq!(limits.until(at(100)), None);
        limits.begin(at(200), None);
        assert_eq!(limits.until(at(201)), Some(at(230)));
        limits.begin(at(1000), Some("99999999999"));
        assert_eq!(limits.until(at(1001)), Some(at(1000 + 7 * 86_400)));
    }

    #[test]
    fn clocks_set_back_end_the_wait() {
        let folder = tempfile::tempdir().unwrap();
        let limits = open(folder.path());
        limits.begin(at(1_000_000), Some("60"));
        assert_eq!(limits.until(at(500)), None);
    }
}
