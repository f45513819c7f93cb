//! Messages of generated worlds, as they come out of `telegram::convert`.

use jiff::Timestamp;
use tapedeck_sim::telegram::make::{self, Recipe};

use crate::{
    model::{Extra, Fetched, Marks, Message, MessageId, PeerId},
    telegram::convert,
};

/// With everything that Telegram's layer has.
pub(crate) fn everything(seed: u64, messages: usize) -> Vec<Message> {
    made(&Recipe { seed, messages, chats: 24, everything: true, ..Recipe::default() })
}

/// What ordinary people send.
pub(crate) fn talk(seed: u64, messages: usize, chats: usize) -> Vec<Message> {
    made(&Recipe { seed, messages, chats, everything: false, ..Recipe::default() })
}

/// Chat by chat, the oldest first.
fn made(recipe: &Recipe) -> Vec<Message> {
    let world = tapedeck_sim::World::default();
    world.telegram(|t| {
        let plan = make::fill(t, recipe);
        let mut messages = Vec::new();
        for chat in &plan.chats {
            let history = t.history(plan.me(), make::peer_of(chat)).expect("it was made");
            let made = history.ids_from(0).filter_map(|id| history.get(id));
            messages.extend(made.filter_map(|message| match convert::fetched(message.into_owned()) {
                Fetched::Message(message) => Some(*message),
                Fetched::Missing { .. } => None,
            }));
        }
        messages
    })
}

/// Words and nothing else, sent in the order of the ids.
pub(crate) fn plain(chat: PeerId, id: i32, text: &str) -> Message {
    Message {
        id: MessageId(id),
        chat,
        date: Timestamp::from_second(1_700_000_000 + i64::from(id)).expect("a date of our time"),
        edited: None,
        sender: None,
        text: text.to_owned(),
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
