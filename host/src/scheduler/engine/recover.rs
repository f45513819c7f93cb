//! What the last process left behind: runs cut off, runs that never got their turn.

use jiff::{SignedDuration, Timestamp};

use super::Engine;
use crate::{
    model::{Missed, Params, Run, RunId, Status, Trigger},
    state::StateError,
};

/// A queued run this old is subject to the `missed` policy, like a fire nobody saw.
const STILL_FRESH: SignedDuration = SignedDuration::from_secs(60);

impl Engine {
    pub(super) fn recover(&mut self) -> Result<(), StateError> {
        let now = self.now();
        for run in self.state.runs.unfinished()? {
            match run.status {
                Status::Queued => self.take_up(run, now)?,
                _ => self.mark_interrupted(run, now)?,
            }
        }
        self.retry_interrupted(now)
    }

    fn mark_interrupted(&mut self, mut run: Run, now: Timestamp) -> Result<(), StateError> {
        tracing::warn!(run.id = %run.id, job.name = %run.job, "A run was cut off by the end of the last process");
        run.status = Status::Interrupted;
        run.reason = Some("the daemon ended in mid-run".into());
        run.waiting_until = None;
        run.ended = Some(now);
        self.state.runs.put(&run)?;
        self.announce(&run);
        Ok(())
    }

    /// A run that was queued and never started.
    fn take_up(&mut self, mut run: Run, now: Timestamp) -> Result<(), StateError> {
        let policy = self.jobs.get(&run.job).map(|entry| entry.planned.policy.clone());
        let is_late = now.duration_since(run.due) > STILL_FRESH;
        let is_clocked = matches!(run.trigger, Trigger::Cron | Trigger::Every);
        let refusal = match &policy {
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
        if let Some(run) = written {
            self.state.runs.put(&run)?;
            self.announce(&run);
        }
        Ok(())
    }

    /// A job whose newest run was interrupted and has attempts left gets the next one.
    fn retry_interrupted(&mut self, now: Timestamp) -> Result<(), StateError> {
        let jobs: Vec<_> = self.jobs.keys().cloned().collect();
        for job in jobs.iter().filter(|job| self.is_open(job)).cloned().collect::<Vec<_>>() {
            let Some(last) = self.state.runs.newest_of(&job)? else { continue };
            if last.status != Status::Interrupted {
                continue;
            }
            let retries = self.jobs.get(&job).map_or(0, |entry| entry.planned.policy.retry.times);
            if last.attempt <= retries {
                self.retry(&last, last.id, now)?;
            } else {
                self.settle_interrupted(&last)?;
            }
        }
        Ok(())
    }

    fn retry(&mut self, last: &Run, of: RunId, now: Timestamp) -> Result<(), StateError> {
        let run = self.new_run(&last.job, Trigger::Retry { run: of }, last.due, last.params.clone(), now);
        let Some(mut run) = run else { return Ok(()) };
        // The attempts of the interrupted run count.
        run.attempt = last.attempt;
        if let Some(run) = self.admit(run) {
            self.state.runs.put(&run)?;
            self.announce(&run);
        }
        Ok(())
    }

    /// No attempt is left: for the jobs in `on_failure` this is a failure, once.
    fn settle_interrupted(&mut self, last: &Run) -> Result<(), StateError> {
        let on_failure = match self.jobs.get(&last.job) {
            Some(entry) if !last.is_settled => entry.planned.policy.on_failure.clone(),
            _ => return Ok(()),
        };
        let settled = Run { is_settled: true, ..last.clone() };
        let now = self.now();
        let mut written = vec![settled];
        let trigger = Trigger::OnFailure { job: last.job.clone(), run: last.id };
        for job in on_failure.iter().filter(|job| self.is_open(job)).cloned().collect::<Vec<_>>() {
            let run = self.new_run(&job, trigger.clone(), now, Params::new(), now);
            written.extend(run.and_then(|run| self.admit(run)));
        }
        self.state.runs.commit(&written, &[])?;
        if let Some(entry) = self.jobs.get(&last.job) {
            let policy = entry.planned.policy.clone();
            self.ping_failure(last, &policy);
        }
        Ok(())
    }
}
