use grammers_tl_types::{self as tl, functions::messages as f};

use super::{Caller, Refusal, answers, dialogs, inputs, search};
use crate::telegram::{Peer, Spot, Telegram, Told, message};

/// Reads up to a message; 0 reads everything. `None`: it was read already.
fn read_to(t: &mut Telegram, me: i64, peer: Peer, max_id: i32) -> Option<(i32, i32)> {
    let history = t.history(me, peer)?;
    let newest = history.top();
    let to = if max_id <= 0 { newest } else { max_id.min(newest) };
    let talk = t.mailbox(me).talks.entry(peer).or_default();
    talk.is_marked_unread = false;
    if to <= talk.read_inbox {
        return None;
    }
    let from = std::mem::replace(&mut talk.read_inbox, to);
    let left = talk.clone();
    Some((from, dialogs::unread_count(t, me, peer, &left)))
}

pub(super) fn read_history(
    t: &mut Telegram,
    caller: &Caller,
    call: f::ReadHistory,
) -> Result<tl::enums::messages::AffectedMessages, Refusal> {
    let me = caller.me()?;
    let peer = inputs::peer(t, me, &call.peer)?;
    if peer.is_channel() {
        return Err(inputs::PEER_ID_INVALID);
    }
    let mut told = Told::default();
    if let Some((from, still_unread_count)) = read_to(t, me, peer, call.max_id) {
        let max_id = t.boxes[&me].talks[&peer].read_inbox;
        let update = tl::types::UpdateReadHistoryInbox {
            folder_id: None,
            peer: peer.tl(),
            top_msg_id: None,
            max_id,
            still_unread_count,
            pts: 0,
            pts_count: 1,
        };
        t.tell(&mut told, me, update);
        tell_authors(t, &mut told, me, peer, from, max_id);
    }
    let numbers = told.numbers(me);
    Ok(answers::affected(t, me, numbers))
}

/// Those who wrote what was read now learn that it was.
fn tell_authors(t: &mut Telegram, told: &mut Told, me: i64, peer: Peer, from: i32, to: i32) {
    let Some(history) = t.history(me, peer) else { return };
    let read: Vec<i32> = history.ids_from(from.saturating_add(1)).take_while(|id| *id <= to).collect();
    let mut newest = std::collections::BTreeMap::new();
    for id in read {
        for copy in t.copies(Spot::Box { owner: me, id }) {
            let Spot::Box { owner, id } = copy else { continue };
            let is_theirs = owner != me && t.stored(copy).is_some_and(|kept| message::is_out(&kept));
            if is_theirs {
                newest.insert(owner, id);
            }
        }
    }
    for (owner, max_id) in newest {
        let Some(place) = t.place_of(Spot::Box { owner, id: max_id }) else { continue };
        let talk = t.mailbox(owner).talks.entry(place).or_default();
        if talk.read_outbox < max_id {
            talk.read_outbox = max_id;
            let update =
                tl::types::UpdateReadHistoryOutbox { peer: place.tl(), max_id, pts: 0, pts_count: 1 };
            t.tell(told, owner, update);
        }
    }
}

pub(super) fn read_channel_history(
    t: &mut Telegram,
    caller: &Caller,
    call: tl::functions::channels::ReadHistory,
) -> Result<bool, Refusal> {
    let me = caller.me()?;
    let channel_id = inputs::channel(t, me, &call.channel)?;
    let peer = Peer::Channel(channel_id);
    let Some((from, still_unread_count)) = read_to(t, me, peer, call.max_id) else { return Ok(true) };
    let max_id = t.boxes[&me].talks[&peer].read_inbox;
    let pts = t.channels[&channel_id].pts;
    t.push(
        me,
        tl::types::UpdateReadChannelInbox { folder_id: None, channel_id, max_id, still_unread_count, pts },
    );
    let history = &t.channels[&channel_id].history;
    let read = history.ids_from(from.saturating_add(1)).take_while(|id| *id <= max_id);
    let mut newest = std::collections::BTreeMap::new();
    for id in read.take(1_000) {
        if let Some(Peer::User(author)) = history.get(id).and_then(|kept| message::from_of(&kept)) {
            newest.insert(author, id);
        }
    }
    for (author, max_id) in newest {
        if author != me && t.has_box(author) {
            t.mailbox(author).talks.entry(peer).or_default().read_outbox = max_id;
            t.push(author, tl::types::UpdateReadChannelOutbox { channel_id, max_id });
        }
    }
    Ok(true)
}

