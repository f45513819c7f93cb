//! Takes over a new set of jobs, at the start and whenever the configuration changes.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use jiff::Timestamp;

use super::{Engine, EngineSettings, Entry, Phase};
use crate::{
    event::Event,
    model::{JobName, Params, RunId, Status, Trigger},
    scheduler::{PlannedJob, ScheduleError, triggers::TimeTriggers},
    state::{Schedule, StateError, Suspension, SuspensionCause},
};

impl Engine {
    pub(super) fn load(
        &mut self,
        jobs: Vec<PlannedJob>,
        settings: EngineSettings,
    ) -> Result<(), ScheduleError> {
        let mut planned = BTreeMap::new();
        for job in jobs {
            // All of them are checked before any of them is taken over.
            let triggers = TimeTriggers::of(&job.policy, &settings.zone)?;
            planned.insert(job.name.clone(), (Arc::new(job), triggers));
        }
        self.runner.log_lines = settings.log_lines;
        self.settings = settings;
        let now = self.now();
        self.forget_missing(&planned, now)?;
        for (name, (job, triggers)) in planned {
            self.take_over(name, job, triggers, now)?;
        }
        if std::mem::take(&mut self.is_first_load) {
            self.recover()?;
            self.start_at_start(now)?;
            self.prune_by_age(now)?;
        }
        self.fire_due()?;
        // There may be more room now.
        let started = self.fill_slots();
        self.write(&started, &[])?;
        self.bus.send(Event::Config);
        Ok(())
    }

    fn take_over(
        &mut self,
        name: JobName,
        planned: Arc<PlannedJob>,
        triggers: TimeTriggers,
        now: Timestamp,
    ) -> Result<(), StateError> {
        let known = self.state.schedules.get(&name)?;
        let mut schedule = match &known {
            Some(known) if known.triggers == triggers.fingerprint() => known.clone(),
            // Other triggers: what the old ones missed says nothing about the new ones.
            other => Schedule {
                decided_until: now,
                anchor: now,
                triggers: triggers.fingerprint().to_owned(),
                suspended: other.as_ref().and_then(|known| known.suspended.clone()),
                abandoned: None,
            },
        };
        let came_back = came_back(&mut schedule, planned.policy.enabled, now);
        if let Some((moment, _)) = self.jobs.remove(&name).and_then(|old| old.next) {
            self.due.remove(&(moment, name.clone()));
        }
        let (active, waiting) = self.adopt_runs(&name, &planned);
        let from = schedule.decided_until;
        if came_back.is_some() {
            schedule.decided_until = now.max(from);
        }
        let has_moved = known.as_ref() != Some(&schedule);
        let entry = Entry {
            planned,
            triggers,
            schedule,
            next: None,
            active,
            waiting,
            last_skipped: None,
            ended_since_pruned: 0,
        };
        let is_enabled = entry.planned.policy.enabled;
        self.jobs.insert(name.clone(), entry);
        let unrun = came_back.and_then(|reason| self.unrun(&name, from, now, reason));
        if has_moved || unrun.is_some() {
            self.write(unrun.as_slice(), &[&name])?;
        }
        if !is_enabled {
            self.drop_queued(&name, "the job was disabled")?;
        }
        self.forget_the_future(&name, now)?;
        self.arm(&name);
        Ok(())
    }

    /// Runs of the job that are not over, also from before it left the file. Those that have not
    /// started yet will run as the job is now.
    fn adopt_runs(
        &mut self,
        name: &JobName,
        planned: &Arc<PlannedJob>,
    ) -> (BTreeSet<RunId>, VecDeque<RunId>) {
        let (mut active, mut waiting) = (BTreeSet::new(), BTreeSet::new());
        for live in self.live.values_mut().filter(|live| live.run.job == *name) {
            if matches!(live.phase, Phase::InQueue | Phase::NeedsSlot) {
                live.planned = planned.clone();
            }
            let place = if live.phase == Phase::InQueue { &mut waiting } else { &mut active };
            place.insert(live.run.id);
        }
        (active, waiting.into_iter().collect())
    }

    /// Jobs that left the file: their runs in flight end as they began, the others are dropped.
    fn forget_missing<T>(
        &mut self,
        present: &BTreeMap<JobName, T>,
        now: Timestamp,
    ) -> Result<(), StateError> {
        let gone: Vec<JobName> =
            self.jobs.keys().filter(|name| !present.contains_key(*name)).cloned().collect();
        for name in gone {
            let Some(entry) = self.jobs.get(&name) else { continue };
            let waiting = entry.waiting.clone();
            for id in waiting {
                self.end_unstarted(id, Status::Skipped, "the job was removed from the configuration");
            }
            let Some(entry) = self.jobs.remove(&name) else { continue };
            if let Some((moment, _)) = entry.next {
                self.due.remove(&(moment, name));
            }
        }
        for (name, mut schedule) in self.state.schedules.all()? {
            if !present.contains_key(&name) && schedule.suspended.is_none() {
                schedule.suspended = Some(Suspension { since: now, cause: SuspensionCause::Removed });
                self.state.schedules.put(&name, &schedule)?;
            }
        }
        Ok(())
    }

    fn start_at_start(&mut self, now: Timestamp) -> Result<(), StateError> {
        let at_start = |entry: &Entry| entry.planned.policy.at_start && entry.schedule.suspended.is_none();
        let jobs: Vec<JobName> =
            self.jobs.iter().filter(|(_, entry)| at_start(entry)).map(|(name, _)| name.clone()).collect();
        for job in jobs {
            self.start_one(&job, Trigger::AtStart, Params::new(), now)?;
        }
        Ok(())
    }
}

/// Settles what `enabled` and an absence from the file mean; says why fires were not run.
fn came_back(schedule: &mut Schedule, is_enabled: bool, now: Timestamp) -> Option<&'static str> {
    let cause = schedule.suspended.as_ref().map(|suspension| &suspension.cause);
    match (cause, is_enabled) {
        (Some(SuspensionCause::Paused(_)), _) | (None, true) => None,
        (Some(SuspensionCause::Disabled), true) => {
            schedule.suspended = None;
            Some("the job was disabled")
        }
        (Some(SuspensionCause::Removed), true) => {
            schedule.suspended = None;
            Some("the job was not in the configuration")
        }
        (Some(SuspensionCause::Disabled), false) => None,
        (Some(SuspensionCause::Removed) | None, false) => {
            schedule.suspended = Some(Suspension { since: now, cause: SuspensionCause::Disabled });
            None
        }
    }
}
