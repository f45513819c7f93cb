//! Chats, people and topics as records.

use serde::Serialize;
use tapedeck_bindings::capability::{chats as wit, types::ExtraValue};

use super::codes::{chat_marks, person_marks, topic_marks};
use crate::model::{Chat, ChatKind, Topic, User};

pub(super) fn chat(chat: &Chat) -> wit::Chat {
    wit::Chat {
        id: chat.id.0,
        kind: kind(chat.kind).into(),
        title: chat.title.clone(),
        usernames: chat.usernames.clone(),
        created: chat.created.map(|date| date.as_second()),
        participants: chat.participants.and_then(|count| u32::try_from(count).ok()),
        moved_to: chat.moved_to.map(|peer| peer.0),
        marks: chat_marks(chat),
        extra: whole(chat),
    }
}

const fn kind(kind: ChatKind) -> &'static str {
    match kind {
        ChatKind::Private => "private",
        ChatKind::Bot => "bot",
        ChatKind::Group => "group",
        ChatKind::Supergroup => "supergroup",
        ChatKind::Channel => "channel",
        ChatKind::Direct => "direct",
        ChatKind::Community => "community",
    }
}

pub(super) fn person(user: &User) -> wit::Person {
    wit::Person {
        id: user.id.0,
        name: user.name(),
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        usernames: user.usernames.clone(),
        phone: user.phone.clone(),
        marks: person_marks(user),
        extra: whole(user),
    }
}

pub(super) fn topic(topic: &Topic) -> wit::Topic {
    wit::Topic {
        id: topic.id.0.into(),
        title: topic.title.clone(),
        created: topic.created.as_second(),
        creator_id: topic.by.0,
        marks: topic_marks(topic),
        extra: whole(topic),
    }
}

/// For what has no field of its own.
fn whole<T: Serialize>(it: &T) -> Vec<ExtraValue> {
    let value = serde_json::to_string(it).expect("the model is plain");
    vec![ExtraValue { name: "json".into(), value }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_chat_is_lost() {
        let json = serde_json::json!({
            "id": -1_001_234, "kind": "supergroup", "title": "Tea", "photo": 77,
            "restrictions": [], "extra": { "about": "Only green." }
        });
        let known: Chat = serde_json::from_value(json).unwrap();
        let given = chat(&known);
        assert_eq!((given.extra.len(), given.extra[0].name.as_str()), (1, "json"));
        assert_eq!(serde_json::from_str::<Chat>(&given.extra[0].value).unwrap(), known);
    }
}
