//! Messages that are sent once.
//!
//! Telegram takes a number with each message and refuses a second message with the same one. The
//! number is on the disk before the message goes out; after a crash the same intent has the same
//! number. Since Telegram does not promise how long it remembers numbers, an intent that a crash
//! left open is first looked for in the chat.
//!
//! Accepted: a message that was sent, not noted, and deleted by somebody before the next start is
//! sent again only as long as Telegram has forgotten its number.

use std::fmt;

use grammers_tl_types::{enums as tl, functions};

use super::{SendError, file::random_id};
use crate::{
    clock::SharedClock,
    model::{Fetched, Message, MessageId, PeerId},
    state::{State, StateError, TelegramSend},
    telegram::{Client, Error, convert::fetched},
};

/// How far back a message is looked for.
const MOST_PAGES: u32 = 10;
const PAGE: i32 = 100;

#[derive(Clone)]
pub struct Sends {
    client: Client,
    state: State,
    clock: SharedClock,
}

/// What to send.
#[derive(Clone, Debug)]
pub struct Post {
    pub chat: PeerId,
    pub content: Content,
    /// The text, or what stands under a file.
    pub caption: String,
    pub entities: Vec<tl::MessageEntity>,
    pub is_silent: bool,
}

#[derive(Clone, Debug)]
pub enum Content {
    /// The text alone, and what a link in it shows if somebody wants that.
    Text { has_preview: bool },
    File {
        media: Box<tl::InputMedia>,
        /// Name and length, to know the message again. A picture has none.
        document: Option<(String, u64)>,
    },
}

/// A message that is there.
#[derive(Clone, Debug)]
pub struct Sent {
    pub id: MessageId,
    pub message: Option<Box<Message>>,
}

impl From<MessageId> for Sent {
    fn from(id: MessageId) -> Self {
        Self { id, message: None }
    }
}

impl Sends {
    pub fn new(client: Client, state: State, clock: SharedClock) -> Self {
        Self { client, state, clock }
    }

    /// Sends it, unless this intent was sent before; says where it is. `intent` is the caller's
    /// name for it, the same after a restart.
    pub async fn send(&self, intent: &str, post: &Post) -> Result<MessageId, SendError> {
        Ok(self.send_and_see(intent, post).await?.id)
    }

    /// Like [`Self::send`], with the message itself where Telegram's answer had it.
    pub async fn send_and_see(&self, intent: &str, post: &Post) -> Result<Sent, SendError> {
        let record = match self.record(intent)? {
            Some(TelegramSend { sent: Some(sent), .. }) => return Ok(sent.into()),
            Some(record) => {
                if let Some(found) = self.find(&record, post).await? {
                    return self.note(record, found).map(Sent::from);
                }
                record
            }
            None => self.begin(intent, post).await?,
        };
        let peer = self.peer(&record).await?;
        let answer = match &post.content {
            Content::Text { has_preview } => {
                self.client.invoke(&text_call(&record, post, *has_preview, peer)).await
            }
            Content::File { media, .. } => self.client.invoke(&file_call(&record, post, media, peer)).await,
        };
        match answer {
            Ok(updates) => match sent_id(&updates, record.random_id) {
                Some(sent) => {
                    let message = message_of(updates, sent);
                    Ok(Sent { id: self.note(record, sent)?, message })
                }
                None => self.find_sent(record, post).await.map(Sent::from),
            },
            Err(error) if error.is("RANDOM_ID_DUPLICATE") => {
                self.find_sent(record, post).await.map(Sent::from)
            }
            Err(source) => Err(telegram(&record, source)),
        }
    }

    /// Where the message of an intent is that was begun before, if it went out at all. Sends nothing:
    /// for a caller who has not got any more what it would have to send.
    pub async fn look_for(&self, intent: &str, post: &Post) -> Result<Option<MessageId>, SendError> {
        match self.record(intent)? {
            None => Ok(None),
            Some(TelegramSend { sent: Some(sent), .. }) => Ok(Some(sent)),
            Some(record) => match self.find(&record, post).await? {
                Some(found) => self.note(record, found).map(Some),
                None => Ok(None),
            },
        }
    }

