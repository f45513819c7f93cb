//! `tapedeck jobs …`: one file per subcommand.

mod cancel;
mod history;
mod list;
mod log;
mod run;
mod set_paused;
mod show;

use clap::Subcommand;

use super::{Context, Exit, Failure, client::Client};
use crate::model::{JobName, JobView, Run, RunId};

/// Look at jobs and their runs, start and stop them
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::Args),
    Show(show::Args),
    Run(run::Args),
    #[command(about = "Keep time and events from starting jobs", long_about = set_paused::PAUSE)]
    Pause(set_paused::Args),
    #[command(about = "Let time and events start jobs again", long_about = set_paused::RESUME)]
    Resume(set_paused::Args),
    History(history::Args),
    Log(log::Args),
    Cancel(cancel::Args),
}

pub(super) async fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    match args.command {
        Command::List(args) => list::run(&args, context).await,
        Command::Show(args) => show::run(&args, context).await,
        Command::Run(args) => run::run(args, context).await,
        Command::Pause(args) => set_paused::run(&args, "pause", context).await,
        Command::Resume(args) => set_paused::run(&args, "resume", context).await,
        Command::History(args) => history::run(&args, context).await,
        Command::Log(args) => log::run(&args, context).await,
        Command::Cancel(args) => cancel::run(&args, context).await,
    }
}

/// A run by its id, or a job by its name.
#[derive(Clone, Debug)]
enum RunOrJob {
    Run(RunId),
    Job(JobName),
}

impl std::str::FromStr for RunOrJob {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Ids would pass as names; nobody calls a job like that.
        if let Ok(id) = text.parse() {
            return Ok(Self::Run(id));
        }
        text.parse()
            .map(Self::Job)
            .map_err(|_| format!("`{text}` is neither the id of a run nor the name of a job"))
    }
}

#[derive(Debug, serde::Deserialize)]
struct JobsPage {
    jobs: Vec<JobView>,
    next: Option<JobName>,
}

#[derive(Debug, serde::Deserialize)]
struct RunsPage {
    runs: Vec<Run>,
    next: Option<RunId>,
}

async fn all_jobs(client: &Client) -> anyhow::Result<Vec<JobView>> {
    let mut jobs = Vec::new();
    let mut after: Option<JobName> = None;
    loop {
        let mut query = vec![("limit", "1000".to_owned())];
        query.extend(after.map(|after| ("after", after.to_string())));
        let page: JobsPage = client.get(&["jobs"], &query).await?;
        jobs.extend(page.jobs);
        after = page.next;
        if after.is_none() {
            return Ok(jobs);
        }
    }
}

/// Newest first, at most `limit`.
async fn runs(client: &Client, filter: &[(&str, String)], limit: usize) -> anyhow::Result<Vec<Run>> {
    let mut runs = Vec::new();
    let mut before: Option<RunId> = None;
    loop {
        let mut query = filter.to_vec();
        query.push(("limit", (limit - runs.len()).clamp(1, 1000).to_string()));
        query.extend(before.map(|before| ("before", before.to_string())));
        let page: RunsPage = client.get(&["runs"], &query).await?;
        runs.extend(page.runs);
        before = page.next;
        if before.is_none() || runs.len() >= limit {
            runs.truncate(limit);
            return Ok(runs);
        }
    }
}

/// The job's newest run. Asks for the job too, so that a wrong name is told apart from no run.
async fn latest_run(client: &Client, job: &JobName) -> anyhow::Result<Run> {
    let view: JobView = client.get(&["jobs", job.as_str()], &[]).await?;
    view.recent.into_iter().next().ok_or_else(|| has_no_run(job).into())
}

fn has_no_run(job: &JobName) -> Failure {
    Failure::new(Exit::Failed, format!("{job} has not run yet"))
        .fix(format!("`tapedeck jobs run {job}` starts it"))
}

#[cfg(test)]
mod tests;
