//! The engine: one task that owns every decision about when jobs run.
//!
//! Properties: a run starts only after the ledger on disk says that it is running, so a kill at
//! any moment never runs a fire twice; every fire ends as a run or as an entry that says why not;
//! wake-ups may be doubled, late or early. Accepted: a fire whose run was written but not
//! started when the process was killed shows as interrupted, although it did nothing.

mod admit;
mod fire;
mod follow;
mod housekeeping;
mod load;
mod once;
mod pings;
mod recover;
mod run;
#[cfg(test)]
mod tests;
mod view;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use futures_util::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use jiff::{Timestamp, tz::TimeZone};
use tokio::sync::mpsc;

use super::{
    Request, Scheduler,
    ids::RunIds,
    job::{PingSender, PlannedJob},
    progress::ProgressBoard,
    runner::{RunnerMessage, RunnerTools, StopHandle},
    triggers::{Fire, TimeTriggers},
};
use crate::{
    clock::SharedClock,
    event::{Bus, Event},
    lifecycle::Lifecycle,
    model::{JobName, Run, RunId},
    state::{RunFilter, Schedule, State, StateError},
    telemetry::RunLogBook,
};

/// What holds for all jobs together.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    pub max_running: usize,
    pub zone: TimeZone,
    pub keep_runs: usize,
    pub keep_for: jiff::SignedDuration,
    pub log_lines: usize,
}

/// What the engine is built from.
#[derive(Debug)]
pub struct EngineParts {
    pub clock: SharedClock,
    pub state: State,
    pub bus: Bus,
    pub book: RunLogBook,
    pub lifecycle: Lifecycle,
    pub pings: Arc<dyn PingSender>,
    /// The second, independent wake-up.
    pub ticks: mpsc::Receiver<()>,
}

/// A job and what is going on with it.
#[derive(Debug)]
struct Entry {
    planned: Arc<PlannedJob>,
    triggers: TimeTriggers,
    schedule: Schedule,
    /// What time alone starts next, and when that really is.
    next: Option<(Timestamp, Fire)>,
    active: BTreeSet<RunId>,
    waiting: VecDeque<RunId>,
    /// The newest entry about fires that were skipped, so that more of the same join it.
    last_skipped: Option<Run>,
    ended_since_pruned: usize,
}

/// A run that is not over.
#[derive(Debug)]
struct Live {
    run: Run,
    planned: Arc<PlannedJob>,
    stop: StopHandle,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Behind other runs of its job.
    InQueue,
    /// Its turn has come, but too many runs of all jobs are going on.
    NeedsSlot,
    /// Written as running; starts when that is on the disk.
    Starting,
    Going,
}

/// What waits for a flush: runs to start, people to be answered.
#[derive(Default)]
struct Waiting {
    to_start: Vec<RunId>,
    replies: Vec<Box<dyn FnOnce() + Send>>,
    /// Something was written since the last flush was asked for.
    is_dirty: bool,
}

type Flush = BoxFuture<'static, (Waiting, Result<(), StateError>)>;

struct Engine {
    clock: SharedClock,
    state: State,
    bus: Bus,
    lifecycle: Lifecycle,
    pings: Arc<dyn PingSender>,
    runner: RunnerTools,
    settings: EngineSettings,
    ids: RunIds,
    /// Differs from folder to folder, so that two machines do not jitter alike.
    seed: u64,
    jobs: BTreeMap<JobName, Entry>,
    due: BTreeSet<(Timestamp, JobName)>,
    live: HashMap<RunId, Live>,
    progress: ProgressBoard,
    slots_in_use: usize,
    needs_slot: VecDeque<RunId>,
    waiting: Waiting,
    /// Jobs with more history than they may keep.
    to_prune: BTreeSet<JobName>,
    flushes: FuturesUnordered<Flush>,
    last_seen: Timestamp,
    last_aged: Timestamp,
    is_first_load: bool,
}

