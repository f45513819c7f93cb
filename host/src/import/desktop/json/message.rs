//! One entry of `messages`.

use jiff::{Timestamp, civil, tz::TimeZone};
use serde_json::Value;

use super::{action, media, peer, text};
use crate::{
    import::{blank, fields::Fields, folder::Folder, kind::Kind, source::ToldMessage},
    model::{
        ChatKind, Forward, MediaKind, Message, MessageId, PeerId, Reaction, ReactionCount, Reactions, Reply,
    },
};

/// Messages from before a group became a supergroup are told in it, with ids so much lower.
const SHIFT: i64 = 1_000_000_000;

/// What messages of a chat are read with.
#[derive(Debug)]
pub(super) struct Chat<'a> {
    pub(super) id: PeerId,
    pub(super) kind: ChatKind,
    /// The group that it was.
    pub(super) former: Option<PeerId>,
    /// Whose export it is.
    pub(super) owner: Option<PeerId>,
    pub(super) timezone: Option<&'a TimeZone>,
    pub(super) folder: &'a Folder,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nothing can be done about this message.
    Unreadable(String),
    /// Dates are local ones, and nobody says where.
    NoTimezone,
}

impl From<&str> for Refusal {
    fn from(reason: &str) -> Self {
        Self::Unreadable(reason.into())
    }
}

/// The message, and who spoke.
pub(super) fn message(
    entry: Value,
    chat: &Chat<'_>,
) -> Result<(ToldMessage, Option<(PeerId, String)>), Refusal> {
    let mut fields = Fields::of(entry).ok_or("it is no object")?;
    let (place, id) = place(fields.number("id").ok_or("it has no number `id`")?, chat)?;
    let kind = fields.text("type").unwrap_or_default();
    let date = moment(&mut fields, "date", chat.timezone)?.ok_or("it has no `date`")?;
    let mut message = blank::message(Kind::TelegramDesktop, place, id, date);
    message.edited = moment(&mut fields, "edited", chat.timezone)?;
    let is_service = kind == "service" || fields.has("action");
    let speaker = speaker(&mut fields, if is_service { "actor" } else { "from" });
    set_sender(&mut message, chat, speaker.as_ref().and_then(|(peer, _)| *peer));
    let written = text::take(&mut fields);
    (message.text, message.entities) = (written.text, written.entities);
    message.reply = reply(&mut fields, chat, place);
    let file = if is_service {
        service(&mut message, fields, chat.folder)
    } else {
        let file = ordinary(&mut message, &mut fields, chat.folder);
        if kind == "unsupported" {
            message.media.get_or_insert_with(|| Box::new(blank::media(MediaKind::Unsupported)));
        }
        blank::keep_rest(&mut message, fields.rest());
        file
    };
    let mut told = ToldMessage::new(message);
    told.file = file;
    told.sender_name = speaker.as_ref().map(|(_, name)| name.clone()).filter(|name| !name.is_empty());
    Ok((told, speaker.and_then(|(peer, name)| Some((peer?, name)))))
}

fn place(id: i64, chat: &Chat<'_>) -> Result<(PeerId, MessageId), Refusal> {
    let (place, id) = match chat.former {
        Some(former) if id < 0 => (former, id + SHIFT),
        _ => (chat.id, id),
    };
    let id = i32::try_from(id).ok().filter(|id| *id != 0).ok_or("its `id` is no id of a message")?;
    Ok((place, MessageId(id)))
}

/// Unix seconds where there are some, else a local date.
fn moment(
    fields: &mut Fields,
    name: &str,
    timezone: Option<&TimeZone>,
) -> Result<Option<Timestamp>, Refusal> {
    let exact = fields.moment(&format!("{name}_unixtime"));
    let Some(local) = fields.text(name) else { return Ok(exact) };
    if exact.is_some() {
        return Ok(exact);
    }
    // Old exports wrote this for messages that were never edited.
    if local.starts_with("1970-01-01") {
        return Ok(None);
    }
    let unclear = || {
        Refusal::Unreadable(format!(
            "its `{name}` is no date: {}",
            local.chars().take(40).collect::<String>()
        ))
    };
    let civil: civil::DateTime = local.parse().map_err(|_| unclear())?;
    let zoned = civil.to_zoned(timezone.ok_or(Refusal::NoTimezone)?.clone()).map_err(|_| unclear())?;
    Ok(Some(zoned.timestamp()))
}

/// A name is null when the account was deleted.
fn speaker(fields: &mut Fields, name: &str) -> Option<(Option<PeerId>, String)> {
    let spoken = fields.text(name);
    let peer = peer::take_peer(fields, &format!("{name}_id"));
    (spoken.is_some() || peer.is_some()).then(|| (peer, spoken.unwrap_or_default()))
}

