//! A message: what was said, where, by whom, and everything that hangs on it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Blob, Entity, Extra, MessageId, PeerId, RichText, file::File, media::Media, reaction::Reactions,
};

/// What a list of messages holds at one place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fetched {
    Message(Box<Message>),
    /// Telegram has no message of this id, or does not show it.
    Missing {
        id: MessageId,
        chat: Option<PeerId>,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    pub id: MessageId,
    pub chat: PeerId,
    pub date: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<Timestamp>,
    /// Absent in channels, whose posts come from the channel itself, and in most private chats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<PeerId>,
    /// As Telegram sent it; empty for service messages and media without a caption.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<Entity>,
    #[serde(flatten)]
    pub marks: Marks,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Box<Media>>,
    /// Makes this a service message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Box<Action>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<Box<Reply>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward: Option<Box<Forward>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reactions: Option<Box<Reactions>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comments: Option<Box<Comments>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub views: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwards: Option<i32>,
    /// Messages with the same number are one album.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub album: Option<i64>,
    /// The author's name under a channel's post.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via_bot: Option<PeerId>,
    /// In Saved Messages: the chat that this was saved from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved_peer: Option<PeerId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_seconds: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fact_check: Option<Box<FactCheck>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restrictions: Vec<Restriction>,
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
}

impl Message {
    /// What an import keeps in `extra`: `from`, where it came from, `text`, `rendered` when marks were lost, and all
    /// that has no field here. A message that has it was not told by Telegram itself.
    pub const IMPORT: &str = "import";

    pub fn is_imported(&self) -> bool {
        self.extra.get(Self::IMPORT).is_some()
    }

    /// The kind of source that it was imported from.
    pub fn import_source(&self) -> Option<&str> {
        self.extra.get(Self::IMPORT)?.get("from")?.as_str()
    }

    /// The text was kept by its source in a form from which it could not be had back for sure.
    pub fn has_rendered_text(&self) -> bool {
        self.extra.get(Self::IMPORT).and_then(|import| import.get("text")).is_some()
    }

    pub fn set_rendered_text(&mut self, is_rendered: bool) {
        let Some(serde_json::Value::Object(import)) = self.extra.get_mut(Self::IMPORT) else { return };
        if is_rendered {
            import.insert("text".into(), "rendered".into());
        } else {
            import.shift_remove("text");
        }
    }

    /// The forum topic that this belongs to, as far as the message itself says. A message of the
    /// topic *General*, which has the number 1, says nothing.
    pub fn topic(&self) -> Option<MessageId> {
        let reply = self.reply.as_ref().filter(|reply| reply.is_in_topic)?;
        reply.thread.or(reply.message)
    }

    /// Every file that hangs on this message and can be downloaded.
    pub fn files(&self) -> Vec<&File> {
        let mut files = Vec::new();
        if let Some(media) = &self.media {
            media.collect_files(&mut files);
        }
        files.extend(self.action.iter().filter_map(|action| action.photo.as_deref()));
        if let Some(media) = self.reply.as_ref().and_then(|reply| reply.media.as_ref()) {
            media.collect_files(&mut files);
        }
        files
    }
}

/// Yes-or-no facts about a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Marks {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_outgoing: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_pinned: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_post: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_silent: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_mention: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_media_unread: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_from_scheduled: bool,
    /// Changed, but not to be shown as edited: a reaction, a counter.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hides_edit: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_protected: bool,
    /// The caption stands above the media.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub has_caption_above: bool,
}

/// What happened, in a service message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// Telegram's own name for it in snake case: `chat_add_user`, `pin_message`.
    pub name: String,
    /// Users that this is about: added, removed, invited.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<PeerId>,
    /// A new title of the chat or topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where the group moved to, or came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration: Option<Migration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<Box<File>>,
    /// Everything that the action carries, the above included.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Migration {
    To(PeerId),
    From(PeerId),
}

/// What a message answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// Only when it is another chat than the answer's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<PeerId>,
    /// The first message of the thread or topic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<MessageId>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_in_topic: bool,
    /// Somebody chose the quoted words by hand.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_quote: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote_text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote_entities: Option<Vec<Entity>>,
    /// Where the quote begins in the quoted message, in UTF-16 units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote_offset: Option<i32>,
    /// Where the answered message came from, when it cannot be seen here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Box<Forward>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Box<Media>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub story: Option<Story>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub todo_item: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll_option: Option<Blob>,
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    pub peer: PeerId,
    pub id: i32,
}

/// Where a message was before it was forwarded here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forward {
    /// When the original was written.
    pub date: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<PeerId>,
    /// The author's name when the author hides behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post: Option<MessageId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// The chat and message that this copy was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved_from_chat: Option<PeerId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved_from_message: Option<MessageId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved_from: Option<PeerId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved_from_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved_date: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announcement: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_imported: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_outgoing: bool,
}

/// The thread under a message: a channel's comments or a group's answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comments {
    pub count: i32,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub are_comments: bool,
    /// The discussion group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat: Option<PeerId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<MessageId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recent: Option<Vec<PeerId>>,
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FactCheck {
    pub hash: i64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_pending: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<RichText>,
}

/// Why some platforms do not show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restriction {
    pub platform: String,
    pub reason: String,
    pub text: String,
}
