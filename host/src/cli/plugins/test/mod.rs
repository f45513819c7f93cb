//! `tapedeck plugins test`: one file in a host of its own, against a small world of samples.

mod bench;
mod report;
mod samples;
#[cfg(test)]
mod tests;
mod trials;

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use serde_json::Value;

use crate::{
    cli::{Context, Exit, Failure},
    model::{Grant, Grants},
};
use bench::Bench;

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
    /// The .wasm file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Its settings as JSON, or @FILE with JSON in it
    #[arg(long, value_name = "JSON", default_value = "{}", hide_default_value = true)]
    settings: String,
    /// What it may do: http=HOST, run=PROGRAM, kv=SIZE, scratch=SIZE; may be repeated
    #[arg(long = "grant", value_name = "GRANT")]
    grants: Vec<Grant>,
    /// Keep compiled code in this folder, for the next time
    #[arg(long, value_name = "FOLDER")]
    cache: Option<PathBuf>,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let settings = settings(&args.settings)?;
    let bench = Bench::start(&args.file, settings, granted(&args.grants), args.cache.as_deref(), context)?;
    let report = bench.try_out(&args.file, context).await;
    bench.stop().await;
    let report = report?;
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

fn settings(text: &str) -> anyhow::Result<Value> {
    let read;
    let text = match text.strip_prefix('@') {
        Some(path) => {
            read = fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
            &read
        }
        None => text,
    };
    match serde_json::from_str(text) {
        Ok(settings @ Value::Object(_)) => Ok(settings),
        Ok(_) => Err(Failure::usage("--settings has to be a JSON object: {\"name\": value}").into()),
        Err(error) => Err(Failure::usage("--settings is no JSON").caused_by(error).into()),
    }
}

fn granted(grants: &[Grant]) -> Grants {
    let mut granted = Grants::default();
    for grant in grants {
        granted.put(grant.clone());
    }
    granted
}
