//! Recordings that a person chose for a track, in place of what a backend would take.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{StateError, tree::Tree};
use crate::model::Candidate;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MusicChoice {
    /// The track's key.
    pub track: String,
    /// What a person calls it.
    pub title: String,
    pub backend: String,
    pub candidate: Candidate,
    pub chosen: Timestamp,
}

#[derive(Clone, Debug)]
pub struct MusicChoices {
    tree: Tree<str, MusicChoice>,
}

impl MusicChoices {
    pub(super) fn open(db: &sled::Db) -> Result<Self, StateError> {
        Ok(Self { tree: Tree::open(db, "music-choices")? })
    }

    pub fn get(&self, track: &str) -> Result<Option<MusicChoice>, StateError> {
        self.tree.get(track)
    }

    pub fn put(&self, choice: &MusicChoice) -> Result<(), StateError> {
        self.tree.insert(&choice.track, choice)
    }

    /// Says whether there was one.
    pub fn remove(&self, track: &str) -> Result<bool, StateError> {
        self.tree.remove(track)
    }

    pub fn all(&self) -> Result<Vec<MusicChoice>, StateError> {
        self.tree.values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::State;

    #[test]
    fn choices_survive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let choice = MusicChoice {
            track: "spotify:1".into(),
            title: "A - B".into(),
            backend: "spotdl".into(),
            candidate: Candidate { id: "x".into(), score: 91.5, ..Candidate::default() },
            chosen: "2026-01-01T12:00:00Z".parse().unwrap(),
        };
        State::open(folder.path()).unwrap().music_choices.put(&choice).unwrap();
        let choices = State::open(folder.path()).unwrap().music_choices;
        assert_eq!(choices.get("spotify:1").unwrap(), Some(choice.clone()));
        assert_eq!(choices.all().unwrap(), [choice]);
        assert!(choices.remove("spotify:1").unwrap() && choices.all().unwrap().is_empty());
    }
}
