//! `kv`: what a plugin remembers between calls, in a room of its own and within its quota.

use tapedeck_bindings::capability::{kv, types::PluginError};

use super::{exhausted, permanent};
use crate::{
    plugin_host::store::HostState,
    state::{KvRefusal, StateError},
};

const LONGEST_KEY: usize = 512;
const LARGEST_VALUE: usize = 1 << 20;
const MOST_NAMES: u32 = 10_000;

impl HostState {
    fn kv_quota(&mut self) -> wasmtime::Result<Result<u64, PluginError>> {
        self.host_call()?;
        let quota = self.profile.permits.now().kv();
        Ok(quota.map_err(|denied| self.capabilities.refuse(&denied)))
    }
}

impl kv::Host for HostState {
    fn load(&mut self, key: String) -> wasmtime::Result<Result<Option<Vec<u8>>, PluginError>> {
        Ok(self.kv_quota()?.and_then(|_| {
            check_key(&key)?;
            let kv = &self.capabilities.outside.kv;
            kv.get(self.profile.name.as_str(), key.as_bytes()).map_err(|error| failed(&error))
        }))
    }

    fn store(&mut self, key: String, value: Vec<u8>) -> wasmtime::Result<Result<(), PluginError>> {
        Ok(self.kv_quota()?.and_then(|quota| {
            check_key(&key)?;
            if value.len() > LARGEST_VALUE {
                return Err(exhausted(format!(
                    "a value has at most {LARGEST_VALUE} bytes, this one {}",
                    value.len()
                )));
            }
            let kv = &self.capabilities.outside.kv;
            let stored = kv.set(self.profile.name.as_str(), key.as_bytes(), &value, quota);
            stored.map_err(|refusal| match refusal {
                KvRefusal::Full { .. } => exhausted(format!("the key is not stored: {refusal}")),
                KvRefusal::State(error) => failed(&error),
                KvRefusal::Changed => permanent(refusal.to_string()),
            })
        }))
    }

    fn remove(&mut self, key: String) -> wasmtime::Result<Result<bool, PluginError>> {
        Ok(self.kv_quota()?.and_then(|_| {
            check_key(&key)?;
            let kv = &self.capabilities.outside.kv;
            kv.remove(self.profile.name.as_str(), key.as_bytes()).map_err(|error| failed(&error))
        }))
    }

    fn names(
        &mut self,
        prefix: String,
        after: Option<String>,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<String>, PluginError>> {
        Ok(self.kv_quota()?.and_then(|_| {
            let kv = &self.capabilities.outside.kv;
            let limit = limit.min(MOST_NAMES) as usize;
            let after = after.as_deref().map(str::as_bytes);
            let keys = kv.keys(self.profile.name.as_str(), prefix.as_bytes(), after, limit);
            let keys = keys.map_err(|error| failed(&error))?;
            // All of them were text when they were stored.
            Ok(keys.into_iter().map(|key| String::from_utf8_lossy(&key).into_owned()).collect())
        }))
    }
}

fn check_key(key: &str) -> Result<(), PluginError> {
    if key.is_empty() || key.len() > LONGEST_KEY {
        return Err(permanent(format!("a key has 1 to {LONGEST_KEY} bytes, this one {}", key.len())));
    }
    Ok(())
}

/// The cause is the operator's business, not the plugin's.
fn failed(error: &StateError) -> PluginError {
    tracing::error!(error = error as &dyn std::error::Error, "What a plugin remembers cannot be used");
    super::temporary("the host's store cannot be used now".to_owned())
}
