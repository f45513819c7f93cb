//! Why Spotify cannot be asked, in words that say what to do.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use rspotify::http::HttpError;
use serde::Deserialize;

use super::client::Refusal;
use crate::{state::StateError, vault::VaultError};

#[derive(Clone, Debug, thiserror::Error)]
pub enum SpotifyError {
    #[error(
        "`spotify.client_id` is missing. 1. Open https://developer.spotify.com/dashboard and create an app (its owner needs \
         Spotify Premium). 2. There, add the redirect URI {redirect} and tick Web API. 3. Put the app's client id \
         into config.toml as `client_id` of `[spotify]`."
    )]
    NoApplication { redirect: String },
    #[error("nobody is logged in to Spotify: `tapedeck login spotify`, or open /auth on the page")]
    NotLoggedIn,
    #[error("Spotify has ended the login ({reason}): log in again with `tapedeck login spotify`")]
    LoggedOut { reason: String },
    #[error(
        "the Spotify login was made with another application than `spotify.client_id` names: log in again with \
         `tapedeck login spotify`"
    )]
    OtherApplication,
    #[error(
        "Spotify does not take `spotify.client_id` or `spotify.client_secret` ({reason}): copy them from the dashboard again"
    )]
    BadApplication { reason: String },
    #[error("Spotify does not want to be asked before {until}")]
    RateLimited { until: Timestamp },
    #[error(
        "Spotify answers only applications whose owner has Premium: whoever made the app at \
         https://developer.spotify.com/dashboard has to subscribe; after that it can take some hours. A scrobbler that \
         feeds the ListenBrainz endpoint works without"
    )]
    PremiumRequired,
    #[error(
        "this Spotify account is not on the application's list: its owner adds it at \
         https://developer.spotify.com/dashboard under User Management (five people at most)"
    )]
    NotOnAllowList,
    #[error("the Spotify login lacks the right {}: log in again with `tapedeck login spotify`", scope.as_deref().unwrap_or("for this"))]
    MissingScope { scope: Option<String> },
    #[error("Spotify refuses ({status}): {message}")]
    Refused { status: u16, message: String },
    #[error("Spotify has trouble ({status}); it will be asked again")]
    Unavailable { status: u16 },
    #[error("Spotify cannot be reached")]
    Unreachable { source: Arc<HttpError> },
    #[error("Spotify answers what cannot be understood ({what})")]
    Unintelligible { what: &'static str, source: Arc<serde_json::Error> },
    #[error("the Spotify login cannot be opened or written")]
    Vault { source: Arc<VaultError> },
    #[error("the Spotify login cannot be read or written")]
    State { source: Arc<StateError> },
    #[error("the stored Spotify login makes no sense: log in again with `tapedeck login spotify`")]
    Unreadable,
    #[error("the daemon stops")]
    Stopping,
}

impl SpotifyError {
    /// Whether it goes away without a person.
    pub fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. }
                | Self::Unavailable { .. }
                | Self::Unreachable { .. }
                | Self::Unintelligible { .. }
                | Self::Stopping
        )
    }

    /// The least time until another try can make sense. What a person has to mend first is noticed
    /// by itself, without a call: only the application's own troubles are asked about again.
    pub fn pause(&self, now: Timestamp) -> Duration {
        match self {
            Self::RateLimited { until } => Duration::try_from(now.duration_until(*until)).unwrap_or_default(),
            Self::PremiumRequired | Self::NotOnAllowList | Self::MissingScope { .. } => {
                Duration::from_secs(600)
            }
            Self::Refused { .. } => Duration::from_secs(300),
            Self::Unavailable { .. } | Self::Unreachable { .. } | Self::Unintelligible { .. } => {
                Duration::from_secs(15)
            }
            _ => Duration::from_secs(30),
        }
    }
}

impl From<StateError> for SpotifyError {
    fn from(error: StateError) -> Self {
        Self::State { source: Arc::new(error) }
    }
}

impl From<VaultError> for SpotifyError {
    fn from(error: VaultError) -> Self {
        Self::Vault { source: Arc::new(error) }
    }
}

/// How the Web API words a refusal; some are plain text instead.
#[derive(Deserialize)]
struct ApiRefusal {
    error: ApiMessage,
}

#[derive(Deserialize)]
struct ApiMessage {
    #[serde(default)]
    message: String,
}

/// How the accounts service words one.
#[derive(Deserialize)]
struct TokenRefusal {
    error: String,
    #[serde(default)]
    error_description: String,
}

