use std::{fmt, path::PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::PluginLimitsSection;
use crate::model::{Grants, OnError};

/// A `[plugins.<name>]` table: a use of a plugin's file, with settings, grants and limits of its own.
#[derive(Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PluginSection {
    /// The file, by its name in the folders or by its path. Several plugins may use the same. Default: the plugin's
    /// name with ".wasm", else the file with that id.
    pub file: Option<PathBuf>,
    /// false keeps the plugin here but never loads it. Default: true.
    pub enabled: bool,
    /// What the plugin itself understands; `tapedeck plugins inspect` shows it. Checked against the plugin's schema.
    #[schemars(extend("additionalProperties" = {"format": "plugin-setting"}))]
    pub settings: Map<String, Value>,
    /// The same for people: secrets are masked.
    #[serde(skip)]
    pub shown_settings: Map<String, Value>,
    /// What the plugin may do beyond computing. Nothing else is ever allowed.
    pub grants: Grants,
    /// What bounds each of its calls. Default: those of `[plugin_host.limits]`.
    pub limits: PluginLimitsSection,
    /// What becomes of messages when it fails on them as a filter: "keep", "drop" or "fail-run". Default: "fail-run".
    pub on_error: OnError,
}

impl Default for PluginSection {
    fn default() -> Self {
        Self {
            file: None,
            enabled: true,
            settings: Map::new(),
            shown_settings: Map::new(),
            grants: Grants::default(),
            limits: PluginLimitsSection::default(),
            on_error: OnError::default(),
        }
    }
}

/// Settings may hold secrets.
impl fmt::Debug for PluginSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginSection")
            .field("file", &self.file)
            .field("enabled", &self.enabled)
            .field("settings", &self.shown_settings)
            .field("grants", &self.grants)
            .field("limits", &self.limits)
            .field("on_error", &self.on_error)
            .finish()
    }
}
