//! A deck on a manual clock: the whole engine, a real ledger in a temporary folder, and a job
//! whose runs end when the test says so.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use tokio::sync::{mpsc, oneshot};

use crate::{
    clock::{Clock as _, ManualClock},
    event::Bus,
    lifecycle::{Ending, Lifecycle},
    model::{JobName, Params, Policy, Run, RunId, Status, Summary},
    scheduler::{
        EngineParts, EngineSettings, Job, JobError, PingSender, PlannedJob, RunContext, ScheduleError,
        Scheduler, spawn,
    },
    state::{RunFilter, State},
    telemetry::RunLogBook,
};

pub(super) type Verdict = Result<&'static str, JobError>;

/// Runs in flight, waiting for the test to end them.
#[derive(Clone, Debug, Default)]
pub(super) struct Stage {
    open: Arc<Mutex<HashMap<RunId, oneshot::Sender<Verdict>>>>,
    pub(super) started: Arc<Mutex<Vec<RunContext>>>,
    /// Jobs whose runs succeed by themselves.
    pub(super) is_instant: Arc<Mutex<bool>>,
    /// For each job's farewell, how many runs were going on then.
    pub(super) farewells: Arc<Mutex<Vec<usize>>>,
}

#[derive(Debug)]
struct StagedJob(Stage);

impl Job for StagedJob {
    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<Summary, JobError>> {
        Box::pin(async move {
            let (sender, verdict) = oneshot::channel();
            self.0.open.lock().unwrap().insert(context.id, sender);
            self.0.started.lock().unwrap().push(context.clone());
            if *self.0.is_instant.lock().unwrap() {
                self.0.end(context.id, Ok("done"));
            }
            let summary = |text: &str| Summary { text: text.into(), data: serde_json::Value::Null };
            tokio::select! {
                verdict = verdict => verdict.expect("the stage is kept").map(summary),
                () = context.stop.cancelled() => {
                    self.0.open.lock().unwrap().remove(&context.id);
                    Err(JobError::temporary(anyhow::anyhow!("stopped")))
                }
            }
        })
    }

    fn farewell(&self) -> Option<BoxFuture<'_, ()>> {
        Some(Box::pin(async {
            let going = self.0.open.lock().unwrap().len();
            self.0.farewells.lock().unwrap().push(going);
        }))
    }
}

impl Stage {
    pub(super) fn end(&self, run: RunId, verdict: Verdict) {
        let sender = self.open.lock().unwrap().remove(&run).expect("the run is on stage");
        sender.send(verdict).expect("the run waits");
    }

