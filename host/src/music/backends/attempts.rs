//! What was tried for each track, for people who wonder why a song is not there.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    clock::SharedClock,
    event::{Bus, Event},
    model::{Candidate, Track, TrackKey},
};

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
    /// The best first, as they were found last.
    pub candidates: Vec<Candidate>,
    /// The id of the one that was fetched.
    pub taken: Option<String>,
    /// Those that were tried before it, and why they would not do.
    pub refused: Vec<RefusedCandidate>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedCandidate {
    pub id: String,
    pub reason: String,
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
    /// It was asked what there is, and nothing was fetched.
    Looked,
}

/// An attempt under way. Whoever asked may lose interest at any moment.
#[derive(Debug)]
pub(super) struct Open<'a> {
    attempts: &'a Attempts,
    key: &'a str,
    backend: &'a str,
    clock: &'a SharedClock,
    is_over: bool,
}

impl Open<'_> {
    pub(super) fn end(mut self, outcome: Outcome) {
        self.is_over = true;
        self.attempts.end(self.key, self.backend, self.clock.now(), outcome);
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.attempts.end(self.key, self.backend, self.clock.now(), Outcome::Cancelled);
        }
    }
}

impl Outcome {
    /// As figures name it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Finding => "finding",
            Self::Fetching { .. } => "fetching",
            Self::Found { is_placeholder: true, .. } => "placeholder",
            Self::Found { .. } => "found",
            Self::Nothing => "nothing",
            Self::NotAgain { .. } => "not-again",
            Self::Failed { .. } => "failed",
            Self::Cancelled => "cancelled",
            Self::Looked => "looked",
        }
    }
}

/// Of the newest tracks, by key. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Attempts {
    tracks: Arc<Mutex<VecDeque<(String, Tried)>>>,
    bus: Option<Bus>,
    counts: Arc<Mutex<BTreeMap<(String, &'static str), u64>>>,
}

/// All attempts for one track.
#[derive(Clone, Debug, Serialize)]
pub struct Tried {
    pub track: Track,
    pub attempts: Vec<Attempt>,
}

impl Attempts {
    /// Listeners of the bus hear of each change.
    pub fn telling(bus: Bus) -> Self {
        Self { bus: Some(bus), ..Self::default() }
    }

    pub fn of(&self, key: &str) -> Option<Tried> {
        let tracks = self.lock();
        tracks.iter().find(|(of, _)| of == key).map(|(_, tried)| tried.clone())
    }

    /// Of all tracks that are remembered, the newest first.
    pub fn all(&self) -> Vec<(String, Tried)> {
        self.lock().iter().cloned().collect()
    }

    /// How often each backend answered what, since the start.
    pub fn counts(&self) -> BTreeMap<(String, &'static str), u64> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn count(&self, backend: &str, outcome: &Outcome) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((backend.to_owned(), outcome.name())).or_default() += 1;
    }

    /// The attempt counts as cancelled unless what is returned says how it ended.
    pub(super) fn begin<'a>(
        &'a self,
        (key, backend): (&'a str, &'a str),
        track: &Track,
        clock: &'a SharedClock,
    ) -> Open<'a> {
        let began = clock.now();
        let attempt = Attempt {
            backend: backend.to_owned(),
            began,
            ended: None,
            outcome: Outcome::Finding,
            candidates: Vec::new(),
            taken: None,
            refused: Vec::new(),
        };
        let mut tracks = self.lock();
        let at = tracks.iter().position(|(of, _)| of == key);
        let mut tried = match at.and_then(|at| tracks.remove(at)) {
            Some((_, tried)) => tried,
            None => Tried { track: track.clone(), attempts: Vec::new() },
        };
        let before = tried.attempts.iter().position(|other| other.backend == backend);
        let before = before.map(|at| tried.attempts.remove(at));
        // A backend that need not look again still has those to choose among.
        let candidates = before.map(|before| before.candidates).unwrap_or_default();
        tried.attempts.push(Attempt { candidates, ..attempt });
        tracks.push_front((key.to_owned(), tried));
        tracks.truncate(MOST_TRACKS);
        drop(tracks);
        self.tell(key);
        Open { attempts: self, key, backend, clock, is_over: false }
    }

    /// What a backend has, found without fetching any of it.
    pub(super) fn looked(
        &self,
        (key, backend): (&str, &str),
        track: &Track,
        clock: &SharedClock,
        found: &[Candidate],
    ) {
        let is_known = self.of(key).is_some_and(|it| it.attempts.iter().any(|it| it.backend == backend));
        if !is_known {
            self.begin((key, backend), track, clock).end(Outcome::Looked);
        }
        self.candidates(key, backend, found);
    }

    pub(super) fn candidates(&self, key: &str, backend: &str, found: &[Candidate]) {
        self.change(key, backend, |attempt| {
            attempt.candidates = found.iter().take(MOST_CANDIDATES).cloned().collect();
        });
    }

    pub(super) fn refused(&self, key: &str, backend: &str, candidate: &str, reason: String) {
        let refused = RefusedCandidate { id: candidate.to_owned(), reason };
        self.change(key, backend, |attempt| attempt.refused.push(refused));
    }

    pub(super) fn taken(&self, key: &str, backend: &str, candidate: &str) {
        self.change(key, backend, |attempt| attempt.taken = Some(candidate.to_owned()));
    }

    pub(super) fn is_now(&self, key: &str, backend: &str, outcome: Outcome) {
        self.change(key, backend, |attempt| attempt.outcome = outcome);
    }

    fn end(&self, key: &str, backend: &str, ended: Timestamp, outcome: Outcome) {
        self.count(backend, &outcome);
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
            drop(tracks);
            self.tell(key);
        }
    }

    /// Something else that is known of this track has changed.
    pub(in crate::music) fn tell(&self, key: &str) {
        if let Some(bus) = &self.bus {
            bus.send(Event::Track(TrackKey::from(key.to_owned())));
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<(String, Tried)>> {
        self.tracks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
