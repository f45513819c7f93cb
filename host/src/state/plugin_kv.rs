//! What plugins remember between calls: bytes under keys, in a room for each plugin, counted.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::{StateError, known::Flaw};

#[derive(Clone, Debug)]
pub struct PluginKv {
    tree: sled::Tree,
    /// Bytes of keys and values of each plugin that was asked about. Every write holds the lock.
    used: Arc<Mutex<HashMap<String, u64>>>,
}

/// Why something was not written.
#[derive(Debug, thiserror::Error)]
pub enum KvRefusal {
    #[error("{needed} bytes would be used, {quota} are granted")]
    Full { needed: u64, quota: u64 },
    #[error("the value has changed meanwhile")]
    Changed,
    #[error(transparent)]
    State(#[from] StateError),
}

impl PluginKv {
    pub(super) const NAME: &'static str = "plugin-kv";

    pub(super) fn open(db: &sled::Db) -> Result<Self, StateError> {
        let tree = db.open_tree(Self::NAME).map_err(StateError::Write)?;
        Ok(Self { tree, used: Arc::default() })
    }

    pub fn get(&self, plugin: &str, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        let value = self.tree.get(full_key(plugin, key)).map_err(StateError::Write)?;
        Ok(value.map(|value| value.to_vec()))
    }

    /// Writes if the plugin then has at most `quota` bytes.
    pub fn set(&self, plugin: &str, key: &[u8], value: &[u8], quota: u64) -> Result<(), KvRefusal> {
        self.write(plugin, key, Some(value), quota, None)
    }

    /// Writes, or removes, if the value is the expected one at that moment.
    pub fn swap(
        &self,
        plugin: &str,
        key: &[u8],
        expected: Option<&[u8]>,
        value: Option<&[u8]>,
        quota: u64,
    ) -> Result<(), KvRefusal> {
        self.write(plugin, key, value, quota, Some(expected))
    }

    /// Says whether there was one. Removing is possible over the quota too.
    pub fn remove(&self, plugin: &str, key: &[u8]) -> Result<bool, StateError> {
        let mut used = self.lock();
        let before = self.count(&mut used, plugin)?;
        let old = self.tree.remove(full_key(plugin, key)).map_err(StateError::Write)?;
        if let Some(old) = &old {
            used.insert(plugin.to_owned(), before.saturating_sub(size(key, old)));
        }
        Ok(old.is_some())
    }

