//! What the archive is asked. Every page goes on from a place, never from a count of rows.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::stored::{ChatKey, Poison, Stored};
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
    /// Without them, messages are as their columns tell: what they carry is only named, and there are no entities,
    /// forwards, reactions. It takes a third of the time.
    pub has_details: bool,
    pub limit: usize,
}

impl MessagePage {
    pub fn new(around: Around, limit: usize) -> Self {
        Self {
            around,
            topic: None,
            from: None,
            to: None,
            sender: None,
            has_deleted: true,
            has_details: true,
            limit,
        }
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

/// Messages that could not be read, those of a chat together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PoisonPage {
    pub account: Option<AccountName>,
    pub chat: Option<PeerId>,
    /// Where the page before has ended.
    pub after: Option<PoisonPlace>,
    pub limit: usize,
}

/// Opaque: a place among the messages that could not be read. It stays one when those around it go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoisonPlace {
    /// The archive's own number of the chat.
    pub(super) chat: i64,
    pub(super) id: MessageId,
}

impl fmt::Display for PoisonPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.chat, self.id)
    }
}

impl FromStr for PoisonPlace {
    type Err = InvalidPlace;

    fn from_str(text: &str) -> Result<Self, InvalidPlace> {
        let parse = || {
            let (chat, id) = text.split_once(':')?;
            Some(Self { chat: chat.parse().ok()?, id: MessageId(id.parse().ok()?) })
        };
        parse().ok_or_else(|| InvalidPlace(text.chars().take(80).collect()))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no place in the list: give what `next` of the page before said")]
pub struct InvalidPlace(String);

/// One page, and where the next one goes on, if there is one.
pub type PoisonList = (Vec<(AccountName, Poison)>, Option<PoisonPlace>);

/// One row more than the page has says that there is another page.
pub(super) fn poison_list(mut found: Vec<(PoisonPlace, AccountName, Poison)>, limit: usize) -> PoisonList {
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().map(|(place, ..)| *place).filter(|_| has_more);
    (found.into_iter().map(|(_, account, poison)| (account, poison)).collect(), next)
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
