use crate::{
    state::StateError,
    telegram::{self, upload::SendError},
};

/// Why a profile is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    #[error("Telegram does not let the profile be changed")]
    Telegram(#[source] telegram::Error),
    #[error("a song cannot be sent to Saved Messages")]
    Send(#[source] SendError),
    #[error("what is known of the profile's songs cannot be read or written")]
    State(#[from] StateError),
    #[error("stopped before the profile was as it should be")]
    Stopped,
}

impl ProfileError {
    /// Whether it may pass without anybody doing anything.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Telegram(error) => error.is_temporary(),
            Self::Send(error) => error.is_temporary(),
            Self::State(_) | Self::Stopped => false,
        }
    }

    /// Telegram's own error, where it is one.
    pub(super) fn telegram(&self) -> Option<&telegram::Error> {
        match self {
            Self::Telegram(error) | Self::Send(SendError::Telegram { source: error, .. }) => Some(error),
            Self::Send(_) | Self::State(_) | Self::Stopped => None,
        }
    }
}

impl From<telegram::Error> for ProfileError {
    fn from(error: telegram::Error) -> Self {
        Self::Telegram(error)
    }
}

impl From<SendError> for ProfileError {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}