fn set_sender(message: &mut Message, chat: &Chat<'_>, speaker: Option<PeerId>) {
    message.sender = speaker;
    message.marks.is_post = chat.kind == ChatKind::Channel;
    message.marks.is_outgoing = match chat.owner {
        Some(owner) => speaker == Some(owner),
        // Of two people, the other one is the chat.
        None => {
            matches!(chat.kind, ChatKind::Private | ChatKind::Bot)
                && speaker.is_some_and(|peer| peer != chat.id)
        }
    };
}

fn reply(fields: &mut Fields, chat: &Chat<'_>, place: PeerId) -> Option<Box<Reply>> {
    let id = fields.number("reply_to_message_id")?;
    let elsewhere = peer::take_peer(fields, "reply_to_peer_id");
    let (peer, id) = match chat.former {
        Some(former) if id < 0 && elsewhere.is_none() => (former, id + SHIFT),
        _ => (elsewhere.unwrap_or(chat.id), id),
    };
    let message = MessageId(i32::try_from(id).ok()?);
    Some(Box::new(Reply {
        message: Some(message),
        chat: (peer != place).then_some(peer),
        ..Reply::default()
    }))
}

fn ordinary(
    message: &mut Message,
    fields: &mut Fields,
    folder: &Folder,
) -> Option<crate::import::folder::Found> {
    message.forward = forward(fields, message.date);
    if message.forward.is_some() {
        // The date of a forward is the copy's: the export does not tell the original's.
        blank::keep(message, "forward_date", "unknown".into());
    }
    message.signature = fields.text("author");
    message.reactions = reactions(fields);
    message.views = fields.small("views");
    message.forwards = fields.small("forwards");
    let (media, file) = media::take(fields, folder, message.date)?;
    message.media = Some(Box::new(media));
    file
}

fn forward(fields: &mut Fields, date: Timestamp) -> Option<Box<Forward>> {
    let is_forwarded =
        ["forwarded_from", "forwarded_from_id", "saved_from"].iter().any(|it| fields.get(it).is_some());
    if !is_forwarded {
        return None;
    }
    let from = peer::take_peer(fields, "forwarded_from_id");
    let from_name = fields.text("forwarded_from");
    if fields.get("forwarded_from").is_some_and(Value::is_null) {
        fields.take("forwarded_from");
    }
    Some(Box::new(Forward {
        date,
        from,
        from_name,
        post: None,
        signature: None,
        saved_from_chat: None,
        saved_from_message: None,
        saved_from: None,
        saved_from_name: fields.text("saved_from"),
        saved_date: None,
        announcement: None,
        is_imported: false,
        was_outgoing: false,
    }))
}

/// How often each; who it was stays as it is, because its dates are local ones.
fn reactions(fields: &mut Fields) -> Option<Box<Reactions>> {
    let list = fields.get("reactions")?.as_array()?;
    let count = |value: &Value| {
        let mut one = Fields::of(value.clone())?;
        let count = one.small("count")?;
        let reaction = match one.text("type").as_deref() {
            Some("custom_emoji") => match one.number("document_id") {
                Some(document) => Reaction::Custom(document),
                // Some versions name the picture's file instead.
                None => Reaction::Emoji(one.text("emoji")?),
            },
            Some("paid") => Reaction::Paid,
            _ => Reaction::Emoji(one.text("emoji")?),
        };
        Some(ReactionCount { reaction, count, chosen: None })
    };
    let counts: Vec<ReactionCount> = list.iter().map(count).collect::<Option<_>>()?;
    let says_more = list.iter().any(|one| one.get("recent").is_some());
    if !says_more {
        fields.take("reactions");
    }
    Some(Box::new(Reactions { counts, is_partial: true, ..Reactions::default() }))
}

fn service(
    message: &mut Message,
    mut fields: Fields,
    folder: &Folder,
) -> Option<crate::import::folder::Found> {
    let name = fields.text("action").unwrap_or_default();
    if name == "pin_message"
        && let Some(pinned) = fields.get("message_id").and_then(Value::as_i64)
    {
        let pinned = i32::try_from(pinned).ok().map(MessageId);
        message.reply.get_or_insert_default().message = pinned;
    }
    let picture = fields.get("photo").is_some_and(Value::is_string);
    let picture = picture.then(|| media::photo(&mut fields, folder, message.date));
    let mut action = action::action(&name, fields);
    let found = picture.and_then(|(photo, found)| {
        action.photo = Some(Box::new(photo));
        found
    });
    message.action = Some(Box::new(action));
    found
}
