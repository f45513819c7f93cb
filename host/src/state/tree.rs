//! A sled tree with typed keys and JSON values.

use std::{fmt, marker::PhantomData};

use serde::{Serialize, de::DeserializeOwned};

use super::StateError;

/// How a key looks in bytes: order in the tree is the order of the bytes.
pub(super) trait Key {
    fn to_bytes(&self) -> Vec<u8>;
}

impl Key for str {
    fn to_bytes(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }
}

impl Key for crate::model::RunId {
    fn to_bytes(&self) -> Vec<u8> {
        self.0.as_bytes().to_vec()
    }
}

pub(super) struct Tree<K: ?Sized, V> {
    name: &'static str,
    tree: sled::Tree,
    types: PhantomData<fn(&K) -> V>,
}

impl<K: ?Sized, V> Clone for Tree<K, V> {
    fn clone(&self) -> Self {
        Self { name: self.name, tree: self.tree.clone(), types: PhantomData }
    }
}

impl<K: ?Sized, V> fmt::Debug for Tree<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tree({})", self.name)
    }
}

impl<K: Key + ?Sized, V: Serialize + DeserializeOwned> Tree<K, V> {
    pub(super) fn open(db: &sled::Db, name: &'static str) -> Result<Self, StateError> {
        let tree = db.open_tree(name).map_err(StateError::Write)?;
        Ok(Self { name, tree, types: PhantomData })
    }

    pub(super) fn raw(&self) -> &sled::Tree {
        &self.tree
    }

    pub(super) fn get(&self, key: &K) -> Result<Option<V>, StateError> {
        let key = key.to_bytes();
        let value = self.tree.get(&key).map_err(StateError::Write)?;
        value.map(|value| self.decode(&key, &value)).transpose()
    }

    pub(super) fn insert(&self, key: &K, value: &V) -> Result<(), StateError> {
        self.tree.insert(key.to_bytes(), encode(value)).map_err(StateError::Write)?;
        Ok(())
    }

    pub(super) fn remove(&self, key: &K) -> Result<bool, StateError> {
        Ok(self.tree.remove(key.to_bytes()).map_err(StateError::Write)?.is_some())
    }

    /// Changes a value in one step, so that what is removed meanwhile stays removed. Says
    /// whether there was one.
    pub(super) fn update(&self, key: &K, change: impl Fn(V) -> V) -> Result<bool, StateError> {
        let key = key.to_bytes();
        let mut damage = None;
        let updated = self.tree.update_and_fetch(&key, |old| match self.decode(&key, old?) {
            Ok(value) => Some(encode(&change(value))),
            Err(error) => {
                damage = Some(error);
                old.map(<[u8]>::to_vec)
            }
        });
        let is_there = updated.map_err(StateError::Write)?.is_some();
        damage.map_or(Ok(is_there), Err)
    }

    /// All values in key order.
    pub(super) fn values(&self) -> impl DoubleEndedIterator<Item = Result<V, StateError>> + use<'_, K, V> {
        self.tree.iter().map(|entry| {
            let (key, value) = entry.map_err(StateError::Write)?;
            self.decode(&key, &value)
        })
    }

    pub(super) fn decode(&self, key: &[u8], value: &[u8]) -> Result<V, StateError> {
        serde_json::from_slice(value).map_err(|source| StateError::Damaged {
            tree: self.name.to_owned(),
            key: super::known::shown(key),
            source: source.into(),
        })
    }
}

pub(super) fn encode(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("our own types have string keys and no failing Serialize")
}
