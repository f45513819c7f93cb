use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Where Tapedeck keeps what it remembers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DataSection {
    /// The data folder; relative paths count from the folder of `config.toml`. Default: "tapedeck-data".
    pub folder: PathBuf,
}

impl Default for DataSection {
    fn default() -> Self {
        Self { folder: "tapedeck-data".into() }
    }
}
