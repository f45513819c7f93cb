//! Why a file did not come.

use std::{io, path::PathBuf};

use crate::telegram::Error;

#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    #[error("cannot {action} {}{}", path.display(), way_out(source))]
    Disk { path: PathBuf, action: &'static str, source: io::Error },
    /// Two downloads may not write to the same place.
    #[error("{} is being downloaded already", path.display())]
    Busy { path: PathBuf },
    #[error("Telegram sent {got} bytes instead of {expected} at byte {offset} of {}, three times", path.display())]
    Short { path: PathBuf, offset: u64, got: usize, expected: usize },
    #[error("what came for {} is not what Telegram's hashes say, at byte {offset}; it is fetched anew next time", path.display())]
    Hash { path: PathBuf, offset: u64 },
    /// The message was deleted, or has another file now.
    #[error("Telegram has no fresh reference to the file for {}: its message is gone or was changed", path.display())]
    Gone { path: PathBuf },
    #[error("the file for {} lies on a content network, which is not supported", path.display())]
    ContentNetwork { path: PathBuf },
    #[error("{} is said to have {bytes} bytes, and Telegram keeps no file of more than {most}", path.display())]
    TooLarge { path: PathBuf, bytes: u64, most: u64 },
    #[error("cannot download {}", path.display())]
    Telegram { path: PathBuf, source: Error },
    #[error("the download was cancelled; what has come is kept for the next time")]
    Cancelled,
}

impl DownloadError {
    /// Whether the same download may succeed later without anybody doing anything.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Telegram { source, .. } => source.is_temporary(),
            Self::Short { .. } | Self::Hash { .. } | Self::Cancelled | Self::Busy { .. } => true,
            Self::Disk { source, .. } => is_full(source),
            Self::Gone { .. } | Self::ContentNetwork { .. } | Self::TooLarge { .. } => false,
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn way_out(error: &io::Error) -> &'static str {
    match error.kind() {
        _ if is_full(error) => ": the disk is full. Make room and run it again; what has come is kept",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ": it is not writable for the user that tapedeck runs as"
        }
        io::ErrorKind::NotADirectory => ": part of the path is a file",
        _ => "",
    }
}
