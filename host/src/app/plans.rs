//! From configuration to schedule.

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::{
    config::Config,
    model::Policy,
    scheduler::{self, EngineSettings},
};

pub(super) fn engine_settings(config: &Config) -> anyhow::Result<EngineSettings> {
    Ok(EngineSettings {
        max_running: config.scheduler.max_running.max(1) as usize,
        zone: default_zone(config)?,
        keep_runs: config.history.keep_runs.max(1) as usize,
        keep_for: SignedDuration::try_from(config.history.keep_for.0).unwrap_or(SignedDuration::MAX),
        log_lines: config.history.log_lines as usize,
    })
}

/// The zone of jobs that name none.
pub fn default_zone(config: &Config) -> anyhow::Result<TimeZone> {
    match &config.scheduler.timezone {
        Some(name) => TimeZone::get(name).with_context(|| format!("unknown time zone {name}")),
        None => Ok(TimeZone::system()),
    }
}

/// The next moments at which time alone starts a job, from the `first`; jitter not counted.
pub fn next_fires(policy: &Policy, zone: &TimeZone, first: Option<Timestamp>, most: usize) -> Vec<Timestamp> {
    let Some(first) = first else { return Vec::new() };
    let later = scheduler::preview(policy, zone, first, most.saturating_sub(1));
    std::iter::once(first).chain(later.map(|preview| preview.fires).unwrap_or_default()).collect()
}
