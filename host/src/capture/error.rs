//! What can keep chats from being captured.

use crate::{
    archive::{StoreError, media::MediaError},
    capture::choose::RuleError,
    model::PeerId,
    plugin_host::PluginError,
    telegram::{self, download::DownloadError},
};

#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    #[error("Telegram did not give what was asked for")]
    Telegram(#[from] telegram::Error),
    #[error("the archive did not take or give what it was asked for")]
    Store(#[from] StoreError),
    #[error("a filter of `capture.filters` has failed")]
    Filter(#[from] PluginError),
    #[error("a file could not be fetched")]
    Download(#[from] DownloadError),
    #[error("the folder of files could not be used")]
    Media(#[from] MediaError),
    #[error(transparent)]
    Rules(#[from] RuleError),
    /// The others were captured.
    #[error("{count} chats could not be captured, such as `{title}` ({chat})")]
    SomeChats { count: usize, chat: PeerId, title: String, source: Box<CaptureError> },
    #[error("it was stopped before everything was done; the next run goes on there")]
    Stopped,
    /// A setting that makes no sense, in the words of the setting.
    #[error("{0}")]
    Setting(String),
}

impl CaptureError {
    /// Whether the same may succeed later without anybody doing anything.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Telegram(error) => error.is_temporary(),
            Self::Store(error) => error.is_temporary(),
            Self::Filter(error) => error.is_temporary(),
            Self::Download(error) => error.is_temporary(),
            Self::Media(error) => error.is_temporary(),
            Self::SomeChats { source, .. } => source.is_temporary(),
            Self::Rules(_) | Self::Stopped | Self::Setting(_) => false,
        }
    }

    /// Whether it is about one chat only: then the others are worth a try.
    pub(super) fn is_of_one_chat(&self) -> bool {
        match self {
            Self::Telegram(error) => !matches!(
                error,
                telegram::Error::LoggedOut { .. } | telegram::Error::Closed | telegram::Error::Session { .. }
            ),
            Self::Store(_)
            | Self::Filter(_)
            | Self::Download(_)
            | Self::Media(_)
            | Self::Rules(_)
            | Self::SomeChats { .. }
            | Self::Stopped
            | Self::Setting(_) => false,
        }
    }
}
