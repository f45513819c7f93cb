//! What people did to tracks on a profile, and what was tried for them in vain.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{StateError, tree::Tree};
use crate::model::Track;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProfileTrack {
    pub account: String,
    /// The track's key; empty for all tracks together.
    pub key: String,
    /// Somebody took it away: what was played before does not bring it back.
    pub removed: Option<Timestamp>,
    /// It went with everything else, though it is said to have been played later than that: clocks may be ahead.
    pub cleaned: Option<Timestamp>,
    /// Somebody gave it this place in the order of time, and when.
    pub moved: Option<(Timestamp, Timestamp)>,
    /// Somebody added it by hand, with a file of their own.
    pub added: Option<Added>,
    /// Backend and recording that somebody had chosen and does not want any more: another takes its place.
    pub unwanted: Option<(String, String)>,
    /// Attempts to get a file.
    pub first: FileAttempts,
    /// Attempts to get a better one.
    pub better: FileAttempts,
}

impl ProfileTrack {
    /// Nobody did anything to it, and whatever was tried may be tried again.
    pub fn says_nothing(&self, now: Timestamp) -> bool {
        let is_over = |attempts: &FileAttempts| attempts.next.is_none_or(|next| next <= now);
        self.removed.is_none()
            && self.cleaned.is_none()
            && self.unwanted.is_none()
            && self.moved.is_none()
            && self.added.is_none()
            && is_over(&self.first)
            && is_over(&self.better)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileAttempts {
    /// In vain, in a row.
    pub failures: u32,
    pub next: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Added {
    pub at: Timestamp,
    pub track: Track,
    pub file: PathBuf,
}

#[derive(Clone, Debug)]
pub struct ProfileTracks {
    tree: Tree<str, ProfileTrack>,
}

impl ProfileTracks {
    pub(super) fn open(db: &sled::Db) -> Result<Self, StateError> {
        Ok(Self { tree: Tree::open(db, "profile-tracks")? })
    }

    pub fn get(&self, account: &str, key: &str) -> Result<ProfileTrack, StateError> {
        let found = self.tree.get(&name(account, key))?;
        Ok(found.unwrap_or_else(|| ProfileTrack {
            account: account.to_owned(),
            key: key.to_owned(),
            ..ProfileTrack::default()
        }))
    }

    pub fn put(&self, track: &ProfileTrack) -> Result<(), StateError> {
        self.tree.insert(&name(&track.account, &track.key), track)
    }

    pub fn remove(&self, account: &str, key: &str) -> Result<bool, StateError> {
        self.tree.remove(&name(account, key))
    }

    pub fn all(&self) -> Result<Vec<ProfileTrack>, StateError> {
        self.tree.values().collect()
    }

    pub fn of_account(&self, account: &str) -> Result<Vec<ProfileTrack>, StateError> {
        let mut tracks = self.all()?;
        tracks.retain(|track| track.account == account);
        Ok(tracks)
    }
}

/// Names of accounts hold no `/`.
fn name(account: &str, key: &str) -> String {
    format!("{account}/{key}")
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn tracks_belong_to_their_account() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        let track = ProfileTrack {
            removed: Some(Timestamp::UNIX_EPOCH),
            ..state.profile_tracks.get("main", "spotify:1").unwrap()
        };
        state.profile_tracks.put(&track).unwrap();
        assert_eq!(state.profile_tracks.get("main", "spotify:1").unwrap(), track);
        assert_eq!(state.profile_tracks.get("other", "spotify:1").unwrap().removed, None);
        assert_eq!(state.profile_tracks.of_account("main").unwrap(), [track]);
        assert!(state.profile_tracks.remove("main", "spotify:1").unwrap());
        assert_eq!(state.profile_tracks.of_account("main").unwrap(), []);
    }
}
