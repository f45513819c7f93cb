//! Plugins that somebody paused: they stay so over a restart.

use super::{StateError, tree::Tree};
use crate::model::{Paused, PluginName};

#[derive(Clone, Debug)]
pub struct PluginPauses {
    tree: Tree<str, Paused>,
}

impl PluginPauses {
    pub(super) fn open(db: &sled::Db) -> Result<Self, StateError> {
        Ok(Self { tree: Tree::open(db, "plugin-pauses")? })
    }

    pub fn get(&self, plugin: &PluginName) -> Result<Option<Paused>, StateError> {
        self.tree.get(plugin.as_str())
    }

    pub fn put(&self, plugin: &PluginName, paused: &Paused) -> Result<(), StateError> {
        self.tree.insert(plugin.as_str(), paused)
    }

    /// Says whether it was paused.
    pub fn remove(&self, plugin: &PluginName) -> Result<bool, StateError> {
        self.tree.remove(plugin.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::State;

    #[test]
    fn pauses_survive_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let zero: PluginName = "zero".parse().unwrap();
        let paused = Paused { since: "2026-01-01T12:00:00Z".parse().unwrap(), by: "ada".into() };
        State::open(folder.path()).unwrap().plugin_pauses.put(&zero, &paused).unwrap();
        let pauses = State::open(folder.path()).unwrap().plugin_pauses;
        assert_eq!(pauses.get(&zero).unwrap(), Some(paused));
        assert!(pauses.remove(&zero).unwrap() && !pauses.remove(&zero).unwrap());
    }
}
