//! Answers to those who ask.

use jiff::Timestamp;

use super::{Engine, Phase};
use crate::{
    model::{EventName, JobName, JobView, Params, Paused, Policy, Run, Trigger},
    scheduler::{Counts, JobsPage, Reply, Request, ScheduleError},
    state::{StateError, Suspension, SuspensionCause},
};

impl Engine {
    /// Who asks for a change is answered when the change is on the disk.
    pub(super) fn answer(&mut self, request: Request) -> Result<(), StateError> {
        match request {
            Request::RunNow { job, params, who, reply } => {
                let outcome = self.run_now(&job, params, who);
                self.reply_when_flushed(reply, outcome);
            }
            Request::RunOnce { job, who, reply } => {
                let outcome = self.run_once(*job, who);
                self.reply_when_flushed(reply, outcome);
            }
            Request::Cancel { run, who, reply } => {
                let outcome = self.cancel(run, &who);
                self.reply_when_flushed(reply, outcome);
            }
            Request::Pause { job, who, reply } => {
                let outcome = self.pause(&job, who);
                self.reply_when_flushed(reply, outcome);
            }
            Request::Resume { job, reply } => {
                let outcome = self.resume(&job);
                self.reply_when_flushed(reply, outcome);
            }
            Request::Emit { event, reply } => {
                let outcome = self.emit(&event);
                self.reply_when_flushed(reply, outcome);
            }
            Request::Load { jobs, settings, reply } => {
                let outcome = self.load(jobs, settings);
                self.reply_when_flushed(reply, outcome);
            }
            // Whoever asked may be gone: then nobody needs the answer.
            Request::Job { job, reply } => {
                let _ = reply.send(self.view(&job).ok_or_else(|| unknown(&job)));
            }
            Request::Jobs { after, limit, reply } => {
                let _ = reply.send(Ok(self.page(after, limit)));
            }
            Request::Counts { reply } => {
                let _ = reply.send(Ok(self.counts()));
            }
        }
        Ok(())
    }

    fn reply_when_flushed<T: Send + 'static>(&mut self, reply: Reply<T>, outcome: Result<T, ScheduleError>) {
        if let Err(ScheduleError::State(error)) = &outcome {
            // What is in memory is ahead of the disk now.
            self.give_up(error);
        }
        self.waiting.replies.push(Box::new(move || {
            let _ = reply.send(outcome);
        }));
    }

    fn run_now(&mut self, job: &JobName, params: Params, who: String) -> Result<Run, ScheduleError> {
        let now = self.now();
        self.start_one(job, Trigger::Manual { who }, params, now)?.ok_or_else(|| unknown(job))
    }

    /// A new run by anything but time.
    pub(super) fn start_one(
        &mut self,
        job: &JobName,
        trigger: Trigger,
        params: Params,
        now: Timestamp,
    ) -> Result<Option<Run>, StateError> {
        let run = self.new_run(job, trigger, now, params, now);
        let written = run.and_then(|run| self.admit(run));
        self.write(written.as_slice(), &[])?;
        Ok(written)
    }

    fn pause(&mut self, job: &JobName, who: String) -> Result<JobView, ScheduleError> {
        let now = self.now();
        let entry = self.jobs.get_mut(job).ok_or_else(|| unknown(job))?;
        if !matches!(&entry.schedule.suspended, Some(Suspension { cause: SuspensionCause::Paused(_), .. })) {
            entry.schedule.suspended = Some(Suspension { since: now, cause: SuspensionCause::Paused(who) });
            self.arm(job);
            self.write(&[], &[job])?;
            self.drop_queued(job, "the job was paused")?;
            self.announce_job(job);
        }
        self.view(job).ok_or_else(|| unknown(job))
    }

    fn resume(&mut self, job: &JobName) -> Result<JobView, ScheduleError> {
        let now = self.now();
        let entry = self.jobs.get_mut(job).ok_or_else(|| unknown(job))?;
        if let Some(Suspension { cause: SuspensionCause::Paused(who), .. }) = entry.schedule.suspended.clone()
        {
            let from = entry.schedule.decided_until;
            let is_disabled = !entry.planned.policy.enabled;
            entry.schedule.suspended =
                is_disabled.then_some(Suspension { since: now, cause: SuspensionCause::Disabled });
            entry.schedule.decided_until = now.max(from);
            let unrun = self.unrun(job, from, now, &format!("the job was paused by {who}"));
            self.arm(job);
            self.write(unrun.as_slice(), &[job])?;
            self.announce_job(job);
        }
        self.view(job).ok_or_else(|| unknown(job))
    }

    fn emit(&mut self, event: &EventName) -> Result<Vec<JobName>, ScheduleError> {
        let now = self.now();
        let listens = |job: &&JobName| {
            self.is_open(job)
                && self.jobs.get(*job).is_some_and(|entry| entry.planned.policy.on.contains(event))
        };
        let woken: Vec<JobName> = self.jobs.keys().filter(listens).cloned().collect();
        for job in &woken {
            self.start_one(job, Trigger::Event { event: event.clone() }, Params::new(), now)?;
        }
        self.bus.send(crate::event::Event::Emitted(event.clone()));
        Ok(woken)
    }

    fn view(&self, job: &JobName) -> Option<JobView> {
        let entry = self.jobs.get(job)?;
        let paused = entry.schedule.suspended.as_ref().and_then(|suspension| match &suspension.cause {
            SuspensionCause::Paused(by) => Some(Paused { since: suspension.since, by: by.clone() }),
            _ => None,
        });
        Some(JobView {
            name: job.clone(),
            kind: entry.planned.kind.clone(),
            policy: Policy { ping: entry.planned.policy.ping.masked(), ..entry.planned.policy.clone() },
            timezone: entry.triggers.zone_name(),
            triggers: entry.triggers.in_words(&entry.planned.policy),
            paused,
            next_due: entry.next.as_ref().map(|(_, fire)| fire.due),
            running: entry.active.iter().copied().collect(),
            queued: u32::try_from(entry.waiting.len()).unwrap_or(u32::MAX),
            recent: Vec::new(),
        })
    }

    fn page(&self, after: Option<JobName>, limit: usize) -> JobsPage {
        let from = after.map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
        let mut names = self.jobs.range((from, std::ops::Bound::Unbounded)).map(|(name, _)| name);
        let jobs = names.by_ref().take(limit).filter_map(|name| self.view(name)).collect();
        JobsPage { jobs, total: self.jobs.len(), has_more: names.next().is_some() }
    }

    fn counts(&self) -> Counts {
        let running =
            self.live.values().filter(|live| matches!(live.phase, Phase::Going | Phase::Starting)).count();
        Counts { jobs: self.jobs.len(), running, queued: self.live.len() - running }
    }
}

fn unknown(job: &JobName) -> ScheduleError {
    ScheduleError::UnknownJob(job.to_string())
}
