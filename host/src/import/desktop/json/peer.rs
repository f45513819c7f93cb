//! Ids as Telegram Desktop writes them.

use serde_json::Value;

use crate::{
    import::fields::Fields,
    model::{ChatKind, PeerId},
};

/// `user5`, `chat5`, `channel5`; in old exports a number whose upper half says which.
pub(super) fn peer(value: &Value) -> Option<PeerId> {
    match value {
        Value::String(text) => named(text),
        Value::Number(number) => numbered(number.as_i64()?),
        _ => None,
    }
}

fn named(text: &str) -> Option<PeerId> {
    let split = text.find(|c: char| c.is_ascii_digit())?;
    let (kind, digits) = text.split_at(split);
    let id = digits.parse::<i64>().ok().filter(|id| *id > 0)?;
    match kind {
        "user" => Some(PeerId::user(id)),
        "chat" => Some(PeerId::group(id)),
        "channel" => Some(PeerId::channel(id)),
        _ => None,
    }
}

fn numbered(number: i64) -> Option<PeerId> {
    let low = number & 0xffff_ffff;
    match number >> 32 {
        0 if low > 0 => Some(PeerId::user(low)),
        1 => Some(PeerId::group(low)),
        2 => Some(PeerId::channel(low)),
        _ => None,
    }
}

pub(super) fn take_peer(fields: &mut Fields, name: &str) -> Option<PeerId> {
    let peer = peer(fields.get(name)?)?;
    fields.take(name);
    Some(peer)
}

/// A chat's bare id becomes a marked one by its kind. Old exports had ids as above.
pub(super) fn chat(kind: &str, id: i64) -> Option<(PeerId, ChatKind)> {
    let id = if id >> 32 == 1 || id >> 32 == 2 { id & 0xffff_ffff } else { id };
    let id = Some(id).filter(|id| (1..1 << 44).contains(id))?;
    Some(match kind {
        "personal_chat" | "saved_messages" | "replies" | "verify_codes" => {
            (PeerId::user(id), ChatKind::Private)
        }
        "bot_chat" => (PeerId::user(id), ChatKind::Bot),
        "private_group" => (PeerId::group(id), ChatKind::Group),
        "private_supergroup" | "public_supergroup" => (PeerId::channel(id), ChatKind::Supergroup),
        "private_channel" | "public_channel" => (PeerId::channel(id), ChatKind::Channel),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_say_what_they_are() {
        for (written, wanted) in [
            (json!("user777000"), Some(777_000)),
            (json!("chat42"), Some(-42)),
            (json!("channel1234567890"), Some(-1_001_234_567_890)),
            (json!(777_000), Some(777_000)),
            (json!(4_294_967_338_i64), Some(-42)),
            (json!(8_589_934_599_i64), Some(-1_000_000_000_007)),
            (json!("user"), None),
            (json!("user-5"), None),
            (json!("user99999999999999999999"), None),
            (json!([]), None),
        ] {
            assert_eq!(peer(&written), wanted.map(PeerId), "{written}");
        }
    }

    #[test]
    fn chats_are_marked_by_their_kind() {
        assert_eq!(chat("private_group", 42), Some((PeerId(-42), ChatKind::Group)));
        assert_eq!(chat("public_supergroup", 7), Some((PeerId(-1_000_000_000_007), ChatKind::Supergroup)));
        assert_eq!(chat("bot_chat", 9), Some((PeerId(9), ChatKind::Bot)));
        assert_eq!(chat("hologram", 9), None);
        assert_eq!(chat("personal_chat", -9), None);
    }
}