/// What a refusal of the Web API means. A 401 and a 429 are the caller's to handle first.
pub(super) fn of_api(refusal: Refusal) -> SpotifyError {
    let (status, body) = match refusal {
        Refusal::Failed(source) => return SpotifyError::Unreachable { source: Arc::new(source) },
        Refusal::Status { status, body, .. } => (status, body),
    };
    let message = serde_json::from_str(&body).map_or(body, |refusal: ApiRefusal| refusal.error.message);
    let lower = message.to_lowercase();
    match status {
        500.. => SpotifyError::Unavailable { status },
        401 => SpotifyError::LoggedOut { reason: short(&message) },
        403 if lower.contains("premium") => SpotifyError::PremiumRequired,
        403 if lower.contains("not registered") || lower.contains("not approved") => {
            SpotifyError::NotOnAllowList
        }
        403 if lower.contains("scope") || lower.contains("permissions missing") => {
            SpotifyError::MissingScope { scope: None }
        }
        _ => SpotifyError::Refused { status, message: short(&message) },
    }
}

/// What a refusal of the accounts service means.
pub(super) fn of_token(refusal: Refusal) -> SpotifyError {
    let (status, body) = match refusal {
        Refusal::Failed(source) => return SpotifyError::Unreachable { source: Arc::new(source) },
        Refusal::Status { status, body, .. } => (status, body),
    };
    if status >= 500 {
        return SpotifyError::Unavailable { status };
    }
    let Ok(TokenRefusal { error, error_description }) = serde_json::from_str(&body) else {
        return of_api(Refusal::Status { status, body, retry_after: None });
    };
    let reason = short(if error_description.is_empty() { &error } else { &error_description });
    match error.as_str() {
        "invalid_grant" => SpotifyError::LoggedOut { reason },
        "invalid_client" | "unauthorized_client" => SpotifyError::BadApplication { reason },
        _ => SpotifyError::Refused { status, message: reason },
    }
}

/// What others write, in one line of bounded length.
pub(super) fn short(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect();
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, body: &str) -> Refusal {
        Refusal::Status { status, body: body.into(), retry_after: None }
    }

    #[test]
    fn premium_and_allow_list_are_explained() {
        let premium = "Active premium subscription required for the owner of the app. When the subscription status \
                       changes, it can take a few hours before requests are allowed again.";
        let listed = "User not registered in the Developer Dashboard";
        let listed_now = "The user is not registered for this application. Please check your settings on \
                          https://developer.spotify.com/dashboard.";
        let json = |message: &str| format!(r#"{{"error":{{"status":403,"message":"{message}"}}}}"#);
        for body in [premium.to_owned(), json(premium)] {
            let error = of_api(refused(403, &body));
            assert!(matches!(error, SpotifyError::PremiumRequired) && !error.is_temporary(), "{error}");
            assert!(error.to_string().contains("has to subscribe"));
        }
        for body in [listed.to_owned(), json(listed), json(listed_now), listed_now.to_owned()] {
            let error = of_api(refused(403, &body));
            assert!(matches!(error, SpotifyError::NotOnAllowList), "{error}");
            assert!(error.to_string().contains("User Management"));
        }
        assert!(matches!(
            of_api(refused(403, &json("Insufficient client scope"))),
            SpotifyError::MissingScope { .. }
        ));
        assert!(matches!(of_api(refused(403, "no")), SpotifyError::Refused { status: 403, .. }));
        assert!(of_api(refused(502, "<html>")).is_temporary());
    }

    #[test]
    fn ended_logins_are_told_from_bad_applications() {
        let of = |error: &str, description: &str| {
            of_token(refused(400, &format!(r#"{{"error":"{error}","error_description":"{description}"}}"#)))
        };
        assert!(
            matches!(of("invalid_grant", "Refresh token revoked"), SpotifyError::LoggedOut { reason } if reason == "Refresh token revoked")
        );
        assert!(matches!(of("invalid_client", "Invalid client secret"), SpotifyError::BadApplication { .. }));
        assert!(
            matches!(of("unsupported_grant_type", ""), SpotifyError::Refused { status: 400, message } if message == "unsupported_grant_type")
        );
        assert!(of_token(refused(503, "")).is_temporary());
    }

    #[test]
    fn foreign_texts_cannot_steer_terminals() {
        let SpotifyError::Refused { message, .. } =
            of_api(refused(400, &format!("a\u{1b}[2Jb{}", "x".repeat(1000))))
        else {
            panic!("a 400 is a refusal");
        };
        assert!(message.starts_with("a [2Jb") && message.len() == 300, "{message}");
    }
}
