//! What can go wrong when Telegram is asked for something, and whether trying again helps.

use std::time::Duration;

use grammers_tl_types as tl;
use jiff::Timestamp;

use crate::model::PeerId;

/// The cause of an error whose type is somebody else's.
type Cause = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Telegram asked for a pause that is longer than the caller has patience for.
    #[error("Telegram asks to wait until {until} before `{method}` may be called again")]
    Flood { method: &'static str, until: Timestamp },
    #[error("Telegram has ended this login ({reason}); log in again with `tapedeck login telegram`")]
    LoggedOut { reason: String },
    /// The server does not know our key. It is kept: the server may be wrong.
    #[error(
        "data centre {dc} of Telegram does not know this login's key; the key is kept. If this does not \
         pass within an hour, log in again with `tapedeck login telegram`"
    )]
    KeyUnknown { dc: i32 },
    #[error("Telegram did not answer `{method}` within {} s; it is tried again later", limit.as_secs_f32())]
    Timeout { method: &'static str, limit: Duration },
    /// Telegram's own word of refusal. `name` comes without the number, which is in `value`:
    /// `FILE_MIGRATE_4` is `FILE_MIGRATE` and 4.
    #[error("Telegram refused `{method}`: {name}{} ({code})", value.map(|value| format!(" {value}")).unwrap_or_default())]
    Rpc { method: &'static str, code: i32, name: String, value: Option<u32> },
    #[error("the connection to data centre {dc} of Telegram failed during `{method}`")]
    Connection { method: &'static str, dc: i32, source: Cause },
    /// The answer came whole, and this version cannot read it.
    #[error("the answer to `{method}` has parts that this version of Tapedeck does not know")]
    Decode { method: &'static str, source: tl::deserialize::Error },
    /// Telegram would end the connection over it, so it was not sent.
    #[error("`{method}` is larger than Telegram takes in one call")]
    TooLarge { method: &'static str },
    #[error("the login of this account cannot be read or written")]
    Session { source: Cause },
    /// The session has no access hash for it; it has to be seen in a dialog or a message first.
    #[error("chat or user {peer} is not known to this login yet; read the list of chats first")]
    UnknownPeer { peer: PeerId },
    #[error("this connection to Telegram was closed")]
    Closed,
}

impl Error {
    /// Whether the same call may succeed later without anybody doing anything.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Flood { .. } | Self::Timeout { .. } | Self::Connection { .. } | Self::KeyUnknown { .. } => {
                true
            }
            Self::Rpc { code, name, .. } => is_temporary_answer(*code, name),
            Self::LoggedOut { .. }
            | Self::Decode { .. }
            | Self::TooLarge { .. }
            | Self::Session { .. }
            | Self::UnknownPeer { .. }
            | Self::Closed => false,
        }
    }

    /// Whether Telegram refused with this name; a `*` at one end stands for anything.
    pub fn is(&self, name: &str) -> bool {
        let Self::Rpc { name: given, .. } = self else { return false };
        match (name.strip_suffix('*'), name.strip_prefix('*')) {
            (Some(start), _) => given.starts_with(start),
            (None, Some(end)) => given.ends_with(end),
            (None, None) => given == name,
        }
    }
}

/// Troubles inside Telegram, which pass. That a message was sent before is none, whatever its code.
pub(super) fn is_temporary_answer(code: i32, name: &str) -> bool {
    (matches!(code, 500 | -500 | -503 | 503) && name != "RANDOM_ID_DUPLICATE")
        || matches!(name, "RPC_CALL_FAIL" | "RPC_MCGET_FAIL" | "PERSISTENT_TIMESTAMP_OUTDATED")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: i32, name: &str, value: Option<u32>) -> Error {
        Error::Rpc { method: "messages.getHistory", code, name: name.into(), value }
    }

    #[test]
    fn refusals_match_by_name() {
        let error = refused(303, "FILE_MIGRATE", Some(4));
        assert!(error.is("FILE_MIGRATE") && error.is("FILE_*") && error.is("*_MIGRATE"));
        assert!(!error.is("FILE") && !Error::Closed.is("*"));
        assert_eq!(error.to_string(), "Telegram refused `messages.getHistory`: FILE_MIGRATE 4 (303)");
    }

    #[test]
    fn only_passing_troubles_are_temporary() {
        assert!(refused(500, "INTERNAL", None).is_temporary());
        assert!(refused(-503, "Timeout", None).is_temporary());
        assert!(!refused(400, "CHAT_ID_INVALID", None).is_temporary());
        assert!(!refused(500, "RANDOM_ID_DUPLICATE", None).is_temporary());
        assert!(!Error::LoggedOut { reason: "SESSION_REVOKED".into() }.is_temporary());
    }
}
