//! Why an import ends early.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    archive::StoreError,
    model::{AccountName, PeerId},
};

#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("{} cannot be read", path.display())]
    Open { path: PathBuf, source: io::Error },
    #[error("{} is nothing that can be imported: {reason}", path.display())]
    Unknown { path: PathBuf, reason: String },
    /// A server that does not answer any more, or refuses.
    #[error("{} cannot be read", path.display())]
    Away { path: PathBuf, source: StoreError },
    #[error("{} is damaged at {place}: {reason}", path.display())]
    Damaged { path: PathBuf, place: String, reason: String },
    /// Something has to be said that the source leaves open.
    #[error("{} does not say {what}: add {option}", path.display())]
    Needed { path: PathBuf, what: &'static str, option: &'static str },
    #[error("{} cannot be taken into the media folder: {reason}", path.display())]
    Media { path: PathBuf, reason: String },
    #[error("{} belongs to {theirs}, and the account `{account}` to {ours}: choose another one with `--account`", path.display())]
    OtherOwner { path: PathBuf, theirs: PeerId, account: AccountName, ours: PeerId },
    #[error(
        "the archive to copy to holds {messages} messages already: choose an empty folder, or use `archive merge`"
    )]
    NotEmpty { messages: u64 },
    #[error("the import was stopped; the same command goes on where it was")]
    Stopped,
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A bug of the part that reads.
    #[error("reading ended unexpectedly: {0}")]
    Broken(String),
}

impl ImportError {
    /// Whether trying again may help.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Store(error) => error.is_temporary(),
            Self::Stopped => true,
            _ => false,
        }
    }

    pub(crate) fn open(path: &Path, source: io::Error) -> Self {
        Self::Open { path: path.to_owned(), source }
    }

    pub(crate) fn damaged(path: &Path, place: impl Into<String>, reason: impl ToString) -> Self {
        Self::Damaged { path: path.to_owned(), place: place.into(), reason: reason.to_string() }
    }
}
