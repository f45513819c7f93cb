use grammers_tl_types::{self as tl, functions::messages as f};

use super::{
    Caller, Refusal, answers, inputs,
    paging::{Window, hash_of},
    search,
};
use crate::telegram::{Channel, Peer, Telegram, message};

pub(super) fn get_history(
    t: &mut Telegram,
    caller: &Caller,
    call: f::GetHistory,
) -> Result<tl::enums::messages::Messages, Refusal> {
    let me = caller.me()?;
    let peer = inputs::peer(t, me, &call.peer)?;
    let window = Window {
        offset_id: call.offset_id,
        offset_date: call.offset_date,
        add_offset: call.add_offset,
        limit: call.limit,
        max_id: call.max_id,
        min_id: call.min_id,
    };
    let page = t.history(me, peer).map(|history| window.of(history)).unwrap_or_default();
    if call.hash != 0 && call.hash == hash_of(page.ids.iter().map(|id| i64::from(*id))) {
        let count = answers::count(page.count);
        return Ok(tl::types::messages::MessagesNotModified { count }.into());
    }
    Ok(answers::page(t, me, peer, &page))
}

pub(super) fn get_messages(
    t: &mut Telegram,
    caller: &Caller,
    call: f::GetMessages,
) -> Result<tl::enums::messages::Messages, Refusal> {
    let me = caller.me()?;
    let home = |id: i32| t.boxes.get(&me).and_then(|mailbox| mailbox.home(id));
    let find = |input: &tl::enums::InputMessage| match input {
        tl::enums::InputMessage::Id(input) => answers::message_or_empty(t, me, home(input.id), input.id),
        tl::enums::InputMessage::ReplyTo(input) => {
            let peer = home(input.id);
            let answering = peer.and_then(|peer| t.message(me, peer, input.id));
            let id = answering.as_ref().and_then(message::reply_of).and_then(|reply| reply.reply_to_msg_id);
            answers::message_or_empty(t, me, peer, id.unwrap_or(0))
        }
        tl::enums::InputMessage::Pinned | tl::enums::InputMessage::CallbackQuery(_) => {
            answers::message_or_empty(t, me, None, 0)
        }
    };
    let messages = call.id.iter().map(find).collect();
    Ok(answers::all_of(t, me, messages))
}

pub(super) fn get_channel_messages(
    t: &mut Telegram,
    caller: &Caller,
    call: tl::functions::channels::GetMessages,
) -> Result<tl::enums::messages::Messages, Refusal> {
    let me = caller.me()?;
    let id = inputs::channel(t, me, &call.channel)?;
    let peer = Peer::Channel(id);
    let find = |input: &tl::enums::InputMessage| {
        let id = match input {
            tl::enums::InputMessage::Id(input) => input.id,
            tl::enums::InputMessage::ReplyTo(input) => {
                let answering = t.message(me, peer, input.id);
                let reply = answering.as_ref().and_then(message::reply_of);
                reply.and_then(|reply| reply.reply_to_msg_id).unwrap_or(0)
            }
            tl::enums::InputMessage::Pinned => {
                let pinned = t.history(me, peer).map(crate::telegram::History::pinned).unwrap_or_default();
                pinned.first().copied().unwrap_or(0)
            }
            tl::enums::InputMessage::CallbackQuery(_) => 0,
        };
        answers::message_or_empty(t, me, Some(peer), id)
    };
    let messages: Vec<_> = call.id.iter().map(find).collect();
    let mut seen = answers::seen_in(&messages);
    seen.peer(peer);
    let (chats, users) = t.people(me, &seen);
    Ok(tl::types::messages::ChannelMessages {
        inexact: false,
        pts: t.channels.get(&id).map_or(1, |channel| channel.pts),
        count: answers::count(messages.len()),
        offset_id_offset: None,
        messages,
        topics: Vec::new(),
        chats,
        users,
    }
    .into())
}

