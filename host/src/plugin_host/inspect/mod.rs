//! Reads a file without running or compiling it: what it is, who it is, what it asks for.

mod manifest;

use std::path::PathBuf;

pub use manifest::Manifest;

use crate::model::PluginKind;

/// What can be known of a file from outside.
#[derive(Clone, Debug)]
pub struct Inspection {
    pub path: PathBuf,
    pub file_bytes: u64,
    /// Of the file, in hexadecimal.
    pub sha256: String,
    /// It was a core module; we encoded it.
    pub was_core_module: bool,
    pub kinds: Vec<PluginKind>,
    /// `None` for files that have to be asked with `describe`.
    pub manifest: Option<Manifest>,
    /// Interfaces as the file names them.
    pub imports: Vec<String>,
    pub exports: Vec<String>,
    /// Which of "http", "run", "kv" and "scratch" it can reach for at all.
    pub capabilities: Vec<&'static str>,
    /// It imports nothing of WASI, and neither `http` nor `run`.
    pub is_pure: bool,
}
