//! What is played: as a source tells it at a moment, and as the ledger keeps it.

use std::{fmt, str::FromStr, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Cover, Track, TrackKey};

/// Where plays come from.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum SourceName {
    Spotify,
    /// Whatever sends listens to us as it would to ListenBrainz.
    ListenBrainz,
}

impl SourceName {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spotify => "spotify",
            Self::ListenBrainz => "listenbrainz",
        }
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a source says at a moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Playing {
    pub what: Playable,
    /// False while paused.
    pub is_playing: bool,
    /// How far it is in what is played.
    pub progress: Option<Duration>,
    /// For people: "Kitchen", "Firefox".
    pub device: Option<String>,
    /// The player was told to tell nobody.
    pub is_private: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind", content = "track")]
pub enum Playable {
    /// No player is on, or it does not say what it plays.
    #[default]
    Nothing,
    Ad,
    Song(Track),
    /// Of a podcast: its show is the artist.
    Episode(Track),
    /// A file of the listener's own, which only has its words.
    Local(Track),
}

impl Playable {
    pub fn track(&self) -> Option<&Track> {
        match self {
            Self::Song(track) | Self::Episode(track) | Self::Local(track) => Some(track),
            Self::Nothing | Self::Ad => None,
        }
    }
}

/// Sorts by the time of the play's start: a UUID of version 7.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(transparent)]
#[schema(value_type = String, examples("01975f5e-9f0b-7d2e-8a53-6f2b3c4d5e6f"))]
pub struct PlayId(pub Uuid);

#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not the id of a play: it looks like 01975f5e-9f0b-7d2e-8a53-6f2b3c4d5e6f")]
pub struct InvalidPlayId(String);

impl FromStr for PlayId {
    type Err = InvalidPlayId;
    fn from_str(text: &str) -> Result<Self, InvalidPlayId> {
        Uuid::parse_str(text).map(Self).map_err(|_| InvalidPlayId(text.chars().take(80).collect()))
    }
}

impl fmt::Display for PlayId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One time that somebody listened to a song.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Play {
    pub id: PlayId,
    pub key: TrackKey,
    pub track: Track,
    /// Who has told of it, the first one first.
    pub sources: Vec<Said>,
    pub started: Timestamp,
    /// None while it goes on.
    #[serde(default)]
    pub ended: Option<Timestamp>,
    /// Without pauses.
    #[serde(default)]
    pub listened: Duration,
    #[serde(default)]
    pub ended_how: Option<EndedHow>,
}

/// A source's word for a play.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Said {
    pub source: SourceName,
    /// The program behind it, if it is not the source itself.
    #[serde(default)]
    pub client: Option<String>,
    /// When it began, by that source.
    pub started: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EndedHow {
    /// Heard to the end.
    Finished,
    /// Something else began before the end.
    Skipped,
    /// Playback stopped, or was paused for too long.
    Stopped,
    /// Told of afterwards, by somebody who does not say.
    Unknown,
}

/// A song and when it was heard last.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    pub key: TrackKey,
    pub track: Track,
    /// When its last play began.
    pub last: Timestamp,
}

/// A play as people see it.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlayView {
    pub id: PlayId,
    pub key: TrackKey,
    pub track: TrackView,
    pub sources: Vec<Said>,
    pub started: Timestamp,
    pub ended: Option<Timestamp>,
    pub ended_how: Option<EndedHow>,
    pub listened_ms: u64,
}

/// A track as people see it.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TrackView {
    pub title: String,
    pub artists: Vec<String>,
    pub album: Option<String>,
    pub duration_ms: Option<u64>,
    /// The largest one.
    pub cover_url: Option<String>,
    pub spotify_id: Option<String>,
    pub isrc: Option<String>,
}

impl From<&Track> for TrackView {
    fn from(track: &Track) -> Self {
        Self {
            title: track.title.clone(),
            artists: track.artists.clone(),
            album: track.album.clone(),
            duration_ms: track.duration.map(millis),
            cover_url: track.covers.first().map(|Cover { url, .. }| url.clone()),
            spotify_id: track.id("spotify").map(str::to_owned),
            isrc: track.id("isrc").map(str::to_owned),
        }
    }
}

impl From<Play> for PlayView {
    fn from(play: Play) -> Self {
        Self {
            id: play.id,
            key: play.key,
            track: TrackView::from(&play.track),
            sources: play.sources,
            started: play.started,
            ended: play.ended,
            ended_how: play.ended_how,
            listened_ms: millis(play.listened),
        }
    }
}

/// What plays now, and how that is known.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlayerView {
    /// A job of kind `player` runs.
    pub is_running: bool,
    /// Nothing has played for longer than the grace.
    pub is_stopped: bool,
    pub now: Option<NowView>,
    /// Those of the configuration, the one that wins first.
    pub sources: Vec<SourceView>,
}

#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NowView {
    pub source: SourceName,
    pub device: Option<String>,
    pub track: TrackView,
    pub is_playing: bool,
    pub started: Timestamp,
    /// How far it was at `as_of`.
    pub progress_ms: Option<u64>,
    pub as_of: Timestamp,
    /// Its play in the ledger; none before the minimum listening time.
    pub play: Option<PlayId>,
    /// The key of its song, from then on.
    #[serde(default)]
    pub song: Option<TrackKey>,
}

#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SourceView {
    pub source: SourceName,
    pub state: SourceState,
    /// The last answer, or the last word of a client.
    pub heard_at: Option<Timestamp>,
    /// Until when it must not be asked, if it asked for a pause.
    pub limited_until: Option<Timestamp>,
    /// When it is asked next.
    pub next_ask: Option<Timestamp>,
    /// Calls of the last hour.
    pub calls_last_hour: u32,
    /// Since the player's start.
    pub calls: u64,
    pub failures: u64,
    /// What is wrong with it, and what to do.
    pub problem: Option<String>,
}

impl SourceView {
    /// One that nothing is known of.
    pub const fn silent(source: SourceName) -> Self {
        Self {
            source,
            state: SourceState::Silent,
            heard_at: None,
            limited_until: None,
            next_ask: None,
            calls_last_hour: 0,
            calls: 0,
            failures: 0,
            problem: None,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SourceState {
    /// It has not been heard of since the start.
    #[default]
    Silent,
    Playing,
    Paused,
    /// It says that nothing plays.
    Idle,
    Limited,
    Failing,
}

impl SourceState {
    pub const ALL: [Self; 6] =
        [Self::Silent, Self::Playing, Self::Paused, Self::Idle, Self::Limited, Self::Failing];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Playing => "playing",
            Self::Paused => "paused",
            Self::Idle => "idle",
            Self::Limited => "limited",
            Self::Failing => "failing",
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
