//! `config.toml`: one file per section, read in layers, validated whole.

mod answers;
mod archive;
mod archive_variables;
mod auth;
mod backends;
mod capture;
mod check;
mod data;
mod env;
mod file;
mod format;
mod history;
mod job;
mod load;
mod log;
mod music_variables;
mod node;
mod overrides;
mod places;
mod player;
mod plugin;
mod plugin_host;
#[cfg(test)]
mod plugin_tests;
mod problem;
mod relations;
mod report;
mod scheduler;
mod schema;
mod secrets;
mod server;
mod shape;
mod source;
mod spotify;
mod suggest;
mod syntax;
mod telegram;
mod telegram_variables;
#[cfg(test)]
mod tests;
mod values;
pub mod watch;

use std::collections::{BTreeMap, BTreeSet};

pub use answers::Answer;
pub use archive::{ArchiveMedia, ArchiveSection, BucketName};
pub use auth::AuthSection;
pub use backends::{BackendKind, BackendSection};
pub use capture::{
    CaptureAccountLists, CaptureAccountMedia, CaptureAccountSection, CaptureLists, CaptureMedia,
    CaptureMediaOfChat, CaptureSection,
};
pub use data::DataSection;
pub use history::HistorySection;
pub use job::JobSection;
pub use load::{Loaded, load, load_listing_all};
pub use log::{LogFormat, LogSection};
pub use music_variables::MOST_WORKERS;
pub(crate) use node::MASK;
pub use places::{Places, load_places};
pub use player::{AdHandling, Handling, PlayerSection};
pub use plugin::PluginSection;
pub use plugin_host::{BreakerSection, PluginHostSection, PluginLimitsSection};
pub use problem::{Problem, Severity};
pub use report::{ConfigReport, ConfigState};
pub use scheduler::SchedulerSection;
pub use schema::{Vocabulary, schema};
pub use server::ServerSection;
pub use source::{Environment, Source, Sources};
pub use spotify::SpotifySection;
pub use telegram::{TelegramAccountSection, TelegramSection};
pub use values::EffectiveValue;

use secrecy::{ExposeSecret, SecretString};

use crate::model::{JobName, PluginName};

/// The whole configuration, valid.
#[derive(Clone, Debug, Default)]
pub struct Config {
    pub data: DataSection,
    pub archive: ArchiveSection,
    pub server: ServerSection,
    pub auth: AuthSection,
    pub log: LogSection,
    pub history: HistorySection,
    pub scheduler: SchedulerSection,
    pub telegram: TelegramSection,
    pub spotify: SpotifySection,
    pub player: PlayerSection,
    pub capture: CaptureSection,
    pub plugin_host: PluginHostSection,
    pub plugins: BTreeMap<PluginName, PluginSection>,
    /// Sources of recordings that are no plugins.
    pub backends: BTreeMap<PluginName, BackendSection>,
    pub jobs: BTreeMap<JobName, JobSection>,
    /// Environment variables that hold the daemon's own settings and secrets: programs that jobs
    /// run do not get them.
    pub private_variables: BTreeSet<String>,
}

impl Config {
    /// Those keys that differ and whose new value holds only after a restart.
    pub fn restart_needed(old: &Self, new: &Self) -> Vec<&'static str> {
        [
            ("data.folder", old.data.folder != new.data.folder),
            ("archive.folder", old.archive.folder != new.archive.folder),
            ("archive.url", is_other(&old.archive.url, &new.archive.url)),
            ("archive.media", old.archive.media.is_other(&new.archive.media)),
            ("server.listen", old.server.listen != new.server.listen),
            ("log.format", old.log.format != new.log.format),
            ("plugin_host.cache", old.plugin_host.cache != new.plugin_host.cache),
            ("telegram.key_file", old.telegram.key_file != new.telegram.key_file),
            ("telegram.passphrase", is_other(&old.telegram.passphrase, &new.telegram.passphrase)),
        ]
        .into_iter()
        .filter_map(|(key, has_changed)| has_changed.then_some(key))
        .collect()
    }
}

fn is_other(old: &Option<SecretString>, new: &Option<SecretString>) -> bool {
    old.as_ref().map(ExposeSecret::expose_secret) != new.as_ref().map(ExposeSecret::expose_secret)
}
