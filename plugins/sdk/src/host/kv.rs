//! A small store that keeps its values when the host restarts. Each plugin sees only its own.
//!
//! Needs `kv_bytes` in the plugin's `WANTS`.

use super::call;
use crate::Error;

/// How many names are asked for at once.
const PAGE: u32 = 1000;

/// The value of a key, or nothing.
pub fn get(key: &str) -> Result<Option<Vec<u8>>, Error> {
    call::kv::load(key)
}

/// Sets the value of a key. [`Error::Exhausted`] when the quota is reached; then nothing has
/// changed.
pub fn set(key: &str, value: impl AsRef<[u8]>) -> Result<(), Error> {
    call::kv::store(key, value.as_ref())
}

/// Removes a key, and says whether it was there.
pub fn remove(key: &str) -> Result<bool, Error> {
    call::kv::remove(key)
}

/// All keys that begin with `prefix`, in the order of their bytes.
pub fn names(prefix: &str) -> Result<Vec<String>, Error> {
    let mut names: Vec<String> = Vec::new();
    loop {
        let page = call::kv::names(prefix, names.last().map(String::as_str), PAGE)?;
        let is_last = page.len() < PAGE as usize;
        names.extend(page);
        if is_last {
            return Ok(names);
        }
    }
}
