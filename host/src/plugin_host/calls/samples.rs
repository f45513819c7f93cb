//! Messages for tests.

use jiff::Timestamp;

use crate::model::{Chat, Extra, Marks, Message, MessageId, PeerId};

pub(crate) fn message(id: i32, text: &str) -> Message {
    Message {
        id: MessageId(id),
        chat: PeerId(-1_000_000_000_007),
        date: Timestamp::UNIX_EPOCH,
        edited: None,
        sender: Some(PeerId(42)),
        text: text.into(),
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
        extra: Extra::default(),
    }
}

pub(crate) fn private_chat() -> Chat {
    serde_json::from_value(serde_json::json!({ "id": 42, "kind": "private", "title": "Ada" })).unwrap()
}
