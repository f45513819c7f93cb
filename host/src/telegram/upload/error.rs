//! Why a file did not go up, or a message did not go out.

use std::{io, path::PathBuf};

use crate::{state::StateError, telegram::Error};

#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    #[error("cannot read {}", path.display())]
    Disk { path: PathBuf, source: io::Error },
    #[error("{} was changed while it was sent; send it again when it is finished", path.display())]
    Changed { path: PathBuf },
    #[error("{} has nothing in it, and Telegram takes no empty files", path.display())]
    Empty { path: PathBuf },
    #[error("{} has {bytes} bytes; Telegram takes at most {most}", path.display())]
    TooLarge { path: PathBuf, bytes: u64, most: u64 },
    #[error("cannot send {}", path.display())]
    Telegram { path: PathBuf, source: Error },
    #[error("Telegram did not keep a part of {}", path.display())]
    NotKept { path: PathBuf },
    #[error("the upload was cancelled")]
    Cancelled,
}

impl UploadError {
    /// Whether the same upload may succeed later without anybody doing anything.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Telegram { source, .. } => source.is_temporary(),
            Self::NotKept { .. } | Self::Changed { .. } | Self::Cancelled => true,
            Self::Disk { .. } | Self::Empty { .. } | Self::TooLarge { .. } => false,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("cannot send `{intent}`")]
    Telegram { intent: String, source: Error },
    #[error("cannot note that `{intent}` is about to be sent, so it is not sent")]
    State { intent: String, source: StateError },
    /// Telegram has it, and we do not find it: somebody deleted it, or it was changed at once.
    #[error("`{intent}` was sent before, and its message is not in the chat any more; it is not sent again")]
    Vanished { intent: String },
}

impl SendError {
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Telegram { source, .. } => source.is_temporary(),
            Self::State { .. } | Self::Vanished { .. } => false,
        }
    }
}
