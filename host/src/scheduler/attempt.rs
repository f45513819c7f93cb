//! One attempt of a run: the job's work against its time limit and the wish to stop.

use std::{any::Any, convert::Infallible, panic::AssertUnwindSafe, time::Duration};

use anyhow::anyhow;
use futures_util::FutureExt as _;
use jiff::SignedDuration;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{
    job::{JobError, PlannedJob, Report, Reporter, RunContext, Wait},
    runner::{RunnerMessage, RunnerTools, StopHandle},
};
use crate::model::{Run, Status, Summary};

/// How often reports are passed on.
const PASS_ON: Duration = Duration::from_millis(200);

pub(super) enum Outcome {
    Succeeded(Summary),
    Failed(JobError),
    TimedOut,
    Stopped,
}

type Ended = Result<Result<Summary, JobError>, Box<dyn Any + Send>>;

/// What cut the work short.
enum Cut {
    TimeLimit,
    Stop,
}

pub(super) async fn attempt(
    run: &mut Run,
    planned: &PlannedJob,
    stop: &StopHandle,
    tools: &RunnerTools,
) -> Outcome {
    if stop.token.is_cancelled() {
        return Outcome::Stopped;
    }
    begin(run, tools).await;
    let (report, mut reports) = Reporter::new();
    let last_report = reports.clone();
    let attempt_stop = stop.token.child_token();
    let work = planned.job.run(context_of(run, attempt_stop.clone(), report));
    let work = AssertUnwindSafe(work).catch_unwind();
    let outcome = {
        let time_limit = time_limit(planned, tools);
        let passing_on = pass_on_reports(run.clone(), &mut reports, tools);
        tokio::pin!(work, time_limit, passing_on);
        let cut = tokio::select! {
            biased;
            ended = &mut work => Err(ended),
            () = &mut time_limit => Ok(Cut::TimeLimit),
            () = stop.token.cancelled() => Ok(Cut::Stop),
            never = &mut passing_on => match never {},
        };
        match cut {
            Err(ended) => judge(ended, stop),
            Ok(cut) => {
                attempt_stop.cancel();
                end_cut_short(timeout(planned.job.stop_grace(), work).await.ok(), &cut)
            }
        }
    };
    run.progress = last_report.borrow().progress.clone();
    outcome
}

async fn begin(run: &mut Run, tools: &RunnerTools) {
    run.status = Status::Running;
    run.reason = None;
    run.waiting_until = None;
    run.waiting_for = None;
    run.progress = None;
    run.started.get_or_insert(tools.clock.now());
    tools.tell(RunnerMessage::Changed(run.clone())).await;
}

fn context_of(run: &Run, stop: CancellationToken, report: Reporter) -> RunContext {
    RunContext {
        id: run.id,
        job: run.job.clone(),
        trigger: run.trigger.clone(),
        params: run.params.clone(),
        due: run.due,
        attempt: run.attempt,
        stop,
        report,
    }
}

async fn time_limit(planned: &PlannedJob, tools: &RunnerTools) {
    let limit = planned.policy.timeout.and_then(|limit| SignedDuration::try_from(limit.0).ok());
    match limit.and_then(|limit| tools.clock.now().checked_add(limit).ok()) {
        Some(deadline) => tools.clock.sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// The work ended by itself.
fn judge(ended: Ended, stop: &StopHandle) -> Outcome {
    match ended {
        Ok(Ok(summary)) => Outcome::Succeeded(summary),
        Ok(Err(_)) if stop.token.is_cancelled() => Outcome::Stopped,
        Ok(Err(error)) => Outcome::Failed(error),
        Err(panic) => {
            let text = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            Outcome::Failed(JobError::permanent(anyhow!("the job panicked, which is a bug in it: {text}")))
        }
    }
}

/// The work was told to stop; `ended` is `None` when it did not.
fn end_cut_short(ended: Option<Ended>, cut: &Cut) -> Outcome {
    if ended.is_none() {
        tracing::warn!("The job did not stop when asked and was dropped");
    }
    match (cut, ended) {
        (Cut::TimeLimit, _) => Outcome::TimedOut,
        // It was done in its last moment.
        (Cut::Stop, Some(Ok(Ok(summary)))) => Outcome::Succeeded(summary),
        (Cut::Stop, _) => Outcome::Stopped,
    }
}

/// Tells the engine how far the run is, at most every [`PASS_ON`].
async fn pass_on_reports(
    mut run: Run,
    reports: &mut watch::Receiver<Report>,
    tools: &RunnerTools,
) -> Infallible {
    loop {
        if reports.changed().await.is_err() {
            std::future::pending::<()>().await; // The job dropped its reporter and works on.
        }
        let report = reports.borrow_and_update().clone();
        run.progress = report.progress;
        (run.status, run.waiting_until, run.waiting_for, run.reason) = match report.waiting {
            Some(Wait { until, service, reason }) => (Status::Waiting, Some(until), service, Some(reason)),
            None => (Status::Running, None, None, None),
        };
        tools.tell(RunnerMessage::Changed(run.clone())).await;
        sleep(PASS_ON).await;
    }
}
