//! What backends were asked for a track, and what they answered.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Candidate, Track};

/// What one backend did for one track.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    pub backend: String,
    pub began: Timestamp,
    pub ended: Option<Timestamp>,
    pub outcome: AttemptOutcome,
    /// The best first, as they were found last.
    pub candidates: Vec<Candidate>,
    /// The id of the one that was fetched.
    pub taken: Option<String>,
    /// Those that were tried before it, and why they would not do.
    pub refused: Vec<RefusedCandidate>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedCandidate {
    pub id: String,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum AttemptOutcome {
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

impl AttemptOutcome {
    /// As figures name it.
    pub fn name(&self) -> &'static str {
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

    /// Whether the backend is still at it.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Finding | Self::Fetching { .. })
    }
}

/// All attempts for one track.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    pub track: Track,
    pub attempts: Vec<Attempt>,
}

impl Tried {
    /// Nobody is at it any more: what was under way has been cancelled.
    pub fn at_rest(mut self) -> Self {
        for attempt in self.attempts.iter_mut().filter(|attempt| attempt.outcome.is_open()) {
            attempt.outcome = AttemptOutcome::Cancelled;
        }
        self
    }
}
