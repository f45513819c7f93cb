use serde_json::json;

use super::{RunOrJob, runs};
use crate::{
    cli::{Context, Exit, Failure, client::Client},
    model::{JobView, Run, RunId},
};

/// Stop a run, or all runs of a job that are going or queued
///
/// The job is asked to end and cleans up; one that does not is stopped. Needs a running daemon.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck jobs cancel backup
  tapedeck jobs cancel 01975f5e-9f0b-7d2e-8a53-6f2b3c4d5e6f")]
pub(in crate::cli) struct Args {
    /// The id of a run, or the name of a job
    #[arg(value_name = "RUN|NAME")]
    of: RunOrJob,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let client = Client::need(context).await?;
    let ids = match &args.of {
        RunOrJob::Run(id) => vec![*id],
        RunOrJob::Job(name) => going(&client, name).await?,
    };
    let mut cancelled = Vec::new();
    for id in ids {
        let run: Run = client.post(&["runs", &id.to_string(), "cancel"], &json!({})).await?;
        if !context.is_json() {
            context.output.note(format!("run {} of {} is asked to end", run.id, run.job));
        }
        cancelled.push(run);
    }
    if context.is_json() { context.output.json(&cancelled) } else { Ok(()) }
}

async fn going(client: &Client, job: &crate::model::JobName) -> anyhow::Result<Vec<RunId>> {
    // A wrong name is told apart from a job that rests.
    let view: JobView = client.get(&["jobs", job.as_str()], &[]).await?;
    let mut ids = Vec::new();
    for status in ["queued", "running", "waiting"] {
        let filter = [("job", view.name.to_string()), ("status", status.to_owned())];
        ids.extend(runs(client, &filter, 10_000).await?.into_iter().map(|run| run.id));
    }
    if ids.is_empty() {
        return Err(Failure::new(Exit::Failed, format!("no run of {job} is going or queued")).into());
    }
    Ok(ids)
}
