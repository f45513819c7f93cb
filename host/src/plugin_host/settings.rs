//! What the operator decides: where plugins lie, and what each of them gets.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;

use super::{Giving, Secrets};
use crate::model::{Grants, OnError, PluginLimits};

/// For all plugins.
#[derive(Clone, Debug, PartialEq)]
pub struct HostSettings {
    /// Where people drop files. Made if it is not there.
    pub folder: PathBuf,
    /// What came with the program. The other folder wins.
    pub bundled: Option<PathBuf>,
    /// Compiled code. Nobody but the daemon may write there.
    pub cache: PathBuf,
    pub max_file_bytes: u64,
    /// What takes longer to compile is ended.
    pub compile_deadline: Duration,
    /// And what takes more bytes.
    pub compile_memory: u64,
    /// How long `describe` of a file without a manifest may take.
    pub describe_deadline: Duration,
    /// How far the compiler steps back, from 0 to 19: 0 where somebody waits for it.
    pub niceness: i32,
    /// For files in the folders that have no table of their own.
    pub limits: PluginLimits,
    pub breaker: BreakerSettings,
}

impl HostSettings {
    /// Jobs, the page and calls of plugins come first; but somebody waits for the plugin too, and at the very end of the
    /// line a busy machine would never come to it.
    pub const NICENESS: i32 = 10;

    /// As the configuration is when nobody has written anything.
    pub fn in_folder(folder: &Path, cache: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            bundled: None,
            cache: cache.to_owned(),
            max_file_bytes: 64 << 20,
            compile_deadline: Duration::from_secs(300),
            compile_memory: 2 << 30,
            describe_deadline: Duration::from_millis(500),
            niceness: Self::NICENESS,
            limits: PluginLimits::default(),
            breaker: BreakerSettings::default(),
        }
    }
}

/// When a plugin that fails is left alone for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakerSettings {
    /// So many failures within `window` suspend it.
    pub failures: u32,
    pub window: Duration,
    /// How long the first time; doubled each time it fails again at once.
    pub rest: Duration,
    pub longest_rest: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            failures: 5,
            window: Duration::from_secs(60),
            rest: Duration::from_secs(30),
            longest_rest: Duration::from_secs(3600),
        }
    }
}

/// For one name.
#[derive(Clone, PartialEq)]
pub struct PluginSettings {
    /// A path, or the name of a file in the folders; `None` is `<name>.wasm` there.
    pub file: Option<PathBuf>,
    pub is_enabled: bool,
    /// With secrets in plain text.
    pub settings: Value,
    /// Those among them.
    pub secrets: Secrets,
    pub grants: Grants,
    /// How people would give it more.
    pub giving: Giving,
    pub limits: PluginLimits,
    /// What a failure means where nobody says otherwise: see `settle`.
    pub on_error: OnError,
}

impl PluginSettings {
    /// For a file that was only dropped into a folder: nothing is set, nothing is granted.
    pub fn unnamed(host: &HostSettings) -> Self {
        Self {
            file: None,
            is_enabled: true,
            settings: Value::Object(serde_json::Map::new()),
            secrets: Secrets::default(),
            grants: Grants::default(),
            giving: Giving::default(),
            limits: host.limits.clone(),
            on_error: OnError::default(),
        }
    }
}

/// Settings may hold secrets.
impl fmt::Debug for PluginSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginSettings")
            .field("file", &self.file)
            .field("is_enabled", &self.is_enabled)
            .field("settings", &self.secrets)
            .field("grants", &self.grants)
            .field("limits", &self.limits)
            .field("on_error", &self.on_error)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_never_printed() {
        let host = HostSettings::in_folder(Path::new("plugins"), Path::new("cache"));
        let settings = json!({ "key": "open sesame" });
        let shown = format!("{:?}", PluginSettings { settings, ..PluginSettings::unnamed(&host) });
        assert!(!shown.contains("sesame"), "{shown}");
    }
}
