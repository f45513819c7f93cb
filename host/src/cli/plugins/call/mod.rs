//! `tapedeck plugins call`: one call of a file, as the daemon would make it.

mod backend;
mod exporter;
mod filter;
mod messages;

use std::path::PathBuf;

use super::bench::{Bench, Tried};
use crate::{
    cli::{Context, Failure},
    model::{Message, PluginKind, Track},
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
    ///
    /// An export of several files needs an empty folder.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    // Before the file is compiled: it is refused sooner, and whoever still types can end it as usual.
    let given = Given {
        messages: messages::read(args, context)?,
        track: args.track.as_deref().map(backend::track).transpose()?,
    };
    let bench = args.tried.load(context).await?;
    let outcome = call(args, given, &bench, context).await;
    bench.tell_log(context);
    bench.close(outcome).await
}

/// What it is called with.
struct Given {
    messages: Option<Vec<Message>>,
    track: Option<Track>,
}

async fn call(args: &Args, given: Given, bench: &Bench, context: &Context) -> anyhow::Result<()> {
    let Given { messages, track } = given;
    match kind(args, bench)? {
        PluginKind::ChatFilter | PluginKind::ChatFilterRecords => {
            filter::call(args, messages, bench, context).await
        }
        PluginKind::Exporter => exporter::call(args, messages, bench, context).await,
        PluginKind::TrackBackend => backend::call(args, track, bench, context).await,
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

#[cfg(test)]
mod tests {
    use std::fs;

    use clap::Parser as _;

    use super::*;
    use crate::{
        cli::{Exit, plugins::signals},
        plugin_host::guest::Guest,
    };

    #[derive(clap::Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    /// A filter's file in a folder of its own, and what the command was given.
    async fn filter(guest: &Guest, more: &[&str]) -> (Args, Bench, Context) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("it.wasm");
        fs::write(&file, guest.component()).unwrap();
        let words = [&["call", file.to_str().unwrap(), "--text", "Hello"], more].concat();
        let args = Cli::try_parse_from(words).unwrap().args;
        let context = Context::for_tests(&[]);
        let bench = args.tried.load(&context).await.unwrap();
        (args, bench, context)
    }

    fn given(args: &Args, context: &Context) -> Given {
        Given { messages: messages::read(args, context).unwrap(), track: None }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn filters_write_no_file() {
        let guest = Guest::plugin("it", "1.0.0", "chat-filter");
        let (args, bench, context) = filter(&guest, &["-o", "out.txt"]).await;
        let refused = call(&args, given(&args, &context), &bench, &context).await.unwrap_err();
        assert!(refused.to_string().starts_with("a filter writes no file"), "{refused}");
        assert_eq!(refused.downcast::<Failure>().unwrap().exit, Exit::Usage);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn signals_end_the_call_and_leave_nothing() {
        let judge = "tapedeck:plugin/chat-filter@1.0.0#judge";
        let guest = Guest::plugin("it", "1.0.0", "chat-filter").loops(judge);
        let (args, bench, context) = filter(&guest, &[]).await;
        let folder = bench.folder().to_owned();
        assert!(folder.exists());
        signals::first(Exit::Terminated, &bench.stop, &bench.signalled);
        let stopped = call(&args, given(&args, &context), &bench, &context).await;
        assert!(stopped.as_ref().unwrap_err().to_string().contains("cancelled"), "{stopped:?}");
        let ended = bench.close(stopped).await.unwrap_err();
        assert_eq!(ended.to_string(), "SIGTERM has ended it");
        assert_eq!(ended.downcast::<Failure>().unwrap().exit, Exit::Terminated);
        assert!(!folder.exists());
    }
}
