use grammers_tl_types::{self as tl, functions::messages as f};
use tl::enums::Message;

use super::{
    Caller, Refusal, answers, inputs,
    send::{Envelope, check_may_write, check_random_id, check_schedule, send},
};
use crate::telegram::{Peer, Spot, Telegram, blank};

/// Where a message came from, as its forward says.
fn origin(t: &Telegram, me: i64, from: Peer, original: &tl::types::Message) -> tl::enums::MessageFwdHeader {
    if let Some(header) = &original.fwd_from {
        return header.clone();
    }
    let mut header = blank::forward_header(original.date);
    let author = original.from_id.as_ref().map(Peer::from);
    header.from_id = Some(match from {
        Peer::User(_) if original.out => Peer::User(me).tl(),
        _ => author.unwrap_or(from).tl(),
    });
    if original.post {
        header.channel_post = Some(original.id);
        header.post_author.clone_from(&original.post_author);
    }
    // Some people hide their account: only a name is left.
    if let Some(Peer::User(author)) = header.from_id.as_ref().map(Peer::from)
        && let Some(name) = t.hidden_in_forwards.get(&author)
    {
        header.from_id = None;
        header.from_name = Some(name.clone());
    }
    header.into()
}

pub(super) fn forward_messages(
    t: &mut Telegram,
    caller: &Caller,
    call: f::ForwardMessages,
) -> Result<tl::enums::Updates, Refusal> {
    let me = caller.me()?;
    let from = inputs::peer(t, me, &call.from_peer)?;
    let peer = inputs::peer(t, me, &call.to_peer)?;
    if call.id.is_empty() {
        return Err(Refusal::new(400, "MESSAGE_IDS_EMPTY"));
    }
    if call.id.len() != call.random_id.len() || call.id.len() > 100 {
        return Err(Refusal::new(400, "RANDOM_ID_INVALID"));
    }
    check_schedule(call.schedule_date)?;
    check_may_write(t, me, peer)?;
    if let Peer::Channel(id) = from
        && t.channels.get(&id).is_some_and(|channel| channel.chat.noforwards)
    {
        return Err(Refusal::new(400, "CHAT_FORWARDS_RESTRICTED"));
    }
    let topic = call.top_msg_id.filter(|topic| *topic != 1).map(|topic| {
        let mut header = blank::reply_header(topic);
        header.forum_topic = true;
        header.into()
    });
    let mut groups = std::collections::BTreeMap::new();
    let mut messages: Vec<(i64, Message)> = Vec::new();
    for (id, random_id) in call.id.iter().zip(&call.random_id) {
        check_random_id(t, me, *random_id)?;
        let Some(Message::Message(original)) = t.message(me, from, *id) else { continue };
        if original.noforwards {
            return Err(Refusal::new(400, "CHAT_FORWARDS_RESTRICTED"));
        }
        let mut copy = blank::message(0, peer, 0, &original.message);
        if !call.drop_author {
            let tl::enums::MessageFwdHeader::Header(mut header) = origin(t, me, from, &original);
            if peer == Peer::User(me) {
                header.saved_from_peer = Some(from.tl());
                header.saved_from_msg_id = Some(*id);
            }
            copy.fwd_from = Some(header.into());
        }
        if call.drop_media_captions && original.media.is_some() {
            copy.message = String::new();
        } else {
            copy.entities.clone_from(&original.entities);
        }
        copy.grouped_id = original
            .grouped_id
            .map(|group| *groups.entry(group).or_insert_with(|| 7_000_000_000_000_000_000 + t.next_id()));
        copy.silent = call.silent;
        copy.reply_to.clone_from(&topic);
        copy.via_bot_id = original.via_bot_id;
        copy.media = original.media;
        messages.push((*random_id, copy.into()));
        if let Peer::Channel(channel) = from {
            count_forward(t, channel, *id);
        }
    }
    if messages.is_empty() {
        return Err(inputs::MESSAGE_ID_INVALID);
    }
    let envelope = Envelope {
        me,
        peer,
        reply_to: None,
        silent: call.silent,
        noforwards: call.noforwards,
        clear_draft: false,
        effect: None,
    };
    let (updates, _) = send(t, &envelope, messages);
    Ok(answers::updates(t, me, updates))
}

fn count_forward(t: &mut Telegram, channel: i64, id: i32) {
    t.at(Spot::Channel { channel, id }, |original| {
        if let Message::Message(original) = original
            && let Some(forwards) = &mut original.forwards
        {
            *forwards += 1;
        }
    });
}
