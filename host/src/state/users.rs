//! Who may sign in.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{StateError, tree::Tree};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub name: String,
    /// An argon2id string in PHC form, with its own salt and costs.
    pub password: String,
    pub created: Timestamp,
}

#[derive(Clone, Debug)]
pub struct Users {
    tree: Tree<str, User>,
}

impl Users {
    pub(super) fn open(db: &sled::Db) -> Result<Self, StateError> {
        Ok(Self { tree: Tree::open(db, "users")? })
    }

    pub fn get(&self, name: &str) -> Result<Option<User>, StateError> {
        self.tree.get(name)
    }

    /// Writes a user, new or changed.
    pub fn put(&self, user: &User) -> Result<(), StateError> {
        self.tree.insert(&user.name, user)
    }

    /// Says whether there was one.
    pub fn remove(&self, name: &str) -> Result<bool, StateError> {
        self.tree.remove(name)
    }

    /// By name.
    pub fn list(&self) -> Result<Vec<User>, StateError> {
        self.tree.values().collect()
    }

    pub fn is_empty(&self) -> bool {
        self.tree.raw().is_empty()
    }
}
