//! When a job runs. A wake-up (precise timer, cron tick, event, person) carries no work: the
//! engine looks at the ledger and the clock, decides what is due, writes it down, then starts it.

mod attempt;
mod backoff;
pub mod cron;
mod engine;
mod ids;
mod job;
mod log_keeper;
mod plan;
mod preview;
mod progress;
mod runner;
mod triggers;
mod wake;

pub use engine::{EngineParts, EngineSettings, spawn};
pub use job::{Job, JobError, PingSender, PlannedJob, Report, Reporter, RunContext, Wait};
pub use preview::{Preview, preview};
pub use triggers::TriggerError;
pub use wake::spawn_ticks;

use tokio::sync::{mpsc, oneshot};

use self::progress::ProgressBoard;
use crate::{
    model::{EventName, JobName, JobView, Params, Run, RunId},
    state::{RunFilter, State},
};

/// Asks the engine. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Scheduler {
    requests: mpsc::Sender<Request>,
    state: State,
    progress: ProgressBoard,
}

/// Why the engine refuses.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    #[error("there is no job `{0}`: `tapedeck jobs list` shows their names")]
    UnknownJob(String),
    #[error("`{0}` is the name of a job of the configuration: rename that one")]
    NameIsTaken(JobName),
    #[error("there is no run {0}: it may have been pruned")]
    UnknownRun(RunId),
    #[error("run {0} is over already ({1})")]
    RunIsOver(RunId, crate::model::Status),
    #[error("the daemon is shutting down")]
    ShuttingDown,
    #[error(transparent)]
    Trigger(#[from] TriggerError),
    #[error("the ledger cannot be read or written")]
    State(#[from] crate::state::StateError),
}

pub(crate) type Reply<T> = oneshot::Sender<Result<T, ScheduleError>>;

pub(crate) enum Request {
    RunNow { job: JobName, params: Params, who: String, reply: Reply<Run> },
    RunOnce { job: Box<PlannedJob>, who: String, reply: Reply<Run> },
    Cancel { run: RunId, who: String, reply: Reply<Run> },
    Pause { job: JobName, who: String, reply: Reply<JobView> },
    Resume { job: JobName, reply: Reply<JobView> },
    Emit { event: EventName, reply: Reply<Vec<JobName>> },
    Job { job: JobName, reply: Reply<JobView> },
    Jobs { after: Option<JobName>, limit: usize, reply: Reply<JobsPage> },
    Counts { reply: Reply<Counts> },
    Load { jobs: Vec<PlannedJob>, settings: EngineSettings, reply: Reply<()> },
}

/// How much is going on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub jobs: usize,
    pub running: usize,
    pub queued: usize,
}

/// Jobs in the order of their names.
#[derive(Clone, Debug)]
pub struct JobsPage {
    pub jobs: Vec<JobView>,
    pub total: usize,
    pub has_more: bool,
}

impl Scheduler {
    /// One whose engine is the test itself.
    #[cfg(test)]
    pub(crate) fn for_tests(state: State) -> (Self, mpsc::Receiver<Request>) {
        let (requests, inbox) = mpsc::channel(64);
        (Self { requests, state, progress: ProgressBoard::default() }, inbox)
    }

    async fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, ScheduleError> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(request(reply)).await.map_err(|_| ScheduleError::ShuttingDown)?;
        answer.await.map_err(|_| ScheduleError::ShuttingDown)?
    }

    /// Adds to runs of the ledger how far they are at this moment.
    pub fn fill_in_progress(&self, runs: &mut [Run]) {
        self.progress.fill_in(runs);
    }

    /// Starts a run at once (or queues it, by the job's overlap policy); paused jobs too.
    pub async fn run_now(&self, job: JobName, params: Params, who: String) -> Result<Run, ScheduleError> {
        self.ask(|reply| Request::RunNow { job, params, who, reply }).await
    }

    /// Starts a run of a job that is not in the configuration: what somebody wants done this once. A restart does not repeat it.
    pub async fn run_once(&self, job: PlannedJob, who: String) -> Result<Run, ScheduleError> {
        self.ask(|reply| Request::RunOnce { job: Box::new(job), who, reply }).await
    }

    /// Asks a run to stop. The answer is the run as it is now; its end arrives as an event.
    pub async fn cancel(&self, run: RunId, who: String) -> Result<Run, ScheduleError> {
        self.ask(|reply| Request::Cancel { run, who, reply }).await
    }

    pub async fn pause(&self, job: JobName, who: String) -> Result<JobView, ScheduleError> {
        self.ask(|reply| Request::Pause { job, who, reply }).await
    }

    pub async fn resume(&self, job: JobName) -> Result<JobView, ScheduleError> {
        self.ask(|reply| Request::Resume { job, reply }).await
    }

    /// Tells every job that waits for `event`; answers with their names.
    pub async fn emit(&self, event: EventName) -> Result<Vec<JobName>, ScheduleError> {
        self.ask(|reply| Request::Emit { event, reply }).await
    }

    pub async fn job(&self, job: JobName) -> Result<JobView, ScheduleError> {
        let view = self.ask(|reply| Request::Job { job: job.clone(), reply }).await?;
        let views = self.with_recent(vec![view]).await?;
        views.into_iter().next().ok_or_else(|| ScheduleError::UnknownJob(job.to_string()))
    }

    /// Jobs in the order of their names, from the one after `after`.
    pub async fn jobs(&self, after: Option<JobName>, limit: usize) -> Result<JobsPage, ScheduleError> {
        let page = self.ask(|reply| Request::Jobs { after, limit, reply }).await?;
        Ok(JobsPage { jobs: self.with_recent(page.jobs).await?, ..page })
    }

    /// Read here and not by the engine, which has better things to do; and off the async threads.
    async fn with_recent(&self, mut views: Vec<JobView>) -> Result<Vec<JobView>, ScheduleError> {
        let (state, progress) = (self.state.clone(), self.progress.clone());
        let reading = tokio::task::spawn_blocking(move || {
            for view in &mut views {
                let filter = RunFilter { job: Some(view.name.clone()), ..RunFilter::default() };
                view.recent = state.runs.list(&filter, JobView::RECENT)?;
                progress.fill_in(&mut view.recent);
            }
            Ok(views)
        });
        // It does not panic; it is cancelled only with the whole process.
        reading.await.map_err(|_| ScheduleError::ShuttingDown)?
    }

    pub async fn counts(&self) -> Result<Counts, ScheduleError> {
        self.ask(|reply| Request::Counts { reply }).await
    }

    /// Replaces the set of jobs: all of it or, on an error, nothing. Runs in flight end as they began.
    pub async fn load(&self, jobs: Vec<PlannedJob>, settings: EngineSettings) -> Result<(), ScheduleError> {
        self.ask(|reply| Request::Load { jobs, settings, reply }).await
    }
}