/// Voice messages were listened to, mentions looked at.
pub(super) fn read_message_contents(
    t: &mut Telegram,
    caller: &Caller,
    call: f::ReadMessageContents,
) -> Result<tl::enums::messages::AffectedMessages, Refusal> {
    let me = caller.me()?;
    let mut told = Told::default();
    for id in &call.id {
        for copy in t.copies(Spot::Box { owner: me, id: *id }) {
            let Spot::Box { owner, id } = copy else { continue };
            let was_unread = t.at(copy, |kept| match kept {
                tl::enums::Message::Message(kept) => std::mem::take(&mut kept.media_unread),
                _ => false,
            });
            if let Some(place) = t.place_of(copy)
                && let Some(talk) = t.mailbox(owner).talks.get_mut(&place)
            {
                talk.mentions.remove(&id);
            }
            if was_unread == Some(true) {
                let (messages, pts, pts_count, date) = (vec![id], 0, 1, None);
                t.tell(
                    &mut told,
                    owner,
                    tl::types::UpdateReadMessagesContents { messages, pts, pts_count, date },
                );
            }
        }
    }
    let numbers = told.numbers(me);
    Ok(answers::affected(t, me, numbers))
}

pub(super) fn read_channel_message_contents(
    t: &mut Telegram,
    caller: &Caller,
    call: tl::functions::channels::ReadMessageContents,
) -> Result<bool, Refusal> {
    let me = caller.me()?;
    let channel_id = inputs::channel(t, me, &call.channel)?;
    let talk = t.mailbox(me).talks.entry(Peer::Channel(channel_id)).or_default();
    talk.mentions.retain(|id| !call.id.contains(id));
    let update = tl::types::UpdateChannelReadMessagesContents {
        channel_id,
        top_msg_id: None,
        saved_peer_id: None,
        messages: call.id,
    };
    t.push(me, update);
    Ok(true)
}

pub(super) fn read_discussion(
    t: &mut Telegram,
    caller: &Caller,
    call: f::ReadDiscussion,
) -> Result<bool, Refusal> {
    let me = caller.me()?;
    let peer = inputs::peer(t, me, &call.peer)?;
    let Peer::Channel(channel_id) = peer else { return Err(inputs::PEER_ID_INVALID) };
    let topics = &mut t.mailbox(me).talks.entry(peer).or_default().topics;
    let mark = topics.entry(call.msg_id).or_default();
    *mark = (*mark).max(call.read_max_id);
    let update = tl::types::UpdateReadChannelDiscussionInbox {
        channel_id,
        top_msg_id: call.msg_id,
        read_max_id: call.read_max_id,
        broadcast_id: None,
        broadcast_post: None,
    };
    t.push(me, update);
    Ok(true)
}

/// Which of some messages are in a thread, or all when no thread is asked for.
fn in_thread(t: &Telegram, peer: Peer, thread: Option<i32>, id: i32) -> bool {
    match (thread, peer) {
        (Some(head), Peer::Channel(channel)) => {
            t.channels.get(&channel).is_some_and(|channel| search::is_in_thread(channel, id, head))
        }
        _ => true,
    }
}

pub(super) fn read_mentions(
    t: &mut Telegram,
    caller: &Caller,
    call: f::ReadMentions,
) -> Result<tl::enums::messages::AffectedHistory, Refusal> {
    let me = caller.me()?;
    let peer = inputs::peer(t, me, &call.peer)?;
    let all = t.mailbox(me).talks.entry(peer).or_default().mentions.clone();
    let left = all.into_iter().filter(|id| !in_thread(t, peer, call.top_msg_id, *id)).collect();
    t.mailbox(me).talks.entry(peer).or_default().mentions = left;
    Ok(answers::affected_history(t, me, None))
}

pub(super) fn read_reactions(
    t: &mut Telegram,
    caller: &Caller,
    call: f::ReadReactions,
) -> Result<tl::enums::messages::AffectedHistory, Refusal> {
    let me = caller.me()?;
    let peer = inputs::peer(t, me, &call.peer)?;
    let all = t.mailbox(me).talks.entry(peer).or_default().new_reactions.clone();
    let left = all.into_iter().filter(|id| !in_thread(t, peer, call.top_msg_id, *id)).collect();
    t.mailbox(me).talks.entry(peer).or_default().new_reactions = left;
    Ok(answers::affected_history(t, me, None))
}
