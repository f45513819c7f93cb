use serde::{Deserialize, Serialize};

use crate::model::{Period, SourceName};

/// What plays: whom to believe, and what counts as listening.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PlayerSection {
    /// Where plays come from; when several play at once, the one that stands first wins.
    /// Default: ["spotify", "listenbrainz"].
    pub sources: Vec<SourceName>,
    /// How long a song must have been listened to before it counts: skipping through songs leaves no trace.
    /// Default: "10s".
    pub min_listening: Period,
    /// How long nothing may play before playback counts as stopped. Default: "90s".
    pub stop_grace: Period,
    /// How long a pause may last before it counts the same. Default: "10m".
    pub pause_grace: Period,
    /// What an advertisement is: "ignore" (the song before it stays), "stop" (as if nothing played). Default: "ignore".
    pub ads: AdHandling,
    /// What an episode of a podcast is: "ignore", "stop", or "show" (as a song of its show). Default: "ignore".
    pub episodes: Handling,
    /// What a file of your own in Spotify is: "ignore", "stop" or "show". Default: "show".
    pub local_files: Handling,
    /// What a private session is: "ignore", "stop", or "show" (as any other). Spotify tells of it only to a login with
    /// "user-read-playback-state" in `spotify.scope`. Default: "stop".
    pub private_session: Handling,
    /// How often Spotify is asked at most. Default: 360.
    #[schemars(range(min = 60, max = 3600))]
    pub calls_per_hour: u32,
    /// How long plays are kept in the ledger; without it, for ever. Default: none.
    pub keep_for: Option<Period>,
}

impl Default for PlayerSection {
    fn default() -> Self {
        Self {
            sources: vec![SourceName::Spotify, SourceName::ListenBrainz],
            min_listening: Period::from_secs(10),
            stop_grace: Period::from_secs(90),
            pause_grace: Period::from_secs(600),
            ads: AdHandling::Ignore,
            episodes: Handling::Ignore,
            local_files: Handling::Show,
            private_session: Handling::Stop,
            calls_per_hour: 360,
            keep_for: None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AdHandling {
    Ignore,
    Stop,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Handling {
    Ignore,
    Show,
    Stop,
}
