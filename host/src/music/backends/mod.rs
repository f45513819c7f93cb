//! Where recordings come from: backends in the order that the operator wrote, each a plugin or one
//! of our own. The first answer is used at once; while it is only a placeholder, later ones are asked.

mod attempts;
mod chain;
mod check;
mod command;
mod files;
mod hear;
mod plugin;
#[cfg(test)]
mod tests;

use std::{fmt, path::Path};

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::{
    gauge::Gauge,
    model::{AttemptOutcome as Outcome, Candidate, Recording, Track},
};
pub use attempts::Attempts;
pub use chain::{Answer, Chain, ChainParts, Found, UnknownBackend, check_own};
pub(in crate::music) use check::picture;
pub use command::program_of;
pub(in crate::music) use files::{describe, kind_of};

/// Finds recordings of tracks and fetches them.
pub(crate) trait Backend: fmt::Debug + Send + Sync {
    /// Recordings that may be the track, the best first; empty if there are none.
    fn find<'a>(
        &'a self,
        track: &'a Track,
        stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Vec<Candidate>, BackendError>>;

    /// Fetches one of them to where it is wanted.
    fn fetch<'a>(
        &'a self,
        track: &'a Track,
        candidate: &'a Candidate,
        to: &'a Delivery<'a>,
    ) -> BoxFuture<'a, Result<Recording, BackendError>>;

    /// Whether that it had nothing is remembered for a while. Where asking costs nothing, it need not be.
    fn remembers_misses(&self) -> bool {
        true
    }

    /// What its answers depend on beside the track. When that is another, it is asked again. `None`: unknown as yet.
    fn edition(&self) -> Option<String>;
}

/// Where a recording is wanted.
#[derive(Debug)]
pub(crate) struct Delivery<'a> {
    /// It is there and empty.
    pub(crate) file: &'a Path,
    /// Shows how far it is.
    pub(crate) gauge: &'a Gauge,
    /// It is not wanted any more.
    pub(crate) stop: &'a CancellationToken,
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
