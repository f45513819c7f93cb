use serde_json::json;

use super::all_jobs;
use crate::{
    cli::{Context, Failure, client::Client},
    model::{JobName, JobView},
};

pub(super) const PAUSE: &str = "\
Keep time and events from starting jobs

What would have started them is recorded as not run. Runs that are going go on; `tapedeck jobs run`
still starts one by hand. Needs a running daemon; lasts over restarts.

Examples:
  tapedeck jobs pause backup sunday-html
  tapedeck jobs pause --all";

pub(super) const RESUME: &str = "\
Let time and events start jobs again

What was missed meanwhile is recorded, not made up for. Needs a running daemon.

Examples:
  tapedeck jobs resume backup
  tapedeck jobs resume --all";

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Names of jobs
    #[arg(value_name = "NAME", required_unless_present = "all")]
    names: Vec<JobName>,
    /// All jobs
    #[arg(long, short, conflicts_with = "names")]
    all: bool,
}

/// `action` is the last part of the address.
pub(super) async fn run(args: &Args, action: &str, context: &Context) -> anyhow::Result<()> {
    let client = Client::need(context).await?;
    let names = match args.all {
        true => all_jobs(&client).await?.into_iter().map(|job| job.name).collect(),
        false => args.names.clone(),
    };
    let mut changed: Vec<JobView> = Vec::new();
    let mut failures = Vec::new();
    for name in &names {
        match client.post(&["jobs", name.as_str(), action], &json!({})).await {
            Ok(job) => changed.push(job),
            Err(error) => failures.push(error),
        }
    }
    if context.is_json() {
        context.output.json(&changed)?;
    } else {
        for job in &changed {
            context.output.note(format!(
                "{}: {}",
                job.name,
                if job.paused.is_some() { "paused" } else { "not paused" }
            ));
        }
    }
    let count = failures.len();
    match failures.into_iter().next() {
        None => Ok(()),
        Some(first) if count == 1 => Err(first),
        Some(first) => {
            let exit =
                first.downcast_ref::<Failure>().map_or(crate::cli::Exit::Failed, |failure| failure.exit);
            Err(Failure::new(exit, format!("{count} of {} jobs cannot be changed", names.len()))
                .caused_by(first)
                .into())
        }
    }
}
