//! A job as the page and the command line show it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{JobName, Policy, Run, RunId};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Paused {
    pub since: Timestamp,
    pub by: String,
}

#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct JobView {
    pub name: JobName,
    pub kind: String,
    pub policy: Policy,
    /// The zone that `cron` is read in, after defaults.
    pub timezone: String,
    /// Each trigger in words: "every 6 hours", "when backup has succeeded".
    pub triggers: Vec<String>,
    pub paused: Option<Paused>,
    /// When time alone starts it next; jitter not counted.
    pub next_due: Option<Timestamp>,
    pub running: Vec<RunId>,
    pub queued: u32,
    /// Newest first, at most `JobView::RECENT`.
    pub recent: Vec<Run>,
}

impl JobView {
    pub const RECENT: usize = 20;
}
