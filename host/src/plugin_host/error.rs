//! What can go wrong with a plugin: its file, or a call of it.

use std::{
    error::Error,
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use super::secrets::Secrets;
use crate::model::PluginName;

/// Who failed: the name that the operator gave it, and what the file says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Who {
    pub name: Arc<str>,
    pub id: Option<Arc<str>>,
    pub version: Option<Arc<str>>,
}

impl Who {
    /// Before the file could be read.
    pub fn named(name: &PluginName) -> Self {
        Self { name: name.as_str().into(), id: None, version: None }
    }

    /// A file that nobody has given a name yet.
    pub fn file(path: &Path) -> Self {
        Self { name: plain(path).into(), id: None, version: None }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match (&self.id, &self.version) {
            (Some(id), Some(version)) if *id == self.name => write!(f, " {version}"),
            (Some(id), Some(version)) => write!(f, " ({id} {version})"),
            _ => Ok(()),
        }
    }
}

/// Every message begins with the plugin and its version.
#[derive(Debug)]
pub struct PluginError {
    pub who: Who,
    pub failure: Failure,
}

impl PluginError {
    pub fn new(who: &Who, failure: impl Into<Failure>) -> Self {
        Self { who: who.clone(), failure: failure.into() }
    }

    /// Whether the same call may succeed later without anybody doing anything.
    pub fn is_temporary(&self) -> bool {
        match &self.failure {
            Failure::Guest(guest) => matches!(guest, GuestFailure::Temporary { .. }),
            Failure::Timeout { .. } | Failure::Suspended { .. } | Failure::Busy { .. } | Failure::Loading => {
                true
            }
            _ => false,
        }
    }
}

impl fmt::Display for PluginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "plugin {}: {}", self.who, self.failure)
    }
}

impl Error for PluginError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.failure.source()
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    File(Box<FileProblem>),
    /// The settings do not fit the schema in the file.
    #[error("its settings are wrong: {}", .0.join("; "))]
    BadSettings(Vec<String>),
    #[error("it stopped in the middle of a call: {what}")]
    Trap { what: String },
    #[error("it took longer than {} ms and was stopped; `{setting}` is the bound", .limit.as_millis())]
    Timeout { limit: Duration, setting: &'static str },
    #[error("{which}")]
    Limit { which: Limit },
    #[error("it may not use {capability} for {what}: {fix}")]
    Denied { capability: &'static str, what: String, fix: String },
    /// The plugin itself says that it cannot.
    #[error(transparent)]
    Guest(#[from] GuestFailure),
    /// An answer that the contract does not allow.
    #[error("its answer makes no sense: {what}")]
    Garbage { what: String },
    #[error("it was paused by {by}; `tapedeck plugins resume {name}` lets it work again")]
    Paused { name: PluginName, by: String },
    #[error("it failed too often and rests until {until}: {reason}")]
    Suspended { until: Timestamp, reason: String },
    #[error("it is switched off: set `plugins.{name}.enabled = true`")]
    Disabled { name: PluginName },
    #[error("it could not be loaded: {reason}")]
    Broken { reason: String },
    /// The first load has not ended.
    #[error("it is still being loaded")]
    Loading,
    #[error("there is no plugin of this name; there are: {}", list(.known))]
    Unknown { known: Vec<String> },
    #[error("it does not ask for `{grant}`; it asks for: {}", list(.wants))]
    NotAsked { grant: String, wants: Vec<String> },
    #[error(
        "`{grant}` is part of `{key}`, which was withdrawn; `tapedeck plugins grant {name} {key}` gives all of it back"
    )]
    PartOfWithdrawn { name: PluginName, grant: String, key: String },
    #[error("it was not granted `{key}`")]
    NotGiven { key: String },
    #[error("it is no {wanted}; it is: {}", list(.is))]
    WrongKind { wanted: &'static str, is: Vec<String> },
    #[error("all its instances are at work for longer than {} s", .waited.as_secs_f32())]
    Busy { waited: Duration },
    #[error("the call was cancelled")]
    Cancelled,
    /// Something of ours, not of the plugin.
    #[error("the host could not run it: {what}")]
    Host { what: String },
}

impl Failure {
    /// What the plugin says in it, without its secrets and not endless: it ends in logs and on the page.
    pub(crate) fn without(mut self, secrets: &Secrets) -> Self {
        let text = match &mut self {
            Self::Trap { what } | Self::Garbage { what } => what,
            Self::Guest(GuestFailure::Cancelled) => return self,
            Self::Guest(
                GuestFailure::Temporary { message, .. }
                | GuestFailure::Permanent { message }
                | GuestFailure::Settings { message }
                | GuestFailure::Denied { message }
                | GuestFailure::Exhausted { message },
            ) => message,
            Self::Guest(GuestFailure::Other { code, message }) => {
                *code = told(code, secrets);
                message
            }
            _ => return self,
        };
        *text = told(text, secrets);
        self
    }

    /// For figures: what went wrong, in a word.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::File(_) => "file",
            Self::BadSettings(_) => "settings",
            Self::Trap { .. } => "trap",
            Self::Timeout { .. } => "timeout",
            Self::Limit { .. } => "limit",
            Self::Denied { .. } => "denied",
            Self::Guest(_) => "guest",
            Self::Garbage { .. } => "garbage",
            Self::Cancelled => "cancelled",
            Self::Host { .. } => "host",
            _ => "unavailable",
        }
    }
}

