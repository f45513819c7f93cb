//! `tapedeck plugins call`: one call of a file, as the daemon would make it.

mod backend;
mod exporter;
mod filter;
mod messages;

use std::path::PathBuf;

use super::bench::{Bench, Tried};
use crate::{
    cli::{Context, Failure},
    model::PluginKind,
};

/// Make one call of a plugin's file and show what comes back
///
/// A filter says what it would keep, drop and redact; an exporter writes; a track backend finds recordings, and
/// fetches one with --output. Messages are JSON, one a line or in a list, of which `text` is enough. It may do
/// what --grant says. No daemon is needed, and nothing is kept.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck plugins call keywords.wasm --settings @settings.json --text 'Big sale' --text 'Hello'
  tapedeck plugins call keywords.wasm --messages messages.jsonl --json
  tapedeck plugins call json.wasm --messages - < messages.jsonl
  tapedeck plugins call zero.wasm --track '{\"title\": \"Blue\", \"artists\": [\"Joni\"]}' --output blue.audio")]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    tried: Tried,
    /// Which kind to call it as, when it is of several
    #[arg(long)]
    kind: Option<String>,
    /// A message with this text, for filters and exporters; may be repeated
    #[arg(long = "text", value_name = "TEXT", conflicts_with = "messages")]
    texts: Vec<String>,
    /// Messages as JSON in this file; - for standard input
    #[arg(long, value_name = "FILE")]
    messages: Option<PathBuf>,
    /// The format that an exporter writes [default: its first]
    #[arg(long, value_name = "NAME")]
    format: Option<String>,
    /// The track that a backend looks for, as JSON: {"title": "…", "artists": ["…"]}
    #[arg(long, value_name = "JSON")]
    track: Option<String>,
    /// Where the export goes, or the recording that a backend fetches [default for exports: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let bench = args.tried.load(context).await?;
    let outcome = call(args, &bench, context).await;
    bench.tell_log(context);
    bench.close().await;
    outcome
}

async fn call(args: &Args, bench: &Bench, context: &Context) -> anyhow::Result<()> {
    match kind(args, bench)? {
        PluginKind::ChatFilter | PluginKind::ChatFilterRecords => filter::call(args, bench, context).await,
        PluginKind::Exporter => exporter::call(args, bench, context).await,
        PluginKind::TrackBackend => backend::call(args, bench, context).await,
        PluginKind::Probe => Err(Failure::usage("a probe is called by the tests alone").into()),
    }
}

/// The one that was asked for, else the first that it has.
fn kind(args: &Args, bench: &Bench) -> anyhow::Result<PluginKind> {
    let kinds = &bench.loaded.kinds;
    let wanted = |kind: &&PluginKind| args.kind.as_ref().is_none_or(|wanted| wanted == kind.as_str());
    kinds.iter().find(wanted).copied().ok_or_else(|| {
        let is: Vec<_> = kinds.iter().map(|kind| kind.as_str()).collect();
        Failure::usage(format!("it is no {}", args.kind.as_deref().unwrap_or("plugin")))
            .fix(format!("choose from {}", is.join(", ")))
            .into()
    })
}
