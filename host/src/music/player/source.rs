//! How a source is asked, and what can come of it.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use crate::model::Playing;

/// Asks a player what it plays. Bounded in time; it never waits for a rate limit.
pub type Ask = Arc<dyn Fn() -> BoxFuture<'static, Asked> + Send + Sync>;

#[derive(Clone, Debug)]
pub struct Asked {
    pub answer: Result<Playing, AskError>,
    /// How many calls it took beyond the first.
    pub more_calls: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    #[error("it does not want to be asked before {until}")]
    Limited { until: Timestamp },
    /// The text says what to do.
    #[error("{reason}")]
    Failed { reason: String, is_temporary: bool, not_before: Option<Timestamp> },
}
