use std::{io, path::PathBuf};

/// Why the state cannot be used; the texts say what to do.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error(
        "the data folder {folder} is in use by another tapedeck{}: stop that one, or set another `data.folder`",
        .pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
    )]
    InUse { folder: PathBuf, pid: Option<u32> },
    #[error(
        "cannot use the data folder {folder}: check that it exists, that this user may write there and that the disk is not full"
    )]
    Folder {
        folder: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(
        "cannot open the state in {folder}: it is damaged or unreadable; restore it from a backup, or move it away and `tapedeck state import` an export"
    )]
    Open {
        folder: PathBuf,
        #[source]
        source: sled::Error,
    },
    #[error(
        "the state in {folder} has lost data: it was at generation {expected} when last seen whole and is at {found} now. \
         A file was cut short or replaced. Restore the folder from a backup, or move it away and `tapedeck state import` an export; \
         to go on with what is left, delete {sidecar}"
    )]
    LostData { folder: PathBuf, sidecar: PathBuf, expected: u64, found: u64 },
    #[error(
        "the state in {folder} was written by a newer tapedeck (schema {found}, this one knows {known}): update tapedeck"
    )]
    TooNew { folder: PathBuf, found: u32, known: u32 },
    #[error(
        "the entry {key} in tree `{tree}` cannot be read: the state is damaged; restore it from a backup, or export what is left with `tapedeck state export`"
    )]
    Damaged {
        tree: &'static str,
        key: String,
        #[source]
        source: serde_json::Error,
    },
    #[error("the state cannot be written: is the disk full?")]
    Write(#[source] sled::Error),
    #[error("the state cannot be written")]
    Flush(#[source] std::sync::Arc<StateError>),
    #[error("the state has stopped writing after an earlier failure")]
    Stopped,
}
