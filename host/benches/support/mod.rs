//! A deck in this process, and the real daemon as a child.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

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

pub(crate) fn figure(what: &str, value: f64, unit: &str) {
    println!("{what:<52} {value:>12.2} {unit}");
}

/// `sorted` must be.
pub(crate) fn percentile(sorted: &[u64], share: usize) -> u64 {
    sorted[(sorted.len() * share / 100).min(sorted.len() - 1)]
}

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

pub(crate) struct Daemon {
    child: Child,
    pub(crate) ready_after: Duration,
}

impl Daemon {
    /// Returns when the daemon has published its address.
    pub(crate) fn start(folder: &Path, jobs: &str) -> Self {
        let config = folder.join("config.toml");
        let text = format!("[server]\nlisten = \"127.0.0.1:0\"\n[log]\nlevel = \"warn\"\n{jobs}");
        fs::write(&config, text).expect("a config");
        let published = folder.join("tapedeck-data/daemon.json");
        let _ = fs::remove_file(&published);
        let started = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_tapedeck"))
            .arg("--config")
            .arg(&config)
            .arg("run")
            .stdout(Stdio::null())
            .spawn()
            .expect("the daemon starts");
        while !published.exists() {
            assert!(started.elapsed() < Duration::from_secs(60), "the daemon does not get ready");
            std::thread::sleep(Duration::from_micros(200));
        }
        Self { child, ready_after: started.elapsed() }
    }

    pub(crate) fn cpu(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("it lives");
        let fields: Vec<&str> = stat.rsplit(')').next().expect("a name").split_whitespace().collect();
        let ticks: u64 = fields[11..13].iter().map(|ticks| ticks.parse::<u64>().expect("a number")).sum();
        Duration::from_millis(ticks * 10)
    }

    pub(crate) fn resident_mib(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it lives");
        let line = status.lines().find(|line| line.starts_with("VmRSS")).expect("it has memory");
        let kib: f64 = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number");
        kib / 1024.0
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // The measurement is over; how it ends is tested elsewhere.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
