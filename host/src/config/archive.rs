use std::path::PathBuf;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// Where captured messages are kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ArchiveSection {
    /// The folder of `archive.sqlite`; relative paths count from the folder of `config.toml`. Default: "archive" in
    /// the data folder.
    pub folder: Option<PathBuf>,
    /// A PostgreSQL database instead of the file: "postgres://user:password@host:5432/database". It is secret like a
    /// password. Default: none.
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    #[serde(skip_serializing)]
    pub url: Option<SecretString>,
}
