//! Messages as records: for scripts, which are slow enough that copies do not count.

use tapedeck_bindings::capability::{records as wit, types::ExtraValue};

use super::{
    batch::{count, duration_ms, size},
    codes::message_marks,
    extra::{self, Material},
};
use crate::model::{
    Action, Entity, EntityKind, File, FileRole, Forward, Media, MessageId, PeerId, ReactionCount, Reply,
};

pub(super) fn records(material: &Material<'_>, wanted: &[String]) -> Vec<wit::Message> {
    (0..material.messages.len()).map(|place| record(material, place, wanted)).collect()
}

fn record(material: &Material<'_>, place: usize, wanted: &[String]) -> wit::Message {
    let message = &material.messages[place];
    wit::Message {
        id: message.id.0.into(),
        chat_id: message.chat.0,
        sender_id: message.sender.map(peer),
        date: message.date.as_second(),
        edit_date: message.edited.map(|date| date.as_second()),
        marks: message_marks(message),
        text: message.text.clone(),
        entities: message.entities.iter().map(entity).collect(),
        media: message.media.as_deref().map(media),
        action: message.action.as_deref().map(action),
        reply: message.reply.as_deref().map(reply),
        topic_id: message.topic().map(number),
        forward: message.forward.as_deref().map(forward),
        via_bot_id: message.via_bot.map(peer),
        album_id: message.album,
        signature: message.signature.clone(),
        views: message.views.map(count),
        forwards: message.forwards.map(count),
        comments: message.comments.as_ref().map(|comments| count(comments.count)),
        reactions: message.reactions.iter().flat_map(|it| &it.counts).map(reaction).collect(),
        extra: wanted.iter().filter_map(|name| value(name, material, place)).collect(),
    }
}

fn value(name: &str, material: &Material<'_>, place: usize) -> Option<ExtraValue> {
    let mut value = Vec::new();
    extra::write(name, material, place, &mut value)?;
    let value = String::from_utf8(value).expect("texts and JSON are UTF-8");
    (!value.is_empty()).then(|| ExtraValue { name: name.to_owned(), value })
}

fn entity(entity: &Entity) -> wit::Entity {
    let (kind, detail) = kind(&entity.kind);
    wit::Entity { kind, offset: count(entity.offset), length: count(entity.length), detail }
}

/// The archive's own name for it, and what else it says.
fn kind(kind: &EntityKind) -> (String, String) {
    let json = serde_json::to_value(kind).unwrap_or_default();
    let name = json["type"].as_str().unwrap_or("unknown").to_owned();
    let detail = match kind {
        EntityKind::Pre { language } => language.clone(),
        EntityKind::TextUrl { url } => url.clone(),
        EntityKind::MentionName { user } => user.to_string(),
        EntityKind::CustomEmoji { document } => document.to_string(),
        EntityKind::DiffReplace { old_text } => old_text.clone(),
        _ if json.as_object().is_some_and(|fields| fields.len() > 1) => json.to_string(),
        _ => String::new(),
    };
    (name, detail)
}

fn media(media: &Media) -> wit::Media {
    let files = media.file.as_deref().into_iter().chain(&media.more_files);
    let rest = || (!media.extra.is_empty()).then(|| json(&media.extra));
    wit::Media {
        kind: media.kind.as_str().into(),
        files: files.map(file).collect(),
        is_spoiler: media.is_spoiler,
        ttl_seconds: media.ttl_seconds.map(count),
        detail: media.detail.as_ref().map(json).or_else(rest).unwrap_or_default(),
    }
}

fn file(file: &File) -> wit::MediaFile {
    let pixels = file.pixels();
    let audio = file.audio.as_deref();
    wit::MediaFile {
        id: file.id,
        role: role(file.role).into(),
        size: size(file),
        mime: file.mime.clone(),
        file_name: file.name.clone(),
        width: pixels.map(|it| count(it.width)),
        height: pixels.map(|it| count(it.height)),
        duration_ms: duration_ms(file),
        title: audio.and_then(|audio| audio.title.clone()),
        performer: audio.and_then(|audio| audio.performer.clone()),
        emoji: file.sticker.as_ref().map(|sticker| sticker.emoji.clone()),
    }
}

const fn role(role: FileRole) -> &'static str {
    match role {
        FileRole::Main => "main",
        FileRole::LivePhoto => "live-photo",
        FileRole::Cover => "cover",
        FileRole::Quality => "quality",
        FileRole::Part => "part",
    }
}

fn action(action: &Action) -> wit::Action {
    wit::Action {
        name: action.name.clone(),
        user_ids: action.users.iter().copied().map(peer).collect(),
        title: action.title.clone(),
        detail: json(action),
    }
}

fn reply(reply: &Reply) -> wit::Reply {
    wit::Reply {
        message_id: reply.message.map(number),
        chat_id: reply.chat.map(peer),
        thread_id: reply.thread.map(number),
        quote: reply.quote_text.clone(),
    }
}

fn forward(forward: &Forward) -> wit::Forward {
    wit::Forward {
        date: forward.date.as_second(),
        origin_id: forward.from.map(peer),
        origin_name: forward.from_name.clone(),
        post_id: forward.post.map(number),
        signature: forward.signature.clone(),
    }
}

fn reaction(given: &ReactionCount) -> wit::Reaction {
    wit::Reaction {
        emoji: given.reaction.to_string(),
        count: count(given.count),
        is_own: given.chosen.is_some(),
    }
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("the model is plain")
}

const fn peer(id: PeerId) -> i64 {
    id.0
}

fn number(id: MessageId) -> i64 {
    id.0.into()
}
