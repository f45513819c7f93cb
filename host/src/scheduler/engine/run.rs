//! A run's way from the ledger to its end.

use std::sync::Arc;

use futures_util::future::join_all;
use tracing::Instrument as _;

use super::{Engine, Phase, Waiting};
use crate::{
    event::Event,
    model::{JobName, Run, RunId, Status},
    scheduler::{
        PlannedJob, ScheduleError,
        runner::{RunnerMessage, StopCause, drive},
    },
    state::StateError,
};

impl Engine {
    /// The disk has it: runs may start, people may know.
    pub(super) fn go_on(
        &mut self,
        waiting: Waiting,
        flushed: Result<(), StateError>,
    ) -> Result<(), StateError> {
        flushed?;
        waiting.replies.into_iter().for_each(|reply| reply());
        for id in waiting.to_start {
            let now = self.now();
            let Some(live) = self.live.get_mut(&id) else { continue };
            live.phase = Phase::Going;
            let late_ms = now.duration_since(live.run.due).as_millis();
            tracing::debug!(run.id = %id, job.name = %live.run.job, late_ms, "Run starts");
            let work = drive(live.run.clone(), live.planned.clone(), live.stop.clone(), self.runner.clone());
            let run = Run { started: Some(now), ..live.run.clone() };
            self.lifecycle.spawn("run", work);
            self.ping_start(&run);
        }
        Ok(())
    }

    pub(super) fn hear(&mut self, message: RunnerMessage) -> Result<(), StateError> {
        match message {
            RunnerMessage::Changed(run) => {
                let Some(live) = self.live.get_mut(&run.id) else { return Ok(()) };
                let is_news = (live.run.status, live.run.attempt, live.run.started)
                    != (run.status, run.attempt, run.started);
                live.run = run.clone();
                self.progress.note(&run);
                if is_news {
                    return self.write(&[run], &[]);
                }
                self.announce(&run);
                Ok(())
            }
            RunnerMessage::Ended(run) => self.end(run),
        }
    }

    /// Records the end, starts what follows from it, and gives its place to the next.
    fn end(&mut self, run: Run) -> Result<(), StateError> {
        let Some(live) = self.live.remove(&run.id) else { return Ok(()) };
        self.progress.forget(run.id);
        self.slots_in_use = self.slots_in_use.saturating_sub(1);
        self.runner.book.close(run.id);
        let job = run.job.clone();
        if let Some(entry) = self.jobs.get_mut(&job) {
            entry.active.remove(&run.id);
        }
        // Whoever waited longest for a slot gets this one.
        let mut written = vec![run.clone()];
        written.extend(self.fill_slots());
        for follow_up in self.follow_ups(&run, &live.planned.policy) {
            written.extend(self.admit(follow_up));
        }
        written.extend(self.next_in_queue(&job));
        self.write(&written, &[])?;
        self.ping_end(&run, &live.planned.policy);
        Ok(())
    }

    pub(super) fn next_in_queue(&mut self, job: &JobName) -> Option<Run> {
        let entry = self.jobs.get_mut(job)?;
        if !entry.active.is_empty() {
            return None;
        }
        let id = entry.waiting.pop_front()?;
        entry.active.insert(id);
        self.take_slot(id);
        self.live.get(&id).map(|live| live.run.clone())
    }

    pub(super) fn fill_slots(&mut self) -> Vec<Run> {
        let mut started = Vec::new();
        while self.slots_in_use < self.settings.max_running {
            let Some(id) = self.needs_slot.pop_front() else { break };
            self.grant_slot(id);
            started.extend(self.live.get(&id).map(|live| live.run.clone()));
        }
        started
    }

