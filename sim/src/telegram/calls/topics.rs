use std::cmp::Reverse;

use grammers_tl_types::{self as tl, functions::messages as f};

use super::{Caller, Refusal, answers, inputs, search};
use crate::telegram::{Peer, Telegram, message};

const FORUM_MISSING: Refusal = Refusal::new(400, "CHANNEL_FORUM_MISSING");

/// A topic as an account sees it: what is unread there is counted for it.
pub(super) fn topic_for(t: &Telegram, me: i64, channel: i64, id: i32) -> Option<tl::enums::ForumTopic> {
    let known = t.channels.get(&channel)?;
    let mut topic = known.topics.get(&id)?.clone();
    topic.my = Peer::from(&topic.from_id) == Peer::User(me);
    if let Some(talk) = t.boxes.get(&me).and_then(|mailbox| mailbox.talks.get(&Peer::Channel(channel))) {
        topic.read_inbox_max_id = talk.topics.get(&id).copied().unwrap_or(topic.read_inbox_max_id);
        let is_there = |other: &&i32| search::is_in_thread(known, **other, id);
        topic.unread_mentions_count = answers::count(talk.mentions.iter().filter(is_there).count());
        topic.unread_reactions_count = answers::count(talk.new_reactions.iter().filter(is_there).count());
    }
    let unread = |other: &i32| {
        let incoming =
            known.history.get(*other).is_some_and(|kept| message::from_of(&kept) != Some(Peer::User(me)));
        incoming && search::is_in_thread(known, *other, id)
    };
    // A topic nobody ever read is not counted through: only what is newer than the mark.
    if topic.read_inbox_max_id > 0 {
        let newer = known.history.ids_from(topic.read_inbox_max_id.saturating_add(1));
        topic.unread_count = answers::count(newer.filter(unread).count());
    }
    Some(topic.into())
}

fn forum(t: &Telegram, me: i64, peer: &tl::enums::InputPeer) -> Result<i64, Refusal> {
    match inputs::peer(t, me, peer)? {
        Peer::Channel(id) if t.channels.get(&id).is_some_and(|channel| channel.chat.forum) => Ok(id),
        Peer::Channel(_) => Err(FORUM_MISSING),
        _ => Err(inputs::PEER_ID_INVALID),
    }
}

fn answer(
    t: &Telegram,
    me: i64,
    channel: i64,
    ids: &[i32],
    count: usize,
) -> tl::enums::messages::ForumTopics {
    let topics: Vec<_> = ids
        .iter()
        .map(|id| {
            topic_for(t, me, channel, *id).unwrap_or_else(|| tl::types::ForumTopicDeleted { id: *id }.into())
        })
        .collect();
    let tops = topics.iter().filter_map(|topic| match topic {
        tl::enums::ForumTopic::Topic(topic) => t.message(me, Peer::Channel(channel), topic.top_message),
        tl::enums::ForumTopic::Deleted(_) => None,
    });
    let messages: Vec<_> = tops.collect();
    let mut seen = answers::seen_in(&messages);
    seen.peer(Peer::Channel(channel));
    for topic in &topics {
        if let tl::enums::ForumTopic::Topic(topic) = topic {
            seen.peer(Peer::from(&topic.from_id));
        }
    }
    let (chats, users) = t.people(me, &seen);
    tl::types::messages::ForumTopics {
        order_by_create_date: false,
        count: answers::count(count),
        topics,
        messages,
        chats,
        users,
        pts: t.channels.get(&channel).map_or(1, |channel| channel.pts),
    }
    .into()
}

/// Pinned topics first, then by their newest message.
pub(super) fn get_forum_topics(
    t: &mut Telegram,
    caller: &Caller,
    call: f::GetForumTopics,
) -> Result<tl::enums::messages::ForumTopics, Refusal> {
    let me = caller.me()?;
    let channel = forum(t, me, &call.peer)?;
    let known = t.channels.get(&channel).ok_or(inputs::CHANNEL_INVALID)?;
    let query = call.q.unwrap_or_default().to_lowercase();
    let date = |topic: &tl::types::ForumTopic| known.history.date(topic.top_message).unwrap_or(topic.date);
    let mut topics: Vec<_> =
        known.topics.values().filter(|topic| topic.title.to_lowercase().contains(&query)).collect();
    topics.sort_by_key(|topic| Reverse((topic.pinned, date(topic), topic.top_message, topic.id)));
    let count = topics.len();
    let is_later = |topic: &&tl::types::ForumTopic| {
        if call.offset_date == 0 && call.offset_id == 0 && call.offset_topic == 0 {
            return true;
        }
        let place = (date(topic), topic.top_message, topic.id);
        !topic.pinned && place < (call.offset_date, call.offset_id, call.offset_topic)
    };
    let limit = usize::try_from(call.limit.clamp(0, 100)).unwrap_or(0);
    let ids: Vec<i32> = topics.into_iter().filter(is_later).take(limit).map(|topic| topic.id).collect();
    Ok(answer(t, me, channel, &ids, count))
}

pub(super) fn get_forum_topics_by_id(
    t: &mut Telegram,
    caller: &Caller,
    call: f::GetForumTopicsById,
) -> Result<tl::enums::messages::ForumTopics, Refusal> {
    let me = caller.me()?;
    let channel = forum(t, me, &call.peer)?;
    Ok(answer(t, me, channel, &call.topics, call.topics.len()))
}
