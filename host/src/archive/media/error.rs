//! What can go wrong with files.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::super::stored::BlobHash;

#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    #[error("cannot {action} {}: the disk is full. Make room and run it again", .path.display())]
    Full { path: PathBuf, action: &'static str },
    #[error("cannot {action} {}", .path.display())]
    Disk {
        path: PathBuf,
        action: &'static str,
        #[source]
        source: io::Error,
    },
    #[error("the media store has no file {hash:?}: run `tapedeck archive verify`")]
    Missing { hash: BlobHash },
    #[error("the bucket {bucket} cannot be used just now")]
    Away {
        bucket: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("the bucket {bucket} refuses: check its name, the keys and their rights")]
    Refused {
        bucket: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("`{link}` is no name of a file below the media folder: it needs the form <chat>/<file>")]
    BadLink { link: String },
    #[error("the program is ending")]
    Stopped,
}

impl MediaError {
    /// Another try may help.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::Away { .. } | Self::Stopped)
    }
}

pub(super) fn disk(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> MediaError {
    let path = path.to_owned();
    move |source| match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => MediaError::Full { path, action },
        _ => MediaError::Disk { path, action, source },
    }
}
