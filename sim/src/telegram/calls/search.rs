use std::cmp::Reverse;

use grammers_tl_types::{self as tl, functions::messages as f};
use tl::enums::MessagesFilter as Filter;

use super::{
    Caller, Refusal, answers, inputs,
    matching::{Wanted, words_of},
    paging::{COUNTED, Page, Window},
};
use crate::telegram::{Channel, History, Peer, Telegram, message, topic_of};

/// Whether a message answers the head of a thread, or is in a topic.
pub(super) fn is_in_thread(channel: &Channel, id: i32, head: i32) -> bool {
    let Some(kept) = channel.history.get(id) else { return false };
    if channel.chat.forum {
        return topic_of(&kept) == head;
    }
    message::reply_of(&kept)
        .is_some_and(|reply| reply.reply_to_top_id == Some(head) || reply.reply_to_msg_id == Some(head))
}

/// A part of what matches in one chat.
fn find(t: &Telegram, me: i64, peer: Peer, wanted: &Wanted<'_>, thread: Option<i32>, window: Window) -> Page {
    let Some(history) = t.history(me, peer) else { return Page::default() };
    let channel = match peer {
        Peer::Channel(id) => t.channels.get(&id),
        _ => None,
    };
    let mentions = |id: i32| {
        t.boxes.get(&me).and_then(|it| it.talks.get(&peer)).is_some_and(|it| it.mentions.contains(&id))
    };
    let matches = |id: i32| {
        let is_there = match (thread, channel) {
            (Some(head), Some(channel)) => is_in_thread(channel, id, head),
            _ => true,
        };
        if !is_there {
            return false;
        }
        if matches!(wanted.filter, Filter::InputMessagesFilterMyMentions) && mentions(id) {
            return true;
        }
        history.get(id).is_some_and(|kept| wanted.is_met_by(me, peer, &kept))
    };
    if matches!(wanted.filter, Filter::InputMessagesFilterPinned) {
        let pinned: Vec<i32> = history.pinned().into_iter().filter(|id| matches(*id)).collect();
        return window.of_list(&pinned);
    }
    window.of_matching(history, matches)
}

pub(super) fn search(
    t: &mut Telegram,
    caller: &Caller,
    call: f::Search,
) -> Result<tl::enums::messages::Messages, Refusal> {
    let me = caller.me()?;
    let wanted = Wanted {
        words: words_of(&call.q),
        from: call.from_id.as_ref().map(|from| inputs::peer(t, me, from)).transpose()?,
        filter: &call.filter,
        dates: (call.min_date, call.max_date),
        reactions: call.saved_reaction.as_deref().unwrap_or_default(),
    };
    let is_empty = wanted.words.is_empty() && wanted.from.is_none() && wanted.reactions.is_empty();
    let window = Window {
        offset_id: call.offset_id,
        offset_date: 0,
        add_offset: call.add_offset,
        limit: call.limit,
        max_id: call.max_id,
        min_id: call.min_id,
    };
    if matches!(call.peer, tl::enums::InputPeer::Empty) {
        // Old clients search everywhere this way: in private chats and basic groups.
        if is_empty && matches!(call.filter, Filter::InputMessagesFilterEmpty) {
            return Err(Refusal::new(400, "SEARCH_QUERY_EMPTY"));
        }
        return Ok(everywhere(
            t,
            me,
            &wanted,
            &Everywhere { boxes_only: true, limit: call.limit, ..Everywhere::default() },
        ));
    }
    let peer = inputs::peer(t, me, &call.peer)?;
    let page = find(t, me, peer, &wanted, call.top_msg_id, window);
    Ok(answers::page(t, me, peer, &page))
}

/// Where a search over all chats goes on.
#[derive(Default)]
struct Everywhere {
    boxes_only: bool,
    broadcasts_only: bool,
    groups_only: bool,
    users_only: bool,
    folder: Option<i32>,
    rate: i32,
    from: Option<(Peer, i32)>,
    limit: i32,
}

impl Everywhere {
    fn includes(&self, t: &Telegram, peer: Peer, folder: i32) -> bool {
        let channel = match peer {
            Peer::Channel(id) => t.channels.get(&id),
            _ => None,
        };
        let is_broadcast = channel.is_some_and(|channel| channel.chat.broadcast);
        let is_group =
            matches!(peer, Peer::Group(_)) || channel.is_some_and(|channel| !channel.chat.broadcast);
        (!self.boxes_only || channel.is_none())
            && (!self.broadcasts_only || is_broadcast)
            && (!self.groups_only || is_group)
            && (!self.users_only || matches!(peer, Peer::User(_)))
            && self.folder.is_none_or(|wanted| wanted == folder)
    }
}

