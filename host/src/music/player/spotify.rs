//! Spotify as a source of plays.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use jiff::Timestamp;

use super::source::{Ask, AskError, Asked};
use crate::{
    clock::SharedClock,
    spotify::{Spotify, SpotifyError},
};

/// Asks Spotify what plays.
pub fn ask_spotify(spotify: &Spotify, clock: &SharedClock) -> Ask {
    let (spotify, clock) = (spotify.clone(), clock.clone());
    // Logins between two questions call, too.
    let known = Arc::new(AtomicU64::new(spotify.calls()));
    Arc::new(move || {
        let (spotify, clock, known) = (spotify.clone(), clock.clone(), known.clone());
        Box::pin(async move {
            let answer = spotify.now_playing().await.map_err(|error| failed(&error, clock.now()));
            let made = spotify.calls();
            let new = made.saturating_sub(known.swap(made, Ordering::Relaxed));
            let more_calls = u32::try_from(new.saturating_sub(1)).unwrap_or(u32::MAX);
            Asked { answer, more_calls }
        })
    })
}

fn failed(error: &SpotifyError, now: Timestamp) -> AskError {
    match error {
        SpotifyError::RateLimited { until } => AskError::Limited { until: *until },
        error => AskError::Failed {
            reason: error.to_string(),
            is_temporary: error.is_temporary(),
            not_before: now.checked_add(error.pause(now)).ok(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_limit_is_no_failure() {
        let (now, until) = (Timestamp::UNIX_EPOCH, "2026-01-02T00:00:00Z".parse().unwrap());
        assert_eq!(failed(&SpotifyError::RateLimited { until }, now), AskError::Limited { until });
        let AskError::Failed { is_temporary, reason, not_before } = failed(&SpotifyError::NotLoggedIn, now)
        else {
            panic!("nothing to wait for");
        };
        assert!(!is_temporary && reason.contains("tapedeck login spotify") && not_before > Some(now));
    }
}
