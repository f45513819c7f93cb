//! Tries tables of plugins before a daemon does.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use tempfile::TempDir;

use super::{VERSION, plugin_host_settings, plugin_settings};
use crate::{
    clock::SharedClock,
    config::Config,
    event::Bus,
    export::{self, Offers},
    lifecycle::Lifecycle,
    model::{Grants, PluginName, PluginState},
    plugin_host::{PluginSettings, Plugins, PluginsParts, system_lookup},
    state::State,
};

/// How long the host may take to let go of everything.
const FAREWELL: Duration = Duration::from_secs(5);

/// Starts these files with what their tables set and nothing granted, and gives those that do not work, and
/// why. Nothing is kept, but compiled code where the daemon keeps it already.
pub async fn rehearse_plugins(
    config: &Config,
    program: Option<&Path>,
    files: &BTreeMap<PluginName, PathBuf>,
    clock: SharedClock,
) -> anyhow::Result<Vec<(PluginName, String)>> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let tried = |(name, table): (PluginName, PluginSettings)| {
        let file = Some(files.get(&name)?.clone());
        Some((name, PluginSettings { file, grants: Grants::default(), ..table }))
    };
    let tables = plugin_settings(config).into_iter().filter_map(tried).collect();
    let stage = Stage::start(config, program, tables, clock).await?;
    let failed = |view: crate::model::PluginView| match view.state {
        PluginState::Broken { reason } | PluginState::Missing { reason } => Some((view.name, reason)),
        _ => None,
    };
    let failed = stage.plugins.views().into_iter().filter_map(failed).collect();
    stage.end().await;
    Ok(failed)
}

/// What these exporters say that they write. They start as above, those without a table with no settings.
pub(super) async fn offered_formats(
    config: &Config,
    program: Option<&Path>,
    files: &BTreeMap<PluginName, PathBuf>,
    clock: SharedClock,
) -> anyhow::Result<Offers> {
    if files.is_empty() {
        return Ok(Offers::default());
    }
    let host = plugin_host_settings(config, program);
    let mut tables = plugin_settings(config);
    let exporter = |(name, file): (&PluginName, &PathBuf)| {
        let table = tables.remove(name).unwrap_or_else(|| PluginSettings::unnamed(&host));
        (name.clone(), PluginSettings { file: Some(file.clone()), grants: Grants::default(), ..table })
    };
    let tables = files.iter().map(exporter).collect();
    let stage = Stage::start(config, program, tables, clock).await?;
    let plugins = stage.plugins.clone();
    let offers = tokio::task::spawn_blocking(move || export::offers(&plugins)).await;
    stage.end().await;
    offers.context("the exporters could not be asked")
}

/// A host that keeps nothing.
struct Stage {
    plugins: Plugins,
    lifecycle: Lifecycle,
    /// Removed when it is dropped.
    _folder: TempDir,
}

impl Stage {
    async fn start(
        config: &Config,
        program: Option<&Path>,
        tables: BTreeMap<PluginName, PluginSettings>,
        clock: SharedClock,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("tapedeck-check-").tempdir();
        let folder = folder.context("cannot make a temporary folder")?;
        let at = |name: &str| folder.path().join(name);
        let mut host = plugin_host_settings(config, program);
        // Only what has a table is tried.
        (host.folder, host.bundled) = (at("plugins"), None);
        if !host.cache.is_dir() {
            host.cache = at("cache");
        }
        let lifecycle = Lifecycle::default();
        let plugins = Plugins::start(PluginsParts {
            host,
            tables,
            clock,
            bus: Bus::default(),
            lifecycle: lifecycle.clone(),
            state: State::open(&at("data"))?,
            version: VERSION,
            scratch: at("scratch"),
            search: None,
            lookup: system_lookup(),
        })?;
        plugins.settled().await;
        Ok(Self { plugins, lifecycle, _folder: folder })
    }

    async fn end(self) {
        self.lifecycle.drain();
        self.lifecycle.wait(FAREWELL).await;
    }
}
