//! The login at Spotify as the page and the command line show it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::LoginId;

/// Who a Spotify login belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SpotifyUser {
    pub id: String,
    /// As they call themselves; often the same as the id.
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum SpotifyState {
    /// `spotify.client_id` is missing.
    NoApplication,
    LoggedOut,
    LoggedIn,
    /// Spotify asked for a pause.
    RateLimited {
        until: Timestamp,
    },
    /// What Spotify refused last, or why the login cannot be used; the text says what to do.
    Refused {
        reason: String,
    },
}

/// How things are with Spotify.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SpotifyView {
    #[serde(flatten)]
    pub state: SpotifyState,
    /// Whose login it is, as far as Spotify has told.
    pub user: Option<SpotifyUser>,
    /// Since when there is a login.
    pub since: Option<Timestamp>,
    /// What it is allowed.
    pub scope: Option<String>,
    /// What has to be registered for the application.
    pub redirect_uri: String,
    /// Where a login in a browser begins.
    pub login_url: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum SpotifyLoginState {
    /// For a browser to come back, or a pasted answer.
    Waiting,
    /// Spotify is asked whether it was right.
    Checking,
    Done {
        user: Option<SpotifyUser>,
        replaced: Option<SpotifyUser>,
    },
    /// The text says what to do.
    Failed {
        reason: String,
    },
}

/// An attempt to log in to Spotify.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SpotifyLoginView {
    pub id: LoginId,
    /// For a browser that can reach this daemon.
    pub link: String,
    /// Straight to Spotify, for a browser elsewhere: the address that it ends at is pasted as the answer.
    pub direct_link: String,
    pub expires_at: Timestamp,
    #[serde(flatten)]
    pub state: SpotifyLoginState,
}

/// Without the links: who has one can log in.
impl fmt::Debug for SpotifyLoginView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpotifyLoginView")
            .field("id", &self.id)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
