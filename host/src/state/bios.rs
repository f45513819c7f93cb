//! The words about themselves that people had on their profiles before jobs wrote there, so that
//! they come back. Written before each change at Telegram.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{StateError, tree::Tree};

/// There while the profile shows words of ours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BioRecord {
    pub account: String,
    /// The person's own.
    pub own: String,
    /// Ours, as Telegram has confirmed them.
    pub written: Option<String>,
    /// Ours, about to be written: after a crash either may be there.
    pub writing: Option<String>,
    /// Somebody wrote over these words of ours: they are not written again.
    pub given_up: Option<String>,
    pub changed: Option<Timestamp>,
    /// How long they may be, and whether Telegram has taken less than it says.
    pub longest: usize,
    pub is_short: bool,
}

#[derive(Clone, Debug)]
pub struct Bios {
    tree: Tree<str, BioRecord>,
}

impl Bios {
    pub(super) fn open(db: &sled::Db) -> Result<Self, StateError> {
        Ok(Self { tree: Tree::open(db, "bios")? })
    }

    pub fn get(&self, account: &str) -> Result<Option<BioRecord>, StateError> {
        self.tree.get(account)
    }

    pub fn put(&self, record: &BioRecord) -> Result<(), StateError> {
        self.tree.insert(&record.account, record)
    }

    pub fn remove(&self, account: &str) -> Result<bool, StateError> {
        self.tree.remove(account)
    }

    pub fn all(&self) -> Result<Vec<BioRecord>, StateError> {
        self.tree.values().collect()
    }
}
