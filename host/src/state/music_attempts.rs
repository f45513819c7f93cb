//! What backends answered for the newest tracks, so that people can still see it after a restart. Nothing depends
//! on it: an entry that cannot be read is dropped, and asking again brings a new one.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use serde::Deserialize;

use super::{StateError, known::shown, tree::Tree};
use crate::model::Tried;

/// Tracks that are remembered.
const MOST_TRACKS: usize = 200;

#[derive(Clone, Debug)]
pub struct MusicAttempts {
    tree: Tree<str, Tried>,
    /// When each track's newest attempt began: read when it is needed first, which is no part of a start.
    newest: Arc<Mutex<Option<BTreeMap<String, Timestamp>>>>,
}

/// All that the order of the tracks takes: the candidates are most of an entry.
#[derive(Deserialize)]
struct Order {
    attempts: Vec<Began>,
}

#[derive(Deserialize)]
struct Began {
    began: Timestamp,
}

impl MusicAttempts {
    pub(super) const NAME: &str = "music-attempts";

    pub(super) fn open(db: &sled::Db) -> Result<Self, StateError> {
        Ok(Self { tree: Tree::open(db, Self::NAME)?, newest: Arc::default() })
    }

    /// By the track's key.
    pub fn get(&self, track: &str) -> Result<Option<Tried>, StateError> {
        match self.tree.get(track) {
            Err(error @ StateError::Damaged { .. }) => {
                drop_unreadable(&error);
                self.tree.remove(track)?;
                Ok(None)
            }
            got => got,
        }
    }

    /// Keeps it, and as many of the newest others as there is room for.
    pub fn put(&self, track: &str, tried: &Tried) -> Result<(), StateError> {
        let mut newest = self.lock();
        let newest = match &mut *newest {
            Some(newest) => newest,
            none => none.insert(self.read_order()?),
        };
        self.tree.insert(track, tried)?;
        let began = tried.attempts.iter().map(|attempt| attempt.began).max();
        newest.insert(track.to_owned(), began.unwrap_or(Timestamp::MIN));
        while newest.len() > MOST_TRACKS {
            let oldest = newest.iter().min_by_key(|(_, began)| **began).map(|(track, _)| track.clone());
            let Some(oldest) = oldest else { break };
            self.tree.remove(&oldest)?;
            newest.remove(&oldest);
        }
        Ok(())
    }

    fn read_order(&self) -> Result<BTreeMap<String, Timestamp>, StateError> {
        let mut order = BTreeMap::new();
        for entry in self.tree.raw().iter() {
            let (key, value) = entry.map_err(StateError::Write)?;
            let read = serde_json::from_slice::<Order>(&value).map_err(|source| StateError::Damaged {
                tree: Self::NAME.to_owned(),
                key: shown(&key),
                source: source.into(),
            });
            match (std::str::from_utf8(&key), read) {
                (Ok(track), Ok(Order { attempts })) => {
                    let began = attempts.into_iter().map(|attempt| attempt.began).max();
                    order.insert(track.to_owned(), began.unwrap_or(Timestamp::MIN));
                }
                (_, read) => {
                    if let Err(error) = read {
                        drop_unreadable(&error);
                    }
                    self.tree.raw().remove(&key).map_err(StateError::Write)?;
                }
            }
        }
        Ok(order)
    }

    fn lock(&self) -> MutexGuard<'_, Option<BTreeMap<String, Timestamp>>> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn drop_unreadable(error: &StateError) {
    let error = error as &dyn std::error::Error;
    tracing::warn!(error, "What was tried for a track cannot be read, and is forgotten");
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::{
        model::{Attempt, AttemptOutcome, Candidate, RefusedCandidate, Track},
        state::State,
    };

    fn tried(began: i64) -> Tried {
        let candidate = Candidate { id: "x".into(), score: 91.5, ..Candidate::default() };
        let attempt = Attempt {
            backend: "spotdl".into(),
            began: Timestamp::UNIX_EPOCH + SignedDuration::from_secs(began),
            ended: None,
            outcome: AttemptOutcome::Found { candidate: "X".into(), is_placeholder: false },
            candidates: vec![candidate],
            taken: Some("x".into()),
            refused: vec![RefusedCandidate { id: "y".into(), reason: "too long".into() }],
        };
        Tried { track: Track { title: "T".into(), ..Track::default() }, attempts: vec![attempt] }
    }

    #[test]
    fn attempts_survive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        State::open(folder.path()).unwrap().music_attempts.put("spotify:1", &tried(1)).unwrap();
        let attempts = State::open(folder.path()).unwrap().music_attempts;
        assert_eq!(attempts.get("spotify:1").unwrap(), Some(tried(1)));
        assert_eq!(attempts.get("spotify:2").unwrap(), None);
    }

    #[test]
    fn the_newest_tracks_stay() {
        let folder = tempfile::tempdir().unwrap();
        let count = i64::try_from(MOST_TRACKS).unwrap();
        {
            let attempts = State::open(folder.path()).unwrap().music_attempts;
            // Not in the order of their keys.
            (0..count).rev().for_each(|at| attempts.put(&format!("{:03}", count - at), &tried(at)).unwrap());
        }
        let attempts = State::open(folder.path()).unwrap().music_attempts;
        attempts.put("new", &tried(count)).unwrap();
        attempts.put("new", &tried(count + 1)).unwrap();
        assert_eq!(attempts.tree.raw().len(), MOST_TRACKS);
        assert_eq!(attempts.get(&format!("{count:03}")).unwrap(), None, "the oldest one");
        assert!(attempts.get("001").unwrap().is_some() && attempts.get("new").unwrap().is_some());
    }

    #[test]
    fn unreadable_entries_are_dropped_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        {
            let attempts = State::open(folder.path()).unwrap().music_attempts;
            attempts.put("good", &tried(1)).unwrap();
            for (key, value) in [(&b"half"[..], &b"{\"track\":{"[..]), (b"other", b"[]"), (b"\xff", b"{}")] {
                attempts.tree.raw().insert(key, value).unwrap();
            }
        }
        let attempts = State::open(folder.path()).unwrap().music_attempts;
        assert_eq!(attempts.get("half").unwrap(), None);
        attempts.put("new", &tried(2)).unwrap();
        let keys: Vec<_> = attempts.tree.raw().iter().keys().map(Result::unwrap).collect();
        assert_eq!(keys, [&b"good"[..], b"new"]);
        assert_eq!(attempts.get("good").unwrap(), Some(tried(1)));
    }
}
