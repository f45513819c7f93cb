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

use crate::{
    cli::{Context, Exit, Failure},
    event::Bus,
    lifecycle::Lifecycle,
    model::{Grant, Grants, PluginName, PluginState, PluginView},
    plugin_host::{HostSettings, PluginSettings, Plugins, PluginsParts, system_lookup},
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
    /// Keep compiled code in this folder, for the next time
    #[arg(long, value_name = "FOLDER")]
    cache: Option<PathBuf>,
}

impl Tried {
    pub(super) async fn load(&self, context: &Context) -> anyhow::Result<Bench> {
        let mut grants = Grants::default();
        self.grants.iter().cloned().for_each(|grant| grants.put(grant));
        let settings = settings(&self.settings)?;
        Bench::load(&self.file, settings, grants, self.cache.as_deref(), context).await
    }
}

pub(super) struct Bench {
    pub(super) plugins: Plugins,
    pub(super) name: PluginName,
    /// As it was when it had been loaded.
    pub(super) loaded: PluginView,
    lifecycle: Lifecycle,
    _folder: TempDir,
}

impl Bench {
    /// Loads the file: compiles it, starts it, gives it its settings.
    pub(super) async fn load(
        file: &Path,
        settings: Value,
        grants: Grants,
        cache: Option<&Path>,
        context: &Context,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("tapedeck-plugin-").tempdir();
        let folder = folder.context("cannot make a temporary folder")?;
        let at = |name: &str| folder.path().join(name);
        let mut host = HostSettings::in_folder(&at("plugins"), cache.unwrap_or(&at("cache")));
        host.niceness = 0;
        let path = std::path::absolute(file).context("cannot tell where the file is")?;
        let table = PluginSettings { file: Some(path), settings, grants, ..PluginSettings::unnamed(&host) };
        let name: PluginName = "tried".parse().expect("a valid name");
        let lifecycle = Lifecycle::default();
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
        plugins.settled().await;
        let loaded = plugins.view(&name)?;
        if let PluginState::Broken { reason } | PluginState::Missing { reason } = &loaded.state {
            let failure = Failure::new(Exit::Failed, format!("{} does not work here", file.display()));
            return Err(failure.caused_by(anyhow::anyhow!("{reason}")).into());
        }
        Ok(Self { plugins, name, loaded, lifecycle, _folder: folder })
    }

    /// Says what the plugin logged.
    pub(super) fn tell_log(&self, context: &Context) {
        if let Ok(view) = self.plugins.view(&self.name) {
            view.log.iter().for_each(|line| context.output.note(format!("{}: {}", line.level, line.message)));
        }
    }

    /// Lets go of everything.
    pub(super) async fn close(self) {
        self.lifecycle.drain();
        self.lifecycle.wait(FAREWELL).await;
    }
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

    #[test]
    fn grants_may_be_repeated() {
        let arguments = ["test", "x.wasm", "--grant", "http=api.example.com", "--grant", "kv=1MiB"];
        let Tried { file, grants, .. } = Cli::try_parse_from(arguments).unwrap().tried;
        assert_eq!((file.as_path(), grants.len()), (Path::new("x.wasm"), 2));
    }
}
