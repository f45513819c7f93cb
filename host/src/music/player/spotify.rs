//! Spotify as a source of plays.

use std::sync::Arc;

use jiff::Timestamp;

use super::source::{Ask, AskError};
use crate::{
    clock::SharedClock,
    spotify::{Spotify, SpotifyError},
};

/// Asks Spotify what plays.
pub fn ask_spotify(spotify: &Spotify, clock: &SharedClock) -> Ask {
    let (spotify, clock) = (spotify.clone(), clock.clone());
    Arc::new(move || {
        let (spotify, clock) = (spotify.clone(), clock.clone());
        Box::pin(async move { spotify.now_playing().await.map_err(|error| failed(&error, clock.now())) })
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
