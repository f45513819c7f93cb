//! Plugins as the page and the command line show them, and what bounds their calls.

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};

use super::{Paused, Period, PluginName};

/// What a plugin can be used for: which known interface it exports. One file may be several.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum PluginKind {
    TrackBackend,
    /// Judges messages in columns: the fast way.
    ChatFilter,
    /// Judges messages one by one as records: for scripting languages.
    ChatFilterRecords,
    Exporter,
    /// Only the host's own tests have a use for it.
    Probe,
}

impl PluginKind {
    pub const ALL: [Self; 5] =
        [Self::TrackBackend, Self::ChatFilter, Self::ChatFilterRecords, Self::Exporter, Self::Probe];

    /// As in settings, in the API and in the contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TrackBackend => "track-backend",
            Self::ChatFilter => "chat-filter",
            Self::ChatFilterRecords => "chat-filter-records",
            Self::Exporter => "exporter",
            Self::Probe => "probe",
        }
    }
}

impl fmt::Display for PluginKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What one plugin may use. All of it is a setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PluginLimits {
    /// How long one call may take by the clock on the wall, waiting for the host included; of a track
    /// backend, how long it may compute.
    pub deadline: Period,
    /// How long one call of a track backend may take, waiting for servers and programs included.
    pub fetch_deadline: Period,
    /// How long a plugin may take to start and to read its settings.
    pub start_deadline: Period,
    /// All linear memories of one instance together.
    pub memory_bytes: u64,
    /// All tables of one instance together.
    pub table_elements: u64,
    /// Core instances, memories and tables that one component may be made of, each.
    pub instances: u32,
    /// What one call may hand to the host: its result, or the arguments of a host call.
    pub result_bytes: u64,
    /// How often one call may call the host.
    pub host_calls: u64,
    /// How many lines one call may log; what follows is counted and dropped.
    pub log_lines: u32,
    /// How many lines all instances together may log in a minute, and how many bytes of them.
    pub log_lines_per_minute: u64,
    pub log_bytes_per_minute: u64,
    /// How many handles of resources one instance may hold: of its own, and as many of the host's.
    pub resources: u32,
    /// What one export may write in all: bytes, and files and folders.
    pub export_bytes: u64,
    pub export_files: u64,
}

impl Default for PluginLimits {
    fn default() -> Self {
        Self {
            deadline: Period::from_secs(10),
            fetch_deadline: fetch_deadline(),
            start_deadline: Period::from_secs(10),
            memory_bytes: 256 << 20,
            table_elements: 1 << 20,
            instances: 256,
            result_bytes: 64 << 20,
            host_calls: 100_000,
            log_lines: 1_000,
            log_lines_per_minute: 10_000,
            log_bytes_per_minute: 4 << 20,
            resources: 10_000,
            export_bytes: 1 << 40,
            export_files: 1_000_000,
        }
    }
}

/// Programs that download and convert take minutes.
const fn fetch_deadline() -> Period {
    Period::from_secs(600)
}

/// Whether a plugin can be used, and if not, why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum PluginState {
    /// The file is there and can be used, and no daemon runs.
    Found,
    /// The file is being read, or waits for its turn to be compiled.
    Loading {
        since: Timestamp,
        is_compiling: bool,
    },
    Ready,
    /// Somebody paused it.
    Paused(Paused),
    /// It failed too often; it is tried again at `until`.
    Suspended {
        since: Timestamp,
        until: Timestamp,
        reason: String,
    },
    /// Nothing that could run was ever loaded.
    Broken {
        reason: String,
    },
    /// The file is not there, and never was.
    Missing {
        reason: String,
    },
    /// `enabled = false`
    Disabled,
}

/// Something a plugin asks for, and whether it has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CapabilityView {
    /// "http", "run", "kv", "scratch".
    pub capability: String,
    /// What exactly: a host, a program, a size. As `tapedeck plugins grant` takes it.
    pub what: String,
    /// The author's reason.
    pub why: Option<String>,
    pub is_granted: bool,
    /// Where the decision comes from: "config", "approved", "withdrawn", or nothing.
    pub decided_by: Option<String>,
    /// What it was given, where that is something else than `what`: less, more, or with bounds of its own. When
    /// `is_granted` is false, it is a part of what is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PluginFigures {
    pub calls: u64,
    pub errors: u64,
    /// The same by what went wrong: "trap", "timeout", "limit", "denied", "guest", "garbage" and others.
    #[serde(default)]
    pub errors_by_kind: BTreeMap<String, u64>,
    /// Time in the plugin, host calls included.
    pub total_us: u64,
    pub longest_us: u64,
    /// Largest memory that one instance had.
    pub memory_peak_bytes: u64,
    pub instances_made: u64,
    pub host_calls: u64,
    /// Log lines over the limit.
    pub log_lines_dropped: u64,
    /// How often new code took over.
    pub swaps: u64,
    pub last_call: Option<Timestamp>,
    pub last_error: Option<PluginLogLine>,
}

