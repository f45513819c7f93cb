//! Backends that had no recording of a track, so that they are not asked again at every play.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{StateError, tree::Tree};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MusicMiss {
    /// The track's key.
    pub track: String,
    pub backend: String,
    /// Which code and settings of it missed; older ones do not say.
    #[serde(default)]
    pub edition: Option<String>,
    /// From when on it may be asked again.
    pub until: Timestamp,
    pub reason: String,
}

#[derive(Clone, Debug)]
pub struct MusicMisses {
    tree: Tree<str, MusicMiss>,
}

impl MusicMisses {
    pub(super) fn open(db: &sled::Db) -> Result<Self, StateError> {
        Ok(Self { tree: Tree::open(db, "music-misses")? })
    }

    pub fn get(&self, track: &str, backend: &str) -> Result<Option<MusicMiss>, StateError> {
        self.tree.get(&key(track, backend))
    }

    pub fn put(&self, miss: &MusicMiss) -> Result<(), StateError> {
        self.tree.insert(&key(&miss.track, &miss.backend), miss)
    }

    /// Says whether there was one.
    pub fn remove(&self, track: &str, backend: &str) -> Result<bool, StateError> {
        self.tree.remove(&key(track, backend))
    }

    /// Forgets those that are over; says how many there were.
    pub fn remove_over(&self, now: Timestamp) -> Result<usize, StateError> {
        let all: Vec<MusicMiss> = self.tree.values().collect::<Result<_, _>>()?;
        let over = all.iter().filter(|miss| miss.until <= now);
        over.map(|miss| self.remove(&miss.track, &miss.backend).map(usize::from)).sum()
    }
}

/// Names of backends hold no line break.
fn key(track: &str, backend: &str) -> String {
    format!("{backend}\n{track}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::State;

    #[test]
    fn only_what_is_over_goes() {
        let folder = tempfile::tempdir().unwrap();
        let misses = State::open(folder.path()).unwrap().music_misses;
        let now: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
        let miss = |track: &str, until| MusicMiss {
            track: track.into(),
            backend: "spotdl".into(),
            edition: None,
            until,
            reason: "nothing".into(),
        };
        let later = now + jiff::SignedDuration::from_secs(1);
        misses.put(&miss("a", now)).unwrap();
        misses.put(&miss("b", later)).unwrap();
        assert_eq!(misses.remove_over(now).unwrap(), 1);
        assert_eq!(misses.get("a", "spotdl").unwrap(), None);
        assert_eq!(misses.get("b", "spotdl").unwrap(), Some(miss("b", later)));
        assert_eq!(misses.get("b", "files").unwrap(), None);
    }
}
