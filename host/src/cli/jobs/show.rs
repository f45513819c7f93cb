use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::history;
use crate::{
    cli::{Context, client::Client, offline::Offline},
    model::{JobName, JobView},
};

/// Runs that are listed.
const RECENT: usize = 10;

/// Show a job: its triggers, policies, settings, next fires and recent runs
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Example:
  tapedeck jobs show backup")]
pub(in crate::cli) struct Args {
    /// The job's name
    name: JobName,
}

#[derive(Debug, Serialize, Deserialize)]
struct Details {
    #[serde(flatten)]
    job: JobView,
    #[serde(default)]
    next_fires: Vec<Timestamp>,
    #[serde(default)]
    settings: serde_json::Value,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let details: Details = match Client::find(context).await? {
        Some(client) => client.get(&["jobs", args.name.as_str()], &[]).await?,
        None => {
            let offline = Offline::open(context)?;
            let job = offline.job(&args.name)?;
            Details { settings: offline.settings(&args.name), next_fires: Vec::new(), job }
        }
    };
    if context.is_json() {
        return context.output.json(&details);
    }
    let output = &context.output;
    output.table(
        &["", ""],
        facts(context, &details).into_iter().map(|(key, value)| vec![key.into(), value.into()]).collect(),
    )?;
    if !details.job.recent.is_empty() {
        output.line("")?;
        history::table(context, &details.job.recent[..details.job.recent.len().min(RECENT)])?;
    }
    Ok(())
}

fn facts(context: &Context, details: &Details) -> Vec<(String, String)> {
    let job = &details.job;
    let mut facts = vec![("job".to_owned(), job.name.to_string()), ("kind".to_owned(), job.kind.clone())];
    let mut add = |key: &str, value: String| facts.push((key.to_owned(), value));
    if let Some(description) = &job.policy.description {
        add("about", description.clone());
    }
    if let Some(paused) = &job.paused {
        add("paused", format!("since {} by {}", context.time(paused.since), paused.by));
    }
    add("starts", if job.triggers.is_empty() { "by hand only".into() } else { job.triggers.join(", ") });
    for (index, next) in details.next_fires.iter().enumerate() {
        add(if index == 0 { "next" } else { "" }, context.time(*next));
    }
    for (key, value) in policy(job) {
        add(&key, value);
    }
    for (key, value) in details.settings.as_object().into_iter().flatten() {
        add(key, plain(value));
    }
    facts
}

/// The policies that differ from their defaults, in the words of the configuration.
fn policy(job: &JobView) -> Vec<(String, String)> {
    let default = serde_json::to_value(crate::model::Policy::default()).unwrap_or_default();
    let policy = serde_json::to_value(&job.policy).unwrap_or_default();
    // Shown in words already.
    let is_shown = |key: &str| ["description", "cron", "every", "on", "at_start", "after"].contains(&key);
    let policy = policy.as_object().into_iter().flatten();
    let differs = policy.filter(|(key, value)| !is_shown(key) && default.get(key.as_str()) != Some(value));
    differs.map(|(key, value)| (key.clone(), plain(value))).collect()
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
