//! Every file that was ever put up for a profile: which message carries it, where it is on the
//! profile, and what is about to happen to it. Written before each call that changes something at
//! Telegram, so that a start after a crash knows what may have been done.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{StateError, tree::Tree};
use crate::model::{Document, SongMessage, SongPlace};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProfileSong {
    pub account: String,
    /// Ours: one for each file that goes up.
    pub id: String,
    /// The key of the track that it stands for.
    pub track: String,
    pub title: String,
    #[serde(default)]
    pub performer: String,
    #[serde(default)]
    pub seconds: u32,
    /// By name and length the message is known again.
    pub file_name: String,
    pub bytes: u64,
    /// Where the file came from, and which recording it is there.
    #[serde(default)]
    pub backend: String,
    #[serde(default)]
    pub candidate: String,
    /// The backend's place in its chain: later ones are better.
    #[serde(default)]
    pub rank: usize,
    /// Only silence with a name.
    #[serde(default)]
    pub is_placeholder: bool,
    /// Known when it was sent once; taken back when Telegram does not know it any more.
    #[serde(default)]
    pub document: Option<Document>,
    #[serde(default)]
    pub message: SongMessage,
    #[serde(default)]
    pub place: SongPlace,
    /// How often it was sent: each message has a number of its own.
    #[serde(default)]
    pub sends: u32,
    pub made: Timestamp,
}

impl ProfileSong {
    /// The name under which its present message is sent, the same after a crash.
    pub fn intent(&self) -> String {
        format!("profile/{}/{}", self.id, self.sends)
    }
}

#[derive(Clone, Debug)]
pub struct ProfileSongs {
    tree: Tree<str, ProfileSong>,
}

impl ProfileSongs {
    pub(super) fn open(db: &sled::Db) -> Result<Self, StateError> {
        Ok(Self { tree: Tree::open(db, "profile-songs")? })
    }

    pub fn put(&self, song: &ProfileSong) -> Result<(), StateError> {
        self.tree.insert(&key(&song.account, &song.id), song)
    }

    pub fn remove(&self, account: &str, id: &str) -> Result<bool, StateError> {
        self.tree.remove(&key(account, id))
    }

    /// The accounts that ever had one.
    pub fn accounts(&self) -> Result<BTreeSet<String>, StateError> {
        self.tree.values().map(|song| song.map(|song: ProfileSong| song.account)).collect()
    }

    pub fn of_account(&self, account: &str) -> Result<Vec<ProfileSong>, StateError> {
        let mut songs: Vec<_> = self.tree.values().collect::<Result<_, _>>()?;
        songs.retain(|song: &ProfileSong| song.account == account);
        Ok(songs)
    }
}

/// Names of accounts hold no `/`.
fn key(account: &str, id: &str) -> String {
    format!("{account}/{id}")
}