    /// Forgets an intent, when the caller has noted elsewhere that it is done.
    pub fn forget(&self, intent: &str) -> Result<(), SendError> {
        let removed = self.state.telegram_sends.remove(self.client.account().as_str(), intent);
        removed.map(drop).map_err(|source| state(intent, source))
    }

    fn record(&self, intent: &str) -> Result<Option<TelegramSend>, SendError> {
        let found = self.state.telegram_sends.get(self.client.account().as_str(), intent);
        found.map_err(|source| state(intent, source))
    }

    /// Nothing is sent before this is on the disk.
    async fn begin(&self, intent: &str, post: &Post) -> Result<TelegramSend, SendError> {
        let mut record = TelegramSend {
            account: self.client.account().to_string(),
            intent: intent.to_owned(),
            chat: post.chat,
            random_id: random_id(),
            begun: self.clock.now(),
            newest_before: MessageId(0),
            sent: None,
        };
        let page = self.page(&record, 0, 1).await?;
        record.newest_before = page.first().map_or(MessageId(0), |newest| newest.id);
        self.state.telegram_sends.put(&record).map_err(|source| state(intent, source))?;
        self.state.flushed().await.map_err(|source| state(intent, source))?;
        Ok(record)
    }

    /// Not flushed: should it be lost, the message is found again.
    fn note(&self, record: TelegramSend, sent: MessageId) -> Result<MessageId, SendError> {
        let record = TelegramSend { sent: Some(sent), ..record };
        self.state.telegram_sends.put(&record).map_err(|source| state(&record.intent, source))?;
        Ok(sent)
    }

    async fn find_sent(&self, record: TelegramSend, post: &Post) -> Result<MessageId, SendError> {
        match self.find(&record, post).await? {
            Some(found) => self.note(record, found),
            None => Err(SendError::Vanished { intent: record.intent }),
        }
    }

    /// Our message with this content that is newer than the intent and belongs to no other.
    async fn find(&self, record: &TelegramSend, post: &Post) -> Result<Option<MessageId>, SendError> {
        let others = self.state.telegram_sends.of_account(&record.account);
        let others = others.map_err(|source| state(&record.intent, source))?;
        let is_free =
            |id: MessageId| !others.iter().any(|other| other.chat == record.chat && other.sent == Some(id));
        let mut before = 0;
        // The oldest that fits: others with the same content may have been sent after it.
        let mut found = None;
        for _ in 0..MOST_PAGES {
            let page = self.page(record, before, PAGE).await?;
            let new: Vec<&Message> = page.iter().filter(|it| it.id > record.newest_before).collect();
            let fits = new.iter().filter(|message| is_free(message.id) && is_same(message, post));
            found = fits.map(|message| message.id).min().or(found);
            match new.last() {
                Some(oldest) if new.len() == page.len() => before = oldest.id.0,
                _ => break,
            }
        }
        Ok(found)
    }

    /// Newest first.
    async fn page(&self, record: &TelegramSend, before: i32, limit: i32) -> Result<Vec<Message>, SendError> {
        let call = functions::messages::GetHistory {
            peer: self.peer(record).await?,
            offset_id: before,
            offset_date: 0,
            add_offset: 0,
            limit,
            max_id: 0,
            min_id: 0,
            hash: 0,
        };
        let answer = self.client.invoke(&call).await.map_err(|source| telegram(record, source))?;
        let messages = match answer {
            tl::messages::Messages::Messages(it) => it.messages,
            tl::messages::Messages::Slice(it) => it.messages,
            tl::messages::Messages::ChannelMessages(it) => it.messages,
            tl::messages::Messages::NotModified(_) => Vec::new(),
        };
        let there = messages.into_iter().filter_map(|message| match fetched(message) {
            Fetched::Message(message) => Some(*message),
            Fetched::Missing { .. } => None,
        });
        Ok(there.collect())
    }

    async fn peer(&self, record: &TelegramSend) -> Result<tl::InputPeer, SendError> {
        self.client.input_peer(record.chat).await.map_err(|source| telegram(record, source))
    }
}

impl fmt::Debug for Sends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sends").field("client", &self.client).finish_non_exhaustive()
    }
}

