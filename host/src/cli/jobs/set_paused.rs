use serde_json::json;

use super::all_jobs;
use crate::{
    cli::{Context, client::Client, each},
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
    let names: Vec<JobName> = match args.all {
        true => all_jobs(&client).await?.into_iter().map(|job| job.name).collect(),
        false => args.names.clone(),
    };
    let done = |job: &JobView| {
        format!("{}: {}", job.name, if job.paused.is_some() { "paused" } else { "not paused" })
    };
    let ask = async |name: &JobName| client.post(&["jobs", name.as_str(), action], &json!({})).await;
    each(&names, "jobs", context, done, ask).await
}
