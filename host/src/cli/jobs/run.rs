use serde_json::json;

use crate::{
    cli::{
        Context,
        client::Client,
        follow::{self, Lines},
    },
    model::{JobName, Params, Run},
};

/// Start a run of a job now
///
/// Prints the id of the new run and returns at once, unless told to wait. Paused and disabled
/// jobs run too; when one is running already, the job's `overlap` policy decides. Needs a running
/// daemon.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck jobs run backup
  tapedeck jobs run backup --follow               watch its log and progress, then its result
  tapedeck jobs run backup --wait && echo done    5 is the exit code of a run without success
  tapedeck jobs run greet --param name=Ada --param greeting='Good morning'")]
pub(in crate::cli) struct Args {
    /// The job's name
    name: JobName,
    /// Give the run a value, which its kind uses as it documents; may be repeated
    #[arg(long, short, value_name = "KEY=VALUE", value_parser = parameter)]
    param: Vec<(String, String)>,
    /// Wait for the end; ends with 5 unless the run succeeded
    #[arg(long, short)]
    wait: bool,
    /// Like --wait, and print the log as it grows, with progress on a terminal
    #[arg(long, short)]
    follow: bool,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as KEY=VALUE".into()),
    }
}

pub(super) async fn run(args: Args, context: &Context) -> anyhow::Result<()> {
    let client = Client::need(context).await?;
    let params: Params = args.param.into_iter().collect();
    let run: Run = client.post(&["jobs", args.name.as_str(), "run"], &json!({ "params": params })).await?;
    if !args.wait && !args.follow {
        return if context.is_json() { context.output.json(&run) } else { context.output.line(run.id) };
    }
    let lines = if args.follow { Lines::All } else { Lines::None };
    if !context.is_json() {
        context.output.note(format!("run {}; Ctrl-C leaves it running", run.id));
    }
    let ended = follow::follow(context, &client, run.id, lines).await?;
    if context.is_json() {
        context.output.json_line(&ended)?;
    }
    follow::conclude(context, &ended)
}
