//! Tries tables of plugins before a daemon does.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;

use super::{VERSION, plugin_host_settings, plugin_settings};
use crate::{
    clock::SharedClock,
    config::Config,
    event::Bus,
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
    let folder = tempfile::Builder::new().prefix("tapedeck-check-").tempdir();
    let folder = folder.context("cannot make a temporary folder")?;
    let at = |name: &str| folder.path().join(name);
    let mut host = plugin_host_settings(config, program);
    // Files without a table have nothing to be tried with.
    (host.folder, host.bundled) = (at("plugins"), None);
    if !host.cache.is_dir() {
        host.cache = at("cache");
    }
    let tried = |(name, table): (PluginName, PluginSettings)| {
        let file = Some(files.get(&name)?.clone());
        Some((name, PluginSettings { file, grants: Grants::default(), ..table }))
    };
    let lifecycle = Lifecycle::default();
    let plugins = Plugins::start(PluginsParts {
        host,
        tables: plugin_settings(config).into_iter().filter_map(tried).collect(),
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
    let failed = |view: crate::model::PluginView| match view.state {
        PluginState::Broken { reason } | PluginState::Missing { reason } => Some((view.name, reason)),
        _ => None,
    };
    let failed = plugins.views().into_iter().filter_map(failed).collect();
    lifecycle.drain();
    lifecycle.wait(FAREWELL).await;
    Ok(failed)
}
