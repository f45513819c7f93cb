use serde::{Deserialize, Serialize};

use crate::model::Period;

/// What is kept of past runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HistorySection {
    /// Runs kept per job. Default: 500.
    pub keep_runs: u32,
    /// Runs older than this are removed, except each job's last one. Default: "90d".
    pub keep_for: Period,
    /// Log lines kept per run, the last ones. Default: 1000.
    pub log_lines: u32,
}

impl Default for HistorySection {
    fn default() -> Self {
        Self { keep_runs: 500, keep_for: Period::from_secs(90 * 86_400), log_lines: 1000 }
    }
}
