//! Lists of messages as answers: with everybody they mention, as the caller sees them.

use grammers_tl_types as tl;

use super::{Refusal, paging::Page};
use crate::telegram::{Peer, Seen, Telegram};

pub(super) fn count(len: usize) -> i32 {
    i32::try_from(len).unwrap_or(i32::MAX)
}

/// Messages by id, as the viewer sees them; those that are gone are left out.
pub(super) fn shown(t: &Telegram, me: i64, peer: Peer, ids: &[i32]) -> Vec<tl::enums::Message> {
    let Some(history) = t.history(me, peer) else { return Vec::new() };
    ids.iter().filter_map(|id| Some(t.shown(me, peer, history.get(*id)?))).collect()
}

pub(super) fn seen_in<'a>(messages: impl IntoIterator<Item = &'a tl::enums::Message>) -> Seen {
    let mut seen = Seen::default();
    messages.into_iter().for_each(|message| seen.message(message));
    seen
}

/// A part of the messages of one chat.
pub(super) fn page(t: &Telegram, me: i64, peer: Peer, page: &Page) -> tl::enums::messages::Messages {
    let messages = shown(t, me, peer, &page.ids);
    let mut seen = seen_in(&messages);
    seen.peer(peer);
    let (chats, users) = t.people(me, &seen);
    let newer = (!page.ids.is_empty()).then(|| count(page.newer));
    if let Peer::Channel(id) = peer {
        return tl::types::messages::ChannelMessages {
            inexact: page.is_guess,
            pts: t.channels.get(&id).map_or(1, |channel| channel.pts),
            count: count(page.count),
            offset_id_offset: newer,
            topics: topics_of(t, me, id, &messages),
            messages,
            chats,
            users,
        }
        .into();
    }
    if messages.len() == page.count && !page.is_guess {
        return tl::types::messages::Messages { messages, topics: Vec::new(), chats, users }.into();
    }
    tl::types::messages::MessagesSlice {
        inexact: page.is_guess,
        count: count(page.count),
        next_rate: None,
        offset_id_offset: newer,
        search_flood: None,
        messages,
        topics: Vec::new(),
        chats,
        users,
    }
    .into()
}

/// The topics that messages of a forum are in.
fn topics_of(
    t: &Telegram,
    me: i64,
    channel: i64,
    messages: &[tl::enums::Message],
) -> Vec<tl::enums::ForumTopic> {
    let is_forum = t.channels.get(&channel).is_some_and(|channel| channel.chat.forum);
    if !is_forum {
        return Vec::new();
    }
    let ids: std::collections::BTreeSet<i32> = messages.iter().map(crate::telegram::topic_of).collect();
    ids.into_iter().filter_map(|id| super::topics::topic_for(t, me, channel, id)).collect()
}

/// An answer that several updates make.
pub(super) fn updates(t: &Telegram, me: i64, updates: Vec<tl::enums::Update>) -> tl::enums::Updates {
    t.wrapped(me, updates, t.now())
}

/// A message that was asked for by id, or the empty one in its place.
pub(super) fn message_or_empty(t: &Telegram, me: i64, peer: Option<Peer>, id: i32) -> tl::enums::Message {
    peer.and_then(|peer| t.message(me, peer, id)).unwrap_or_else(|| {
        let peer_id = peer.filter(|peer| peer.is_channel()).map(Peer::tl);
        tl::types::MessageEmpty { id, peer_id }.into()
    })
}

pub(super) fn all_of(
    t: &Telegram,
    me: i64,
    messages: Vec<tl::enums::Message>,
) -> tl::enums::messages::Messages {
    let (chats, users) = t.people(me, &seen_in(&messages));
    tl::types::messages::Messages { messages, topics: Vec::new(), chats, users }.into()
}

pub(super) fn affected(
    t: &mut Telegram,
    me: i64,
    numbers: Option<(i32, i32)>,
) -> tl::enums::messages::AffectedMessages {
    let (pts, pts_count) = numbers.unwrap_or_else(|| (t.account(me).map_or(1, |account| account.pts), 0));
    tl::types::messages::AffectedMessages { pts, pts_count }.into()
}

pub(super) fn affected_history(
    t: &mut Telegram,
    me: i64,
    numbers: Option<(i32, i32)>,
) -> tl::enums::messages::AffectedHistory {
    let (pts, pts_count) = numbers.unwrap_or_else(|| (t.account(me).map_or(1, |account| account.pts), 0));
    tl::types::messages::AffectedHistory { pts, pts_count, offset: 0 }.into()
}

/// Refuses with a message's id as the reason.
pub(super) fn message_in(t: &Telegram, me: i64, peer: Peer, id: i32) -> Result<tl::enums::Message, Refusal> {
    t.message(me, peer, id).ok_or(super::inputs::MESSAGE_ID_INVALID)
}
