//! What was approved or withdrawn for a plugin since its settings were written.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{StateError, tree::Tree};
use crate::model::{Grant, GrantKey};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantDecision {
    pub plugin: String,
    pub key: GrantKey,
    /// What was approved; `None`: it was withdrawn, whatever the settings say.
    pub approved: Option<Grant>,
    pub at: Timestamp,
    /// The user of the page, or "cli".
    pub by: String,
}

#[derive(Clone, Debug)]
pub struct PluginGrants {
    tree: Tree<str, GrantDecision>,
}

impl PluginGrants {
    pub(super) fn open(db: &sled::Db) -> Result<Self, StateError> {
        Ok(Self { tree: Tree::open(db, "plugin-grants")? })
    }

    /// In place of an earlier decision about the same key.
    pub fn put(&self, decision: &GrantDecision) -> Result<(), StateError> {
        self.tree.insert(&key(&decision.plugin, &decision.key), decision)
    }

    /// From then on the settings decide again. Says whether there was a decision.
    pub fn remove(&self, plugin: &str, about: &GrantKey) -> Result<bool, StateError> {
        self.tree.remove(&key(plugin, about))
    }

    pub fn of_plugin(&self, plugin: &str) -> Result<Vec<GrantDecision>, StateError> {
        let mut decisions: Vec<_> = self.tree.values().collect::<Result<_, _>>()?;
        decisions.retain(|decision: &GrantDecision| decision.plugin == plugin);
        Ok(decisions)
    }

    /// Plugins about which something was decided, with the number of decisions.
    pub fn plugins(&self) -> Result<BTreeMap<String, u64>, StateError> {
        let mut plugins = BTreeMap::new();
        for decision in self.tree.values() {
            *plugins.entry(decision?.plugin).or_default() += 1;
        }
        Ok(plugins)
    }

    /// Forgets every decision about a plugin. Says how many there were.
    pub fn clear(&self, plugin: &str) -> Result<u64, StateError> {
        let decisions = self.of_plugin(plugin)?;
        for decision in &decisions {
            self.remove(plugin, &decision.key)?;
        }
        Ok(decisions.len() as u64)
    }
}

/// Names of plugins hold no `/`.
fn key(plugin: &str, about: &GrantKey) -> String {
    format!("{plugin}/{about}")
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    fn decision(plugin: &str, grant: &str, is_approved: bool) -> GrantDecision {
        let grant: Grant = grant.parse().unwrap();
        GrantDecision {
            plugin: plugin.into(),
            key: grant.key(),
            approved: is_approved.then_some(grant),
            at: Timestamp::UNIX_EPOCH,
            by: "ann".into(),
        }
    }

    #[test]
    fn later_decisions_replace_earlier_ones() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        let grants = &state.plugin_grants;
        grants.put(&decision("zero", "http=a.org", true)).unwrap();
        grants.put(&decision("zero", "http=a.org,private", false)).unwrap();
        grants.put(&decision("zero", "kv=1MiB", true)).unwrap();
        grants.put(&decision("other", "kv=2MiB", true)).unwrap();
        drop(state);
        let grants = State::open(folder.path()).unwrap().plugin_grants;
        let expected = [decision("zero", "http=a.org", false), decision("zero", "kv=1MiB", true)];
        assert_eq!(grants.of_plugin("zero").unwrap(), expected);
        assert_eq!(grants.plugins().unwrap(), [("other".to_owned(), 1), ("zero".to_owned(), 2)].into());
        assert_eq!(grants.clear("zero").unwrap(), 2);
        assert_eq!(grants.of_plugin("zero").unwrap(), []);
        assert_eq!(grants.of_plugin("other").unwrap().len(), 1);
    }
}
