//! A track as a player names it, and recordings of it as plugins find them.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Track {
    pub title: String,
    /// The main one first.
    pub artists: Vec<String>,
    /// All that are known, the ISRC among them.
    pub ids: Vec<TrackId>,
    pub album: Option<String>,
    pub album_artists: Vec<String>,
    /// `1999`, `1999-05` or `1999-05-07`.
    pub release_date: Option<String>,
    pub duration: Option<Duration>,
    pub track_number: Option<u32>,
    pub disc_number: Option<u32>,
    pub is_explicit: Option<bool>,
    /// Of the album, the largest first.
    pub covers: Vec<Cover>,
    /// Further facts, by name.
    pub extra: Vec<(String, Value)>,
}

/// The same track by another name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TrackId {
    /// `spotify`, `isrc`, `ean` and so on.
    pub scheme: String,
    pub value: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cover {
    pub url: String,
    /// In pixels; 0 if unknown.
    pub width: u32,
    pub height: u32,
}

/// A recording that may be the track.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Candidate {
    pub id: String,
    /// For people; empty if there is none.
    pub url: String,
    pub title: String,
    pub artists: Vec<String>,
    pub album: Option<String>,
    pub duration: Option<Duration>,
    /// How surely it is the track: 0 to 100.
    pub score: f64,
    /// Whether the place vouches for the artist.
    pub is_verified: bool,
    pub is_explicit: Option<bool>,
    pub views: Option<u64>,
    /// The plugin's own note from finding to fetching.
    pub memo: String,
    pub extra: Vec<(String, Value)>,
}

/// What was fetched, besides its bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recording {
    pub mime: String,
    /// Without a dot.
    pub extension: String,
    pub bytes: u64,
    pub duration: Option<Duration>,
    /// Bits per second.
    pub bitrate: Option<u32>,
    pub title: Option<String>,
    pub performer: Option<String>,
    /// Media type and bytes.
    pub picture: Option<(String, Vec<u8>)>,
    pub extra: Vec<(String, Value)>,
}
