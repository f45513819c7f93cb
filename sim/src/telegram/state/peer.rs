//! Where messages are: with a user, in a basic group, in a channel.

use grammers_tl_types as tl;

/// A user, a basic group, or a channel (which a supergroup is too).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    User(i64),
    Group(i64),
    Channel(i64),
}

impl Peer {
    pub fn id(self) -> i64 {
        match self {
            Self::User(id) | Self::Group(id) | Self::Channel(id) => id,
        }
    }

    pub fn is_channel(self) -> bool {
        matches!(self, Self::Channel(_))
    }

    pub fn tl(self) -> tl::enums::Peer {
        match self {
            Self::User(user_id) => tl::types::PeerUser { user_id }.into(),
            Self::Group(chat_id) => tl::types::PeerChat { chat_id }.into(),
            Self::Channel(channel_id) => tl::types::PeerChannel { channel_id }.into(),
        }
    }
}

impl From<&tl::enums::Peer> for Peer {
    fn from(peer: &tl::enums::Peer) -> Self {
        match peer {
            tl::enums::Peer::User(peer) => Self::User(peer.user_id),
            tl::enums::Peer::Chat(peer) => Self::Group(peer.chat_id),
            tl::enums::Peer::Channel(peer) => Self::Channel(peer.channel_id),
        }
    }
}
