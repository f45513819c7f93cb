use std::path::PathBuf;

use serde_json::json;

use super::{
    bench::{Bench, settings},
    inspect,
};
use crate::{
    cli::{Context, Paint},
    model::Grants,
};

/// Try whether a plugin's file works here: compile it, start it, give it its settings
///
/// It is granted nothing, so that a file from anywhere can be tried. Says what `inspect` says, and what
/// the plugin itself makes of the settings. No daemon is needed, and nothing is kept.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  tapedeck plugins check keywords.wasm
  tapedeck plugins check keywords.wasm --settings '{\"rules\": [{\"action\": \"drop\", \"words\": [\"sale\"]}]}'
  tapedeck plugins check keywords.wasm --settings @settings.json --json

Ends with 0 when it works, with 1 when it does not.")]
pub(in crate::cli) struct Args {
    /// The .wasm file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Its settings as JSON, or @FILE with JSON in it
    #[arg(long, value_name = "JSON", default_value = "{}", hide_default_value = true)]
    settings: String,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let inspection = inspect::inspect(&args.file)?;
    if !context.is_json() {
        inspect::print(&inspection, context)?;
    }
    let bench = Bench::load(&args.file, settings(&args.settings)?, Grants::default(), None, context).await?;
    let compile_ms = bench.loaded.compile_ms.unwrap_or_default();
    let said = if context.is_json() {
        let mut document = inspect::document(&inspection);
        // Some say who they are only when they are asked.
        for (key, value) in [
            ("id", json!(bench.loaded.id)),
            ("version", json!(bench.loaded.version)),
            ("summary", json!(bench.loaded.summary)),
            ("settings_schema", json!(bench.loaded.settings_schema)),
            ("compile_ms", json!(compile_ms)),
        ] {
            document[key] = value;
        }
        context.output.json(&document)
    } else {
        let ok = context.output.paint(Paint::Good, "ok");
        let who =
            [&bench.loaded.id, &bench.loaded.version].into_iter().flatten().cloned().collect::<Vec<_>>();
        let line = format!("{ok} {}: compiled in {compile_ms} ms, starts, takes its settings", who.join(" "));
        context.output.line("").and_then(|()| context.output.line(line))
    };
    bench.tell_log(context);
    bench.close().await;
    said
}
