//! Drives one run to its end: attempts, time limit, retries, log, reports.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::{
    attempt::{Outcome, attempt},
    backoff,
    job::PlannedJob,
    log_keeper::keep_log,
};
use crate::{
    clock::SharedClock,
    event::Bus,
    model::{Run, RunId, Status},
    state::State,
    telemetry::RunLogBook,
};

/// A service that asks for a longer pause than this has made a mistake.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(7 * 86_400);

/// Why a run was told to stop, said before its token is cancelled.
#[derive(Clone, Debug)]
pub(super) enum StopCause {
    Person(String),
    ReplacedBy(RunId),
    Shutdown,
}

/// The engine's hold on a run.
#[derive(Clone, Debug, Default)]
pub(super) struct StopHandle {
    pub(super) token: CancellationToken,
    cause: Arc<OnceLock<StopCause>>,
}

impl StopHandle {
    /// The first cause stands.
    pub(super) fn stop(&self, cause: StopCause) {
        let _ = self.cause.set(cause);
        self.token.cancel();
    }
}

/// What a runner tells the engine.
#[derive(Debug)]
pub(super) enum RunnerMessage {
    /// The run as it is now.
    Changed(Run),
    Ended(Run),
}

/// What every runner uses.
#[derive(Clone, Debug)]
pub(super) struct RunnerTools {
    pub(super) clock: SharedClock,
    pub(super) state: State,
    pub(super) bus: Bus,
    pub(super) book: RunLogBook,
    pub(super) messages: mpsc::Sender<RunnerMessage>,
    pub(super) log_lines: usize,
}

impl RunnerTools {
    /// An engine that is gone reads the ledger at the next start.
    pub(super) async fn tell(&self, message: RunnerMessage) {
        let _ = self.messages.send(message).await;
    }
}

/// Runs until the run is over, and says so to the engine. `run` is written as running already.
pub(super) async fn drive(mut run: Run, planned: Arc<PlannedJob>, stop: StopHandle, tools: RunnerTools) {
    let log = tools.book.open(run.id, tools.log_lines);
    let span = tracing::info_span!("run", run.id = %run.id, job.name = %run.job);
    let keeper_done = CancellationToken::new();
    let keeper = keep_log(run.id, &log, &tools, keeper_done.clone());
    let work = async {
        drive_attempts(&mut run, &planned, &stop, &tools).await;
        keeper_done.cancel();
    };
    tokio::join!(work.instrument(span), keeper);
    run.ended = Some(tools.clock.now());
    run.waiting_until = None;
    run.waiting_for = None;
    tools.tell(RunnerMessage::Ended(run)).await;
}

async fn drive_attempts(run: &mut Run, planned: &PlannedJob, stop: &StopHandle, tools: &RunnerTools) {
    loop {
        match attempt(run, planned, stop, tools).await {
            Outcome::Succeeded(summary) => {
                run.status = Status::Succeeded;
                tracing::info!(summary = %summary.text, "Run succeeded");
                run.summary = Some(summary);
                run.reason = None;
                return;
            }
            Outcome::Stopped => {
                let (status, reason) = match stop.cause.get() {
                    Some(StopCause::Person(who)) => (Status::Cancelled, format!("cancelled by {who}")),
                    Some(StopCause::ReplacedBy(run)) => {
                        (Status::Cancelled, format!("replaced by run {run} (overlap = \"restart\")"))
                    }
                    Some(StopCause::Shutdown) | None => {
                        (Status::Interrupted, "the daemon was stopped".to_owned())
                    }
                };
                tracing::info!(%status, "Run stopped: {reason}");
                run.status = status;
                run.reason = Some(reason);
                return;
            }
            Outcome::TimedOut => {
                let limit = planned.policy.timeout.map(|limit| limit.to_string()).unwrap_or_default();
                let error = format!("attempt {} took longer than its time limit of {limit}", run.attempt);
                tracing::warn!("Time limit reached: {error}");
                if !wait_for_retry(run, planned, stop, tools, &error, None).await {
                    run.status = Status::TimedOut;
                    run.error = Some(error);
                    return;
                }
            }
            Outcome::Failed(error) => {
                let text = format!("{:#}", error.error);
                tracing::warn!("Attempt {} failed: {text}", run.attempt);
                run.summary = error.summary.as_deref().cloned();
                if !error.is_temporary
                    || !wait_for_retry(run, planned, stop, tools, &text, error.retry_after).await
                {
                    run.status = Status::Failed;
                    run.error = Some(text);
                    run.reason = None;
                    return;
                }
            }
        }
        if stop.token.is_cancelled() {
            continue; // The next attempt sees it at once and says why.
        }
        run.attempt += 1;
    }
}

/// Waits for the next attempt's moment. `false` when there is none left.
async fn wait_for_retry(
    run: &mut Run,
    planned: &PlannedJob,
    stop: &StopHandle,
    tools: &RunnerTools,
    error: &str,
    retry_after: Option<Duration>,
) -> bool {
    if run.attempt >= run.attempts || stop.token.is_cancelled() {
        return stop.token.is_cancelled();
    }
    let delay = backoff::delay(&planned.policy.retry, run.attempt, backoff::random_share());
    let delay = SignedDuration::try_from(
        retry_after.map_or(delay, |least| delay.max(least.min(LONGEST_RETRY_AFTER))),
    );
    let until =
        delay.ok().and_then(|delay| tools.clock.now().checked_add(delay).ok()).unwrap_or(Timestamp::MAX);
    run.status = Status::Waiting;
    run.waiting_until = Some(until);
    run.waiting_for = None;
    run.reason = Some(format!("attempt {} of {} follows after: {error}", run.attempt + 1, run.attempts));
    tools.tell(RunnerMessage::Changed(run.clone())).await;
    tokio::select! {
        () = tools.clock.sleep_until(until) => {}
        () = stop.token.cancelled() => {}
    }
    run.waiting_until = None;
    true
}