fn text_call(
    record: &TelegramSend,
    post: &Post,
    has_preview: bool,
    peer: tl::InputPeer,
) -> functions::messages::SendMessage {
    functions::messages::SendMessage {
        no_webpage: !has_preview,
        silent: post.is_silent,
        background: false,
        clear_draft: false,
        noforwards: false,
        update_stickersets_order: false,
        invert_media: false,
        allow_paid_floodskip: false,
        peer,
        reply_to: None,
        message: post.caption.clone(),
        random_id: record.random_id,
        reply_markup: None,
        entities: entities(post),
        schedule_date: None,
        schedule_repeat_period: None,
        send_as: None,
        quick_reply_shortcut: None,
        effect: None,
        allow_paid_stars: None,
        suggested_post: None,
        rich_message: None,
    }
}

fn file_call(
    record: &TelegramSend,
    post: &Post,
    media: &tl::InputMedia,
    peer: tl::InputPeer,
) -> functions::messages::SendMedia {
    functions::messages::SendMedia {
        silent: post.is_silent,
        background: false,
        clear_draft: false,
        noforwards: false,
        update_stickersets_order: false,
        invert_media: false,
        allow_paid_floodskip: false,
        peer,
        reply_to: None,
        media: media.clone(),
        message: post.caption.clone(),
        random_id: record.random_id,
        reply_markup: None,
        entities: entities(post),
        schedule_date: None,
        schedule_repeat_period: None,
        send_as: None,
        quick_reply_shortcut: None,
        effect: None,
        allow_paid_stars: None,
        suggested_post: None,
    }
}

fn entities(post: &Post) -> Option<Vec<tl::MessageEntity>> {
    (!post.entities.is_empty()).then(|| post.entities.clone())
}

fn sent_id(updates: &tl::Updates, random_id: i64) -> Option<MessageId> {
    let updates = match updates {
        tl::Updates::Updates(it) => &it.updates,
        tl::Updates::Combined(it) => &it.updates,
        tl::Updates::UpdateShort(it) => std::slice::from_ref(&it.update),
        tl::Updates::UpdateShortSentMessage(it) => return Some(MessageId(it.id)),
        tl::Updates::TooLong
        | tl::Updates::UpdateShortMessage(_)
        | tl::Updates::UpdateShortChatMessage(_) => return None,
    };
    updates.iter().find_map(|update| match update {
        tl::Update::MessageId(it) if it.random_id == random_id => Some(MessageId(it.id)),
        _ => None,
    })
}

fn message_of(updates: tl::Updates, sent: MessageId) -> Option<Box<Message>> {
    let updates = match updates {
        tl::Updates::Updates(it) => it.updates,
        tl::Updates::Combined(it) => it.updates,
        _ => return None,
    };
    updates.into_iter().find_map(|update| {
        let message = match update {
            tl::Update::NewMessage(it) => it.message,
            tl::Update::NewChannelMessage(it) => it.message,
            _ => return None,
        };
        match fetched(message) {
            Fetched::Message(message) if message.id == sent => Some(message),
            _ => None,
        }
    })
}

fn is_same(message: &Message, post: &Post) -> bool {
    let file = message.media.as_ref().and_then(|media| media.file.as_deref());
    let is_same_file = match (&post.content, file) {
        (Content::File { document: Some((name, bytes)), .. }, Some(file)) => {
            file.name.as_ref() == Some(name) && u64::try_from(file.size_bytes) == Ok(*bytes)
        }
        (Content::File { document: Some(_), .. }, None) => false,
        (Content::File { document: None, .. }, file) => file.is_some(),
        (Content::Text { .. }, file) => file.is_none() && message.action.is_none(),
    };
    // Telegram cuts blanks off both ends of a text.
    // In Saved Messages and channels, our own do not count as outgoing everywhere.
    let is_ours = message.marks.is_outgoing || message.marks.is_post || message.sender == Some(message.chat);
    is_ours && message.text.trim() == post.caption.trim() && is_same_file
}

fn telegram(record: &TelegramSend, source: Error) -> SendError {
    SendError::Telegram { intent: record.intent.clone(), source }
}

fn state(intent: &str, source: StateError) -> SendError {
    SendError::State { intent: intent.to_owned(), source }
}
