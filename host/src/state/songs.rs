//! By which names songs are known: the id of each service, the ISRC, their words.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{StateError, tree::Tree};
use crate::model::TrackKey;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SongName {
    pub key: TrackKey,
    /// Of the recording: words alone name several.
    #[serde(default)]
    pub duration: Option<Duration>,
}

#[derive(Clone, Debug)]
pub struct Songs {
    tree: Tree<str, SongName>,
}

impl Songs {
    pub(super) fn open(db: &sled::Db) -> Result<Self, StateError> {
        Ok(Self { tree: Tree::open(db, "song-names")? })
    }

    pub fn get(&self, name: &str) -> Result<Option<SongName>, StateError> {
        self.tree.get(name)
    }

    pub fn put(&self, name: &str, song: &SongName) -> Result<(), StateError> {
        self.tree.insert(name, song)
    }
}
