//! The numbers of the contract. A test holds them against the table in `wit/messages.wit`.

use crate::model::{Chat, MediaKind, Message, Topic, User};

/// The model lists the kinds in the order of the contract, which gives 0 to nothing.
pub(super) const fn media_code(kind: MediaKind) -> u16 {
    kind as u16 + 1
}

pub(super) fn message_marks(message: &Message) -> u64 {
    let marks = &message.marks;
    bits([
        marks.is_outgoing,
        marks.is_pinned,
        marks.is_post,
        marks.is_silent,
        marks.is_mention,
        marks.is_media_unread,
        marks.is_from_scheduled,
        marks.hides_edit,
        marks.is_protected,
        marks.has_caption_above,
        message.action.is_some(),
        message.forward.is_some(),
        message.reply.is_some(),
        !message.entities.is_empty(),
        message.media.as_ref().is_some_and(|media| media.is_spoiler),
        message.ttl_seconds.is_some() || message.media.as_ref().is_some_and(|it| it.ttl_seconds.is_some()),
        message.reactions.as_ref().is_some_and(|reactions| !reactions.counts.is_empty()),
        message.comments.as_ref().is_some_and(|comments| comments.count > 0),
        !message.extra.is_empty() && message.extra.get("reply_markup").is_some(),
    ])
}

pub(super) fn chat_marks(chat: &Chat) -> u64 {
    bits([chat.is_forum, chat.is_verified, chat.is_protected, chat.is_left])
}

pub(super) fn person_marks(user: &User) -> u64 {
    bits([user.is_self, user.is_contact, user.is_bot, user.is_deleted, user.is_verified, user.is_premium])
}

pub(super) fn topic_marks(topic: &Topic) -> u64 {
    bits([topic.is_closed, topic.is_pinned, topic.is_hidden])
}

/// The first is bit 0.
fn bits<const N: usize>(facts: [bool; N]) -> u64 {
    let mut bits = 0;
    for (place, fact) in facts.into_iter().enumerate() {
        bits |= u64::from(fact) << place;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTRACT: &str = include_str!("../../../../wit/messages.wit");

    #[test]
    fn media_codes_are_those_of_the_contract() {
        let words: Vec<&str> = CONTRACT
            .split(|c: char| c.is_whitespace() || ",.".contains(c))
            .filter(|it| !it.is_empty())
            .collect();
        let all = (1..=25_u16).map(|code| {
            let at = words.windows(2).position(|pair| {
                pair[0] == code.to_string() && serde_json::from_value::<MediaKind>(pair[1].into()).is_ok()
            });
            let at = at.unwrap_or_else(|| panic!("no media kind has the number {code}"));
            (code, serde_json::from_value::<MediaKind>(words[at + 1].into()).unwrap())
        });
        for (code, kind) in all {
            assert_eq!(media_code(kind), code, "{}", kind.as_str());
        }
    }

    #[test]
    fn the_first_fact_is_bit_zero() {
        assert_eq!(bits([true, false, true]), 0b101);
    }
}