impl PluginFigures {
    /// What a call costs on average.
    pub fn mean(&self) -> Duration {
        Duration::from_micros(self.total_us.checked_div(self.calls).unwrap_or(0))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PluginLogLine {
    pub at: Timestamp,
    /// "error", "warn", "info", "debug", "trace".
    pub level: String,
    pub message: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PluginView {
    pub name: PluginName,
    #[serde(flatten)]
    pub state: PluginState,
    /// Why the file that is there now does not run, while older code does.
    pub problem: Option<String>,
    /// What the file says of itself; empty until it could be read.
    pub id: Option<String>,
    pub version: Option<String>,
    pub summary: Option<String>,
    /// The version of the kit that it was written with.
    pub sdk: Option<String>,
    pub kinds: Vec<PluginKind>,
    /// It can reach nothing but the host's own log and settings, and this can be seen from outside.
    pub is_pure: bool,
    #[serde(serialize_with = "shown_path_if_any")]
    #[schema(value_type = Option<String>)]
    pub file: Option<PathBuf>,
    pub file_bytes: Option<u64>,
    /// Of the file, in hexadecimal.
    pub sha256: Option<String>,
    pub loaded_at: Option<Timestamp>,
    pub compile_ms: Option<u64>,
    pub capabilities: Vec<CapabilityView>,
    /// What the settings may be, as JSON schema.
    #[schema(value_type = Option<Object>)]
    pub settings_schema: Option<serde_json::Value>,
    pub limits: PluginLimits,
    pub figures: PluginFigures,
    /// Oldest first, at most `PluginView::LOG_LINES`.
    pub log: Vec<PluginLogLine>,
}

impl PluginView {
    pub const LOG_LINES: usize = 200;
}

/// What is kept of a plugin that is no longer there: should it come back, it finds it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PluginRemains {
    pub name: String,
    /// Of what it remembers (`kv`).
    pub kv_bytes: u64,
    /// What was granted and withdrawn outside the configuration.
    pub decisions: u64,
}

/// What was forgotten of a plugin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PluginForgotten {
    /// Values that it had stored.
    pub values: u64,
    /// Grants and withdrawals outside the configuration.
    pub decisions: u64,
}

/// All plugins: those of `config.toml`, and those found in the folders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PluginsView {
    /// Where people put files.
    #[serde(serialize_with = "shown_path")]
    #[schema(value_type = String)]
    pub folder: PathBuf,
    /// Where the files lie that came with the program.
    #[serde(serialize_with = "shown_path_if_any")]
    #[schema(value_type = Option<String>)]
    pub bundled: Option<PathBuf>,
    /// By name.
    pub plugins: Vec<PluginView>,
    /// What is kept of others that are no longer there.
    #[serde(default)]
    pub remains: Vec<PluginRemains>,
}

/// Names of files may be anything; what is shown of them is text, or one odd name would hide all the others.
pub fn shown_path<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}

fn shown_path_if_any<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    match path {
        Some(path) => shown_path(path, serializer),
        None => serializer.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};

    use super::*;

    #[test]
    fn names_that_are_no_text_are_shown_all_the_same() {
        let path = PathBuf::from(OsStr::from_bytes(b"plugins/b\xffd.wasm"));
        let view = PluginsView {
            folder: path.clone(),
            bundled: Some(path),
            plugins: Vec::new(),
            remains: Vec::new(),
        };
        let shown = serde_json::to_value(&view).unwrap();
        assert_eq!(shown["folder"], "plugins/b\u{fffd}d.wasm");
        assert_eq!(shown["bundled"], shown["folder"]);
        let plugin = serde_json::json!({
            "name": "b", "state": "ready", "kinds": [], "is_pure": true, "capabilities": [], "log": [],
            "limits": PluginLimits::default(), "figures": PluginFigures::default()
        });
        let plugin: PluginView = serde_json::from_value(plugin).unwrap();
        let plugin = PluginView { file: view.bundled.clone(), ..plugin };
        assert_eq!(serde_json::to_value(plugin).unwrap()["file"], shown["folder"]);
        let none = PluginsView { bundled: None, ..view };
        assert_eq!(serde_json::to_value(&none).unwrap()["bundled"], serde_json::Value::Null);
    }
}
