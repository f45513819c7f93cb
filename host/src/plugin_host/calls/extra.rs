//! The facts about messages that have no column: by the names that a plugin lists in `columns`.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::model::{Message, PeerId};

/// How people and chats are called, by their ids.
pub type Names = HashMap<PeerId, String>;

/// What an archive knows of a message besides.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Archived {
    /// As the sender was called when the message was first seen.
    pub sender_name: Option<String>,
    pub deleted: Option<Timestamp>,
    /// Its earlier texts, as JSON; null if there are none or nobody asked.
    pub versions: Value,
    /// The message that it answers, as `{"id", "sender", "name", "text", "media"}`; null if that is not known.
    pub replied: Value,
}

/// What is handed over beside messages: in each list one for each message.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    pub names: Option<&'a Names>,
    /// Where their files lie.
    pub files: Option<&'a [Value]>,
    pub archived: Option<&'a [Archived]>,
}

/// Messages, and what is known beside them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Material<'a> {
    pub(crate) messages: &'a [Message],
    pub(crate) names: Option<&'a Names>,
    pub(crate) files: Option<&'a [Value]>,
    pub(crate) archived: Option<&'a [Archived]>,
}

impl<'a> Material<'a> {
    pub(crate) const fn of(messages: &'a [Message]) -> Self {
        Self::with(messages, Beside { names: None, files: None, archived: None })
    }

    pub(crate) const fn with(messages: &'a [Message], beside: Beside<'a>) -> Self {
        let Beside { names, files, archived } = beside;
        Self { messages, names, files, archived }
    }

    fn archived(&self, place: usize) -> Option<&'a Archived> {
        self.archived?.get(place)
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
            let of_then = material.archived(place).and_then(|it| it.sender_name.as_deref());
            if of_then.is_none() && material.names.is_none() && material.archived.is_none() {
                return None;
            }
            let known = || material.names?.get(&message.sender?).map(String::as_str);
            text(of_then.or_else(known), out);
        }
        "forward-name" => {
            let forward = message.forward.as_ref();
            let hidden = forward.and_then(|forward| forward.from_name.as_deref());
            let known = || material.names?.get(&forward?.from?).map(String::as_str);
            text(hidden.or_else(known), out);
        }
        "files" => {
            let files = material.files?.get(place)?;
            json(some_json(files), out);
        }
        "deleted" => json(material.archived(place)?.deleted.as_ref(), out),
        "versions" => json(some_json(&material.archived(place)?.versions), out),
        "replied" => json(some_json(&material.archived(place)?.replied), out),
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

fn some_json(value: &Value) -> Option<&Value> {
    Some(value).filter(|it| !it.is_null())
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
