//! A plugin host for one file, in a temporary folder: what `check`, `call` and `test` work with.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::signals::{self, Signalled};
use crate::{
    app,
    cli::{Context, Exit, Failure},
    config::Config,
    event::Bus,
    lifecycle::Lifecycle,
    model::{Grant, Grants, PluginName, PluginState, PluginView},
    plugin_host::{
        Giving, HostSettings, PluginSettings, Plugins, PluginsParts, check_cache_folder, system_lookup,
    },
    state::State,
};

/// How long a host may take to let go of everything.
const FAREWELL: Duration = Duration::from_secs(5);

/// The file, and what it is given.
#[derive(Debug, clap::Args)]
pub(super) struct Tried {
    /// The .wasm file
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Its settings as JSON, or @FILE with JSON in it
    #[arg(long, value_name = "JSON", default_value = "{}", hide_default_value = true)]
    settings: String,
    /// What it may do: http=HOST, run=PROGRAM, kv=SIZE, scratch=SIZE; may be repeated
    #[arg(long = "grant", value_name = "GRANT")]
    grants: Vec<Grant>,
    /// Keep compiled code in this folder, for the next time: one of its own
    #[arg(long, value_name = "FOLDER")]
    cache: Option<PathBuf>,
}

impl Tried {
    pub(super) async fn load(&self, context: &Context) -> anyhow::Result<Bench> {
        let mut grants = Grants::default();
        self.grants.iter().cloned().for_each(|grant| grants.put(grant));
        let settings = settings(&self.settings)?;
        if let Some(folder) = &self.cache {
            check_cache_folder(folder)
                .map_err(|problem| Failure::usage("--cache cannot be used").caused_by(problem))?;
        }
        let trial = Trial { file: &self.file, settings, grants, cache: self.cache.as_deref() };
        Bench::load(trial, bounds(context)?, context).await
    }
}

/// What is loaded, and with what.
pub(super) struct Trial<'a> {
    pub(super) file: &'a Path,
    pub(super) settings: Value,
    pub(super) grants: Grants,
    pub(super) cache: Option<&'a Path>,
}

pub(super) struct Bench {
    pub(super) plugins: Plugins,
    pub(super) name: PluginName,
    /// As it was when it had been loaded.
    pub(super) loaded: PluginView,
    /// Cancelled when a signal asks for an end: the plugin's calls have to end with it.
    pub(super) stop: CancellationToken,
    pub(super) signalled: Signalled,
    lifecycle: Lifecycle,
    folder: TempDir,
}

impl Bench {
    /// Loads the file: compiles it, starts it, gives it its settings.
    pub(super) async fn load(
        trial: Trial<'_>,
        bounds: HostSettings,
        context: &Context,
    ) -> anyhow::Result<Self> {
        let Trial { file, settings, grants, cache } = trial;
        let folder = tempfile::Builder::new().prefix("tapedeck-plugin-").tempdir();
        let folder = folder.context("cannot make a temporary folder")?;
        let at = |name: &str| folder.path().join(name);
        let host = HostSettings {
            folder: at("plugins"),
            cache: cache.map_or_else(|| at("cache"), Path::to_owned),
            niceness: 0,
            ..bounds
        };
        let path = std::path::absolute(file).context("cannot tell where the file is")?;
        let giving = Giving::Command;
        let table =
            PluginSettings { file: Some(path), settings, grants, giving, ..PluginSettings::unnamed(&host) };
        let name: PluginName = "tried".parse().expect("a valid name");
        let lifecycle = Lifecycle::default();
        let (stop, signalled) = (CancellationToken::new(), Signalled::default());
        signals::listen(&stop, &signalled).context("cannot listen for signals")?;
        let plugins = Plugins::start(PluginsParts {
            host,
            tables: BTreeMap::from([(name.clone(), table)]),
            clock: context.clock.clone(),
            bus: Bus::default(),
            lifecycle: lifecycle.clone(),
            state: State::open(&at("data")).context("cannot keep the plugin's store")?,
            version: env!("CARGO_PKG_VERSION"),
            scratch: at("scratch"),
            search: context.environment.get("PATH").map(ToOwned::to_owned),
            lookup: system_lookup(),
        })?;
        tokio::select! {
            () = plugins.settled() => {}
            // Until it is loaded, nothing is granted to it: there is no program to end.
            () = stop.cancelled() => {
                lifecycle.drain();
                lifecycle.wait(FAREWELL).await;
                return Err(signalled.failure());
            }
        }
        let loaded = plugins.view(&name)?;
        if let PluginState::Broken { reason } | PluginState::Missing { reason } = &loaded.state {
            let failure = Failure::new(Exit::Failed, format!("{} does not work here", file.display()));
            return Err(failure.caused_by(anyhow::anyhow!("{reason}")).into());
        }
        Ok(Self { plugins, name, loaded, stop, signalled, lifecycle, folder })
    }

