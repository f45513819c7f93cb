//! Takes over a new set of jobs, at the start and whenever the configuration changes.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::{Engine, EngineSettings, Entry};
use crate::{
    event::Event,
    model::{JobName, Params, Status, Trigger},
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
        self.state.runs.commit(&started, &[])?;
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
            },
        };
        let came_back = came_back(&mut schedule, planned.policy.enabled, now);
        let (active, waiting) = self
            .jobs
            .remove(&name)
            .map(|old| {
                old.next.inspect(|(moment, _)| {
                    self.due.remove(&(*moment, name.clone()));
                });
                (old.active, old.waiting)
            })
            .unwrap_or_default();
        let from = schedule.decided_until;
        if came_back.is_some() {
            schedule.decided_until = now.max(from);
        }
        if known.as_ref() != Some(&schedule) {
            self.state.schedules.put(&name, &schedule)?;
        }
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
        self.jobs.insert(name.clone(), entry);
        if let Some(reason) = came_back {
            self.record_unrun(&name, from, now, reason)?;
        }
        self.forget_the_future(&name, now)?;
        self.arm(&name);
        Ok(())
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
