//! How long Spotify asked to be left alone. It holds over a restart: asking again too early makes
//! such a wait longer.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{StateError, tree::Tree};

const KEY: &str = "api";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpotifyWait {
    pub until: Timestamp,
    /// As asked for.
    pub seconds: u64,
    /// When it was asked for.
    #[serde(default)]
    pub since: Timestamp,
}

#[derive(Clone, Debug)]
pub struct SpotifyWaits {
    tree: Tree<str, SpotifyWait>,
}

impl SpotifyWaits {
    pub(super) fn open(db: &sled::Db) -> Result<Self, StateError> {
        Ok(Self { tree: Tree::open(db, "spotify-waits")? })
    }

    pub fn get(&self) -> Result<Option<SpotifyWait>, StateError> {
        self.tree.get(KEY)
    }

    pub fn put(&self, wait: &SpotifyWait) -> Result<(), StateError> {
        self.tree.insert(KEY, wait)
    }

    /// Says whether there was one.
    pub fn remove(&self) -> Result<bool, StateError> {
        self.tree.remove(KEY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_survives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let until = Timestamp::from_second(86_400).unwrap();
        let wait = SpotifyWait { until, seconds: 86_400, since: Timestamp::UNIX_EPOCH };
        crate::state::State::open(folder.path()).unwrap().spotify_waits.put(&wait).unwrap();
        let waits = crate::state::State::open(folder.path()).unwrap().spotify_waits;
        assert_eq!(waits.get().unwrap(), Some(wait));
        assert!(waits.remove().unwrap());
        assert_eq!(waits.get().unwrap(), None);
    }
}
