//! Names that users choose. Parsed once, trusted afterwards.

use std::{borrow::Borrow, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize};

const LONGEST: usize = 64;

#[derive(Debug, thiserror::Error)]
#[error(
    "`{name}` is not a valid {what}: use 1 to {LONGEST} lower-case letters, digits, `-` and `_`, \
     starting with a letter or a digit"
)]
pub struct InvalidName {
    what: &'static str,
    name: String,
}

fn check(what: &'static str, name: &str) -> Result<Arc<str>, InvalidName> {
    let is_valid = !name.is_empty()
        && name.len() <= LONGEST
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_')
        && !name.starts_with(['-', '_']);
    if is_valid {
        Ok(name.into())
    } else {
        let name = name.chars().take(LONGEST + 16).collect();
        Err(InvalidName { what, name })
    }
}

/// The key of a `[jobs.<name>]` table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, pattern = "^[a-z0-9][a-z0-9_-]{0,63}$")]
pub struct JobName(Arc<str>);

/// An event that jobs can wait for with `on = ["…"]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, pattern = "^[a-z0-9][a-z0-9_-]{0,63}$")]
pub struct EventName(Arc<str>);

/// A Telegram account, as its owner calls it: the key of `[telegram.accounts.<name>]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, pattern = "^[a-z0-9][a-z0-9_-]{0,63}$")]
pub struct AccountName(Arc<str>);

/// A plugin, as its operator calls it: the key of `[plugins.<name>]`, or the id in the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, utoipa::ToSchema)]
#[serde(transparent)]
#[schema(value_type = String, pattern = "^[a-z0-9][a-z0-9_-]{0,63}$")]
pub struct PluginName(Arc<str>);

impl FromStr for JobName {
    type Err = InvalidName;
    fn from_str(name: &str) -> Result<Self, InvalidName> {
        check("job name", name).map(Self)
    }
}

impl FromStr for EventName {
    type Err = InvalidName;
    fn from_str(name: &str) -> Result<Self, InvalidName> {
        check("event name", name).map(Self)
    }
}

impl FromStr for AccountName {
    type Err = InvalidName;
    fn from_str(name: &str) -> Result<Self, InvalidName> {
        check("account name", name).map(Self)
    }
}

impl FromStr for PluginName {
    type Err = InvalidName;
    fn from_str(name: &str) -> Result<Self, InvalidName> {
        check("plugin name", name).map(Self)
    }
}

impl JobName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl EventName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AccountName {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What an account is called until somebody says otherwise.
    pub fn main() -> Self {
        Self("main".into())
    }
}

impl PluginName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for PluginName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for AccountName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for JobName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for PluginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PluginName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for AccountName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for JobName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for EventName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_people_write() {
        for name in ["backup", "sunday-html", "a", "2nd_try", &"x".repeat(64)] {
            assert_eq!(name.parse::<JobName>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn refuses_what_breaks_keys_and_paths() {
        for name in ["", "-a", "_a", "A", "a b", "../etc", "a/b", "a\0", "ä", &"x".repeat(65)] {
            assert!(name.parse::<JobName>().is_err(), "{name:?}");
            assert!(name.parse::<EventName>().is_err(), "{name:?}");
            assert!(name.parse::<AccountName>().is_err(), "{name:?}");
            assert!(name.parse::<PluginName>().is_err(), "{name:?}");
        }
    }
}
