//! Why an export failed: whatever it was, the one before is still there.

use std::{io, path::PathBuf, sync::Arc};

use super::choose::Namesake;
use crate::{
    archive::{StoreError, media::MediaError},
    model::{PluginName, shown_bytes},
    plugin_host::PluginError,
};

#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Plugin(#[from] PluginError),
    #[error("a file could not be brought beside the export")]
    Media(#[from] MediaError),
    #[error("cannot {what} {}{}", path.display(), way_out(source))]
    Disk { what: &'static str, path: PathBuf, source: io::Error },
    #[error("there is no chat `{wanted}` in the archive of {account}: write an id, a @name or a whole title")]
    NoChat { account: String, wanted: String },
    #[error("`{wanted}` is {} chats: write one of their ids, {}", chats.len(), list(.chats))]
    ManyChats { wanted: String, chats: Vec<Namesake> },
    #[error("no exporter writes `{wanted}`; there are: {}{}", list(.known), not_asked(.silent))]
    NoFormat { wanted: String, known: Vec<String>, silent: Vec<String> },
    #[error("several exporters write `{wanted}`: say which, {}", list(.known))]
    ManyFormats { wanted: String, known: Vec<String> },
    #[error("`{wanted}` is not written now: {error}{}", instead(.others))]
    Silent { wanted: String, error: Arc<PluginError>, others: Vec<String> },
    #[error("`{a}/{format}` and `{b}/{format}` would be written to the same place: make two exports of it")]
    SamePlace { format: String, a: PluginName, b: PluginName },
    #[error("{} is there already and is no export of tapedeck: choose another name", path.display())]
    Foreign { path: PathBuf },
    #[error("{} is in the way, where the export would be made: remove it if an export of before has left it, or choose another name", path.display())]
    InTheWay { path: PathBuf },
    #[error("{} is a link to {}, where nothing is: make what it leads to, or remove the link", path.display(), to.display())]
    Dangling { path: PathBuf, to: PathBuf },
    #[error("an archive lies in {}, which an export would take the place of: move it, or choose another name", path.display())]
    Archive { path: PathBuf },
    #[error("another export is being written to {}: wait for it, or choose another name", path.display())]
    Busy { path: PathBuf },
    #[error("{format} writes several files: name a folder in place of {}", path.display())]
    ManyFiles { format: String, path: PathBuf },
    #[error("{format} writes several files, and cannot be appended to: its exporter should say `parts=no`")]
    ManyParts { format: String },
    #[error("{} is no longer the file that was written there: leave alone what is being exported", path.display())]
    Swapped { path: PathBuf },
    #[error("only {} are left on the disk of {}: make room and run it again; the export of before is still there", shown_bytes(*free), path.display())]
    NoRoom { path: PathBuf, free: u64 },
    #[error("the export was cancelled")]
    Cancelled,
    /// A bug: the thread is gone without a word.
    #[error("the thread of {format} has ended in the middle")]
    Died { format: String },
}

impl ExportError {
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Store(error) => error.is_temporary(),
            Self::Plugin(error) => error.is_temporary(),
            Self::Silent { error, .. } => error.is_temporary(),
            Self::Media(error) => error.is_temporary(),
            Self::Disk { .. } | Self::Busy { .. } | Self::NoRoom { .. } => true,
            _ => false,
        }
    }
}

fn way_out(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            ": the disk is full. Make room and run it again; the export of before is still there"
        }
        _ => "",
    }
}

/// For `map_err`.
pub(super) fn disk(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> ExportError {
    let path = path.into();
    move |source| ExportError::Disk { what, path, source }
}

/// Why an exporter says nothing; one that rests or is paused may write what was asked for.
fn not_asked(silent: &[String]) -> String {
    if silent.is_empty() { String::new() } else { format!("; could not be asked: {}", silent.join("; ")) }
}

fn instead(others: &[String]) -> String {
    if others.is_empty() {
        return String::new();
    }
    format!(". Another exporter writes that format, too; to have its file, ask for {}", others.join(" or "))
}

fn list<T: ToString>(all: &[T]) -> String {
    if all.is_empty() {
        return "none".to_owned();
    }
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
