//! One message, one chat, one earlier text.

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::{
    archive::Version,
    import::{
        blank,
        fields::Fields,
        folder::{Folder, Found},
        kind::Kind,
        source::ToldMessage,
        sqlite::take_moment,
    },
    model::{BarePeer, Chat, ChatKind, Message, MessageId, PeerId, Reply, Topic, User},
};

pub(super) struct ToldChat {
    pub(super) chat: Chat,
    pub(super) topics: Vec<Topic>,
}

pub(super) struct Spoken {
    pub(super) message: ToldMessage,
    pub(super) user: Option<User>,
}

pub(super) fn chat(mut fields: Fields) -> Option<ToldChat> {
    let id = PeerId(fields.number("id")?);
    let kind = match (id.bare(), fields.text("type").as_deref()) {
        (BarePeer::User(_), Some("bot")) => ChatKind::Bot,
        (BarePeer::User(_), _) => ChatKind::Private,
        (BarePeer::Group(_), _) => ChatKind::Group,
        (BarePeer::Channel(_), Some("channel")) => ChatKind::Channel,
        (BarePeer::Channel(_), _) => ChatKind::Supergroup,
    };
    let mut chat = blank::chat(id, kind, &fields.text("title").unwrap_or_default());
    chat.usernames = fields.text("username").into_iter().collect();
    chat.participants = fields.small("participants_count");
    chat.is_forum = fields.flag("is_forum");
    let topics = fields.list("topics").unwrap_or_default();
    let topics = topics.into_iter().filter_map(Fields::of).filter_map(topic).collect();
    Some(ToldChat { chat, topics })
}

fn topic(mut fields: Fields) -> Option<Topic> {
    Some(Topic {
        id: MessageId(fields.small("id")?),
        title: fields.text("title").unwrap_or_default(),
        created: take_moment(&mut fields, "date").unwrap_or(Timestamp::UNIX_EPOCH),
        by: PeerId(0),
        icon_color: 0,
        icon_emoji: None,
        newest: MessageId(0),
        is_closed: false,
        is_pinned: false,
        is_hidden: false,
        extra: crate::model::Extra::default(),
    })
}

pub(super) fn message(
    mut fields: Fields,
    chat: PeerId,
    kind: Option<ChatKind>,
    folder: &Folder,
) -> Result<Spoken, &'static str> {
    let id = fields.number("id").and_then(|id| i32::try_from(id).ok()).filter(|id| *id != 0);
    let id = MessageId(id.ok_or("its `id` is no id of a message")?);
    let date = take_moment(&mut fields, "date").ok_or("it has no `date`")?;
    let mut message = blank::message(Kind::Json, chat, id, date);
    message.edited = take_moment(&mut fields, "edit_date");
    message.text = fields.text("text").unwrap_or_default();
    message.sender = fields.number("sender_id").filter(|id| *id != 0).map(PeerId);
    message.marks.is_outgoing = fields.flag("is_outgoing");
    message.marks.is_pinned = fields.flag("is_pinned");
    message.marks.is_post = kind == Some(ChatKind::Channel);
    message.entities = model(&mut fields, "entities").unwrap_or_default();
    message.media = model(&mut fields, "media");
    message.action = model(&mut fields, "action");
    message.reply = reply(&mut fields);
    message.forward = model(&mut fields, "forward");
    message.reactions = model(&mut fields, "reactions");
    message.comments = model(&mut fields, "comments");
    message.views = fields.small("views");
    message.forwards = fields.small("forwards");
    message.signature = fields.text("signature");
    message.album = fields.number("album_id");
    message.via_bot = fields.number("via_bot_id").map(PeerId);
    fields.take("media_type");
    let (file, more_files) = files(&mut fields, &message, folder);
    let deleted = model(&mut fields, "deleted");
    let versions = model(&mut fields, "versions").unwrap_or_default();
    let sender = fields.object("sender").unwrap_or_default();
    let (name, user) = speaker(sender, message.sender);
    blank::keep_rest(&mut message, fields.rest());
    let mut told = ToldMessage::new(message);
    (told.file, told.more_files) = (file, more_files);
    (told.deleted, told.versions) = (deleted, versions);
    told.sender_name = name;
    Ok(Spoken { message: told, user })
}

/// A part that is JSON by the model's own names. What is not stays where it is.
fn model<T: DeserializeOwned>(fields: &mut Fields, name: &str) -> Option<T> {
    let value = serde_json::from_value(fields.get(name)?.clone()).ok()?;
    fields.take(name);
    Some(value)
}

fn reply(fields: &mut Fields) -> Option<Box<Reply>> {
    let topic = fields.small("topic_id").map(MessageId);
    let id = fields.small("reply_to").map(MessageId);
    let full: Option<Box<Reply>> = model(fields, "reply");
    if full.is_some() || id.is_none() && topic.is_none() {
        return full;
    }
    let thread = topic.filter(|topic| id != Some(*topic));
    Some(Box::new(Reply { message: id, thread, is_in_topic: topic.is_some(), ..Reply::default() }))
}

/// `[{"id", "path"}]` or `[{"id", "missing"}]`, beside the export.
fn files(fields: &mut Fields, message: &Message, folder: &Folder) -> (Option<Found>, Vec<(i64, Found)>) {
    let Some(first) = message.files().first().map(|file| file.id) else { return (None, Vec::new()) };
    let told = fields.list("files").unwrap_or_default();
    let mut files: Vec<(i64, Found)> =
        told.into_iter().filter_map(Fields::of).filter_map(|file| found(file, folder)).collect();
    let first = files.iter().position(|(id, _)| *id == first).map(|place| files.remove(place).1);
    (first, files)
}

fn found(mut file: Fields, folder: &Folder) -> Option<(i64, Found)> {
    let id = file.number("id")?;
    let found = match file.text("path") {
        Some(path) => folder.find(&path),
        None => Found::Nothing(file.text("missing").unwrap_or_else(|| "it was not exported".into())),
    };
    Some((id, found))
}

fn speaker(mut sender: Fields, id: Option<PeerId>) -> (Option<String>, Option<User>) {
    let name = sender.text("name").filter(|name| !name.is_empty());
    let username = sender.text("username").filter(|name| !name.is_empty());
    let user = id.filter(|id| id.0 > 0 && name.is_some()).map(|id| {
        let mut user = blank::user(id, name.clone(), None);
        user.usernames = username.into_iter().collect();
        user
    });
    (name, user)
}

/// Of Telegram-Archive's exports.
pub(super) fn version(mut fields: Fields) -> Option<(Option<PeerId>, MessageId, Version)> {
    let id = fields.small("message_id").map(MessageId)?;
    let since = take_moment(&mut fields, "date")?;
    let captured = take_moment(&mut fields, "captured_at").unwrap_or(since);
    let version = Version { text: fields.text("text")?, entities: Vec::new(), since, captured };
    Some((fields.number("chat_id").map(PeerId), id, version))
}
