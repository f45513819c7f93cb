//! What can be told without a daemon: the configuration and the ledger, only read.

use super::{Context, Exit, Failure};
use crate::{
    config::Config,
    model::{JobName, JobView, LogLine, Paused, Run, RunId},
    scheduler::cron::CronExpression,
    state::{RunFilter, State, SuspensionCause},
};

/// Lines of a log that are read at once.
const PAGE: usize = 1000;

/// Nobody writes to it as long as this is open.
#[derive(Debug)]
pub(super) struct Offline {
    config: Config,
    /// `None`: no daemon has ever run here.
    state: Option<State>,
}

impl Offline {
    pub(super) fn open(context: &Context) -> anyhow::Result<Self> {
        let config = context.config()?;
        let folder = &config.data.folder;
        let is_there = State::exists(folder);
        let state = is_there.then(|| State::open(folder)).transpose()?;
        context.output.note("no daemon is running: this is what the configuration and the ledger say");
        Ok(Self { config, state })
    }

    pub(super) fn jobs(&self) -> anyhow::Result<Vec<JobView>> {
        self.config.jobs.keys().map(|name| self.job(name)).collect()
    }

    pub(super) fn job(&self, name: &JobName) -> anyhow::Result<JobView> {
        let job = self.config.jobs.get(name).ok_or_else(|| unknown_job(name))?;
        let schedule = self.state.as_ref().map(|state| state.schedules.get(name)).transpose()?.flatten();
        let paused =
            schedule.and_then(|schedule| schedule.suspended).and_then(|suspension| match suspension.cause {
                SuspensionCause::Paused(by) => Some(Paused { since: suspension.since, by }),
                _ => None,
            });
        let filter = RunFilter { job: Some(name.clone()), ..RunFilter::default() };
        let zone = job.policy.timezone.clone().or_else(|| self.config.scheduler.timezone.clone());
        Ok(JobView {
            name: name.clone(),
            kind: job.kind.clone(),
            policy: job.policy.clone(),
            timezone: zone.unwrap_or_else(|| "system".into()),
            triggers: triggers(&job.policy),
            paused,
            next_due: None,
            running: Vec::new(),
            queued: 0,
            recent: self.runs(&filter, JobView::RECENT)?,
        })
    }

    pub(super) fn settings(&self, name: &JobName) -> serde_json::Value {
        self.config.jobs.get(name).map(|job| job.shown_settings.clone()).unwrap_or_default()
    }

    pub(super) fn runs(&self, filter: &RunFilter, limit: usize) -> anyhow::Result<Vec<Run>> {
        let runs = self.state.as_ref().map(|state| state.runs.list(filter, limit)).transpose()?;
        Ok(runs.unwrap_or_default())
    }

    pub(super) fn run(&self, id: RunId) -> anyhow::Result<Option<Run>> {
        Ok(self.state.as_ref().map(|state| state.runs.get(id)).transpose()?.flatten())
    }

    /// Hands out all lines of a run, page by page.
    pub(super) fn log(
        &self,
        run: RunId,
        mut print: impl FnMut(&[LogLine]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let Some(state) = &self.state else { return Ok(()) };
        let mut after = 0;
        loop {
            let lines = state.run_logs.read(run, after, PAGE)?;
            let Some(last) = lines.last() else { return Ok(()) };
            after = last.seq;
            print(&lines)?;
        }
    }
}

pub(super) fn unknown_job(name: &JobName) -> Failure {
    Failure::new(Exit::Failed, format!("there is no job `{name}`"))
        .fix("`tapedeck jobs list` shows the names of all jobs")
}

fn triggers(policy: &crate::model::Policy) -> Vec<String> {
    let cron = policy.cron.as_deref().map(|text| {
        CronExpression::parse(text).map_or_else(|_| text.to_owned(), |expression| expression.in_words())
    });
    let mut words: Vec<String> = cron.into_iter().collect();
    words.extend(policy.every.map(|every| format!("every {every}")));
    words.extend(policy.on.iter().map(|event| format!("on the event {event}")));
    words.extend(policy.at_start.then(|| "when the daemon starts".to_owned()));
    words.extend(policy.after.iter().map(|job| format!("after {job} has succeeded")));
    words
}
