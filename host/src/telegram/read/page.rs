use grammers_session::types::PeerRef;
use grammers_tl_types::{self as tl, Deserializable as _, RemoteCall, enums::messages::Messages};

use super::{isolate::isolate, window::Windowed};
use crate::{
    model::{MessageId, PeerId},
    telegram::{Client, Error, Lane},
};

/// Messages as Telegram gave them, newest first, and who they are about.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    pub messages: Vec<tl::enums::Message>,
    pub users: Vec<tl::enums::User>,
    pub chats: Vec<tl::enums::Chat>,
    pub topics: Vec<tl::enums::ForumTopic>,
    /// Messages that this version cannot read.
    pub quarantined: Vec<Quarantined>,
    /// How many there are in the whole list, where Telegram says so.
    pub total: Option<i32>,
    /// How many of the list are newer than this page, where Telegram says so.
    pub newer: Option<i32>,
}

/// A message that this version cannot read: kept as it came, until a later one can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Unknown when it was asked for by its number alone.
    pub peer: Option<PeerId>,
    pub id: MessageId,
    /// The whole answer that holds it and nothing else.
    pub bytes: Vec<u8>,
    pub reason: String,
}

/// One page of a list that begins at a message, whatever it takes.
pub(super) async fn page<C: Windowed>(client: &Client, call: &C) -> Result<Page, Error> {
    let bytes = client.invoke_raw(Lane::Main, call).await?;
    let page = match Page::read(&bytes) {
        Ok(page) => page,
        Err(error) => isolate(client, call, &error).await?,
    };
    client.learn(&page.users, &page.chats).await?;
    Ok(page)
}

/// One page of a list, unless a part of it cannot be read.
pub(super) async fn readable_page<C: Windowed>(client: &Client, call: &C) -> Result<Option<Page>, Error> {
    let bytes = client.invoke_raw(Lane::Main, call).await?;
    let Ok(page) = Page::read(&bytes) else { return Ok(None) };
    client.learn(&page.users, &page.chats).await?;
    Ok(Some(page))
}

impl Page {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, tl::deserialize::Error> {
        let page = match Messages::from_bytes(bytes)? {
            Messages::Messages(answer) => {
                let total = i32::try_from(answer.messages.len()).ok();
                let tl::types::messages::Messages { messages, topics, chats, users } = answer;
                Self { messages, users, chats, topics, total, newer: Some(0), ..Self::default() }
            }
            Messages::Slice(answer) => {
                let (total, newer) = (Some(answer.count), answer.offset_id_offset);
                let tl::types::messages::MessagesSlice { messages, topics, chats, users, .. } = answer;
                Self { messages, users, chats, topics, total, newer, ..Self::default() }
            }
            Messages::ChannelMessages(answer) => {
                let (total, newer) = (Some(answer.count), answer.offset_id_offset);
                let tl::types::messages::ChannelMessages { messages, topics, chats, users, .. } = answer;
                Self { messages, users, chats, topics, total, newer, ..Self::default() }
            }
            // Only sent to those who ask with a hash, which we never do.
            Messages::NotModified(_) => Self::default(),
        };
        Ok(page)
    }

    /// Message numbers, the unreadable ones too, newest first.
    pub fn ids(&self) -> Vec<i32> {
        let quarantined = self.quarantined.iter().map(|message| message.id.0);
        let mut ids: Vec<_> = self.messages.iter().map(tl::enums::Message::id).chain(quarantined).collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids
    }

    pub fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.quarantined.is_empty()
    }

    /// Forgets messages for which this is not so.
    pub(super) fn keep(&mut self, is_kept: impl Fn(i32) -> bool) {
        self.messages.retain(|message| is_kept(message.id()));
        self.quarantined.retain(|message| is_kept(message.id.0));
    }

    /// Puts a page behind this one.
    pub(super) fn append(&mut self, older: Self) {
        self.messages.extend(older.messages);
        self.users.extend(older.users);
        self.chats.extend(older.chats);
        self.topics.extend(older.topics);
        self.quarantined.extend(older.quarantined);
        self.total = self.total.or(older.total);
        self.newer = self.newer.or(older.newer);
    }
}

pub(super) fn peer_of(peer: &tl::enums::InputPeer) -> Option<PeerId> {
    PeerRef::from(peer.clone()).id.bot_api_dialog_id().map(PeerId)
}

pub(super) fn method_of(call: &impl RemoteCall) -> &'static str {
    let id = call.to_bytes().first_chunk().map_or(0, |id| u32::from_le_bytes(*id));
    tl::name_for_id(id)
}
