use std::path::PathBuf;

use serde_json::json;

use super::{
    bench::{self, Bench, Trial, settings},
    inspect,
};
use crate::{
    cli::{Context, Paint},
    model::Grants,
};

/// Try whether a plugin's file works here: compile it, start it, give it its settings
///
/// It is granted nothing, so that a file from anywhere can be tried. Says what `inspect` says, and what
/// the plugin itself makes of the settings. The bounds are those of [plugin_host] in the configuration, when
/// there is one. No daemon is needed, and nothing is kept.
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
    let bounds = bench::bounds(context)?;
    let inspection = inspect::inspect(&args.file, &bounds)?;
    if !context.is_json() {
        inspect::print(&inspection, context)?;
    }
    let (settings, grants) = (settings(&args.settings)?, Grants::default());
    let bench =
        Bench::load(Trial { file: &args.file, settings, grants, cache: None }, bounds, context).await?;
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
    bench.close(said).await
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{
        cli::{Exit, Failure},
        plugin_host::guest::Guest,
    };

    /// How it ends, and what it says of that.
    async fn check(guest: &Guest, config: &str) -> Result<(), (Exit, String)> {
        let folder = tempfile::tempdir().unwrap();
        let (file, config_file) = (folder.path().join("it.wasm"), folder.path().join("config.toml"));
        fs::write(&file, guest.component()).unwrap();
        fs::write(&config_file, config).unwrap();
        let context = Context::for_tests(&["--config", config_file.to_str().unwrap()]);
        let checked = run(&Args { file, settings: "{}".into() }, &context).await;
        checked.map_err(|error| {
            let text = format!("{error:#}");
            (error.downcast::<Failure>().map_or(Exit::Failed, |failure| failure.exit), text)
        })
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn bounds_are_those_of_the_configuration() {
        let large = Guest::plugin("large", "1.0.0", "chat-filter").memory(32);
        assert_eq!(check(&large, "").await, Ok(()));
        let (exit, text) = check(&large, "[plugin_host.limits]\nmemory = \"1MiB\"\n").await.unwrap_err();
        assert_eq!(exit, Exit::Failed);
        assert!(text.contains("limits.memory"), "{text}");
        let (exit, text) = check(&large, "[plugin_host]\nmax_file = \"1KiB\"\n").await.unwrap_err();
        assert_eq!(exit, Exit::Failed);
        assert!(text.contains("`plugin_host.max_file` allows (1024)"), "{text}");
        let (exit, _) = check(&large, "[plugin_host.limits]\nmemory = \"a lot\"\n").await.unwrap_err();
        assert_eq!(exit, Exit::Usage, "one that was named has to be right");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_is_asked_has_as_long_as_a_daemon_gives() {
        const DESCRIBE: &str = "tapedeck:plugin/describe@1.0.0#describe";
        let wit = "package test:guest; world guest {
            export tapedeck:plugin/describe@1.0.0; export tapedeck:plugin/chat-filter-records@1.0.0;
        }";
        let looping = Guest::of_wit_beside(wit).loops(DESCRIBE);
        let (_, text) =
            check(&looping, "[plugin_host.limits]\nstart_deadline = \"50ms\"\n").await.unwrap_err();
        let told =
            "it took longer than 50 ms and was stopped; `plugin_host.limits.start_deadline` is the bound";
        assert!(text.contains(told), "{text}");
    }
}