/// Where a post is discussed: the group, and the message there that all comments answer.
fn discussion(t: &Telegram, channel: i64, post: i32) -> Option<(i64, i32)> {
    let group = t.channels.get(&channel).filter(|channel| channel.chat.broadcast)?.linked?;
    let history = &t.channels.get(&group)?.history;
    let is_head = |id: &i32| {
        let message = history.get(*id);
        let Some(tl::enums::Message::Message(message)) = message.as_deref() else { return false };
        let Some(tl::enums::MessageFwdHeader::Header(header)) = &message.fwd_from else { return false };
        header.saved_from_msg_id == Some(post)
            && header.saved_from_peer.as_ref().map(Peer::from) == Some(Peer::Channel(channel))
    };
    let head = history.ids_below(i32::MAX).find(is_head)?;
    Some((group, head))
}

pub(super) fn get_replies(
    t: &mut Telegram,
    caller: &Caller,
    call: f::GetReplies,
) -> Result<tl::enums::messages::Messages, Refusal> {
    let me = caller.me()?;
    let Peer::Channel(id) = inputs::peer(t, me, &call.peer)? else { return Err(inputs::PEER_ID_INVALID) };
    let is_post = t.channels.get(&id).is_some_and(|channel| channel.chat.broadcast);
    let (channel, head) = if is_post {
        discussion(t, id, call.msg_id).ok_or(inputs::MESSAGE_ID_INVALID)?
    } else {
        (id, call.msg_id)
    };
    let Some(known) = t.channels.get(&channel) else { return Err(inputs::CHANNEL_INVALID) };
    let has_topic = known.topics.contains_key(&head);
    if !has_topic && !known.history.has(head) {
        return Err(inputs::MESSAGE_ID_INVALID);
    }
    let window = Window {
        offset_id: call.offset_id,
        offset_date: call.offset_date,
        add_offset: call.add_offset,
        limit: call.limit,
        max_id: call.max_id,
        min_id: call.min_id,
    };
    let page = window.of_matching(&known.history, |id| search::is_in_thread(known, id, head));
    Ok(answers::page(t, me, Peer::Channel(channel), &page))
}

pub(super) fn get_discussion_message(
    t: &mut Telegram,
    caller: &Caller,
    call: f::GetDiscussionMessage,
) -> Result<tl::enums::messages::DiscussionMessage, Refusal> {
    const INVALID: Refusal = Refusal::new(400, "MSG_ID_INVALID");
    let me = caller.me()?;
    let Peer::Channel(id) = inputs::peer(t, me, &call.peer)? else { return Err(inputs::PEER_ID_INVALID) };
    let is_post = t.channels.get(&id).is_some_and(|channel| channel.chat.broadcast);
    let (group, head) =
        if is_post { discussion(t, id, call.msg_id).ok_or(INVALID)? } else { (id, call.msg_id) };
    let messages = vec![answers::message_in(t, me, Peer::Channel(group), head).map_err(|_| INVALID)?];
    let known: &Channel = t.channels.get(&group).ok_or(INVALID)?;
    let newest = known.history.ids_below(i32::MAX).find(|id| search::is_in_thread(known, *id, head));
    let talk = t.boxes.get(&me).and_then(|mailbox| mailbox.talks.get(&Peer::Channel(group)));
    let read = talk.map_or(0, |talk| talk.topics.get(&head).copied().unwrap_or(talk.read_inbox));
    let unread =
        known.history.ids_from(read.saturating_add(1)).filter(|id| search::is_in_thread(known, *id, head));
    let unread_count = answers::count(unread.count());
    let (chats, users) = t.people(me, &answers::seen_in(&messages));
    Ok(tl::types::messages::DiscussionMessage {
        messages,
        max_id: newest,
        read_inbox_max_id: Some(read),
        read_outbox_max_id: talk.map(|talk| talk.read_outbox),
        unread_count,
        chats,
        users,
    }
    .into())
}
