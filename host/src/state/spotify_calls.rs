//! What was left of the hour's calls of Spotify, and when: a restart gives no new ones.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{StateError, tree::Tree};

const KEY: &str = "api";

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallsLeft {
    /// Calls that could be made at once.
    pub left: f64,
    pub at: Timestamp,
}

#[derive(Clone, Debug)]
pub struct SpotifyCalls {
    tree: Tree<str, CallsLeft>,
}

impl SpotifyCalls {
    pub(super) fn open(db: &sled::Db) -> Result<Self, StateError> {
        Ok(Self { tree: Tree::open(db, "spotify-calls")? })
    }

    /// None before the first call.
    pub fn get(&self) -> Result<Option<CallsLeft>, StateError> {
        self.tree.get(KEY)
    }

    pub fn put(&self, left: CallsLeft) -> Result<(), StateError> {
        self.tree.insert(KEY, &left)
    }
}
