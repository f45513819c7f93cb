use std::{collections::BTreeMap, path::PathBuf};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::model::Period;

/// A `[backends.<name>]` table: a source of recordings that is no plugin.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BackendSection {
    /// "files" looks in a folder of yours, "command" asks a program.
    pub kind: BackendKind,
    /// For "files": the folder with your music. It is read once, then watched.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "path"))]
    pub folder: Option<PathBuf>,
    /// For "files": how alike names have to be, 50 to 100. Default: 85.
    #[serde(default = "likeness")]
    #[schemars(range(min = 50, max = 100))]
    pub likeness: u8,
    /// For "command": the program, a name that is looked up in `PATH` or a path.
    #[serde(default)]
    pub program: Option<String>,
    /// For "command": its arguments, one string each, without a shell. {{query}}, {{title}}, {{artist}}, {{artists}}, {{album}},
    /// {{year}}, {{isrc}}, {{duration}}, {{spotify_url}} and {{folder}} stand for what they say. Default: none.
    #[serde(default)]
    pub args: Vec<String>,
    /// For "command": variables to set for it; values may be secrets. Default: none.
    #[serde(default, skip_serializing)]
    #[schemars(
        with = "BTreeMap<String, String>",
        extend("additionalProperties" = {"type": "string", "format": "secret"})
    )]
    pub environment: BTreeMap<String, SecretString>,
    /// For "command": how long it may take. Default: "5m".
    #[serde(default = "timeout")]
    pub timeout: Period,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BackendKind {
    Files,
    Command,
}

fn likeness() -> u8 {
    85
}

fn timeout() -> Period {
    Period::from_secs(300)
}
