use super::all_jobs;
use crate::{
    cli::{Cell, Context, client::Client, offline::Offline, show},
    model::JobView,
};

/// List jobs: what they do, when they ran last and run next
///
/// Without a running daemon, the configuration and the ledger are read instead.
#[derive(Debug, clap::Args)]
#[command(
    visible_alias = "ls",
    after_long_help = "\
Examples:
  tapedeck jobs list
  tapedeck jobs list --json | jq -r '.[] | select(.recent[0].status == \"failed\") | .name'"
)]
pub(in crate::cli) struct Args {}

pub(super) async fn run(_: &Args, context: &Context) -> anyhow::Result<()> {
    let jobs = match Client::find(context).await? {
        Some(client) => all_jobs(&client).await?,
        None => Offline::open(context)?.jobs()?,
    };
    if context.is_json() {
        return context.output.json(&jobs);
    }
    if jobs.is_empty() {
        context.output.note("there are no jobs yet: write a [jobs.NAME] table into the configuration");
        return Ok(());
    }
    let rows = jobs.iter().map(|job| row(context, job)).collect();
    context.output.table(&["name", "state", "last", "", "next", "schedule"], rows)
}

fn row(context: &Context, job: &JobView) -> Vec<Cell> {
    let last = job.recent.iter().find(|run| run.status.is_over());
    let ended = last.and_then(|run| run.ended.or(Some(run.created)));
    vec![
        job.name.as_str().into(),
        show::state_cell(job),
        last.map_or_else(|| "-".into(), |run| show::status_cell(run.status)),
        ended.map(|ended| context.relative(ended)).unwrap_or_default().into(),
        job.next_due.map_or_else(|| "-".to_owned(), |next| context.relative(next)).into(),
        schedule(job).into(),
    ]
}

fn schedule(job: &JobView) -> String {
    if job.triggers.is_empty() { "by hand".into() } else { job.triggers.join(", ") }
}
