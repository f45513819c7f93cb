use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::model::{ByteSize, Period, PluginLimits};

/// Plugins: where their files are, and what bounds each of their calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PluginHostSection {
    /// The folder that is watched for `.wasm` files. Default: "plugins" in the data folder.
    #[schemars(with = "Option<String>", extend("format" = "path"))]
    pub folder: Option<PathBuf>,
    /// Whether the plugins that come with Tapedeck are there too. Default: true.
    pub bundled: bool,
    /// Where those are. Default: "../share/tapedeck/plugins" beside the program's own folder.
    #[schemars(with = "Option<String>", extend("format" = "path"))]
    pub bundled_folder: Option<PathBuf>,
    /// Where compiled plugins are kept, and nothing else is; can be deleted at any time. Default: "plugin-cache" in the
    /// data folder.
    #[schemars(with = "Option<String>", extend("format" = "path"))]
    pub cache: Option<PathBuf>,
    /// Larger files are refused. Default: "64MiB".
    pub max_file: ByteSize,
    /// A plugin that takes longer to compile is refused, and not tried again until it is given more time or the
    /// daemon is started anew. Default: "5m".
    pub compile_deadline: Period,
    /// A plugin that takes more memory to compile is refused; at least "64MiB". Default: "2GiB".
    pub compile_memory: ByteSize,
    /// What bounds every plugin that has no limits of its own.
    pub limits: PluginLimitsSection,
    /// When a plugin that keeps failing is suspended.
    pub breaker: BreakerSection,
}

impl Default for PluginHostSection {
    fn default() -> Self {
        Self {
            folder: None,
            bundled: true,
            bundled_folder: None,
            cache: None,
            max_file: ByteSize::from_mib(64),
            compile_deadline: Period::from_secs(300),
            compile_memory: ByteSize::from_mib(2048),
            limits: PluginLimitsSection::default(),
            breaker: BreakerSection::default(),
        }
    }
}

/// Bounds of a plugin's calls. A plugin's own win over those of `[plugin_host.limits]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PluginLimitsSection {
    /// How long one call may take by the clock, waiting for the host included; a track backend may compute for so
    /// long. Default: "10s".
    pub deadline: Option<Period>,
    /// How long one call of a track backend may take, waiting for servers and programs included. Default: "10m".
    pub fetch_deadline: Option<Period>,
    /// How long a plugin may take to start and to read its settings. Default: "10s".
    pub start_deadline: Option<Period>,
    /// Memory of one instance. Default: "256MiB".
    pub memory: Option<ByteSize>,
    /// Entries in the tables of one instance. Default: 1048576.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub table_elements: Option<u64>,
    /// Core instances, memories and tables that one component may be made of, each. Default: 256.
    #[schemars(range(min = 1, max = 10_000))]
    pub instances: Option<u32>,
    /// What one call may hand to the host: its result, or the arguments of a host call. Default: "64MiB".
    pub result: Option<ByteSize>,
    /// How often one call may call the host. Default: 100000.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub host_calls: Option<u64>,
    /// Lines that one call may log; what follows is counted and dropped. Default: 1000.
    pub log_lines: Option<u32>,
    /// Lines that all of its instances together may log in a minute; what follows is counted and dropped. Default:
    /// 10000.
    pub log_lines_per_minute: Option<u64>,
    /// The same in bytes. Default: "4MiB".
    pub log_bytes_per_minute: Option<ByteSize>,
    /// Handles of resources that one instance may hold: of its own, and as many of the host's. Default: 10000.
    #[schemars(range(min = 16, max = 10_000_000))]
    pub resources: Option<u32>,
    /// What an exporter may write in one export. Default: "1024GiB".
    pub export_bytes: Option<ByteSize>,
    /// How many files and folders an exporter may write in one export. Default: 1000000.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub export_files: Option<u64>,
}

impl PluginLimitsSection {
    /// `below`, with what is set here in its place.
    pub fn over(&self, below: PluginLimits) -> PluginLimits {
        PluginLimits {
            deadline: self.deadline.unwrap_or(below.deadline),
            fetch_deadline: self.fetch_deadline.unwrap_or(below.fetch_deadline),
            start_deadline: self.start_deadline.unwrap_or(below.start_deadline),
            memory_bytes: self.memory.map_or(below.memory_bytes, |size| size.0),
            table_elements: self.table_elements.unwrap_or(below.table_elements),
            instances: self.instances.unwrap_or(below.instances),
            result_bytes: self.result.map_or(below.result_bytes, |size| size.0),
            host_calls: self.host_calls.unwrap_or(below.host_calls),
            log_lines: self.log_lines.unwrap_or(below.log_lines),
            log_lines_per_minute: self.log_lines_per_minute.unwrap_or(below.log_lines_per_minute),
            log_bytes_per_minute: self.log_bytes_per_minute.map_or(below.log_bytes_per_minute, |size| size.0),
            resources: self.resources.unwrap_or(below.resources),
            export_bytes: self.export_bytes.map_or(below.export_bytes, |size| size.0),
            export_files: self.export_files.unwrap_or(below.export_files),
        }
    }
}

/// A plugin that fails so often within so long is left alone for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BreakerSection {
    /// How many failures within `window` suspend a plugin. Default: 5.
    #[schemars(range(min = 1, max = 1000))]
    pub failures: u32,
    /// Older failures do not count. Default: "1m".
    pub window: Period,
    /// How long the first time; twice as long each time that it fails again at once. Default: "30s".
    pub rest: Period,
    /// It never rests longer. Default: "1h".
    pub longest_rest: Period,
}

impl Default for BreakerSection {
    fn default() -> Self {
        Self {
            failures: 5,
            window: Period::from_secs(60),
            rest: Period::from_secs(30),
            longest_rest: Period::from_secs(3600),
        }
    }
}
