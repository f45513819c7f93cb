use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize};

/// A program by its name, without any path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Program(String);

#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is not the name of a program: write it as you would type it, such as `yt-dlp`, without a path and arguments"
)]
pub struct InvalidProgram(String);

impl Program {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Program {
    type Err = InvalidProgram;

    fn from_str(name: &str) -> Result<Self, InvalidProgram> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
        let is_name = (1..=64).contains(&name.len())
            && name.chars().all(is_plain)
            && name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let invalid = || InvalidProgram(name.chars().take(80).collect());
        is_name.then(|| Self(name.to_owned())).ok_or_else(invalid)
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Program {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Program {
    fn schema_name() -> Cow<'static, str> {
        "Program".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "program-name", "examples": ["yt-dlp"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_names_and_nothing_else() {
        for name in ["yt-dlp", "ffmpeg", "g++", "python3.13", "_x"] {
            assert_eq!(name.parse::<Program>().unwrap().as_str(), name);
        }
        for name in ["", "/bin/sh", "../sh", "sh -c", ".", "..", "-c", "a\0", "ä", &"x".repeat(65)] {
            assert!(name.parse::<Program>().is_err(), "{name:?}");
        }
    }
}
