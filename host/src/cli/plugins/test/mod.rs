//! `tapedeck plugins test`: one file in a host of its own, against a small world of samples.

mod report;
mod samples;
#[cfg(test)]
mod tests;
mod trials;

use super::bench::Tried;
use crate::cli::{Context, Exit, Failure};
use report::Report;

/// Run a plugin's file against samples, as a daemon would
///
/// A filter judges messages of every kind in many scripts, an exporter writes them, a track backend
/// looks for tracks. Shows what it did, what it was denied, what it logged, how long it took. No
/// daemon is needed, and nothing is kept. Fails when a call fails for another reason than a missing grant.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck plugins test target/wasm32-wasip2/release/quiet.wasm
  tapedeck plugins test quiet.wasm --settings '{\"words\": [\"spam\"]}'
  tapedeck plugins test zero.wasm --grant http=*.scdn.co
  tapedeck plugins test quiet.wasm --json | jq 'del(.. | .us?, .compile_ms?, .memory_bytes?)'")]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    tried: Tried,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let bench = args.tried.load(context).await?;
    let trials = trials::all(&bench, context).await;
    let view = bench.plugins.view(&bench.name).map_err(anyhow::Error::from);
    let report = Report::new(&args.tried.file, bench.close(view).await?, trials);
    match context.is_json() {
        true => context.output.json(&report)?,
        false => report::print(&report, context)?,
    }
    match report.failed() {
        0 => Ok(()),
        count => {
            let calls = if count == 1 { "a call".to_owned() } else { format!("{count} calls") };
            Err(Failure::new(Exit::Failed, format!("{calls} of the plugin failed")).into())
        }
    }
}
