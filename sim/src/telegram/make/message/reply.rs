use grammers_tl_types::{
    enums::{Message, MessageReplyHeader},
    types,
};

use super::{
    super::{
        plan::ChatKind,
        scene::{Scene, channel, user},
        text::{Text, push_entity, units},
    },
    Spot, forward,
};
use crate::telegram::state::blank;

/// An answer to a message of the same chat, within its topic.
pub(super) fn header(spot: &Spot<'_>, to: i32) -> MessageReplyHeader {
    let mut header = blank::reply_header(to);
    if let Some(root) = topic_root(spot) {
        header.forum_topic = true;
        header.reply_to_top_id = Some(root);
    }
    header.into()
}

/// What every message of a topic has, and no other.
pub(super) fn topic(spot: &Spot<'_>) -> Option<MessageReplyHeader> {
    let mut header = blank::reply_header(topic_root(spot)?);
    header.forum_topic = true;
    Some(header.into())
}

/// The message that opened the topic. The general one has none.
fn topic_root(spot: &Spot<'_>) -> Option<i32> {
    let is_topic = spot.chat.kind == ChatKind::Forum && spot.topic() > 0;
    is_topic.then(|| spot.plan.id(spot.number, spot.topic()))
}

/// Answers of every sort, by turns: with a quote, to a story, to another chat, to one thing of a list.
pub(super) fn with_quote(spot: &Spot<'_>, scene: &mut Scene<'_>) -> Option<MessageReplyHeader> {
    let to = spot.answerable(1)?;
    let MessageReplyHeader::Header(mut header) = header(spot, to) else { return None };
    let turn = if spot.everything() { spot.turn(6) } else { 0 };
    match turn {
        1 => {
            let peer = user(scene.member());
            return Some(types::MessageReplyStoryHeader { peer, story_id: scene.dice.between(1, 90) }.into());
        }
        2 => {
            header.reply_to_peer_id = Some(channel(scene.channel));
            header.reply_from = Some(forward::from_channel(scene));
            header.reply_media = Some(super::file_media(0, scene));
        }
        3 => header.todo_item_id = Some(2),
        4 => header.poll_option = Some(b"1".to_vec()),
        // The message was in a chat that one cannot see.
        5 => {
            header.reply_to_msg_id = None;
            header.reply_from = Some(forward::hidden(scene));
        }
        _ => {}
    }
    if turn == 2 || turn == 5 {
        let mut quote = Text::plain(scene.label());
        push_entity(&mut quote, 7, scene.tongue, &mut scene.dice);
        header.quote_entities = quote.entities();
        (header.quote_text, header.quote_offset) = (Some(quote.text), Some(12));
    } else {
        let (quote, offset) = part_of(&super::message(spot.plan, spot.number, spot.place - 1))?;
        (header.quote_text, header.quote_offset) = (Some(quote), Some(offset));
    }
    header.quote = true;
    Some(header.into())
}

/// Some words of a message, and where they begin in it.
fn part_of(message: &Message) -> Option<(String, i32)> {
    let Message::Message(message) = message else { return None };
    let text = &message.message;
    let start = text.find(' ').map_or(0, |space| space + 1);
    let quote: String = text[start..].chars().take(24).collect();
    (!quote.is_empty()).then(|| (quote, units(&text[..start])))
}
