//! Messages for tests.

use serde_json::json;

use crate::model::{Chat, Message};

pub(crate) fn message(id: i32, text: &str) -> Message {
    let json = json!({ "id": id, "chat": -1_000_000_000_007_i64, "date": "1970-01-01T00:00:00Z", "sender": 42, "text": text });
    serde_json::from_value(json).unwrap()
}

pub(crate) fn private_chat() -> Chat {
    serde_json::from_value(json!({ "id": 42, "kind": "private", "title": "Ada" })).unwrap()
}
