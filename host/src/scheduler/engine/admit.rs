//! Whether a new run starts, waits or is skipped: the overlap policy and the slots.

use std::sync::Arc;

use super::{Engine, Live, Phase};
use crate::{
    model::{Covered, JobName, Overlap, Run, RunId, Status, Trigger},
    scheduler::runner::{StopCause, StopHandle},
    state::StateError,
};

/// What the overlap policy says about a new run.
enum Verdict {
    Start,
    Wait(String),
    Skip(String),
}

impl Engine {
    /// Gives a new run its place. Returns what has to be written: the run itself, as started,
    /// queued or skipped, or the earlier skipped entry that it joined.
    pub(super) fn admit(&mut self, run: Run) -> Option<Run> {
        let overlap = self.jobs.get(&run.job).map_or(Overlap::Parallel, |entry| entry.planned.policy.overlap);
        self.admit_with(run, overlap)
    }

    /// Fires that are caught up come all at once: `skip` would lose all but the first.
    pub(super) fn admit_caught_up(&mut self, run: Run) -> Option<Run> {
        let overlap = self.jobs.get(&run.job).map_or(Overlap::Parallel, |entry| entry.planned.policy.overlap);
        self.admit_with(run, if overlap == Overlap::Skip { Overlap::Queue } else { overlap })
    }

    fn admit_with(&mut self, run: Run, overlap: Overlap) -> Option<Run> {
        match self.judge(&run, overlap) {
            Verdict::Start => Some(self.make_live(run, true)),
            Verdict::Wait(reason) => Some(self.make_live(Run { reason: Some(reason), ..run }, false)),
            Verdict::Skip(reason) => Some(self.skip(run, reason)),
        }
    }

    fn judge(&mut self, run: &Run, overlap: Overlap) -> Verdict {
        let Some(entry) = self.jobs.get(&run.job) else { return Verdict::Start };
        let Some(busy) = entry.active.first().or(entry.waiting.front()).copied() else {
            return Verdict::Start;
        };
        let needs_slot = |id: &&RunId| self.live.get(id).is_some_and(|live| live.phase == Phase::NeedsSlot);
        let waiting = entry.waiting.len() + entry.active.iter().filter(needs_slot).count();
        match overlap {
            Overlap::Parallel if waiting < entry.planned.policy.queue_limit as usize => Verdict::Start,
            Overlap::Skip => Verdict::Skip(format!("run {busy} is still going on (overlap = \"skip\")")),
            Overlap::Parallel => Verdict::Skip(format!("{waiting} runs are waiting already (queue_limit)")),
            Overlap::Queue if waiting >= entry.planned.policy.queue_limit as usize => {
                Verdict::Skip(format!("{waiting} runs are waiting already (queue_limit)"))
            }
            Overlap::Queue => Verdict::Wait(format!("waits for run {busy} (overlap = \"queue\")")),
            Overlap::Restart => {
                self.replace_by(run);
                Verdict::Wait(format!("waits for run {busy} to stop (overlap = \"restart\")"))
            }
        }
    }

    /// Stops what the job is doing, and forgets what it was going to do, in favour of `run`.
    fn replace_by(&mut self, run: &Run) {
        let Some(entry) = self.jobs.get_mut(&run.job) else { return };
        let replaced: Vec<RunId> = entry.waiting.drain(..).collect();
        for id in &entry.active {
            if let Some(live) = self.live.get(id) {
                live.stop.stop(StopCause::ReplacedBy(run.id));
            }
        }
        for id in replaced {
            self.end_unstarted(
                id,
                Status::Skipped,
                &format!("replaced by run {} (overlap = \"restart\")", run.id),
            );
        }
    }

    fn make_live(&mut self, run: Run, is_its_turn: bool) -> Run {
        let Some(entry) = self.jobs.get_mut(&run.job) else { return run };
        entry.last_skipped = None;
        let (id, planned) = (run.id, entry.planned.clone());
        let phase = if is_its_turn { Phase::NeedsSlot } else { Phase::InQueue };
        if is_its_turn {
            entry.active.insert(id);
        } else {
            entry.waiting.push_back(id);
        }
        self.live.insert(id, Live { run, planned, stop: StopHandle::default(), phase });
        if is_its_turn {
            self.take_slot(id);
        }
        self.live[&id].run.clone()
    }

    /// A slot for a run whose turn has come, if there is one and nobody waited longer.
    pub(super) fn take_slot(&mut self, id: RunId) {
        if self.slots_in_use < self.settings.max_running && self.needs_slot.is_empty() {
            return self.grant_slot(id);
        }
        let Some(live) = self.live.get_mut(&id) else { return };
        live.phase = Phase::NeedsSlot;
        live.run.reason = Some("as many runs as scheduler.max_running allows are going on".into());
        self.needs_slot.push_back(id);
    }

    /// Marks the run as running; it starts when that is written.
    pub(super) fn grant_slot(&mut self, id: RunId) {
        let Some(live) = self.live.get_mut(&id) else { return };
        self.slots_in_use += 1;
        live.phase = Phase::Starting;
        live.run.status = Status::Running;
        live.run.attempt += 1;
        live.run.reason = None;
        self.waiting.to_start.push(id);
    }

    /// A job that is skipped each second while a long run goes on gets one entry, not thousands.
    fn skip(&mut self, mut run: Run, reason: String) -> Run {
        let now = self.now();
        let Some(entry) = self.jobs.get_mut(&run.job) else { return run };
        let joined = entry
            .last_skipped
            .take()
            .filter(|last| last.reason.as_ref() == Some(&reason) && last.trigger == run.trigger);
        if let Some(last) = joined {
            let covered = last.covers.clone().unwrap_or(Covered {
                from: last.due,
                until: last.due,
                count: 1,
                is_at_least: false,
            });
            run = last;
            run.covers = Some(Covered { until: now, count: covered.count + 1, ..covered });
        }
        run.status = Status::Skipped;
        run.reason = Some(reason);
        run.ended = Some(now);
        entry.last_skipped = Some(run.clone());
        run
    }

    pub(super) fn planned_of(&self, id: RunId) -> Option<Arc<super::PlannedJob>> {
        self.live.get(&id).map(|live| live.planned.clone())
    }

    /// Runs that time, events or other jobs put in line do not outlive the job's permission.
    pub(super) fn drop_queued(&mut self, job: &JobName, reason: &str) -> Result<(), StateError> {
        let is_unasked = |live: &&Live| {
            live.run.job == *job
                && matches!(live.phase, Phase::InQueue | Phase::NeedsSlot)
                && !matches!(live.run.trigger, Trigger::Manual { .. })
        };
        let queued: Vec<RunId> = self.live.values().filter(is_unasked).map(|live| live.run.id).collect();
        for id in queued {
            self.end_unstarted(id, Status::Skipped, reason);
        }
        let next = self.next_in_queue(job);
        self.write(next.as_slice(), &[])
    }
}
