//! What happens when time has come: the ledger and the clock decide, not the wake-up.

use jiff::Timestamp;

use super::{Engine, Entry};
use crate::{
    model::{Covered, JobName, Params, Run, Status, Trigger},
    scheduler::{
        PlannedJob,
        plan::{self, Plan},
    },
    state::StateError,
};

impl Engine {
    pub(super) fn fire_due(&mut self) -> Result<(), StateError> {
        let now = self.now();
        while let Some((moment, _)) = self.due.first() {
            if *moment > now {
                break;
            }
            let Some((_, job)) = self.due.pop_first() else { break };
            self.decide(&job, now)?;
        }
        Ok(())
    }

    /// Decides about every fire of `job` up to `now`, and when to look again.
    fn decide(&mut self, job: &JobName, now: Timestamp) -> Result<(), StateError> {
        self.remember_the_right_clock(job, now);
        let seed = self.seed_of(job);
        let Some(entry) = self.jobs.get_mut(job) else { return Ok(()) };
        let Entry { planned, triggers, schedule, .. } = &*entry;
        let wake_of = |fire: &_| plan::wake_of(triggers, &planned.policy, schedule.anchor, seed, fire);
        let plan =
            plan::plan(triggers, &planned.policy, schedule.decided_until, schedule.anchor, now, wake_of);
        if let Some(decided_until) = plan.decided_until {
            entry.schedule.decided_until = decided_until;
            self.carry_out(job, plan, now)?;
        }
        self.arm(job);
        Ok(())
    }

    fn carry_out(&mut self, job: &JobName, plan: Plan, now: Timestamp) -> Result<(), StateError> {
        let mut written = Vec::new();
        for missed in plan.missed {
            tracing::warn!(job.name = %job, missed.count = missed.covered.count, "Fires were missed: {}", missed.reason);
            let run = self.new_run(job, self.clocked(job), missed.covered.from, Params::new(), now);
            written.extend(run.map(|run| not_run(run, Status::Missed, missed.reason, missed.covered, now)));
        }
        let is_catching_up = plan.run.len() > 1;
        for fire in plan.run {
            let run = self.new_run(job, fire.trigger, fire.due, Params::new(), now);
            written.extend(run.and_then(|run| match is_catching_up {
                true => self.admit_caught_up(run),
                false => self.admit(run),
            }));
        }
        self.write(&written, &[job])
    }

    /// When to look at the job again.
    pub(super) fn arm(&mut self, job: &JobName) {
        let seed = self.seed_of(job);
        let Some(entry) = self.jobs.get_mut(job) else { return };
        if let Some((moment, _)) = entry.next.take() {
            self.due.remove(&(moment, job.clone()));
        }
        if entry.schedule.suspended.is_some() {
            return;
        }
        let anchor = entry.schedule.anchor;
        let Some(fire) = entry.triggers.next_after(entry.schedule.decided_until, anchor) else { return };
        let moment = plan::wake_of(&entry.triggers, &entry.planned.policy, anchor, seed, &fire);
        entry.next = Some((moment, fire));
        self.due.insert((moment, job.clone()));
    }

    /// Fires between `from` and `until` that were not run for `reason`: one entry for all.
    pub(super) fn unrun(
        &mut self,
        job: &JobName,
        from: Timestamp,
        until: Timestamp,
        reason: &str,
    ) -> Option<Run> {
        let entry = self.jobs.get(job)?;
        let covered = plan::count_between(&entry.triggers, entry.schedule.anchor, from, until)?;
        let run = self.new_run(job, self.clocked(job), covered.from, Params::new(), until)?;
        Some(not_run(run, Status::Skipped, reason, covered, until))
    }

    /// What stands for fires that were counted, not looked at one by one.
    fn clocked(&self, job: &JobName) -> Trigger {
        match self.jobs.get(job) {
            Some(entry) if entry.planned.policy.cron.is_none() => Trigger::Every,
            _ => Trigger::Cron,
        }
    }

    pub(super) fn new_run(
        &mut self,
        job: &JobName,
        trigger: Trigger,
        due: Timestamp,
        params: Params,
        now: Timestamp,
    ) -> Option<Run> {
        let planned = self.jobs.get(job)?.planned.clone();
        Some(self.run_of(&planned, trigger, due, params, now))
    }

    pub(super) fn run_of(
        &mut self,
        planned: &PlannedJob,
        trigger: Trigger,
        due: Timestamp,
        params: Params,
        now: Timestamp,
    ) -> Run {
        Run {
            id: self.ids.next(now),
            job: planned.name.clone(),
            kind: planned.kind.clone(),
            trigger,
            params,
            due,
            created: now,
            started: None,
            ended: None,
            status: Status::Queued,
            reason: None,
            waiting_until: None,
            waiting_for: None,
            attempt: 0,
            attempts: planned.policy.retry.times.saturating_add(1),
            progress: None,
            summary: None,
            error: None,
            covers: None,
            is_settled: false,
        }
    }

    fn seed_of(&self, job: &JobName) -> u64 {
        job.as_str().bytes().fold(self.seed, |seed, byte| {
            seed.rotate_left(5) ^ u64::from(byte).wrapping_mul(0x517c_c1b7_2722_0a95)
        })
    }
}

fn not_run(mut run: Run, status: Status, reason: &str, covered: Covered, now: Timestamp) -> Run {
    run.status = status;
    run.reason = Some(reason.to_owned());
    run.ended = Some(now);
    run.covers = Some(covered);
    run
}
