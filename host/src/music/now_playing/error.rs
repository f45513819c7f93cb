use crate::{
    state::StateError,
    telegram::{self, read::FindError, upload::SendError},
};

/// Why something does not say what plays.
#[derive(Debug, thiserror::Error)]
pub enum NowPlayingError {
    #[error("Telegram does not let the message be changed")]
    Notice(#[source] telegram::Error),
    #[error("the message cannot be sent")]
    Send(#[from] SendError),
    #[error("the chat of the message cannot be found")]
    Chat(#[from] FindError),
    #[error("Telegram does not let the bio be changed")]
    Bio(#[source] telegram::Error),
    #[error("what is known of the message and the bio cannot be read or written")]
    State(#[from] StateError),
    #[error("stopped before everything was said")]
    Stopped,
}

impl NowPlayingError {
    /// Whether it may pass without anybody doing anything.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Notice(error) | Self::Bio(error) | Self::Chat(FindError::Telegram(error)) => {
                error.is_temporary()
            }
            Self::Send(error) => error.is_temporary(),
            Self::Chat(_) | Self::State(_) | Self::Stopped => false,
        }
    }

    /// Telegram's own error, where it is one.
    pub(super) fn telegram(&self) -> Option<&telegram::Error> {
        match self {
            Self::Notice(error)
            | Self::Bio(error)
            | Self::Chat(FindError::Telegram(error))
            | Self::Send(SendError::Telegram { source: error, .. }) => Some(error),
            Self::Send(_) | Self::Chat(_) | Self::State(_) | Self::Stopped => None,
        }
    }
}
