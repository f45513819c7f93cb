//! What operators decide while the daemon runs about what plugins ask for.

use super::{Plugins, host_failure};
use crate::{
    model::{CapabilityView, Grant, GrantKey, PluginName, Wants},
    plugin_host::{Failure, PluginError, Who, survey::is_wanted},
    state::GrantDecision,
};

impl Plugins {
    /// Gives a plugin something that it asks for, from its next host call on and over restarts.
    /// Lifts a withdrawal.
    pub fn approve(&self, name: &PluginName, grant: Grant, by: &str) -> Result<(), PluginError> {
        let wants = self.wants(name)?;
        if !is_wanted(&grant, &wants) {
            let wants = wants.lines().iter().map(|(grant, _)| grant.to_string()).collect();
            return Err(refused(name, Failure::NotAsked { grant: grant.to_string(), wants }));
        }
        let decisions = self.inner.decisions(name)?;
        if let Some(key) =
            decisions.into_iter().filter(|it| it.approved.is_none()).find_map(|it| wider(it.key, &grant))
        {
            let (grant, key) = (grant.to_string(), key.to_string());
            return Err(refused(name, Failure::PartOfWithdrawn { name: name.clone(), grant, key }));
        }
        self.decide(name, grant.key(), Some(grant), by)
    }

    /// Takes back what the configuration or somebody gave. Wins over the configuration. Also from one that has no
    /// code now: its next file would have the grant at once.
    pub fn withdraw(&self, name: &PluginName, key: &GrantKey, by: &str) -> Result<(), PluginError> {
        if !self.view(name)?.capabilities.iter().any(|it| has_some(it) && is_about(it, key)) {
            return Err(refused(name, Failure::NotGiven { key: key.to_string() }));
        }
        self.decide(name, key.clone(), None, by)
    }

    fn wants(&self, name: &PluginName) -> Result<Wants, PluginError> {
        let plugin = self.plugin(name)?;
        let loaded = plugin.loaded().ok_or_else(|| refused(name, plugin.why_nothing_is_loaded()))?;
        Ok(loaded.about.manifest.wants.clone())
    }

    fn decide(
        &self,
        name: &PluginName,
        key: GrantKey,
        approved: Option<Grant>,
        by: &str,
    ) -> Result<(), PluginError> {
        let (plugin, at) = (name.to_string(), self.inner.clock.now());
        let decision = GrantDecision { plugin, key, approved, at, by: by.to_owned() };
        self.inner.state.plugin_grants.put(&decision).map_err(|error| host_failure(name, &error))?;
        self.refresh_grants(name)
    }
}

/// The key, if what it takes back includes this and more: then giving this back changes nothing.
fn wider(key: GrantKey, grant: &Grant) -> Option<GrantKey> {
    match (&key, grant) {
        (GrantKey::Http(host), Grant::Http(grant)) if *host != grant.host && host.includes(&grant.host) => {
            Some(key)
        }
        _ => None,
    }
}

/// All of it, or a part.
const fn has_some(capability: &CapabilityView) -> bool {
    capability.is_granted || capability.given.is_some()
}

/// Whether taking back `key` takes something of this.
fn is_about(capability: &CapabilityView, key: &GrantKey) -> bool {
    let line = format!("{}={}", capability.capability, capability.what);
    match (line.parse::<GrantKey>(), key) {
        (Ok(GrantKey::Http(has)), GrantKey::Http(host)) => has.includes(host) || host.includes(&has),
        (Ok(has), key) => has == *key,
        (Err(_), _) => false,
    }
}

fn refused(name: &PluginName, failure: Failure) -> PluginError {
    PluginError::new(&Who::named(name), failure)
}
