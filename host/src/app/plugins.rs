//! From configuration to what the plugin host works with.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use crate::{
    config::Config,
    model::{PluginLimits, PluginName, PluginState, PluginView, PluginsView},
    plugin_host::{self, BreakerSettings, Giving, HostSettings, PluginSettings, Secrets},
    state::State,
};

/// `program` is the running one's own file: plugins that come with it lie near it.
pub fn plugin_host_settings(config: &Config, program: Option<&Path>) -> HostSettings {
    let section = &config.plugin_host;
    let in_data = |folder: &Option<PathBuf>, name: &str| {
        folder.clone().unwrap_or_else(|| config.data.folder.join(name))
    };
    let limits = host_limits(config);
    HostSettings {
        folder: in_data(&section.folder, "plugins"),
        bundled: bundled_folder(config, program),
        cache: in_data(&section.cache, "plugin-cache"),
        max_file_bytes: section.max_file.0,
        compile_deadline: section.compile_deadline.0,
        compile_memory: section.compile_memory.0,
        describe_deadline: limits.start_deadline.0,
        niceness: HostSettings::NICENESS,
        limits,
        breaker: BreakerSettings {
            failures: section.breaker.failures,
            window: section.breaker.window.0,
            rest: section.breaker.rest.0,
            longest_rest: section.breaker.longest_rest.0,
        },
    }
}

/// What the folders and the configuration hold, when no daemon runs.
pub fn survey_plugins(config: &Config, program: Option<&Path>) -> anyhow::Result<PluginsView> {
    let host = plugin_host_settings(config, program);
    let folder = &config.data.folder;
    let state = State::exists(folder).then(|| State::open(folder)).transpose()?;
    let plugins = views(config, program, state.as_ref())?;
    let is_plugin = |name: &str| plugins.iter().any(|plugin: &PluginView| plugin.name.as_str() == name);
    let remains = state.as_ref().map(|state| plugin_host::remains(state, is_plugin)).transpose()?;
    let remains = remains.unwrap_or_default();
    Ok(PluginsView { folder: host.folder, bundled: host.bundled, plugins, remains })
}

/// All of them, with what was decided in the `state`.
pub(super) fn views(
    config: &Config,
    program: Option<&Path>,
    state: Option<&State>,
) -> anyhow::Result<Vec<PluginView>> {
    let (host, settings) = (plugin_host_settings(config, program), plugin_settings(config));
    let mut views = Vec::new();
    for surveyed in plugin_host::survey(&host, &settings) {
        let decisions = state.map(|state| state.plugin_grants.of_plugin(surveyed.name.as_str()));
        let decisions = decisions.transpose()?.unwrap_or_default();
        let mut view = surveyed.view(&host, settings.get(&surveyed.name), &decisions);
        if let Some(state) = state
            && let Some(paused) = state.plugin_pauses.get(&surveyed.name)?
        {
            view.state = PluginState::Paused(paused);
        }
        views.push(view);
    }
    Ok(views)
}

/// A `[plugins.<name>]` table, the file that it means, and what of it does not fit that.
#[derive(Debug)]
pub struct CheckedPlugin {
    pub view: PluginView,
    pub complaints: Vec<plugin_host::Complaint>,
}

/// Looks at the files of all tables from outside. What was decided while a daemon ran is its own.
pub fn check_plugins(config: &Config, program: Option<&Path>) -> Vec<CheckedPlugin> {
    let (host, settings) = (plugin_host_settings(config, program), plugin_settings(config));
    let with_table = plugin_host::survey(&host, &settings)
        .into_iter()
        .filter_map(|surveyed| Some((settings.get(&surveyed.name)?, surveyed)));
    let checked = |(settings, surveyed): (&PluginSettings, plugin_host::Surveyed)| CheckedPlugin {
        view: surveyed.view(&host, Some(settings), &[]),
        complaints: surveyed.complaints,
    };
    with_table.map(checked).collect()
}

/// Those that have a table. The host finds the others in the folders.
pub fn plugin_settings(config: &Config) -> BTreeMap<PluginName, PluginSettings> {
    let limits = host_limits(config);
    let settings = |(name, section): (&PluginName, &crate::config::PluginSection)| {
        let (own, shown) = (section.settings.clone().into(), section.shown_settings.clone().into());
        let settings = PluginSettings {
            file: section.file.clone(),
            is_enabled: section.enabled,
            secrets: Secrets::among(&own, &shown),
            settings: own,
            grants: section.grants.clone(),
            giving: Giving::Lasting,
            limits: section.limits.over(limits.clone()),
            on_error: section.on_error,
        };
        (name.clone(), settings)
    };
    config.plugins.iter().map(settings).collect()
}

fn host_limits(config: &Config) -> PluginLimits {
    config.plugin_host.limits.over(PluginLimits::default())
}

fn bundled_folder(config: &Config, program: Option<&Path>) -> Option<PathBuf> {
    if !config.plugin_host.bundled {
        return None;
    }
    config.plugin_host.bundled_folder.clone().or_else(|| near(program?))
}

/// `../share/tapedeck/plugins` beside the folder of the program; of one that cargo built,
/// `plugins` in cargo's target folder, where `make plugins` puts them.
fn near(program: &Path) -> Option<PathBuf> {
    let folder = program.parent()?;
    let share = folder.parent()?.join("share/tapedeck/plugins");
    // Cargo puts tests one folder deeper.
    let built =
        folder.ancestors().take(2).find(|folder| folder.ends_with("debug") || folder.ends_with("release"));
    let built = built.and_then(Path::parent).map(|target| target.join("plugins"));
    [Some(share), built].into_iter().flatten().find(|folder| folder.is_dir())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn bundled_plugins_are_near_the_program() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        for folder in
            ["usr/bin", "usr/share/tapedeck/plugins", "target/debug/deps", "target/plugins", "opt/bin"]
        {
            fs::create_dir_all(at(folder)).unwrap();
        }
        for (program, folder) in [
            ("usr/bin/tapedeck", Some("usr/share/tapedeck/plugins")),
            ("target/debug/tapedeck", Some("target/plugins")),
            ("target/debug/deps/tapedeck-1a2b", Some("target/plugins")),
            ("opt/bin/tapedeck", None),
        ] {
            assert_eq!(near(&at(program)), folder.map(at), "{program}");
        }
    }

    #[test]
    fn settings_win_over_what_is_near() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("share/tapedeck/plugins")).unwrap();
        let program = root.path().join("bin/tapedeck");
        let mut config = Config::default();
        let bundled = |config: &Config| plugin_host_settings(config, Some(&program)).bundled;
        assert!(bundled(&config).is_some());
        config.plugin_host.bundled_folder = Some("/elsewhere".into());
        assert_eq!(bundled(&config), Some("/elsewhere".into()));
        config.plugin_host.bundled = false;
        assert_eq!(bundled(&config), None);
    }

    #[test]
    fn limits_come_in_layers() {
        let mut config = Config::default();
        config.plugin_host.limits.host_calls = Some(7);
        config.plugin_host.limits.instances = Some(8);
        let mut plugin = crate::config::PluginSection::default();
        plugin.limits.host_calls = Some(9);
        config.plugins.insert("a".parse().unwrap(), plugin);
        let limits = &plugin_settings(&config)["a"].limits;
        assert_eq!((limits.host_calls, limits.instances), (9, 8));
        assert_eq!(limits.result_bytes, PluginLimits::default().result_bytes);
    }
}
