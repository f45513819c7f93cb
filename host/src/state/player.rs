//! What the player knew when it was last running, so that a restart in mid-song goes on with it.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{StateError, tree::Tree};
use crate::model::PlayId;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PlayerRecord {
    /// The play that goes on.
    pub play: Option<PlayId>,
    /// Nothing has played for longer than the grace.
    pub is_stopped: bool,
    /// The start of the first play after the last silence of that kind.
    pub session: Option<Timestamp>,
    /// When it was last heard.
    pub heard: Option<Timestamp>,
    /// How far it was then, and whether it was going.
    pub progress: Option<Duration>,
    pub is_playing: bool,
}

#[derive(Clone, Debug)]
pub struct PlayerMemory {
    tree: Tree<str, PlayerRecord>,
}

impl PlayerMemory {
    const KEY: &str = "now";

    pub(super) fn open(db: &sled::Db) -> Result<Self, StateError> {
        Ok(Self { tree: Tree::open(db, "player")? })
    }

    /// None before anything was ever played.
    pub fn get(&self) -> Result<Option<PlayerRecord>, StateError> {
        self.tree.get(Self::KEY)
    }

    pub fn put(&self, record: &PlayerRecord) -> Result<(), StateError> {
        self.tree.insert(Self::KEY, record)
    }
}
