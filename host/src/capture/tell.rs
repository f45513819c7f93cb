//! How far the work is, for whoever looks on.

use std::{fmt, sync::Arc};

use tokio_util::sync::CancellationToken;

use super::{Board, CaptureError};

/// What is being done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub done: u64,
    /// Unknown when the work has no end in sight.
    pub total: Option<u64>,
    /// What is counted.
    pub unit: &'static str,
    pub message: String,
}

/// Hears how far the work is, and says when it should end.
#[derive(Clone)]
pub struct Tell {
    hear: Arc<dyn Fn(Step) + Send + Sync>,
    stop: CancellationToken,
    board: Board,
}

impl Tell {
    pub fn new(hear: impl Fn(Step) + Send + Sync + 'static, stop: CancellationToken) -> Self {
        Self { hear: Arc::new(hear), stop, board: Board::default() }
    }

    /// What goes on in each chat is to be seen there.
    pub fn showing(self, board: Board) -> Self {
        Self { board, ..self }
    }

    /// For whoever does not want to know.
    pub fn nobody() -> Self {
        Self::new(|_| {}, CancellationToken::new())
    }

    /// For work beside another one, of which nobody wants to hear.
    pub(super) fn quietly(&self) -> Self {
        Self::new(|_| {}, self.stop.clone())
    }

    pub(super) fn step(&self, done: u64, total: Option<u64>, unit: &'static str, message: impl Into<String>) {
        (self.hear)(Step { done, total, unit, message: message.into() });
    }

    pub(super) fn board(&self) -> &Board {
        &self.board
    }

    pub(super) fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// What the work comes to, or that it should end: then the work is dropped where it is.
    pub(super) async fn unless_stopped<T>(&self, work: impl Future<Output = T>) -> Result<T, CaptureError> {
        self.stop.run_until_cancelled(work).await.ok_or(CaptureError::Stopped)
    }
}

impl fmt::Debug for Tell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tell").field("stop", &self.stop).finish_non_exhaustive()
    }
}
