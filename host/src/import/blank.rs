//! Parts of the model as a source knows them: empty where it says nothing.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::kind::Kind;
use crate::model::{
    Blob, Chat, ChatKind, Extra, File, FileForm, FileRole, Marks, Media, MediaKind, Message, MessageId,
    PeerId, User,
};

pub(super) fn message(from: Kind, chat: PeerId, id: MessageId, date: Timestamp) -> Message {
    let mut extra = Extra::default();
    extra.insert(Message::IMPORT, json!({ "from": from.as_str() }));
    Message {
        id,
        chat,
        date,
        edited: None,
        sender: None,
        text: String::new(),
        entities: Vec::new(),
        marks: Marks::default(),
        media: None,
        action: None,
        reply: None,
        forward: None,
        reactions: None,
        comments: None,
        views: None,
        forwards: None,
        album: None,
        signature: None,
        via_bot: None,
        saved_peer: None,
        ttl_seconds: None,
        effect: None,
        fact_check: None,
        restrictions: Vec::new(),
        extra,
    }
}

/// Keeps what the source says and the model has no field for.
pub(super) fn keep(message: &mut Message, name: &str, value: Value) {
    if let Some(Value::Object(import)) = message.extra.get_mut(Message::IMPORT) {
        import.insert(name.to_owned(), value);
    }
}

pub(super) fn keep_rest(message: &mut Message, rest: Map<String, Value>) {
    if !rest.is_empty() {
        keep(message, "rest", Value::Object(rest));
    }
}

pub(super) fn media(kind: MediaKind) -> Media {
    Media {
        kind,
        file: None,
        more_files: Vec::new(),
        is_spoiler: false,
        ttl_seconds: None,
        detail: None,
        extra: Extra::default(),
    }
}

/// The first file of a message. It has no number of Telegram's.
pub(super) fn file(form: FileForm, date: Timestamp) -> File {
    File {
        role: FileRole::Main,
        form,
        id: -1,
        access_hash: 0,
        reference: Blob::default(),
        dc: 0,
        date,
        size_bytes: 0,
        mime: String::new(),
        name: None,
        picture: None,
        video: None,
        audio: None,
        sticker: None,
        is_animated: false,
        has_stickers: false,
        sizes: None,
        video_sizes: None,
        extra: Extra::default(),
    }
}

pub(super) fn chat(id: PeerId, kind: ChatKind, title: &str) -> Chat {
    Chat {
        id,
        kind,
        title: title.to_owned(),
        usernames: Vec::new(),
        created: None,
        participants: None,
        photo: None,
        moved_to: None,
        is_forum: false,
        is_verified: false,
        is_protected: false,
        is_left: false,
        is_partial: true,
        restrictions: Vec::new(),
        extra: Extra::default(),
    }
}

pub(super) fn user(id: PeerId, first_name: Option<String>, last_name: Option<String>) -> User {
    User {
        id,
        first_name,
        last_name,
        usernames: Vec::new(),
        phone: None,
        photo: None,
        is_self: false,
        is_contact: false,
        is_bot: false,
        is_deleted: false,
        is_verified: false,
        is_premium: false,
        is_partial: true,
        restrictions: Vec::new(),
        extra: Extra::default(),
    }
}
