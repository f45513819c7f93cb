use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use super::{EffectiveValue, Problem};

/// The configuration as it was last read, and what is in force: as the page shows it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ConfigReport {
    /// Where the file is, or would be.
    #[schema(value_type = String)]
    pub path: PathBuf,
    pub state: ConfigState,
    /// When the settings in force were read.
    pub loaded_at: Timestamp,
    /// What is wrong with the file as it is now, in its order.
    pub problems: Vec<Problem>,
    /// The settings in force, secrets masked.
    pub values: Vec<EffectiveValue>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigState {
    /// What the file says is in force; there may be warnings.
    Ok,
    /// The file has errors; the last good settings are in force.
    Problems,
}
