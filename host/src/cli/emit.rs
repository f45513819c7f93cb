use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Context, client::Client};
use crate::model::{EventName, JobName};

/// Tell every job that waits for an event
///
/// Jobs with `on = ["EVENT"]` start at once, by their overlap policy; paused ones do not.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Example:
  tapedeck emit photos-arrived && echo told")]
pub(super) struct Args {
    /// The event's name, as jobs have it in `on`
    event: EventName,
}

#[derive(Debug, Serialize, Deserialize)]
struct Woken {
    woken: Vec<JobName>,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let client = Client::need(context).await?;
    let answer: Woken = client.post(&["events", args.event.as_str()], &json!({})).await?;
    if context.is_json() {
        return context.output.json(&answer);
    }
    if answer.woken.is_empty() {
        context.output.note(format!("no job waits for {}", args.event));
    }
    answer.woken.iter().try_for_each(|job| context.output.line(job))
}
