use std::{error::Error, io, path::PathBuf, sync::Arc};

/// Why the state cannot be used; the texts say what to do.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error(
        "the data folder {folder} is in use by another tapedeck{}: stop that one, or set another `data.folder`",
        .pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
    )]
    InUse { folder: PathBuf, pid: Option<u32> },
    #[error(
        "cannot use the data folder {folder}: check that it is a folder, that this user may write there and that the disk is not full"
    )]
    Folder {
        folder: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot use {file}: it must be a file that this user may read and write")]
    File {
        file: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the state in {folder} is damaged. {RESTORE}")]
    Open {
        folder: PathBuf,
        #[source]
        source: Unreadable,
    },
    #[error(
        "the state in {folder} has lost data: it was at generation {expected} when last seen whole and is at {found} now. \
         A file was cut short, replaced or removed. {RESTORE}; to go on with what is left, delete {sidecar}"
    )]
    LostData { folder: PathBuf, sidecar: PathBuf, expected: u64, found: u64 },
    #[error(
        "the state in {folder} was found damaged before and is left alone since then. {RESTORE}; \
         to try with what is left, delete {sidecar}"
    )]
    Suspect {
        folder: PathBuf,
        sidecar: PathBuf,
        #[source]
        source: Unreadable,
    },
    #[error(
        "the state in {folder} was written by a newer tapedeck (schema {found}, this one knows {known}): update tapedeck"
    )]
    TooNew { folder: PathBuf, found: u32, known: u32 },
    #[error("the entry {key} in tree `{tree}` of the state cannot be read: it is damaged. {RESTORE}")]
    Damaged {
        tree: String,
        key: String,
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    #[error("{}", explain(.0))]
    Write(#[source] sled::Error),
    #[error("the state cannot be written")]
    Flush(#[source] Arc<StateError>),
    #[error("the state has stopped writing after an earlier failure")]
    Stopped,
}

/// sled repairs a damaged file by cutting off what it cannot read, so the first look counts.
const RESTORE: &str = "Copy the folder before anything else: opening it again can overwrite what is left. \
     Then restore a backup, or save what can be read with `tapedeck state export FILE` and read it back with \
     `tapedeck state import --force FILE`";

/// What the storage engine could not make sense of.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("the storage engine reports: {}", in_words(.0))]
    Engine(sled::Error),
    #[error("the storage engine gave up: {0}")]
    Panic(String),
    #[error("{0}")]
    Earlier(String),
}

/// sled's own words for it name an offset that is not there.
fn in_words(error: &sled::Error) -> String {
    match error {
        sled::Error::Corruption { .. } => "the data in the file is corrupt".into(),
        error => error.to_string(),
    }
}

impl StateError {
    /// From opening or reading: not every failure is damage.
    pub(super) fn of_reading(folder: &std::path::Path, error: sled::Error) -> Self {
        let folder = folder.to_owned();
        match error {
            sled::Error::Io(source) if is_about_access(&source) => Self::Folder { folder, source },
            error => Self::Open { folder, source: Unreadable::Engine(error) },
        }
    }

    /// Opening the folder again can make it worse.
    pub(super) fn is_damage(&self) -> bool {
        match self {
            Self::Open { .. } | Self::LostData { .. } => true,
            Self::Write(error) => {
                matches!(error, sled::Error::Corruption { .. } | sled::Error::ReportableBug(_))
            }
            _ => false,
        }
    }
}

/// Access, room, somebody else's lock: the data itself may well be whole.
fn is_about_access(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
    !matches!(error.kind(), UnexpectedEof | InvalidData | InvalidInput)
}

fn explain(error: &sled::Error) -> &'static str {
    match error {
        sled::Error::Io(_) => "the state cannot be read or written: is the disk full?",
        sled::Error::Corruption { .. } => {
            "the state is damaged: stop tapedeck, copy the data folder, then restore a backup"
        }
        _ => "the state cannot be read or written",
    }
}
