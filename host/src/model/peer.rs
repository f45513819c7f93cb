//! Who and where: ids of users, groups and channels, of messages and topics.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A user, a basic group or a channel, as one number: users are positive, basic groups `-id`,
/// channels and supergroups `-100…`. People know ids in this form from bots and other tools.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(transparent)]
#[schema(value_type = i64)]
pub struct PeerId(pub i64);

/// What a [`PeerId`] points at, with the bare id that Telegram's calls take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BarePeer {
    User(i64),
    Group(i64),
    Channel(i64),
}

/// Where channels begin, counted downwards.
const CHANNELS: i64 = -1_000_000_000_000;

impl PeerId {
    pub const fn user(id: i64) -> Self {
        Self(id)
    }

    pub const fn group(id: i64) -> Self {
        Self(id.wrapping_neg())
    }

    pub const fn channel(id: i64) -> Self {
        Self(CHANNELS.wrapping_sub(id))
    }

    pub const fn bare(self) -> BarePeer {
        if self.0 >= 0 {
            BarePeer::User(self.0)
        } else if self.0 > CHANNELS {
            BarePeer::Group(-self.0)
        } else {
            BarePeer::Channel(CHANNELS.wrapping_sub(self.0))
        }
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not the id of a chat: write a number, such as 777000 or -1001234567890")]
pub struct InvalidPeerId(String);

impl FromStr for PeerId {
    type Err = InvalidPeerId;
    fn from_str(text: &str) -> Result<Self, InvalidPeerId> {
        text.trim().parse().map(Self).map_err(|_| InvalidPeerId(text.chars().take(40).collect()))
    }
}

/// The number of a message in its chat. In private chats and basic groups one count is shared
/// by all of an account's chats.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(transparent)]
#[schema(value_type = i32)]
pub struct MessageId(pub i32);

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_marked_as_people_know_them() {
        assert_eq!(PeerId::user(777_000).0, 777_000);
        assert_eq!(PeerId::group(42).0, -42);
        assert_eq!(PeerId::channel(1_234_567_890).0, -1_001_234_567_890);
    }

    #[test]
    fn marks_can_be_taken_off() {
        for bare in [BarePeer::User(1), BarePeer::Group(999_999_999_999), BarePeer::Channel(4_000_000_000)] {
            let id = match bare {
                BarePeer::User(id) => PeerId::user(id),
                BarePeer::Group(id) => PeerId::group(id),
                BarePeer::Channel(id) => PeerId::channel(id),
            };
            assert_eq!(id.bare(), bare);
            assert_eq!(id.to_string().parse::<PeerId>().unwrap(), id);
        }
    }
}