/// Longer texts are cut.
const LONGEST_MESSAGE: usize = 4096;

/// Masked first: half a secret would not be found.
fn told(text: &str, secrets: &Secrets) -> String {
    let mut text = secrets.conceal(text).into_owned();
    text.truncate(text.floor_char_boundary(LONGEST_MESSAGE));
    text
}

impl From<FileProblem> for Failure {
    fn from(problem: FileProblem) -> Self {
        Self::File(Box::new(problem))
    }
}

/// Which bound a call ran into. The message names the setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    #[error("it needs more memory than {limit} bytes (`limits.memory`)")]
    Memory { limit: u64 },
    #[error("it needs larger tables than {limit} elements (`limits.table_elements`)")]
    Table { limit: u64 },
    #[error("it is made of more than {limit} instances, memories or tables (`limits.instances`)")]
    Instances { limit: u32 },
    #[error("it hands over more than {limit} bytes at once (`limits.result`)")]
    Result { limit: u64 },
    #[error("it calls the host more than {limit} times in one call (`limits.host_calls`)")]
    HostCalls { limit: u64 },
    #[error("its calls are nested too deeply; it probably calls itself without end")]
    Stack,
    #[error("it holds more than {limit} resources at once (`limits.resources`)")]
    Resources { limit: u32 },
    #[error("it writes more than {limit} bytes in one export (`limits.export_bytes`)")]
    ExportBytes { limit: u64 },
    #[error("it writes more than {limit} files and folders in one export (`limits.export_files`)")]
    ExportFiles { limit: u64 },
}

/// What a plugin answers instead of a result: `plugin-error` of the contract.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuestFailure {
    #[error("it failed for the moment: {message}")]
    Temporary { message: String, retry_after: Option<Duration> },
    #[error("it failed: {message}")]
    Permanent { message: String },
    #[error("it refuses its settings: {message}")]
    Settings { message: String },
    #[error("it was not allowed something: {message}")]
    Denied { message: String },
    #[error("it reached a bound: {message}")]
    Exhausted { message: String },
    #[error("it gave up, as it was told to")]
    Cancelled,
    #[error("it failed with code {code}: {message}")]
    Other { code: String, message: String },
}

