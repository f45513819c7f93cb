//! What the two kinds of messages have in common.

use grammers_tl_types as tl;
use tl::enums::Message;

use super::peer::Peer;

pub fn id_of(message: &Message) -> i32 {
    message.id()
}

pub fn date_of(message: &Message) -> i32 {
    match message {
        Message::Message(message) => message.date,
        Message::Service(message) => message.date,
        Message::Empty(_) => 0,
    }
}

pub fn is_pinned(message: &Message) -> bool {
    matches!(message, Message::Message(message) if message.pinned)
}

pub fn is_out(message: &Message) -> bool {
    match message {
        Message::Message(message) => message.out,
        Message::Service(message) => message.out,
        Message::Empty(_) => false,
    }
}

/// Who wrote it, where that is said.
pub fn from_of(message: &Message) -> Option<Peer> {
    match message {
        Message::Message(message) => message.from_id.as_ref().map(Peer::from),
        Message::Service(message) => message.from_id.as_ref().map(Peer::from),
        Message::Empty(_) => None,
    }
}

pub fn text_of(message: &Message) -> &str {
    match message {
        Message::Message(message) => &message.message,
        _ => "",
    }
}

pub fn media_of(message: &Message) -> Option<&tl::enums::MessageMedia> {
    match message {
        Message::Message(message) => message.media.as_ref(),
        _ => None,
    }
}

pub fn reply_of(message: &Message) -> Option<&tl::types::MessageReplyHeader> {
    let reply = match message {
        Message::Message(message) => message.reply_to.as_ref(),
        Message::Service(message) => message.reply_to.as_ref(),
        Message::Empty(_) => None,
    };
    match reply {
        Some(tl::enums::MessageReplyHeader::Header(header)) => Some(header),
        _ => None,
    }
}

/// The thread it belongs to: a topic, or the post that is discussed.
pub fn thread_of(message: &Message) -> Option<i32> {
    let reply = reply_of(message)?;
    reply.reply_to_top_id.or(reply.reply_to_msg_id)
}
