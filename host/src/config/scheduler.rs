use serde::{Deserialize, Serialize};

use crate::model::Period;

/// What holds for all jobs together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SchedulerSection {
    /// IANA time zone that cron expressions are read in. Default: the system's.
    #[schemars(extend("format" = "timezone"))]
    pub timezone: Option<String>,
    /// Runs at the same time, over all jobs; further ones wait in line. Default: 64.
    #[schemars(range(min = 1))]
    pub max_running: u32,
    /// How long running jobs may take to end when the daemon stops. Default: "30s".
    pub drain_timeout: Period,
}

impl Default for SchedulerSection {
    fn default() -> Self {
        Self { timezone: None, max_running: 64, drain_timeout: Period::from_secs(30) }
    }
}