    /// Keys that begin with `prefix` and come after `after`, in order, at most `limit`.
    pub fn keys(
        &self,
        plugin: &str,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Vec<u8>>, StateError> {
        let begin = full_key(plugin, prefix);
        let skip = plugin.len() + 1;
        let from = after.map(|after| full_key(plugin, after)).filter(|after| *after >= begin);
        let range = match from {
            Some(after) => self.tree.range((std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded)),
            None => self.tree.range(begin.clone()..),
        };
        let mut keys = Vec::new();
        for key in range.keys().take(limit) {
            let key = key.map_err(StateError::Write)?;
            if !key.starts_with(&begin) {
                break;
            }
            keys.push(key[skip..].to_vec());
        }
        Ok(keys)
    }

    /// Bytes of the plugin's keys and values.
    pub fn used(&self, plugin: &str) -> Result<u64, StateError> {
        self.count(&mut self.lock(), plugin)
    }

    /// Plugins that remember something, with the bytes of it.
    pub fn plugins(&self) -> Result<Vec<(String, u64)>, StateError> {
        let mut used = self.lock();
        let mut plugins = Vec::new();
        let mut from = Vec::new();
        while let Some((key, _)) = self.tree.range(from..).next().transpose().map_err(StateError::Write)? {
            let name = key.split(|byte| *byte == 0).next().unwrap_or_default();
            let name = String::from_utf8_lossy(name).into_owned();
            // Past all keys of this one.
            from = [name.as_bytes(), b"\x01"].concat();
            let bytes = self.count(&mut used, &name)?;
            plugins.push((name, bytes));
        }
        Ok(plugins)
    }

    /// Forgets everything that a plugin remembers. Says how many entries there were.
    pub fn clear(&self, plugin: &str) -> Result<u64, StateError> {
        let mut used = self.lock();
        let mut batch = sled::Batch::default();
        let mut count = 0;
        for key in self.tree.scan_prefix(full_key(plugin, b"")).keys() {
            batch.remove(key.map_err(StateError::Write)?);
            count += 1;
        }
        self.tree.apply_batch(batch).map_err(StateError::Write)?;
        used.remove(plugin);
        Ok(count)
    }

    fn write(
        &self,
        plugin: &str,
        key: &[u8],
        value: Option<&[u8]>,
        quota: u64,
        expected: Option<Option<&[u8]>>,
    ) -> Result<(), KvRefusal> {
        let mut used = self.lock();
        let before = self.count(&mut used, plugin)?;
        let full = full_key(plugin, key);
        let old = self.tree.get(&full).map_err(StateError::Write)?;
        if expected.is_some_and(|expected| expected != old.as_deref()) {
            return Err(KvRefusal::Changed);
        }
        let freed = old.as_ref().map_or(0, |old| size(key, old));
        let added = value.map_or(0, |value| size(key, value));
        let needed = before.saturating_sub(freed).saturating_add(added);
        // A quota that was lowered does not keep a plugin from using less.
        if needed > quota && added > freed {
            return Err(KvRefusal::Full { needed, quota });
        }
        match value {
            Some(value) => self.tree.insert(full, value),
            None => self.tree.remove(full),
        }
        .map_err(StateError::Write)?;
        used.insert(plugin.to_owned(), needed);
        Ok(())
    }

    fn count(&self, used: &mut HashMap<String, u64>, plugin: &str) -> Result<u64, StateError> {
        if let Some(bytes) = used.get(plugin) {
            return Ok(*bytes);
        }
        let prefix = full_key(plugin, b"");
        let mut bytes = 0;
        for entry in self.tree.scan_prefix(&prefix) {
            let (key, value) = entry.map_err(StateError::Write)?;
            bytes += size(&key[prefix.len()..], &value);
        }
        used.insert(plugin.to_owned(), bytes);
        Ok(bytes)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Names of plugins hold no zero byte.
fn full_key(plugin: &str, key: &[u8]) -> Vec<u8> {
    [plugin.as_bytes(), b"\0", key].concat()
}

fn size(key: &[u8], value: &[u8]) -> u64 {
    (key.len() + value.len()) as u64
}

/// Values are whatever a plugin makes of them.
pub(super) fn check(key: &[u8]) -> Result<(), Flaw> {
    let name = key.split(|byte| *byte == 0).next().filter(|name| name.len() < key.len());
    let name = name.ok_or("the key has no plugin's name")?;
    std::str::from_utf8(name)?.parse::<crate::model::JobName>()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    fn with_kv(test: impl FnOnce(PluginKv)) {
        let folder = tempfile::tempdir().unwrap();
        test(State::open(folder.path()).unwrap().plugin_kv.clone());
    }

    #[test]
    fn plugins_do_not_see_one_another() {
        with_kv(|kv| {
            kv.set("a", b"key", b"of a", 100).unwrap();
            kv.set("ab", b"key", b"of ab", 100).unwrap();
            kv.set("a", b"", b"no name", 100).unwrap();
            assert_eq!(kv.get("a", b"key").unwrap().unwrap(), b"of a");
            assert_eq!(kv.get("b", b"key").unwrap(), None);
            assert_eq!(kv.keys("a", b"", None, 10).unwrap(), [b"".to_vec(), b"key".to_vec()]);
            assert_eq!(kv.plugins().unwrap(), [("a".to_owned(), 14), ("ab".to_owned(), 8)]);
            assert_eq!(kv.clear("a").unwrap(), 2);
            assert_eq!((kv.used("a").unwrap(), kv.used("ab").unwrap()), (0, 8));
        });
    }

    #[test]
    fn quota_counts_keys_and_values() {
        with_kv(|kv| {
            kv.set("a", b"1234", b"567890", 10).unwrap();
            assert!(matches!(kv.set("a", b"k", b"", 10), Err(KvRefusal::Full { needed: 11, quota: 10 })));
            kv.set("a", b"1234", b"56789", 10).unwrap();
            kv.set("a", b"k", b"", 10).unwrap();
            assert!(kv.remove("a", b"1234").unwrap());
            assert!(!kv.remove("a", b"1234").unwrap());
            assert_eq!(kv.used("a").unwrap(), 1);
        });
    }

    #[test]
    fn lowered_quota_lets_a_plugin_shrink() {
        with_kv(|kv| {
            kv.set("a", b"key", &[0; 100], 1000).unwrap();
            kv.set("a", b"key", &[0; 50], 10).unwrap();
            assert!(kv.set("a", b"key", &[0; 51], 10).is_err());
        });
    }

    #[test]
    fn counting_survives_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        state.plugin_kv.set("a", b"key", b"value", 100).unwrap();
        drop(state);
        let state = State::open(folder.path()).unwrap();
        assert_eq!(state.plugin_kv.used("a").unwrap(), 8);
    }

    #[test]
    fn swaps_only_what_was_seen() {
        with_kv(|kv| {
            kv.swap("a", b"n", None, Some(b"1"), 100).unwrap();
            assert!(matches!(kv.swap("a", b"n", None, Some(b"2"), 100), Err(KvRefusal::Changed)));
            kv.swap("a", b"n", Some(b"1"), Some(b"2"), 100).unwrap();
            kv.swap("a", b"n", Some(b"2"), None, 100).unwrap();
            assert_eq!(kv.get("a", b"n").unwrap(), None);
        });
    }

    #[test]
    fn keys_are_listed_in_pages() {
        with_kv(|kv| {
            for key in ["song/1", "song/2", "song/3", "text/1"] {
                kv.set("a", key.as_bytes(), b"", 100).unwrap();
            }
            assert_eq!(kv.keys("a", b"song/", None, 2).unwrap(), [b"song/1", b"song/2"]);
            assert_eq!(kv.keys("a", b"song/", Some(b"song/2"), 2).unwrap(), [b"song/3"]);
            assert_eq!(kv.keys("a", b"text/", Some(b"a"), 9).unwrap(), [b"text/1"]);
        });
    }

    #[test]
    fn keys_without_a_plugin_count_as_damage() {
        assert!(check(b"zero\0any\xff").is_ok());
        assert!(check(b"zero").is_err());
        assert!(check(b"\0x").is_err());
        assert!(check(b"Zero\0x").is_err());
    }
}
