use std::collections::{BTreeMap, BTreeSet};

use grammers_tl_types::{Deserializable as _, Serializable as _, enums, name_for_id};

use super::{super::Recipe, *};

fn every_message(recipe: &Recipe, mut look: impl FnMut(&Plan, usize, usize, Message)) {
    let plan = Plan::new(recipe);
    for (number, chat) in plan.chats.iter().enumerate() {
        for place in (0..chat.places).filter(|place| chat.has(*place)) {
            look(&plan, number, place, message(&plan, number, place));
        }
    }
}

fn name(bytes: &[u8]) -> &'static str {
    name_for_id(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

#[test]
fn nothing_of_the_layer_is_left_out() {
    let recipe = Recipe { messages: 30_000, chats: 30, ..Recipe::default() };
    let (mut actions, mut media, mut entities) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let (mut forwards, mut replies, mut reactions) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut markups = BTreeSet::new();
    every_message(&recipe, |_, _, _, message| match message {
        Message::Service(message) => drop(actions.insert(name(&message.action.to_bytes()))),
        Message::Message(message) => {
            media.extend(message.media.iter().map(|media| name(&media.to_bytes())));
            entities.extend(message.entities.iter().flatten().map(|entity| name(&entity.to_bytes())));
            markups.extend(message.reply_markup.iter().map(|markup| name(&markup.to_bytes())));
            if let Some(enums::MessageFwdHeader::Header(from)) = &message.fwd_from {
                let origin = (from.from_id.is_some(), from.from_name.is_some(), from.channel_post.is_some());
                let more = (from.post_author.is_some(), from.saved_from_peer.is_some(), from.imported);
                forwards.insert((origin, more));
            }
            if let Some(enums::MessageReplyHeader::Header(to)) = &message.reply_to {
                replies.insert((to.quote, to.forum_topic, to.reply_to_peer_id.is_some()));
            }
            if let Some(enums::MessageReactions::Reactions(all)) = &message.reactions {
                reactions.extend(
                    all.results.iter().map(|enums::ReactionCount::Count(it)| name(&it.reaction.to_bytes())),
                );
            }
        }
        Message::Empty(_) => panic!("no message is made empty"),
    });
    assert_eq!((actions.len(), media.len(), entities.len()), (71, 19, ENTITY_KINDS), "{actions:?} {media:?}");
    assert_eq!(markups.len(), 4);
    assert!(forwards.len() >= 7, "{forwards:?}");
    assert!(replies.len() >= 5, "{replies:?}");
    assert!(reactions.contains("reactionPaid") && reactions.contains("reactionCustomEmoji"), "{reactions:?}");
}

#[test]
fn every_message_survives_the_wire() {
    every_message(&Recipe { messages: 3_000, ..Recipe::default() }, |plan, number, place, message| {
        assert_eq!(Message::from_bytes(&message.to_bytes()).unwrap(), message);
        assert_eq!(message.id(), plan.id(number, place));
    });
}

#[test]
fn everyday_worlds_have_nothing_odd() {
    let recipe = Recipe { everything: false, messages: 3_000, chats: 30, ..Recipe::default() };
    every_message(&recipe, |_, _, _, message| match message {
        Message::Service(message) => {
            assert!(!matches!(message.action, MessageAction::Empty | MessageAction::SecureValuesSentMe(_)));
        }
        Message::Message(message) => {
            assert!(!matches!(message.media, Some(MessageMedia::Unsupported | MessageMedia::Empty)));
            assert!(message.media.is_some() || !message.message.is_empty());
            assert_eq!(message.rich_message, None);
        }
        Message::Empty(_) => panic!("no message is made empty"),
    });
}

#[test]
fn albums_hold_together() {
    let mut albums: BTreeMap<i64, Vec<(i32, Option<Peer>, usize)>> = BTreeMap::new();
    every_message(&Recipe { messages: 2_000, ..Recipe::default() }, |_, number, _, message| {
        if let Message::Message(message) = message
            && let Some(album) = message.grouped_id
        {
            assert!(message.media.is_some());
            albums.entry(album).or_default().push((message.id, message.from_id, number));
        }
    });
    assert!(albums.len() > 20);
    for pieces in albums.values() {
        assert!(
            pieces.len() <= 4
                && pieces.windows(2).all(|pair| pair[0].1 == pair[1].1 && pair[0].2 == pair[1].2)
        );
    }
    assert!(albums.values().filter(|pieces| pieces.len() == 4).count() > 20);
}

#[test]
fn replies_point_at_messages_that_exist() {
    every_message(&Recipe { messages: 5_000, ..Recipe::default() }, |plan, number, _, message| {
        let reply = match &message {
            Message::Message(message) => &message.reply_to,
            Message::Service(message) => &message.reply_to,
            Message::Empty(_) => &None,
        };
        if let Some(enums::MessageReplyHeader::Header(reply)) = reply
            && reply.reply_to_peer_id.is_none()
            && let Some(to) = reply.reply_to_msg_id
        {
            let place = plan.place(number, to).expect("it is of the same chat");
            assert!(plan.chats[number].has(place) && to < message.id());
        }
    });
}

#[test]
fn answers_stay_in_their_topic() {
    let topic = |message: Message| match message {
        Message::Message(message) => match message.reply_to {
            Some(enums::MessageReplyHeader::Header(reply)) if reply.forum_topic => {
                (reply.reply_to_top_id.or(reply.reply_to_msg_id), reply.reply_to_msg_id)
            }
            Some(enums::MessageReplyHeader::Header(reply)) => (None, reply.reply_to_msg_id),
            _ => (None, None),
        },
        _ => (None, None),
    };
    let mut answers = 0;
    every_message(
        &Recipe { messages: 6_000, everything: false, ..Recipe::default() },
        |plan, number, _, said| {
            let (Message::Message(_), ChatKind::Forum) = (&said, plan.chats[number].kind) else { return };
            if let (own, Some(to)) = topic(said)
                && own != Some(to)
            {
                let answered = message(plan, number, plan.place(number, to).unwrap());
                if let Message::Message(_) = answered {
                    assert_eq!(topic(answered).0, own);
                    answers += 1;
                }
            }
        },
    );
    assert!(answers > 20, "{answers}");
}

#[test]
fn groups_that_moved_say_so_on_both_sides() {
    let mut moves = BTreeMap::new();
    every_message(
        &Recipe { messages: 2_000, chats: 30, ..Recipe::default() },
        |plan, number, place, message| {
            let Message::Service(message) = message else { return };
            let id = plan.chats[number].id;
            match message.action {
                MessageAction::ChatMigrateTo(to) => {
                    assert_eq!(place + 1, plan.chats[number].places);
                    moves.insert(id, (to.channel_id, 0));
                }
                MessageAction::ChannelMigrateFrom(from) => {
                    assert_eq!((message.id, place), (1, 0));
                    moves.get_mut(&from.chat_id).expect("the old group comes first").1 = id;
                }
                _ => {}
            }
        },
    );
    assert!(moves.len() >= 2 && moves.values().all(|(to, from)| to == from), "{moves:?}");
}

#[test]
fn quotes_are_parts_of_what_is_answered() {
    let mut quotes = 0;
    every_message(&Recipe { messages: 3_000, ..Recipe::default() }, |plan, number, _, said| {
        let Message::Message(said) = said else { return };
        if let Some(enums::MessageReplyHeader::Header(reply)) = said.reply_to
            && let (Some(quote), Some(to), None) =
                (reply.quote_text, reply.reply_to_msg_id, reply.reply_to_peer_id)
        {
            let Message::Message(original) = message(plan, number, plan.place(number, to).unwrap()) else {
                panic!("only texts are quoted");
            };
            let units: Vec<u16> = original.message.encode_utf16().collect();
            let rest =
                String::from_utf16(&units[usize::try_from(reply.quote_offset.unwrap()).unwrap()..]).unwrap();
            assert!(rest.starts_with(&quote), "{quote} of {rest}");
            quotes += 1;
        }
    });
    assert!(quotes > 20, "{quotes}");
}

#[test]
fn entities_cover_whole_characters() {
    every_message(&Recipe { messages: 3_000, ..Recipe::default() }, |_, _, _, message| {
        let Message::Message(message) = message else { return };
        let units: Vec<u16> = message.message.encode_utf16().collect();
        for entity in message.entities.iter().flatten() {
            let (start, length) =
                (usize::try_from(entity.offset()).unwrap(), usize::try_from(entity.length()).unwrap());
            assert!(length > 0);
            assert!(String::from_utf16(&units[start..start + length]).is_ok(), "{entity:?}");
        }
    });
}

#[test]
fn pins_are_announced() {
    let plan = Plan::new(&Recipe { messages: 20_000, chats: 5, ..Recipe::default() });
    let mut pins = 0;
    for (number, chat) in plan.chats.iter().enumerate().filter(|(_, chat)| chat.kind != ChatKind::Saved) {
        for place in pinned(chat) {
            let id = plan.id(number, place);
            assert!(matches!(message(&plan, number, place), Message::Message(message) if message.pinned));
            let Message::Service(service) = message(&plan, number, place + 1) else {
                panic!("a pin is announced")
            };
            assert_eq!(service.action, MessageAction::PinMessage);
            let Some(enums::MessageReplyHeader::Header(reply)) = service.reply_to else {
                panic!("of which message")
            };
            assert_eq!(reply.reply_to_msg_id, Some(id));
            pins += 1;
        }
    }
    assert!(pins >= 8, "{pins}");
}