    pub(super) fn cancel(&mut self, id: RunId, who: &str) -> Result<Run, ScheduleError> {
        let Some(live) = self.live.get(&id) else {
            return match self.state.runs.get(id)? {
                Some(run) => Err(ScheduleError::RunIsOver(id, run.status)),
                None => Err(ScheduleError::UnknownRun(id)),
            };
        };
        live.stop.stop(StopCause::Person(who.to_owned()));
        if matches!(live.phase, Phase::Going | Phase::Starting) {
            return Ok(live.run.clone());
        }
        let run = self.end_unstarted(id, Status::Cancelled, &format!("cancelled by {who}"));
        let run = run.ok_or(ScheduleError::UnknownRun(id))?;
        let next = self.next_in_queue(&run.job);
        self.write(next.as_slice(), &[])?;
        Ok(run)
    }

    /// Ends a run that never got its turn.
    pub(super) fn end_unstarted(&mut self, id: RunId, status: Status, reason: &str) -> Option<Run> {
        let mut run = self.live.remove(&id)?.run;
        self.needs_slot.retain(|waiting| *waiting != id);
        if let Some(entry) = self.jobs.get_mut(&run.job) {
            entry.active.remove(&id);
            entry.waiting.retain(|waiting| *waiting != id);
        }
        run.status = status;
        run.reason = Some(reason.to_owned());
        run.ended = Some(self.now());
        if let Err(error) = self.write(std::slice::from_ref(&run), &[]) {
            self.give_up(&error);
        }
        Some(run)
    }

    /// Lets running jobs end, and writes down how they did.
    pub(super) async fn wind_down(mut self, mut outcomes: tokio::sync::mpsc::Receiver<RunnerMessage>) {
        for live in self.live.values() {
            live.stop.stop(StopCause::Shutdown);
        }
        self.put_back_unstarted();
        while !self.ids_in(Phase::Going).is_empty() {
            match outcomes.recv().await {
                Some(RunnerMessage::Ended(run)) => self.end_while_stopping(run),
                Some(RunnerMessage::Changed(run)) => self.announce(&run),
                None => break,
            }
        }
        say_farewell(self.able_jobs()).await;
        if let Err(error) = self.state.flushed().await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "The last runs may be missing from the ledger"
            );
        }
    }

    /// Neither disabled nor paused: those do nothing at the end either.
    fn able_jobs(&self) -> Vec<Arc<PlannedJob>> {
        let able = self.jobs.values().filter(|entry| entry.schedule.suspended.is_none());
        able.map(|entry| entry.planned.clone()).collect()
    }

    /// Written as running, but the flush did not come back: they wait for the next start.
    fn put_back_unstarted(&mut self) {
        let unstarted = self.live.values_mut().filter(|live| live.phase == Phase::Starting);
        let put_back: Vec<Run> = unstarted
            .map(|live| {
                live.phase = Phase::InQueue;
                live.run.status = Status::Queued;
                live.run.attempt = live.run.attempt.saturating_sub(1);
                live.run.clone()
            })
            .collect();
        if let Err(error) = self.write(&put_back, &[]) {
            self.give_up(&error);
        }
    }

    fn ids_in(&self, phase: Phase) -> Vec<RunId> {
        self.live.iter().filter(|(_, live)| live.phase == phase).map(|(id, _)| *id).collect()
    }

    /// No more runs start: what follows from this one is queued for the next start.
    fn end_while_stopping(&mut self, run: Run) {
        self.runner.book.close(run.id);
        let Some(live) = self.live.remove(&run.id) else { return };
        let mut written = self.follow_ups(&run, &live.planned.policy);
        written.push(run.clone());
        if let Err(error) = self.write(&written, &[]) {
            self.give_up(&error);
        }
        self.ping_end(&run, &live.planned.policy);
    }

    pub(super) fn announce_job(&self, job: &JobName) {
        self.bus.send(Event::Job(job.clone()));
    }
}

async fn say_farewell(jobs: Vec<Arc<PlannedJob>>) {
    let farewells = jobs.iter().filter_map(|planned| {
        let span = tracing::info_span!("farewell", job.name = %planned.name);
        Some(planned.job.farewell()?.instrument(span))
    });
    join_all(farewells).await;
}
