//! Runs of jobs that are not in the configuration: they have no schedule, and no place in the list of jobs.

use std::sync::Arc;

use super::{Engine, Live, Phase};
use crate::{
    model::{Params, Run, Trigger},
    scheduler::{PlannedJob, ScheduleError, runner::StopHandle},
};

impl Engine {
    pub(super) fn run_once(&mut self, planned: PlannedJob, who: String) -> Result<Run, ScheduleError> {
        if self.jobs.contains_key(&planned.name) {
            return Err(ScheduleError::NameIsTaken(planned.name));
        }
        let now = self.now();
        let planned = Arc::new(planned);
        let run = self.run_of(&planned, Trigger::Manual { who }, now, Params::new(), now);
        let id = run.id;
        self.live.insert(id, Live { run, planned, stop: StopHandle::default(), phase: Phase::NeedsSlot });
        self.take_slot(id);
        let run = self.live[&id].run.clone();
        self.write(std::slice::from_ref(&run), &[])?;
        Ok(run)
    }
}