/// Newest first over all chats. The date of the last message is the rate to go on from.
fn everywhere(
    t: &Telegram,
    me: i64,
    wanted: &Wanted<'_>,
    place: &Everywhere,
) -> tl::enums::messages::Messages {
    let limit = usize::try_from(place.limit.clamp(0, 100)).unwrap_or(0);
    let talks = t.boxes.get(&me).into_iter().flat_map(|mailbox| &mailbox.talks);
    let chats: Vec<Peer> =
        talks.filter(|(peer, talk)| place.includes(t, **peer, talk.folder)).map(|(peer, _)| *peer).collect();
    let mut found: Vec<(i32, i32, Peer)> = Vec::new();
    let (mut count, mut is_guess) = (0, false);
    let counted = (COUNTED / chats.len().max(1)).max(100);
    for peer in chats {
        let Some(history) = t.history(me, peer) else { continue };
        let end = if place.rate > 0 { history.first_at(place.rate.saturating_add(1)) } else { i32::MAX };
        let matches = |id: &i32| history.get(*id).is_some_and(|kept| wanted.is_met_by(me, peer, &kept));
        count += history.ids_below(i32::MAX).take(counted).filter(matches).count();
        is_guess |= history.len() > counted;
        let after = |id: &i32| {
            let date = history.date(*id).unwrap_or(0);
            place.rate == 0
                || place.from.is_none_or(|(last, last_id)| (date, *id, peer) < (place.rate, last_id, last))
        };
        let newest = history.ids_below(end).filter(after).filter(matches).take(limit + 1);
        found.extend(newest.map(|id| (history.date(id).unwrap_or(0), id, peer)));
    }
    found.sort_unstable_by_key(|key| Reverse(*key));
    let more = found.len() > limit;
    found.truncate(limit);
    let messages: Vec<_> = found.iter().filter_map(|(_, id, peer)| t.message(me, *peer, *id)).collect();
    let (chats, users) = t.people(me, &answers::seen_in(&messages));
    if !more && place.rate == 0 {
        return tl::types::messages::Messages { messages, topics: Vec::new(), chats, users }.into();
    }
    tl::types::messages::MessagesSlice {
        inexact: is_guess,
        count: answers::count(count.max(messages.len())),
        next_rate: found.last().filter(|_| more).map(|(date, ..)| *date),
        offset_id_offset: None,
        search_flood: None,
        messages,
        topics: Vec::new(),
        chats,
        users,
    }
    .into()
}

pub(super) fn search_global(
    t: &mut Telegram,
    caller: &Caller,
    call: f::SearchGlobal,
) -> Result<tl::enums::messages::Messages, Refusal> {
    let me = caller.me()?;
    if call.q.trim().is_empty() && matches!(call.filter, Filter::InputMessagesFilterEmpty) {
        return Err(Refusal::new(400, "SEARCH_QUERY_EMPTY"));
    }
    let from = match &call.offset_peer {
        tl::enums::InputPeer::Empty => None,
        peer => Some((inputs::peer(t, me, peer)?, call.offset_id)),
    };
    let wanted = Wanted {
        words: words_of(&call.q),
        from: None,
        filter: &call.filter,
        dates: (call.min_date, call.max_date),
        reactions: &[],
    };
    let place = Everywhere {
        boxes_only: false,
        broadcasts_only: call.broadcasts_only,
        groups_only: call.groups_only,
        users_only: call.users_only,
        folder: call.folder_id,
        rate: call.offset_rate,
        from,
        limit: call.limit,
    };
    Ok(everywhere(t, me, &wanted, &place))
}

pub(super) fn get_search_counters(
    t: &mut Telegram,
    caller: &Caller,
    call: f::GetSearchCounters,
) -> Result<Vec<tl::enums::messages::SearchCounter>, Refusal> {
    let me = caller.me()?;
    let peer = inputs::peer(t, me, &call.peer)?;
    let counter = |filter: &Filter| {
        let wanted = Wanted { words: Vec::new(), from: None, filter, dates: (0, 0), reactions: &[] };
        let page = find(t, me, peer, &wanted, call.top_msg_id, Window::default());
        tl::types::messages::SearchCounter {
            inexact: page.is_guess,
            filter: filter.clone(),
            count: answers::count(page.count),
        }
        .into()
    };
    Ok(call.filters.iter().map(counter).collect())
}

pub(super) fn get_unread_mentions(
    t: &mut Telegram,
    caller: &Caller,
    call: f::GetUnreadMentions,
) -> Result<tl::enums::messages::Messages, Refusal> {
    let me = caller.me()?;
    let peer = inputs::peer(t, me, &call.peer)?;
    let talk = t.boxes.get(&me).and_then(|mailbox| mailbox.talks.get(&peer));
    let ids: Vec<i32> = talk.iter().flat_map(|talk| talk.mentions.iter().rev().copied()).collect();
    Ok(unread(
        t,
        me,
        peer,
        &ids,
        call.top_msg_id,
        [call.offset_id, call.add_offset, call.limit, call.max_id, call.min_id],
    ))
}

pub(super) fn get_unread_reactions(
    t: &mut Telegram,
    caller: &Caller,
    call: f::GetUnreadReactions,
) -> Result<tl::enums::messages::Messages, Refusal> {
    let me = caller.me()?;
    let peer = inputs::peer(t, me, &call.peer)?;
    let talk = t.boxes.get(&me).and_then(|mailbox| mailbox.talks.get(&peer));
    let ids: Vec<i32> = talk.iter().flat_map(|talk| talk.new_reactions.iter().rev().copied()).collect();
    Ok(unread(
        t,
        me,
        peer,
        &ids,
        call.top_msg_id,
        [call.offset_id, call.add_offset, call.limit, call.max_id, call.min_id],
    ))
}

fn unread(
    t: &Telegram,
    me: i64,
    peer: Peer,
    ids: &[i32],
    thread: Option<i32>,
    [offset_id, add_offset, limit, max_id, min_id]: [i32; 5],
) -> tl::enums::messages::Messages {
    let is_there = |id: &i32| {
        let history: Option<&History> = t.history(me, peer);
        let in_thread = match (thread, peer) {
            (Some(head), Peer::Channel(channel)) => {
                t.channels.get(&channel).is_some_and(|channel| is_in_thread(channel, *id, head))
            }
            _ => true,
        };
        in_thread && history.is_some_and(|history| history.has(*id))
    };
    let list: Vec<i32> = ids.iter().copied().filter(is_there).collect();
    let page = Window { offset_id, offset_date: 0, add_offset, limit, max_id, min_id }.of_list(&list);
    answers::page(t, me, peer, &page)
}