    pub(super) fn started(&self) -> usize {
        self.started.lock().unwrap().len()
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct PingBook(pub(super) Arc<Mutex<Vec<(String, Status)>>>);

impl PingSender for PingBook {
    fn ping(&self, address: url::Url, run: Run) -> BoxFuture<'static, ()> {
        self.0.lock().unwrap().push((address.to_string(), run.status));
        Box::pin(async {})
    }
}

pub(super) struct Deck {
    pub(super) clock: Arc<ManualClock>,
    pub(super) scheduler: Scheduler,
    pub(super) stage: Stage,
    pub(super) pings: PingBook,
    pub(super) settings: EngineSettings,
    state: State,
    lifecycle: Lifecycle,
    ticks: mpsc::Sender<()>,
    jobs: Vec<(&'static str, Policy)>,
    folder: tempfile::TempDir,
}

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn name(name: &str) -> JobName {
    name.parse().unwrap()
}

impl Deck {
    /// Starts at 2026-01-01 00:00 UTC.
    pub(super) async fn with(jobs: &[(&'static str, Policy)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::start(folder, ManualClock::at(at("2026-01-01T00:00:00Z")), jobs.to_vec()).await
    }

    async fn start(
        folder: tempfile::TempDir,
        clock: Arc<ManualClock>,
        jobs: Vec<(&'static str, Policy)>,
    ) -> Self {
        let settings = EngineSettings {
            max_running: 64,
            zone: TimeZone::UTC,
            keep_runs: 500,
            keep_for: SignedDuration::from_hours(24 * 90),
            log_lines: 100,
        };
        let (lifecycle, pings) = (Lifecycle::default(), PingBook::default());
        let state = State::open(folder.path()).unwrap();
        let (ticks, tick_receiver) = mpsc::channel(1);
        let parts = EngineParts {
            clock: clock.clone(),
            state: state.clone(),
            bus: Bus::default(),
            book: RunLogBook::default(),
            lifecycle: lifecycle.clone(),
            pings: Arc::new(pings.clone()),
            ticks: tick_receiver,
        };
        let scheduler = spawn(parts, settings.clone()).unwrap();
        let deck = Self {
            clock,
            scheduler,
            stage: Stage::default(),
            pings,
            settings,
            state,
            lifecycle,
            ticks,
            jobs,
            folder,
        };
        deck.load().await;
        deck
    }

    async fn load(&self) {
        let planned = self.jobs.iter().map(|(name, policy)| PlannedJob {
            name: name.parse().unwrap(),
            kind: "staged".into(),
            policy: policy.clone(),
            job: Arc::new(StagedJob(self.stage.clone())),
        });
        self.scheduler.load(planned.collect(), self.settings.clone()).await.unwrap();
    }

    pub(super) async fn reload(&mut self, jobs: &[(&'static str, Policy)]) {
        self.jobs = jobs.to_vec();
        self.load().await;
    }

    pub(super) async fn advance(&self, by: &str) {
        let by: crate::model::Period = by.parse().unwrap();
        self.clock.advance(SignedDuration::try_from(by.0).unwrap());
        self.look().await;
    }

    /// Returns when the engine has done all that it can do at the present time.
    pub(super) async fn look(&self) {
        self.ticks.send(()).await.unwrap();
        self.until("the engine is idle", || self.is_settled()).await;
    }

    /// What is running is on stage; nothing is on its way.
    fn is_settled(&self) -> bool {
        let open = self.stage.open.lock().unwrap();
        let unfinished = self.state.runs.unfinished().unwrap();
        let running: Vec<_> = unfinished.iter().filter(|run| run.status == Status::Running).collect();
        running.len() == open.len()
            && running.iter().all(|run| open.contains_key(&run.id))
            && self.ticks.capacity() == 1
    }

    pub(super) async fn until(&self, what: &str, condition: impl Fn() -> bool) {
        let waiting = async {
            // Asking the engine lets it work through everything that came before.
            let mut times_true = 0;
            while times_true < 3 {
                self.scheduler.counts().await.unwrap();
                times_true = if condition() { times_true + 1 } else { 0 };
                tokio::task::yield_now().await;
            }
        };
        if tokio::time::timeout(Duration::from_secs(10), waiting).await.is_err() {
            panic!("waited in vain until {what}; runs: {:#?}", self.all_runs());
        }
    }

    pub(super) async fn end(&self, run: RunId, verdict: Verdict) {
        self.stage.end(run, verdict);
        self.until("the run has ended", || self.run(run).status != Status::Running).await;
        self.look().await;
    }

    pub(super) async fn run_now(&self, job: &str) -> Run {
        let run = self.scheduler.run_now(name(job), Params::new(), "ann".into()).await.unwrap();
        self.look().await;
        run
    }

    /// Of a job that is not loaded.
    pub(super) async fn run_once(&self, job: &str) -> Result<Run, ScheduleError> {
        let job = PlannedJob {
            name: name(job),
            kind: "staged".into(),
            policy: Policy::default(),
            job: Arc::new(StagedJob(self.stage.clone())),
        };
        self.scheduler.run_once(job, "ann".into()).await
    }

    pub(super) fn run(&self, id: RunId) -> Run {
        self.state.runs.get(id).unwrap().unwrap()
    }

    /// Oldest first.
    pub(super) fn runs(&self, job: &str) -> Vec<Run> {
        let filter = RunFilter { job: Some(name(job)), ..RunFilter::default() };
        let mut runs = self.state.runs.list(&filter, usize::MAX).unwrap();
        runs.reverse();
        runs
    }

    fn all_runs(&self) -> Vec<Run> {
        self.state.runs.list(&RunFilter::default(), 50).unwrap()
    }

    pub(super) fn statuses(&self, job: &str) -> Vec<Status> {
        self.runs(job).iter().map(|run| run.status).collect()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// As SIGKILL does: nothing is told to anybody. What was flushed is there at the next start.
    pub(super) async fn kill(self) -> Dead {
        self.lifecycle.abort();
        self.lifecycle.wait(Duration::from_secs(5)).await;
        Dead { folder: self.folder, clock: self.clock, jobs: self.jobs }
    }

    /// As SIGTERM does.
    pub(super) async fn stop(self) -> Dead {
        self.lifecycle.drain();
        assert_eq!(self.lifecycle.wait(Duration::from_secs(5)).await, Ending::Drained);
        Dead { folder: self.folder, clock: self.clock, jobs: self.jobs }
    }

    /// Every test ends with it: the engine is alive and no task has died.
    pub(super) async fn finish(self) {
        self.stop().await;
    }
}

/// A data folder whose daemon is gone.
pub(super) struct Dead {
    folder: tempfile::TempDir,
    pub(super) clock: Arc<ManualClock>,
    pub(super) jobs: Vec<(&'static str, Policy)>,
}

impl Dead {
    pub(super) async fn restart(self) -> Deck {
        let deck = Deck::start(self.folder, self.clock, self.jobs).await;
        deck.look().await;
        deck
    }
}

pub(super) fn every(period: &str) -> Policy {
    Policy { every: Some(period.parse().unwrap()), ..Policy::default() }
}
