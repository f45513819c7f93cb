//! When a job runs and what happens when that goes wrong: the same keys on every job.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{EventName, JobName, Period};

/// What happens when a job is due while its last run is still going.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Overlap {
    /// The new fire is recorded as skipped.
    #[default]
    Skip,
    /// The new fire waits for its turn.
    Queue,
    /// The running one is cancelled and the new one starts when it has ended.
    Restart,
    /// Both run.
    Parallel,
}

/// What happens to fires whose time passed while nothing could run: daemon off, laptop asleep.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Missed {
    /// They are recorded as missed.
    Skip,
    /// One run makes up for all of them.
    #[default]
    Once,
    /// Each is run, oldest first, up to `missed_limit`; the rest are recorded as missed.
    All,
}

/// How often a failed run is tried again, with exponential back-off and full jitter.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// Further attempts after the first. Default: 0.
    pub times: u32,
    /// Upper bound of the pause before the first further attempt. Default: "10s".
    pub first_delay: Period,
    /// Upper bound of every pause. Default: "10m".
    pub max_delay: Period,
}

impl Default for Retry {
    fn default() -> Self {
        Self { times: 0, first_delay: Period::from_secs(10), max_delay: Period::from_secs(600) }
    }
}

/// Dead-man switch: addresses that are asked for when a run starts and ends.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
#[serde(default, deny_unknown_fields)]
pub struct Ping {
    /// Asked for when a run starts.
    #[schemars(with = "Option<String>", extend("format" = "uri"))]
    #[schema(value_type = Option<String>, format = "uri")]
    pub start: Option<url::Url>,
    /// Asked for when a run has succeeded.
    #[schemars(with = "Option<String>", extend("format" = "uri"))]
    #[schema(value_type = Option<String>, format = "uri")]
    pub success: Option<url::Url>,
    /// Asked for when a run has failed for good.
    #[schemars(with = "Option<String>", extend("format" = "uri"))]
    #[schema(value_type = Option<String>, format = "uri")]
    pub failure: Option<url::Url>,
}

impl Ping {
    /// For people to see: whoever knows such an address can speak for the job.
    pub fn masked(&self) -> Self {
        let mask = |url: &Option<url::Url>| {
            url.clone().map(|mut url| {
                url.set_path("***");
                url.set_query(None);
                url.set_fragment(None);
                // Refused only for addresses without a host, which have neither.
                let _ = url.set_username("");
                let _ = url.set_password(None);
                url
            })
        };
        Self { start: mask(&self.start), success: mask(&self.success), failure: mask(&self.failure) }
    }
}

/// The keys that every job understands, whatever its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema)]
#[serde(default)]
pub struct Policy {
    /// One line for people, shown on the page.
    pub description: Option<String>,
    /// `false` keeps the job in the file but never starts it. Default: true.
    pub enabled: bool,
    /// Cron expression: five fields with cron's own weekday numbers, six when seconds come first, or `@daily` and friends.
    #[schemars(extend("format" = "cron"))]
    pub cron: Option<String>,
    /// Fixed interval, counted from when the job was first seen.
    pub every: Option<Period>,
    /// Events that start the job.
    #[schemars(with = "BTreeSet<String>", extend("items" = {"type": "string", "format": "event-name"}))]
    pub on: BTreeSet<EventName>,
    /// Start once whenever the daemon starts. Default: false.
    pub at_start: bool,
    /// Start when one of these jobs has succeeded.
    #[schemars(with = "BTreeSet<String>", extend("items" = {"type": "string", "format": "job-name"}))]
    pub after: BTreeSet<JobName>,
    /// IANA time zone of `cron`. Default: `scheduler.timezone`.
    #[schemars(extend("format" = "timezone"))]
    pub timezone: Option<String>,
    /// What happens when the job is due while it still runs. Default: "skip".
    pub overlap: Overlap,
    /// How many fires `overlap = "queue"` keeps waiting. Default: 100.
    pub queue_limit: u32,
    /// What happens to fires that passed while nothing could run. Default: "once".
    pub missed: Missed,
    /// How many missed fires `missed = "all"` runs. Default: 100.
    pub missed_limit: u32,
    /// Missed fires older than this are only recorded. Default: "1d".
    pub missed_window: Period,
    /// Each fire is delayed by a random time up to this. Default: "0s".
    pub jitter: Period,
    /// Each attempt that takes longer is stopped. Default: no limit.
    pub timeout: Option<Period>,
    /// Further attempts after a failure.
    pub retry: Retry,
    /// Jobs to start when a run has failed for good.
    #[schemars(with = "BTreeSet<String>", extend("items" = {"type": "string", "format": "job-name"}))]
    pub on_failure: BTreeSet<JobName>,
    /// Dead-man switch addresses.
    pub ping: Ping,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            description: None,
            enabled: true,
            cron: None,
            every: None,
            on: BTreeSet::new(),
            at_start: false,
            after: BTreeSet::new(),
            timezone: None,
            overlap: Overlap::default(),
            queue_limit: 100,
            missed: Missed::default(),
            missed_limit: 100,
            missed_window: Period::from_secs(86_400),
            jitter: Period::default(),
            timeout: None,
            retry: Retry::default(),
            on_failure: BTreeSet::new(),
            ping: Ping::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masked_ping_keeps_only_the_host() {
        let ping = Ping {
            success: Some("https://me:word@hc-ping.com/0123-secret?rid=1#x".parse().unwrap()),
            ..Ping::default()
        };
        assert_eq!(ping.masked().success.unwrap().as_str(), "https://hc-ping.com/***");
    }
}
