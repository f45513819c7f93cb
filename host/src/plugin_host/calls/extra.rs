//! The facts about messages that have no column: by the names that a plugin lists in `columns`.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::Value;

use crate::model::{Message, PeerId};

/// How people and chats are called, by their ids.
pub type Names = HashMap<PeerId, String>;

/// Messages, and what is known beside them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Material<'a> {
    pub(crate) messages: &'a [Message],
    pub(crate) names: Option<&'a Names>,
    /// One for each message: where its files lie beside an export.
    pub(crate) files: Option<&'a [Value]>,
}

impl<'a> Material<'a> {
    pub(crate) const fn of(messages: &'a [Message]) -> Self {
        Self { messages, names: None, files: None }
    }
}

/// Adds what the message at `place` has of this name; nothing, if it has none. `None` for names
/// that this version does not know, or has nothing for.
pub(super) fn write(name: &str, material: &Material<'_>, place: usize, out: &mut Vec<u8>) -> Option<()> {
    let message = &material.messages[place];
    match name {
        "mime" => text(file(message).map(|file| file.mime.as_str()), out),
        "file-name" => text(file(message).and_then(|file| file.name.as_deref()), out),
        "sender-name" => {
            let names = material.names?;
            text(message.sender.and_then(|id| names.get(&id)).map(String::as_str), out);
        }
        "forward-name" => {
            let forward = message.forward.as_ref();
            let hidden = forward.and_then(|forward| forward.from_name.as_deref());
            let known = || material.names?.get(&forward?.from?).map(String::as_str);
            text(hidden.or_else(known), out);
        }
        "files" => {
            let files = material.files?.get(place)?;
            json(Some(files).filter(|it| !it.is_null()), out);
        }
        "json" => json(Some(message), out),
        "entities" => json(some(&message.entities), out),
        "media" => json(message.media.as_ref(), out),
        "action" => json(message.action.as_ref(), out),
        "reply" => json(message.reply.as_ref(), out),
        "forward" => json(message.forward.as_ref(), out),
        "reactions" => json(message.reactions.as_ref(), out),
        "comments" => json(message.comments.as_ref(), out),
        "forwards" => json(message.forwards.as_ref(), out),
        "signature" => json(message.signature.as_ref(), out),
        "saved_peer" => json(message.saved_peer.as_ref(), out),
        "ttl_seconds" => json(message.ttl_seconds.as_ref(), out),
        "effect" => json(message.effect.as_ref(), out),
        "fact_check" => json(message.fact_check.as_ref(), out),
        "restrictions" => json(some(&message.restrictions), out),
        "extra" => json(Some(&message.extra).filter(|extra| !extra.is_empty()), out),
        _ => return None,
    }
    Some(())
}

fn file(message: &Message) -> Option<&crate::model::File> {
    message.media.as_ref()?.file.as_deref()
}

fn some<T>(list: &[T]) -> Option<&[T]> {
    (!list.is_empty()).then_some(list)
}

fn text(value: Option<&str>, out: &mut Vec<u8>) {
    out.extend_from_slice(value.unwrap_or_default().as_bytes());
}

fn json<T: Serialize + ?Sized>(value: Option<&T>, out: &mut Vec<u8>) {
    if let Some(value) = value {
        serde_json::to_writer(out, value).expect("the model is plain, and memory takes everything");
    }
}
