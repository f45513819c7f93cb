//! Chats that the account may not read.

use crate::telegram::Error;

const NAMES: &[&str] = &[
    "CHANNEL_PRIVATE",
    "CHANNEL_INVALID",
    "CHANNEL_PUBLIC_GROUP_NA",
    "CHAT_FORBIDDEN",
    "CHAT_ID_INVALID",
    "CHAT_ADMIN_REQUIRED",
    "PEER_ID_INVALID",
    "USER_BANNED_IN_CHANNEL",
    "USER_ID_INVALID",
    "INPUT_USER_DEACTIVATED",
];

/// People who are gone and channels that the account was put out of stay in its list: no reason to leave
/// out the others.
pub(super) fn is_out_of_reach(error: &Error) -> bool {
    matches!(error, Error::UnknownPeer { .. }) || NAMES.iter().any(|name| error.is(name))
}
