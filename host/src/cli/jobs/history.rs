use super::{has_no_run, runs};
use crate::{
    cli::{Cell, Context, client::Client, follow::took, offline::Offline, show},
    model::{JobName, Run, Status},
    state::RunFilter,
};

/// List past and present runs, newest first
///
/// Without a running daemon, the ledger is read instead.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck jobs history                       runs of all jobs
  tapedeck jobs history backup --limit 5
  tapedeck jobs history --status failed --json | jq -r '.[].id'")]
pub(in crate::cli) struct Args {
    /// Only runs of this job
    name: Option<JobName>,
    /// Only runs that are: queued, running, waiting, succeeded, failed, timed-out, cancelled,
    /// skipped, missed, interrupted
    #[arg(long, short)]
    status: Option<Status>,
    /// At most so many
    #[arg(long, short = 'n', default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let limit = args.limit as usize;
    let found = match Client::find(context).await? {
        Some(client) => {
            let mut filter = Vec::new();
            filter.extend(args.name.as_ref().map(|name| ("job", name.to_string())));
            filter.extend(args.status.map(|status| ("status", status.to_string())));
            runs(&client, &filter, limit).await?
        }
        None => {
            let filter = RunFilter { job: args.name.clone(), status: args.status, before: None };
            Offline::open(context)?.runs(&filter, limit)?
        }
    };
    if context.is_json() {
        return context.output.json(&found);
    }
    if found.is_empty() {
        let nothing = match &args.name {
            Some(name) if args.status.is_none() => has_no_run(name).to_string(),
            _ => "there are no such runs".to_owned(),
        };
        context.output.note(nothing);
        return Ok(());
    }
    table(context, &found)
}

pub(super) fn table(context: &Context, runs: &[Run]) -> anyhow::Result<()> {
    let rows = runs.iter().map(|run| row(context, run)).collect();
    context.output.table(&["run", "job", "status", "when", "took", "because", ""], rows)
}

fn row(context: &Context, run: &Run) -> Vec<Cell> {
    vec![
        run.id.to_string().into(),
        run.job.as_str().into(),
        show::status_cell(run.status),
        context.time(run.started.unwrap_or(run.due)).into(),
        took(run).unwrap_or_default().into(),
        show::trigger(&run.trigger).into(),
        show::detail(context, run).unwrap_or_default().into(),
    ]
}
