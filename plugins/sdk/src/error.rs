//! Why something failed, said so that the host knows whether to try again.

use std::time::Duration;

use crate::{
    Error,
    bindings::host::tapedeck::plugin::types::{Coded, Delayed},
};

impl Error {
    /// It may work later.
    pub fn temporary(message: impl Into<String>) -> Self {
        Self::Temporary(Delayed { message: message.into(), retry_after_ms: None })
    }

    /// It may work after this long.
    pub fn retry_after(message: impl Into<String>, wait: Duration) -> Self {
        let retry_after_ms = Some(wait.as_millis().try_into().unwrap_or(u64::MAX));
        Self::Temporary(Delayed { message: message.into(), retry_after_ms })
    }

    /// It will not work however often it is tried.
    pub fn permanent(message: impl Into<String>) -> Self {
        Self::Permanent(message.into())
    }

    /// The settings are wrong: say which one, and what to write instead.
    pub fn settings(message: impl Into<String>) -> Self {
        Self::Settings(message.into())
    }

    /// Anything else; the code is for programs, lower-case words with dashes.
    pub fn other(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Other(Coded { code: code.into(), message: message.into() })
    }

    /// What happened, for people.
    pub fn message(&self) -> &str {
        match self {
            Self::Temporary(delayed) => &delayed.message,
            Self::Permanent(message)
            | Self::Settings(message)
            | Self::Denied(message)
            | Self::Exhausted(message) => message,
            Self::Cancelled => "the host is no longer interested",
            Self::Other(coded) => &coded.message,
        }
    }
}

impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Temporary(one), Self::Temporary(two)) => one == two,
            (Self::Other(one), Self::Other(two)) => one == two,
            _ => {
                std::mem::discriminant(self) == std::mem::discriminant(other)
                    && self.message() == other.message()
            }
        }
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::permanent(format!("this JSON cannot be read: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_differ_in_kind_and_text() {
        assert_eq!(Error::permanent("gone"), Error::permanent("gone"));
        assert_ne!(Error::permanent("gone"), Error::settings("gone"));
        assert_ne!(Error::permanent("gone"), Error::permanent("lost"));
        assert_ne!(Error::temporary("busy"), Error::retry_after("busy", Duration::from_secs(1)));
        assert_ne!(Error::other("a", "x"), Error::other("b", "x"));
    }
}
