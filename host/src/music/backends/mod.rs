//! Where recordings come from: backends in the order that the operator wrote, each a plugin or one
//! of our own. The first answer is used at once; while it is only a placeholder, later ones are asked.

mod attempts;
mod chain;
mod check;
mod command;
mod files;
mod plugin;
#[cfg(test)]
mod tests;

use std::{fmt, path::Path};

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::model::{Candidate, Recording, Track};
pub use attempts::{Attempt, Attempts, Outcome, RefusedCandidate, Tried};
pub use chain::{Answer, Chain, ChainParts, Found, UnknownBackend};
pub(in crate::music) use check::picture;
pub(in crate::music) use files::describe;

/// Finds recordings of tracks and fetches them.
pub(crate) trait Backend: fmt::Debug + Send + Sync {
    /// Recordings that may be the track, the best first; empty if there are none.
    fn find<'a>(
        &'a self,
        track: &'a Track,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Vec<Candidate>, BackendError>>;

    /// Writes one of them to `file`, which is there and empty.
    fn fetch<'a>(
        &'a self,
        track: &'a Track,
        candidate: &'a Candidate,
        file: &'a Path,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Recording, BackendError>>;
}

/// Why a backend gave nothing.
#[derive(Debug, thiserror::Error)]
#[error("{error:#}")]
pub struct BackendError {
    pub error: anyhow::Error,
    /// Asking again later may help.
    pub is_temporary: bool,
}

impl BackendError {
    fn temporary(error: impl Into<anyhow::Error>) -> Self {
        Self { error: error.into(), is_temporary: true }
    }

    fn permanent(error: impl Into<anyhow::Error>) -> Self {
        Self { error: error.into(), is_temporary: false }
    }
}