/// Why a file is no plugin that can be used. Each message names the file and the way out.
#[derive(Debug, thiserror::Error)]
pub enum FileProblem {
    // These two have their cause in the text and not as a source: they are shown where there is no chain.
    #[error("{}: it cannot be read: {why}", plain(.path))]
    Unreadable { path: PathBuf, why: io::Error },
    #[error("{}: there is no such file; put it there, or set `file`", plain(.path))]
    Missing { path: PathBuf },
    #[error("{}: this is {is}, not a file; put the .wasm itself there", plain(.path))]
    NotAFile { path: PathBuf, is: &'static str },
    #[error(
        "{}: the link leads out of the folder, to {}; copy the file into the folder, or name it with `file` in \
         the settings", plain(.path), plain(.target)
    )]
    OutsideFolder { path: PathBuf, target: PathBuf },
    #[error("{}: {bytes} bytes are more than `plugin_host.max_file` allows ({limit})", plain(.path))]
    TooLarge { path: PathBuf, bytes: u64, limit: u64 },
    #[error("{}: the file is empty; copy it again", plain(.path))]
    Empty { path: PathBuf },
    #[error("{}: this is {is}, not WebAssembly; build it for wasm32-wasip2", plain(.path))]
    NotWasm { path: PathBuf, is: &'static str },
    #[error(
        "{}: this is code that wasmtime has compiled already, which is never accepted; give the .wasm it was made of",
        plain(.path)
    )]
    Precompiled { path: PathBuf },
    #[error("{}: the file ends in the middle ({reason}); copy or build it again", plain(.path))]
    Truncated { path: PathBuf, reason: String },
    #[error("{}: the file is damaged or no valid WebAssembly ({reason}); copy or build it again", plain(.path))]
    Malformed { path: PathBuf, reason: String },
    #[error("{}: it needs {feature}, which is switched off here; build it without", plain(.path))]
    Feature { path: PathBuf, feature: String },
    #[error(
        "{}: a core module without the description of its interfaces ({reason}); build it for wasm32-wasip2, or with \
         the plugin kit", plain(.path)
    )]
    NoInterfaces { path: PathBuf, reason: String },
    #[error(
        "{}: it exports no known plugin interface (exports: {}); known are {known}",
        plain(.path), list(.exports)
    )]
    NoKnownInterface { path: PathBuf, exports: Vec<String>, known: String },
    #[error("{}: it needs {wants}, this daemon has {has}: update the daemon", plain(.path))]
    TooNew { path: PathBuf, wants: String, has: String },
    #[error("{}: it was built for {wants}, this daemon speaks {has}: {fix}", plain(.path))]
    OtherMajor { path: PathBuf, wants: String, has: String, fix: &'static str },
    #[error("{}: it needs {import}, which no version of this daemon has: {fix}", plain(.path))]
    UnknownImport { path: PathBuf, import: String, fix: String },
    #[error(
        "{}: it was built with a changed copy of the contract ({reason}); build it with the published one",
        plain(.path)
    )]
    ChangedContract { path: PathBuf, reason: String },
    #[error("{}: its manifest cannot be used: {reason}", plain(.path))]
    BadManifest { path: PathBuf, reason: String },
    #[error(
        "{}: it imports {capability} without asking for it in `wants` of its manifest; add it there and build again",
        plain(.path)
    )]
    UnaskedImport { path: PathBuf, capability: &'static str },
    #[error(
        "{}: the function at byte {at} has {what} more than {limit} deep in one another, which keeps the compiler busy \
         for too long; take it apart and build again", plain(.path)
    )]
    DeepFunction { path: PathBuf, at: usize, what: &'static str, limit: usize },
    #[error(
        "{}: the function at byte {at} has {bytes} bytes, more than {limit}, which keeps the compiler busy for too \
         long; take it apart and build again", plain(.path)
    )]
    LongFunction { path: PathBuf, at: usize, bytes: usize, limit: usize },
    #[error(
        "{}: to compile it took longer than {} s (`plugin_host.compile_deadline`); it is not tried again until it is \
         given more time or the daemon is started anew", plain(.path), .limit.as_secs_f32()
    )]
    SlowToCompile { path: PathBuf, limit: Duration },
    #[error("{}: it could not be compiled: {reason}", plain(.path))]
    Compile { path: PathBuf, reason: String },
    #[error("{}: the store of compiled code cannot be used: {why}", plain(.path))]
    Cache { path: PathBuf, why: io::Error },
    #[error("{}: the store of compiled code is not safe: {reason}; fix it, or set `plugin_host.cache`", plain(.path))]
    UnsafeCache { path: PathBuf, reason: String },
    #[error(
        "{}: compiled code cannot be kept there: other files lie in it, such as {}; name a folder of its own",
        plain(.path), plain(.other)
    )]
    CacheAmongOthers { path: PathBuf, other: PathBuf },
}

/// Names of files may play with the terminal too.
fn plain(path: &Path) -> String {
    let letter = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    path.display().to_string().chars().map(letter).collect()
}

fn list(words: &[String]) -> String {
    if words.is_empty() { "none".into() } else { words.join(", ") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_failure_tells_a_secret_or_without_end() {
        let secrets = Secrets::among(&json!("hunter2-hunter2"), &json!("•••"));
        let text = || format!("{}hunter2-hunter2{}", "x".repeat(LONGEST_MESSAGE - 4), "y".repeat(20_000));
        for failure in [
            Failure::Trap { what: text() },
            Failure::Garbage { what: text() },
            GuestFailure::Temporary { message: text(), retry_after: None }.into(),
            GuestFailure::Permanent { message: text() }.into(),
            GuestFailure::Settings { message: text() }.into(),
            GuestFailure::Denied { message: text() }.into(),
            GuestFailure::Exhausted { message: text() }.into(),
            GuestFailure::Other { code: text(), message: text() }.into(),
        ] {
            let kind = failure.kind();
            let shown = failure.without(&secrets).to_string();
            assert!(!shown.contains("hunt"), "{kind}");
            assert!(shown.len() < 2 * LONGEST_MESSAGE + 100, "{kind}: {} bytes", shown.len());
        }
    }

    #[test]
    fn what_the_system_says_is_told_once() {
        let why = || io::Error::from_raw_os_error(rustix::io::Errno::LOOP.raw_os_error());
        let path = || PathBuf::from("a.wasm");
        for problem in [
            FileProblem::Unreadable { path: path(), why: why() },
            FileProblem::Cache { path: path(), why: why() },
        ] {
            let error = anyhow::Error::new(PluginError::new(&Who::file(&path()), problem));
            let (text, chain) = (error.to_string(), format!("{error:#}"));
            assert!(text.ends_with("Too many levels of symbolic links (os error 40)"), "{text}");
            assert_eq!(text, chain, "no place says it twice");
        }
    }

    #[test]
    fn names_of_files_cannot_play_with_the_terminal() {
        let told = FileProblem::Missing { path: "a\u{1b}[2J.wasm".into() }.to_string();
        assert!(told.starts_with("a\u{fffd}[2J.wasm: "), "{told:?}");
    }
}
