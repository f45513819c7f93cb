//! A deck in this process.

#[expect(dead_code, reason = "shared with the bench of music, which asks it more")]
pub(crate) mod daemon;

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use tapedeck::{
    clock::{Clock as _, SystemClock},
    event::Bus,
    lifecycle::Lifecycle,
    model::{Params, Policy, Run, RunId, Status, Summary, Trigger},
    scheduler::{
        self, EngineParts, EngineSettings, Job, JobError, PingSender, PlannedJob, RunContext, Scheduler,
    },
    state::State,
    telemetry::RunLogBook,
};
use tokio::sync::mpsc;

pub(crate) struct Deck {
    scheduler: Scheduler,
    state: State,
    lifecycle: Lifecycle,
    settings: EngineSettings,
    jobs: Vec<PlannedJob>,
    started: mpsc::Sender<u64>,
    starts: mpsc::Receiver<u64>,
    _folder: tempfile::TempDir,
}

/// Says how late it is, and is done.
#[derive(Debug)]
struct Punctual(mpsc::Sender<u64>);

impl Job for Punctual {
    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<Summary, JobError>> {
        let late = SystemClock.now().duration_since(context.due).as_micros();
        Box::pin(async move {
            let _ = self.0.send(u64::try_from(late).unwrap_or(0)).await;
            Ok(Summary { text: "done".into(), data: serde_json::Value::Null })
        })
    }
}

#[derive(Debug)]
struct NoPings;

impl PingSender for NoPings {
    fn ping(&self, _: url::Url, _: Run) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}

impl Deck {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (state, lifecycle) = (State::open(folder.path()).expect("a state"), Lifecycle::default());
        let settings = EngineSettings {
            max_running: 64,
            zone: TimeZone::UTC,
            keep_runs: 500,
            keep_for: SignedDuration::from_hours(1),
            log_lines: 100,
        };
        let parts = EngineParts {
            clock: Arc::new(SystemClock),
            state: state.clone(),
            bus: Bus::default(),
            book: RunLogBook::default(),
            lifecycle: lifecycle.clone(),
            pings: Arc::new(NoPings),
            ticks: scheduler::spawn_ticks(&lifecycle).await.expect("ticks"),
        };
        let scheduler = scheduler::spawn(parts, settings.clone()).expect("an engine");
        let (started, starts) = mpsc::channel(4096);
        Self { scheduler, state, lifecycle, settings, jobs: Vec::new(), started, starts, _folder: folder }
    }

    pub(crate) async fn load_every_second(&mut self, number: usize) {
        let policy = Policy { every: Some("1s".parse().expect("a period")), ..Policy::default() };
        let job = Arc::new(Punctual(self.started.clone()));
        let name = format!("job-{number}").parse().expect("a name");
        self.jobs.push(PlannedJob { name, kind: "punctual".into(), policy, job });
        self.scheduler.load(self.jobs.clone(), self.settings.clone()).await.expect("jobs load");
    }

    /// In microseconds, of the next run that starts.
    pub(crate) async fn next_lateness(&mut self) -> u64 {
        self.starts.recv().await.expect("jobs run")
    }

    /// Writes so many runs and waits until they are on the disk.
    pub(crate) async fn write_runs(&self, count: usize) {
        let now = SystemClock.now();
        let runs: Vec<Run> = (0..count).map(|_| sample_run(now)).collect();
        for run in &runs {
            self.state.runs.put(run).expect("the ledger takes it");
        }
        self.state.flushed().await.expect("the disk takes it");
    }

    pub(crate) async fn stop(self) {
        self.lifecycle.drain();
        self.lifecycle.wait(Duration::from_secs(10)).await;
    }
}

fn sample_run(now: Timestamp) -> Run {
    Run {
        id: RunId(uuid::Uuid::now_v7()),
        job: "sample".parse().expect("a name"),
        kind: "command".into(),
        trigger: Trigger::Cron,
        params: Params::new(),
        due: now,
        created: now,
        started: Some(now),
        ended: Some(now),
        status: Status::Succeeded,
        reason: None,
        waiting_until: None,
        waiting_for: None,
        attempt: 1,
        attempts: 1,
        progress: None,
        summary: Some(Summary {
            text: "exited with 0 after 1.2 s".into(),
            data: serde_json::json!({"exit_code": 0}),
        }),
        error: None,
        covers: None,
        is_settled: false,
    }
}
