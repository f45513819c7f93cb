//! What a file says of itself.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::plugin_host::Wants;

/// The custom section `tapedeck:manifest`, or the answer to `describe`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub id: String,
    pub version: String,
    pub summary: String,
    /// The version of the kit that it was written with.
    #[serde(default)]
    pub sdk: Option<String>,
    #[serde(default)]
    pub wants: Wants,
    #[serde(default)]
    pub settings_schema: Option<Value>,
}
