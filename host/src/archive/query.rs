//! What the archive is asked. Every page goes on from a place, never from a count of rows.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::stored::{ChatKey, Stored};
use crate::model::{AccountName, MediaKind, MessageId, PeerId};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChatOrder {
    /// The newest message first.
    #[default]
    Activity,
    Title,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChatsPage {
    /// None: of all accounts.
    pub account: Option<AccountName>,
    /// Part of a title or name, folded.
    pub title: Option<String>,
    pub order: ChatOrder,
    /// Goes on behind this one.
    pub after: Option<ChatKey>,
    pub limit: usize,
}

/// Which messages of a chat, always the oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Around {
    /// The newest there are.
    End,
    Before(MessageId),
    After(MessageId),
    /// From the first one at or after this moment on.
    Date(Timestamp),
}

#[derive(Clone, Debug, PartialEq)]
pub struct MessagePage {
    pub around: Around,
    pub topic: Option<MessageId>,
    pub from: Option<Timestamp>,
    /// Not part of it.
    pub to: Option<Timestamp>,
    pub sender: Option<PeerId>,
    pub has_deleted: bool,
    pub limit: usize,
}

impl MessagePage {
    pub fn new(around: Around, limit: usize) -> Self {
        Self { around, topic: None, from: None, to: None, sender: None, has_deleted: true, limit }
    }
}

/// Which files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaClass {
    Wanted,
    Held,
    All,
}

#[derive(Clone, Debug, PartialEq)]
pub struct FilesPage {
    pub account: Option<AccountName>,
    pub chat: Option<PeerId>,
    pub class: MediaClass,
    /// Of those that were tried no more often than this.
    pub most_attempts: u32,
    /// Opaque: where the page before has ended.
    pub after: i64,
    pub limit: usize,
}

/// Words that must all be there, in any script, in full or in part; `"in quotes"` in this order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SearchQuery {
    pub text: String,
    pub account: Option<AccountName>,
    pub chat: Option<PeerId>,
    pub sender: Option<PeerId>,
    pub from: Option<Timestamp>,
    /// Not part of it.
    pub to: Option<Timestamp>,
    pub media: Option<MediaKind>,
    pub has_link: bool,
    /// Where the page before has ended.
    pub before: Option<i64>,
    pub limit: usize,
}

/// The newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SearchPage {
    pub found: Vec<Found>,
    /// Asks for what is older; none when that is all.
    pub next: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    pub account: AccountName,
    pub stored: Stored,
}

/// Whose small pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AvatarsOf {
    /// Of chats, and of people with whom there is one.
    Chats,
    Everybody,
}

/// When messages of an account went, in the order of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletionsPage {
    pub account: AccountName,
    /// Both are part of it.
    pub from: Timestamp,
    pub to: Timestamp,
    /// Goes on behind this number of the feed.
    pub after: i64,
    pub limit: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AvatarsPage {
    pub account: AccountName,
    /// Only this one's.
    pub peer: Option<PeerId>,
    /// Goes on behind this picture of this peer.
    pub after: Option<(PeerId, i64)>,
    pub limit: usize,
}