/// Starts the engine with no jobs; [`Scheduler::load`] brings them.
pub fn spawn(parts: EngineParts, settings: EngineSettings) -> Result<Scheduler, StateError> {
    let (requests, inbox) = mpsc::channel(256);
    let (messages, outcomes) = mpsc::channel(1024);
    let now = parts.clock.now();
    let newest = parts.state.runs.list(&RunFilter::default(), 1)?.first().map(|run| run.id);
    let runner = RunnerTools {
        clock: parts.clock.clone(),
        state: parts.state.clone(),
        book: parts.book,
        bus: parts.bus.clone(),
        messages,
        log_lines: settings.log_lines,
    };
    let progress = ProgressBoard::default();
    let scheduler = Scheduler { requests, state: parts.state.clone(), progress: progress.clone() };
    let engine = Engine {
        seed: parts.state.seed()?,
        clock: parts.clock,
        state: parts.state,
        bus: parts.bus,
        lifecycle: parts.lifecycle.clone(),
        pings: parts.pings,
        runner,
        settings,
        ids: RunIds::after(newest),
        jobs: BTreeMap::new(),
        due: BTreeSet::new(),
        live: HashMap::new(),
        progress,
        slots_in_use: 0,
        needs_slot: VecDeque::new(),
        waiting: Waiting::default(),
        to_prune: BTreeSet::new(),
        flushes: FuturesUnordered::new(),
        last_seen: now,
        last_aged: now,
        is_first_load: true,
    };
    parts.lifecycle.spawn("scheduler", engine.work(inbox, outcomes, parts.ticks));
    Ok(scheduler)
}

impl Engine {
    async fn work(
        mut self,
        mut inbox: mpsc::Receiver<Request>,
        mut outcomes: mpsc::Receiver<RunnerMessage>,
        mut ticks: mpsc::Receiver<()>,
    ) {
        let draining = self.lifecycle.draining();
        let mut alarm = Alarm::default();
        while !draining.is_cancelled() {
            let outcome = tokio::select! {
                biased;
                () = draining.cancelled() => break,
                Some((waiting, flushed)) = self.flushes.next() => self.go_on(waiting, flushed),
                Some(message) = outcomes.recv() => self.hear(message),
                () = alarm.wait(&self.clock, self.due.first().map(|(moment, _)| *moment)) => self.fire_due(),
                Some(request) = inbox.recv() => self.answer(request),
                Some(()) = ticks.recv() => self.tick(),
                else => break,
            };
            if let Err(error) = outcome {
                self.give_up(&error);
            }
            self.ask_for_flush();
        }
        drop(inbox);
        self.wind_down(outcomes).await;
    }

    /// The ledger cannot be written: without it nothing may start, so the process ends and whoever
    /// supervises it gets an exit code. What was decided is decided again after the restart.
    fn give_up(&self, error: &StateError) {
        tracing::error!(error = error as &dyn std::error::Error, "The ledger cannot be written; stopping");
        let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
        let said = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
        let folder = self.state.folder().display();
        self.lifecycle.fail(format!("the ledger in {folder} cannot be written: {said}"));
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Writes runs together with the schedules that moved, and tells who listens.
    fn write(&mut self, runs: &[Run], schedules: &[&JobName]) -> Result<(), StateError> {
        let moved: Vec<_> = schedules
            .iter()
            .filter_map(|job| self.jobs.get(*job).map(|entry| (*job, &entry.schedule)))
            .collect();
        self.state.runs.commit(runs, &moved)?;
        self.waiting.is_dirty = true;
        for run in runs {
            self.announce(run);
            self.count_for_pruning(run);
        }
        Ok(())
    }

    /// Everything that was written in this round goes to the disk with one flush.
    fn ask_for_flush(&mut self) {
        if !self.waiting.is_dirty && self.waiting.replies.is_empty() {
            return;
        }
        let (waiting, state) = (std::mem::take(&mut self.waiting), self.state.clone());
        self.flushes.push(Box::pin(async move {
            let outcome = state.flushed().await;
            (waiting, outcome)
        }));
    }

    fn announce(&self, run: &Run) {
        self.bus.send(Event::Run(Arc::new(run.clone())));
    }
}

/// The precise timer: sleeps until one moment, and goes on sleeping while the engine does other
/// things, so that a busy engine does not set it anew all the time.
#[derive(Default)]
struct Alarm {
    set: Option<(Timestamp, BoxFuture<'static, ()>)>,
}

impl Alarm {
    async fn wait(&mut self, clock: &SharedClock, moment: Option<Timestamp>) {
        let Some(moment) = moment else { return std::future::pending().await };
        if self.set.as_ref().is_none_or(|(set, _)| *set != moment) {
            self.set = Some((moment, clock.sleep_until(moment)));
        }
        if let Some((_, sleeping)) = &mut self.set {
            sleeping.await;
        }
        self.set = None;
    }
}
