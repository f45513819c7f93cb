//! What the scheduler asks of a job, and what a job gets to work with.

use std::{fmt, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::model::{JobName, Params, Policy, Progress, Run, RunId, Summary, Trigger};

/// Something that can be run. Built once per configuration, run many times, maybe in parallel.
pub trait Job: fmt::Debug + Send + Sync + 'static {
    /// Runs to the end, or until `context.stop` is cancelled: then it cleans up and returns soon.
    /// A job that does not is dropped.
    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<Summary, JobError>>;

    /// How long it may take to end after it was asked to; then it is dropped.
    fn stop_grace(&self) -> Duration {
        Duration::from_secs(20)
    }

    /// What is left to do when the daemon ends, after all runs have ended. `scheduler.drain_timeout` bounds it.
    fn farewell(&self) -> Option<BoxFuture<'_, ()>> {
        None
    }
}

/// A failed attempt. Only the runner retries; the job says whether that could help.
#[derive(Debug, thiserror::Error)]
#[error("{error:#}")]
pub struct JobError {
    pub error: anyhow::Error,
    pub is_temporary: bool,
    /// What the run got done all the same. Boxed: errors are passed through many results.
    pub summary: Option<Box<Summary>>,
    /// The other side asked for this pause before the next attempt.
    pub retry_after: Option<Duration>,
}

impl JobError {
    /// Trying again may help.
    pub fn temporary(error: impl Into<anyhow::Error>) -> Self {
        Self { error: error.into(), is_temporary: true, summary: None, retry_after: None }
    }

    /// Trying again cannot help before somebody changes something.
    pub fn permanent(error: impl Into<anyhow::Error>) -> Self {
        Self { error: error.into(), is_temporary: false, summary: None, retry_after: None }
    }

    pub fn with_summary(mut self, summary: Summary) -> Self {
        self.summary = Some(Box::new(summary));
        self
    }
}

/// What one attempt of a run knows. Log with `tracing`: lines inside the run's span are kept with it.
#[derive(Clone, Debug)]
pub struct RunContext {
    pub id: RunId,
    pub job: JobName,
    pub trigger: Trigger,
    pub params: Params,
    pub due: Timestamp,
    /// From 1.
    pub attempt: u32,
    /// Cancelled when the run should end: by a person, by its time limit, by the daemon's end.
    pub stop: CancellationToken,
    pub report: Reporter,
}

/// Where a run says how far it is. Saying it often costs nothing: only the last word is passed on.
#[derive(Clone, Debug)]
pub struct Reporter {
    sender: Arc<watch::Sender<Report>>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    pub progress: Option<Progress>,
    pub waiting: Option<Wait>,
}

/// Until when a run waits, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    pub until: Timestamp,
    /// Who asked for it: "Telegram".
    pub service: Option<String>,
    pub reason: String,
}

impl Reporter {
    pub fn new() -> (Self, watch::Receiver<Report>) {
        let (sender, receiver) = watch::channel(Report::default());
        (Self { sender: Arc::new(sender) }, receiver)
    }

    pub fn progress(&self, done: u64, total: Option<u64>, unit: &str, message: impl Into<String>) {
        let progress = Progress { done, total, unit: unit.to_owned(), message: message.into() };
        self.sender.send_modify(|report| report.progress = Some(progress));
    }

    /// The run waits for something outside, such as a rate limit.
    pub fn waiting_until(&self, until: Timestamp, reason: impl Into<String>) {
        self.wait(Wait { until, service: None, reason: reason.into() });
    }

    /// A service asked the run for a pause; people see who it was.
    pub fn waiting_for(&self, service: &str, until: Timestamp, reason: impl Into<String>) {
        self.wait(Wait { until, service: Some(service.to_owned()), reason: reason.into() });
    }

    fn wait(&self, wait: Wait) {
        self.sender.send_modify(|report| report.waiting = Some(wait));
    }

    pub fn going_on(&self) {
        self.sender.send_modify(|report| report.waiting = None);
    }
}

/// Tells a dead-man address about a run. Bounded in time, tries again by itself, never fails.
pub trait PingSender: fmt::Debug + Send + Sync + 'static {
    fn ping(&self, address: url::Url, run: Run) -> BoxFuture<'static, ()>;
}

/// A job of the configuration, ready to be scheduled.
#[derive(Clone, Debug)]
pub struct PlannedJob {
    pub name: JobName,
    pub kind: String,
    pub policy: Policy,
    pub job: Arc<dyn Job>,
}