    /// Says what the plugin logged.
    pub(super) fn tell_log(&self, context: &Context) {
        if let Ok(view) = self.plugins.view(&self.name) {
            view.log.iter().for_each(|line| context.output.note(format!("{}: {}", line.level, line.message)));
        }
    }

    /// Where it has everything, which goes with it.
    #[cfg(test)]
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Lets go of everything. Whatever came out of calls that a signal has ended is no outcome.
    pub(super) async fn close<T>(self, outcome: anyhow::Result<T>) -> anyhow::Result<T> {
        let was_stopped = self.stop.is_cancelled();
        self.lifecycle.drain();
        self.lifecycle.wait(FAREWELL).await;
        drop(self.folder);
        if was_stopped { Err(self.signalled.failure()) } else { outcome }
    }
}

/// Those that a daemon of this configuration has; without a configuration, the usual ones.
pub(super) fn bounds(context: &Context) -> anyhow::Result<HostSettings> {
    let loaded = context.load();
    let config = match loaded.config {
        Some(config) => config,
        None if context.sources().is_file_required => context.config()?,
        None => {
            let path = loaded.path.display();
            context
                .output
                .note(format!("{path} cannot be used, see `tapedeck check`: its bounds do not count"));
            Config::default()
        }
    };
    // Neither its folders nor the plugins near the program are of interest here.
    Ok(HostSettings { bundled: None, ..app::plugin_host_settings(&config, None) })
}

/// A JSON object, or `@FILE` with one in it.
pub(super) fn settings(text: &str) -> anyhow::Result<Value> {
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

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Cli {
        #[command(flatten)]
        tried: Tried,
    }

    #[test]
    fn settings_are_text_or_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.json");
        fs::write(&file, r#"{"words": ["spam"]}"#).unwrap();
        let read = settings(&format!("@{}", file.display())).unwrap();
        assert_eq!(read, settings(r#"{"words": ["spam"]}"#).unwrap());
        for wrong in ["[1]", "{", "@/nowhere"] {
            assert!(settings(wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn code_is_not_kept_among_other_files() {
        let folder = tempfile::tempdir().unwrap();
        let (file, package) = (folder.path().join("x.wasm"), folder.path().join("package.json"));
        fs::write(&package, "{}").unwrap();
        let arguments = ["test", file.to_str().unwrap(), "--cache", folder.path().to_str().unwrap()];
        let tried = Cli::try_parse_from(arguments).unwrap().tried;
        let refused = tried.load(&Context::for_tests(&[])).await.err().unwrap();
        let text = format!("{refused:#}");
        assert!(
            text.contains("--cache") && text.contains("package.json; name a folder of its own"),
            "{text}"
        );
        assert_eq!(refused.downcast::<Failure>().unwrap().exit, Exit::Usage);
        assert!(package.exists());
    }

    #[test]
    fn grants_may_be_repeated() {
        let arguments = ["test", "x.wasm", "--grant", "http=api.example.com", "--grant", "kv=1MiB"];
        let Tried { file, grants, .. } = Cli::try_parse_from(arguments).unwrap().tried;
        assert_eq!((file.as_path(), grants.len()), (Path::new("x.wasm"), 2));
    }
}
