//! `config.toml`: one file per section, read in layers, validated whole.

mod auth;
mod data;
mod history;
mod job;
mod log;
mod scheduler;
mod server;

use std::collections::BTreeMap;

use serde::Deserialize;

pub use auth::AuthSection;
pub use data::DataSection;
pub use history::HistorySection;
pub use job::JobSection;
pub use log::{LogFormat, LogSection};
pub use scheduler::SchedulerSection;
pub use server::ServerSection;

use crate::model::JobName;

/// The whole configuration, valid.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Config {
    pub data: DataSection,
    pub server: ServerSection,
    pub auth: AuthSection,
    pub log: LogSection,
    pub history: HistorySection,
    pub scheduler: SchedulerSection,
    pub jobs: BTreeMap<JobName, JobSection>,
}
