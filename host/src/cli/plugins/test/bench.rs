//! A host for one plugin, in a temporary folder.

use std::{collections::BTreeMap, path::Path, time::Duration};

use anyhow::Context as _;
use serde_json::Value;
use tempfile::TempDir;

use super::{
    report::Report,
    samples::Samples,
    trials::{self, Trials},
};
use crate::{
    cli::{Context, Failure},
    event::Bus,
    lifecycle::Lifecycle,
    model::{Grants, PluginKind, PluginName, PluginState},
    plugin_host::{HostSettings, PluginSettings, Plugins, PluginsParts},
    state::State,
};

/// How long a host may take to let go of everything.
const FAREWELL: Duration = Duration::from_secs(5);

pub(super) struct Bench {
    plugins: Plugins,
    name: PluginName,
    lifecycle: Lifecycle,
    _folder: TempDir,
}

impl Bench {
    pub(super) fn start(
        file: &Path,
        settings: Value,
        grants: Grants,
        cache: Option<&Path>,
        context: &Context,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("tapedeck-test-")
            .tempdir()
            .context("cannot make a temporary folder")?;
        let at = |name: &str| folder.path().join(name);
        let cache = cache.map_or_else(|| at("cache"), Path::to_owned);
        let host = HostSettings::in_folder(&at("plugins"), &cache);
        let file = std::path::absolute(file).context("cannot tell where the file is")?;
        let settings =
            PluginSettings { file: Some(file), settings, grants, ..PluginSettings::unnamed(&host) };
        let name: PluginName = "tested".parse().context("the plugin's name")?;
        let lifecycle = Lifecycle::default();
        let plugins = Plugins::start(PluginsParts {
            host,
            tables: BTreeMap::from([(name.clone(), settings)]),
            clock: context.clock.clone(),
            bus: Bus::default(),
            lifecycle: lifecycle.clone(),
            state: State::open(&at("data")).context("cannot keep the plugin's store")?,
            version: env!("CARGO_PKG_VERSION"),
            scratch: at("scratch"),
            search: context.environment.get("PATH").map(ToOwned::to_owned),
        })?;
        Ok(Self { plugins, name, lifecycle, _folder: folder })
    }

    /// Loads the file, and calls it as each of its kinds.
    pub(super) async fn try_out(&self, file: &Path, context: &Context) -> anyhow::Result<Report> {
        self.plugins.settled().await;
        let loaded = self.plugins.view(&self.name)?;
        if let PluginState::Broken { reason } | PluginState::Missing { reason } = &loaded.state {
            let failure =
                Failure::new(crate::cli::Exit::Failed, format!("{} cannot be used", file.display()));
            return Err(failure.caused_by(anyhow::anyhow!("{reason}")).into());
        }
        let samples = Samples::load();
        let mut trials = Trials::new(self.plugins.clone(), self.name.clone(), context.clock.clone());
        // A filter of both kinds is called in columns, as a daemon does.
        let has_columns = loaded.kinds.contains(&PluginKind::ChatFilter);
        for kind in &loaded.kinds {
            if has_columns && *kind == PluginKind::ChatFilterRecords {
                continue;
            }
            trials::of_kind(*kind, &mut trials, &samples).await;
        }
        Ok(Report::new(file, self.plugins.view(&self.name)?, trials.done))
    }

    pub(super) async fn stop(self) {
        self.lifecycle.drain();
        self.lifecycle.wait(FAREWELL).await;
    }
}
