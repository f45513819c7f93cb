//! What the last process left behind: runs cut off, runs that never got their turn.

use jiff::{SignedDuration, Timestamp};

use super::Engine;
use crate::{
    model::{Missed, Params, Run, Status, Trigger},
    state::StateError,
};

/// A queued run this old is subject to the `missed` policy, like a fire nobody saw.
const STILL_FRESH: SignedDuration = SignedDuration::from_secs(60);

impl Engine {
    pub(super) fn recover(&mut self) -> Result<(), StateError> {
        let now = self.now();
        for run in self.state.runs.not_settled()? {
            match run.status {
                Status::Queued => self.take_up(run, now)?,
                Status::Interrupted => self.settle(run, now)?,
                _ => {
                    let run = self.mark_interrupted(run, now);
                    self.settle(run, now)?;
                }
            }
        }
        Ok(())
    }

    fn mark_interrupted(&self, mut run: Run, now: Timestamp) -> Run {
        tracing::warn!(run.id = %run.id, job.name = %run.job, "A run was cut off by the end of the last process");
        run.status = Status::Interrupted;
        run.reason = Some("the daemon ended in mid-run".into());
        run.waiting_until = None;
        run.waiting_for = None;
        run.ended = Some(now);
        run
    }

    /// A run that was queued and never started.
    fn take_up(&mut self, mut run: Run, now: Timestamp) -> Result<(), StateError> {
        let policy = self.jobs.get(&run.job).map(|entry| entry.planned.policy.clone());
        let is_late = now.duration_since(run.due) > STILL_FRESH;
        let is_clocked = matches!(run.trigger, Trigger::Cron | Trigger::Every);
        let is_asked_for = matches!(run.trigger, Trigger::Manual { .. });
        let refusal = match &policy {
            Some(_) if !is_asked_for && !self.is_open(&run.job) => {
                Some((Status::Skipped, "the job is paused or disabled"))
            }
            None => Some((Status::Skipped, "the job was removed from the configuration")),
            Some(policy) if is_late && is_clocked && policy.missed == Missed::Skip => {
                Some((Status::Missed, "it was still queued when the daemon ended (missed = \"skip\")"))
            }
            Some(_) => None,
        };
        let written = match refusal {
            Some((status, reason)) => {
                run.status = status;
                run.reason = Some(reason.into());
                run.ended = Some(now);
                Some(run)
            }
            None => self.admit(run),
        };
        self.write(written.as_slice(), &[])
    }

    /// Draws the consequences of an interrupted run, once: the next attempt or, when none is left,
    /// what follows a failure. Both are written with the mark that it is done.
    fn settle(&mut self, run: Run, now: Timestamp) -> Result<(), StateError> {
        let mut written = vec![Run { is_settled: true, ..run.clone() }];
        let policy = self.jobs.get(&run.job).map(|entry| entry.planned.policy.clone());
        let Some(policy) = policy.filter(|_| self.is_open(&run.job)) else {
            return self.write(&written, &[]);
        };
        if run.attempt <= policy.retry.times {
            written.extend(self.next_attempt(&run, now));
            return self.write(&written, &[]);
        }
        let trigger = Trigger::OnFailure { job: run.job.clone(), run: run.id };
        for job in policy.on_failure.iter().filter(|job| self.is_open(job)).cloned().collect::<Vec<_>>() {
            let follow_up = self.new_run(&job, trigger.clone(), now, Params::new(), now);
            written.extend(follow_up.and_then(|follow_up| self.admit(follow_up)));
        }
        self.write(&written, &[])?;
        self.ping_failure(&run, &policy);
        Ok(())
    }

    fn next_attempt(&mut self, last: &Run, now: Timestamp) -> Option<Run> {
        let trigger = Trigger::Retry { run: last.id };
        let mut run = self.new_run(&last.job, trigger, last.due, last.params.clone(), now)?;
        // The attempts of the interrupted run count.
        run.attempt = last.attempt;
        self.admit(run)
    }
}
