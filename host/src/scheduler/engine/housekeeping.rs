//! What the tick looks after: clock jumps, and history that has grown old.

use jiff::{SignedDuration, Timestamp};

use super::Engine;
use crate::{
    model::{JobName, Run},
    scheduler::ids::lowest_at,
    state::{Abandoned, Schedule, StateError},
};

/// A clock that went back less than this is taken for a correction: fires already decided are not
/// run again. More, and the clock was wrong before: the schedule starts afresh from now.
const LARGEST_CORRECTION: SignedDuration = SignedDuration::from_hours(3);
const PRUNE_BY_AGE_EVERY: SignedDuration = SignedDuration::from_hours(1);
const PRUNE_BY_COUNT_EVERY: usize = 16;
const MOST_PRUNED_A_TICK: usize = 16;

impl Engine {
    pub(super) fn tick(&mut self) -> Result<(), StateError> {
        let now = self.now();
        if now < self.last_seen.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(now) {
            self.clock_went_back(now)?;
        }
        self.last_seen = now;
        if now.duration_since(self.last_aged) >= PRUNE_BY_AGE_EVERY {
            self.prune_by_age(now)?;
        }
        self.fire_due()?;
        self.prune_by_count()
    }

    fn clock_went_back(&mut self, now: Timestamp) -> Result<(), StateError> {
        tracing::warn!(by_s = self.last_seen.duration_since(now).as_secs(), "The system's clock went back");
        self.last_aged = self.last_aged.min(now);
        let jobs: Vec<JobName> = self.jobs.keys().cloned().collect();
        jobs.iter().try_for_each(|job| self.forget_the_future(job, now))
    }

    /// A ledger that has decided about fires of a far future was written under a wrong clock.
    pub(super) fn forget_the_future(&mut self, job: &JobName, now: Timestamp) -> Result<(), StateError> {
        let Some(entry) = self.jobs.get_mut(job) else { return Ok(()) };
        if entry.schedule.decided_until.duration_since(now) <= LARGEST_CORRECTION {
            return Ok(());
        }
        tracing::warn!(job.name = %job, "The schedule was decided under a wrong clock; it starts afresh");
        let Schedule { decided_until, anchor, .. } = entry.schedule;
        entry.schedule.abandoned = Some(Abandoned { decided_until, anchor });
        entry.schedule.decided_until = now;
        entry.schedule.anchor = anchor.min(now);
        self.arm(job);
        self.write(&[], &[job])
    }

    /// The other way round: a machine that starts in 1970 and is set right a minute later.
    pub(super) fn remember_the_right_clock(&mut self, job: &JobName, now: Timestamp) {
        let Some(entry) = self.jobs.get_mut(job) else { return };
        let is_back =
            |abandoned: &mut Abandoned| abandoned.decided_until.duration_since(now) <= LARGEST_CORRECTION;
        if let Some(abandoned) = entry.schedule.abandoned.take_if(is_back) {
            entry.schedule.decided_until = abandoned.decided_until.max(entry.schedule.decided_until);
            entry.schedule.anchor = abandoned.anchor;
        }
    }

    pub(super) fn count_for_pruning(&mut self, run: &Run) {
        if !run.status.is_over() {
            return;
        }
        let Some(entry) = self.jobs.get_mut(&run.job) else {
            // Of a job that nobody keeps count of.
            self.to_prune.insert(run.job.clone());
            return;
        };
        entry.ended_since_pruned += 1;
        if entry.ended_since_pruned >= PRUNE_BY_COUNT_EVERY {
            entry.ended_since_pruned = 0;
            self.to_prune.insert(run.job.clone());
        }
    }

    fn prune_by_count(&mut self) -> Result<(), StateError> {
        // A few jobs a tick: there is another one soon, and fires do not wait.
        for _ in 0..MOST_PRUNED_A_TICK {
            let Some(job) = self.to_prune.pop_first() else { break };
            let surplus = self.state.runs.over_beyond(&job, self.settings.keep_runs)?;
            self.state.remove_runs(&surplus)?;
        }
        Ok(())
    }

    pub(super) fn prune_by_age(&mut self, now: Timestamp) -> Result<(), StateError> {
        self.last_aged = now;
        let Ok(limit) = now.checked_sub(self.settings.keep_for) else { return Ok(()) };
        let old = self.state.runs.over_before(lowest_at(limit))?;
        let mut surplus = Vec::new();
        for run in old {
            // The last word about a job stays, however old.
            if self.state.runs.newest_of(&run.job)?.is_some_and(|newest| newest.id != run.id) {
                surplus.push(run);
            }
        }
        self.state.remove_runs(&surplus)
    }
}
