//! What is kept of plugins apart from their files: it stays when a file goes, and is found again when it
//! comes back, until somebody says that it should be forgotten.

use std::collections::BTreeMap;

use super::{Plugins, host_failure};
use crate::{
    model::{PluginForgotten, PluginName, PluginRemains},
    plugin_host::PluginError,
    state::{State, StateError},
};

impl Plugins {
    /// Of those that are no longer there.
    pub fn remains(&self) -> Result<Vec<PluginRemains>, StateError> {
        let plugins = self.inner.plugins.load();
        remains(&self.inner.state, |name| {
            name.parse().is_ok_and(|name: PluginName| plugins.contains_key(&name))
        })
    }

    /// Forgets what a plugin remembers, what was decided about it, or both. It need not be there; one that is
    /// goes on with what its configuration grants.
    pub fn forget(
        &self,
        name: &PluginName,
        values: bool,
        decisions: bool,
    ) -> Result<PluginForgotten, PluginError> {
        let is_there = self.plugin(name).is_ok();
        if !is_there && !self.has_remains(name)? {
            self.plugin(name)?;
        }
        let state = &self.inner.state;
        let failed = |error: StateError| host_failure(name, &error);
        let mut forgotten = PluginForgotten::default();
        if values {
            forgotten.values = state.plugin_kv.clear(name.as_str()).map_err(failed)?;
        }
        if decisions {
            forgotten.decisions = state.plugin_grants.clear(name.as_str()).map_err(failed)?;
        }
        if is_there {
            self.refresh_grants(name)?;
        } else {
            state.plugin_pauses.remove(name).map_err(failed)?;
        }
        Ok(forgotten)
    }

    fn has_remains(&self, name: &PluginName) -> Result<bool, PluginError> {
        let remains = self.remains().map_err(|error| host_failure(name, &error))?;
        Ok(remains.iter().any(|it| it.name == name.as_str()))
    }
}

/// What is kept of names that are not those of plugins now.
pub fn remains(state: &State, is_plugin: impl Fn(&str) -> bool) -> Result<Vec<PluginRemains>, StateError> {
    let mut remains: BTreeMap<String, PluginRemains> = BTreeMap::new();
    let of = |name: String| PluginRemains { name, kv_bytes: 0, decisions: 0 };
    for (name, bytes) in state.plugin_kv.plugins()? {
        remains.entry(name.clone()).or_insert_with(|| of(name)).kv_bytes = bytes;
    }
    for (name, decisions) in state.plugin_grants.plugins()? {
        remains.entry(name.clone()).or_insert_with(|| of(name)).decisions = decisions;
    }
    Ok(remains.into_values().filter(|it| !is_plugin(&it.name)).collect())
}
