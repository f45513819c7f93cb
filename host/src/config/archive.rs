use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where captured messages are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ArchiveSection {
    /// The folder of `archive.sqlite`; relative paths count from the folder of `config.toml`. Default: "archive" in
    /// the data folder.
    pub folder: Option<PathBuf>,
}
