use grammers_tl_types as tl;

use super::{Peer, blank};

/// The short form of a plain new message: no people, and only what a short form has room for.
/// `None`: the message holds more, or is no plain message.
pub(crate) fn short_form(update: &tl::enums::Update) -> Option<tl::enums::Updates> {
    let tl::enums::Update::NewMessage(update) = update else { return None };
    let (pts, pts_count) = (update.pts, update.pts_count);
    let tl::enums::Message::Message(message) = &update.message else { return None };
    if !fits(message) {
        return None;
    }
    let tl::types::Message { out, mentioned, media_unread, silent, id, date, .. } = *message;
    let text = message.message.clone();
    let (fwd_from, reply_to) = (message.fwd_from.clone(), message.reply_to.clone());
    let (via_bot_id, ttl_period) = (message.via_bot_id, message.ttl_period);
    let entities = message.entities.clone();
    match (&message.peer_id, &message.from_id) {
        (tl::enums::Peer::User(peer), _) => Some(
            tl::types::UpdateShortMessage {
                out,
                mentioned,
                media_unread,
                silent,
                id,
                user_id: peer.user_id,
                message: text,
                pts,
                pts_count,
                date,
                fwd_from,
                via_bot_id,
                reply_to,
                entities,
                ttl_period,
            }
            .into(),
        ),
        (tl::enums::Peer::Chat(peer), Some(tl::enums::Peer::User(from))) => Some(
            tl::types::UpdateShortChatMessage {
                out,
                mentioned,
                media_unread,
                silent,
                id,
                from_id: from.user_id,
                chat_id: peer.chat_id,
                message: text,
                pts,
                pts_count,
                date,
                fwd_from,
                via_bot_id,
                reply_to,
                entities,
                ttl_period,
            }
            .into(),
        ),
        _ => None,
    }
}

/// Whether the message is what a client makes of the short form again.
fn fits(message: &tl::types::Message) -> bool {
    let again = tl::types::Message {
        out: message.out,
        mentioned: message.mentioned,
        media_unread: message.media_unread,
        silent: message.silent,
        from_id: message.from_id.clone(),
        peer_id: message.peer_id.clone(),
        fwd_from: message.fwd_from.clone(),
        via_bot_id: message.via_bot_id,
        reply_to: message.reply_to.clone(),
        entities: message.entities.clone(),
        ttl_period: message.ttl_period,
        ..blank::message(message.id, Peer::User(0), message.date, &message.message)
    };
    again == *message
}

#[cfg(test)]
mod tests {
    use crate::telegram::{
        Peer,
        testing::{Client, keys, world},
        tl::{self, functions as f},
    };

    #[tokio::test]
    async fn only_plain_messages_come_in_short_form() {
        let (world, server) = world().await;
        let mut client = Client::connect(&server, &keys(&world, Some(1)), 2).await;
        let me = f::users::GetUsers { id: vec![tl::enums::InputUser::UserSelf] };
        client.call(&me).await.unwrap();
        let chat = Peer::User(1);
        world.telegram(|t| {
            t.short_updates = true;
            t.add_user(7, "Bob");
            t.say(chat, 7, "Hello");
        });
        let tl::enums::Updates::UpdateShortMessage(short) = client.updates().await else { panic!() };
        assert_eq!((short.user_id, short.message.as_str(), short.pts_count), (7, "Hello", 1));
        world.telegram(|t| {
            let group = t.add_group(30, "Group", &[1, 7]);
            t.say(group, 7, "Hello all");
        });
        let short = loop {
            if let tl::enums::Updates::UpdateShortChatMessage(short) = client.updates().await {
                break short;
            }
        };
        assert_eq!((short.chat_id, short.from_id, short.message.as_str()), (30, 7, "Hello all"));
        world.telegram(|t| {
            let file = t.add_document(vec![7; 10], "audio/mpeg", Vec::new());
            t.send_file(chat, 7, &file, "")
        });
        assert!(matches!(client.updates().await, tl::enums::Updates::Updates(_)));
    }
}
