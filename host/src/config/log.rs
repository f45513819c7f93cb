use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The daemon's own log, on standard error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LogSection {
    /// "error", "warn", "info", "debug", "trace", or a filter such as "info,tapedeck::scheduler=debug". Default: "info".
    #[schemars(extend("format" = "log-filter"))]
    pub level: String,
    /// "text" or "json". Default: "text".
    pub format: LogFormat,
}

impl Default for LogSection {
    fn default() -> Self {
        Self { level: "info".into(), format: LogFormat::default() }
    }
}
