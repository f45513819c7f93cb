//! Where values come from: the file, the environment, or nowhere (defaults).

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Serialize, Serializer};

/// Everything that a configuration is read from.
#[derive(Clone, Debug)]
pub struct Sources {
    pub file: PathBuf,
    /// Somebody named the file, so it has to be there.
    pub is_file_required: bool,
    pub environment: Environment,
}

impl Sources {
    /// The file in the working folder that is read when none is named.
    pub const DEFAULT_FILE: &str = "config.toml";

    pub fn new(file: Option<PathBuf>, environment: Environment) -> Self {
        let is_file_required = file.is_some();
        let file = file.unwrap_or_else(|| Self::DEFAULT_FILE.into());
        Self { file, is_file_required, environment }
    }

    /// Relative paths in the configuration count from here.
    pub fn folder(&self) -> PathBuf {
        let file = std::path::absolute(&self.file).unwrap_or_else(|_| self.file.clone());
        file.parent().map(Path::to_owned).unwrap_or_default()
    }
}

/// The environment variables as they were when the process started.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// Reads the process's environment: once, in `main`.
    pub fn capture() -> Self {
        std::env::vars_os().collect()
    }

    pub fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(name).map(OsString::as_os_str)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &OsStr)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_os_str()))
    }
}

impl<N: Into<OsString>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let with_readable_name =
            |(name, value): (N, V)| Some((name.into().into_string().ok()?, value.into()));
        Self(variables.into_iter().filter_map(with_readable_name).collect())
    }
}

/// Names only: values can be secrets.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Where an effective value came from; written as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Default,
    /// A variable of a tool that Tapedeck replaces.
    Environment(Arc<str>),
    File {
        file: Arc<str>,
        line: u32,
    },
    /// A `TAPEDECK__…` variable.
    Override(Arc<str>),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Environment(name) | Self::Override(name) => write!(f, "variable {name}"),
            Self::File { file, line } => write!(f, "{file}:{line}"),
        }
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
