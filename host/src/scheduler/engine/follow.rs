//! What follows from the end of a run: `after` and `on_failure`.

use super::Engine;
use crate::model::{JobName, Params, Policy, Run, Status, Trigger};

impl Engine {
    /// New runs, not admitted yet, of the jobs that this end starts.
    pub(super) fn follow_ups(&mut self, run: &Run, policy: &Policy) -> Vec<Run> {
        let (jobs, trigger): (Vec<JobName>, _) = match run.status {
            Status::Succeeded => {
                let trigger = Trigger::After { job: run.job.clone(), run: run.id };
                (self.jobs_after(&run.job), trigger)
            }
            Status::Failed | Status::TimedOut => {
                let trigger = Trigger::OnFailure { job: run.job.clone(), run: run.id };
                (policy.on_failure.iter().cloned().collect(), trigger)
            }
            _ => return Vec::new(),
        };
        let now = self.now();
        jobs.iter()
            .filter(|job| self.is_open(job))
            .cloned()
            .collect::<Vec<_>>()
            .iter()
            .filter_map(|job| self.new_run(job, trigger.clone(), now, Params::new(), now))
            .collect()
    }

    fn jobs_after(&self, job: &JobName) -> Vec<JobName> {
        let waits = |policy: &Policy| policy.after.contains(job);
        self.jobs
            .iter()
            .filter(|(_, entry)| waits(&entry.planned.policy))
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// Paused and disabled jobs are started by people only.
    pub(super) fn is_open(&self, job: &JobName) -> bool {
        self.jobs.get(job).is_some_and(|entry| entry.schedule.suspended.is_none())
    }
}
