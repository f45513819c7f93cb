//! API tokens. The key is the hash of the token, so that a look-up needs no list.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{SecretHash, StateError, tree::Tree};
use crate::model::Scopes;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiToken {
    pub id: Uuid,
    pub name: String,
    pub scopes: Scopes,
    pub hash: SecretHash,
    pub created: Timestamp,
    /// Exact to a minute.
    pub last_used: Option<Timestamp>,
    pub expires: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub struct Tokens {
    tree: Tree<SecretHash, ApiToken>,
}

impl Tokens {
    pub(super) fn open(db: &sled::Db) -> Result<Self, StateError> {
        Ok(Self { tree: Tree::open(db, "tokens")? })
    }

    pub fn get(&self, hash: SecretHash) -> Result<Option<ApiToken>, StateError> {
        // The tree compares byte by byte; only an equal hash in the value counts.
        Ok(self.tree.get(&hash)?.filter(|token| token.hash == hash))
    }

    pub fn put(&self, token: &ApiToken) -> Result<(), StateError> {
        self.tree.insert(&token.hash, token)
    }

    /// Notes a use of the token, if it is still there; says whether it is.
    pub fn touch(&self, hash: SecretHash, now: Timestamp) -> Result<bool, StateError> {
        self.tree.update(&hash, |token| ApiToken { last_used: Some(now), ..token })
    }

    /// Says whether there was one.
    pub fn remove(&self, id: Uuid) -> Result<bool, StateError> {
        for token in self.list()? {
            if token.id == id {
                return self.tree.remove(&token.hash);
            }
        }
        Ok(false)
    }

    /// Oldest first.
    pub fn list(&self) -> Result<Vec<ApiToken>, StateError> {
        let mut tokens = self.tree.values().collect::<Result<Vec<_>, _>>()?;
        tokens.sort_by_key(|token: &ApiToken| token.id);
        Ok(tokens)
    }
}
