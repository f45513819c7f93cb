//! What was tried for each track, for people who wonder why a song is not there.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use serde::Serialize;

use crate::model::{Candidate, Track};

/// Tracks that are remembered.
const MOST_TRACKS: usize = 200;
/// Candidates of one attempt that are remembered.
const MOST_CANDIDATES: usize = 50;

/// What one backend did for one track.
#[derive(Clone, Debug, Serialize)]
pub struct Attempt {
    pub backend: String,
    pub began: Timestamp,
    pub ended: Option<Timestamp>,
    pub outcome: Outcome,
    /// The best first.
    pub candidates: Vec<Candidate>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Outcome {
    Finding,
    Fetching {
        candidate: String,
    },
    Found {
        candidate: String,
        is_placeholder: bool,
    },
    /// There is no such recording there.
    Nothing,
    /// Asked not long ago: there was nothing.
    NotAgain {
        until: Timestamp,
        reason: String,
    },
    Failed {
        reason: String,
    },
    Cancelled,
}

/// Of the newest tracks, by key. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Attempts {
    tracks: Arc<Mutex<VecDeque<(String, Tried)>>>,
}

/// All attempts for one track.
#[derive(Clone, Debug, Serialize)]
pub struct Tried {
    pub track: Track,
    pub attempts: Vec<Attempt>,
}

impl Attempts {
    pub fn of(&self, key: &str) -> Option<Tried> {
        let tracks = self.lock();
        tracks.iter().find(|(of, _)| of == key).map(|(_, tried)| tried.clone())
    }

    /// Of all tracks that are remembered, the newest first.
    pub fn all(&self) -> Vec<(String, Tried)> {
        self.lock().iter().cloned().collect()
    }

    pub(super) fn begin(&self, key: &str, track: &Track, backend: &str, began: Timestamp) {
        let attempt = Attempt {
            backend: backend.to_owned(),
            began,
            ended: None,
            outcome: Outcome::Finding,
            candidates: Vec::new(),
        };
        let mut tracks = self.lock();
        let at = tracks.iter().position(|(of, _)| of == key);
        let mut tried = match at.and_then(|at| tracks.remove(at)) {
            Some((_, tried)) => tried,
            None => Tried { track: track.clone(), attempts: Vec::new() },
        };
        tried.attempts.retain(|other| other.backend != backend);
        tried.attempts.push(attempt);
        tracks.push_front((key.to_owned(), tried));
        tracks.truncate(MOST_TRACKS);
    }

    pub(super) fn candidates(&self, key: &str, backend: &str, found: &[Candidate]) {
        self.change(key, backend, |attempt| {
            attempt.candidates = found.iter().take(MOST_CANDIDATES).cloned().collect();
        });
    }

    pub(super) fn is_now(&self, key: &str, backend: &str, outcome: Outcome) {
        self.change(key, backend, |attempt| attempt.outcome = outcome);
    }

    pub(super) fn end(&self, key: &str, backend: &str, ended: Timestamp, outcome: Outcome) {
        self.change(key, backend, |attempt| {
            attempt.outcome = outcome;
            attempt.ended = Some(ended);
        });
    }

    fn change(&self, key: &str, backend: &str, change: impl FnOnce(&mut Attempt)) {
        let mut tracks = self.lock();
        let tried = tracks.iter_mut().find(|(of, _)| of == key);
        let attempt = tried.and_then(|(_, it)| it.attempts.iter_mut().find(|it| it.backend == backend));
        if let Some(attempt) = attempt {
            change(attempt);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<(String, Tried)>> {
        self.tracks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
