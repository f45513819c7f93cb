use std::collections::BTreeMap;

use grammers_tl_types::{self as tl, functions::updates as f};
use tl::enums::Update;

use super::{Caller, Refusal, answers, dialogs, inputs};
use crate::telegram::{Logged, Peer, Seen, Telegram, pts_of};

/// How many changes are given at once.
const SLICE: usize = 100;

pub(super) fn state_of(t: &Telegram, me: i64) -> tl::types::updates::State {
    let account = t.accounts.get(&me);
    let talks = t.boxes.get(&me).into_iter().flat_map(|mailbox| &mailbox.talks);
    let unread = talks.filter(|(peer, talk)| {
        talk.folder == 0 && t.history(me, **peer).is_some_and(|history| history.top() > talk.read_inbox)
    });
    tl::types::updates::State {
        pts: account.map_or(1, |account| account.pts),
        qts: account.map_or(0, |account| account.qts),
        date: account.map_or(0, |account| account.date).max(1).max(t.now()),
        seq: account.map_or(1, |account| account.seq),
        unread_count: answers::count(unread.count()),
    }
}

pub(super) fn get_state(
    t: &mut Telegram,
    caller: &Caller,
    _: f::GetState,
) -> Result<tl::enums::updates::State, Refusal> {
    Ok(state_of(t, caller.me()?).into())
}

/// The number before the oldest change that is still known.
fn floor(log: &[Logged], now: i32) -> i32 {
    let Some(oldest) = log.first() else { return now };
    oldest.pts - pts_of(&mut oldest.update.clone()).map_or(0, |(_, count)| count)
}

/// Changes as an account that missed them hears of them: messages as they are now, the rest as it was.
fn replayed(t: &Telegram, me: i64, log: &[Logged]) -> (Vec<tl::enums::Message>, Vec<Update>) {
    let mut new = BTreeMap::new();
    let mut other = Vec::new();
    let current = |message: &tl::enums::Message| {
        let peer = match message {
            tl::enums::Message::Message(message) => Peer::from(&message.peer_id),
            tl::enums::Message::Service(message) => Peer::from(&message.peer_id),
            tl::enums::Message::Empty(_) => return None,
        };
        t.message(me, peer, message.id())
    };
    for logged in log {
        match &logged.update {
            Update::NewMessage(update) => {
                new.extend(current(&update.message).map(|message| (message.id(), message)));
            }
            Update::NewChannelMessage(update) => {
                new.extend(current(&update.message).map(|message| (message.id(), message)));
            }
            Update::EditMessage(update) => {
                if let Some(message) = current(&update.message) {
                    let update = tl::types::UpdateEditMessage { message, ..update.clone() };
                    other.push(update.into());
                }
            }
            Update::EditChannelMessage(update) => {
                if let Some(message) = current(&update.message) {
                    let update = tl::types::UpdateEditChannelMessage { message, ..update.clone() };
                    other.push(update.into());
                }
            }
            update => other.push(update.clone()),
        }
    }
    (new.into_values().collect(), other)
}

pub(super) fn get_difference(
    t: &mut Telegram,
    caller: &Caller,
    call: f::GetDifference,
) -> Result<tl::enums::updates::Difference, Refusal> {
    let me = caller.me()?;
    let state = state_of(t, me);
    if call.pts <= 0 || call.pts > state.pts {
        return Err(Refusal::new(400, "PERSISTENT_TIMESTAMP_INVALID"));
    }
    if call.date <= 0 {
        return Err(Refusal::new(400, "DATE_EMPTY"));
    }
    let channels = changed_channels(t, me, call.date);
    if call.pts == state.pts && channels.is_empty() {
        return Ok(tl::types::updates::DifferenceEmpty { date: state.date, seq: state.seq }.into());
    }
    let log = t.accounts.get(&me).map(|account| account.log.as_slice()).unwrap_or_default();
    let missed = &log[log.partition_point(|logged| logged.pts <= call.pts)..];
    let is_too_much = call.pts_total_limit.is_some_and(|most| state.pts - call.pts > most);
    if call.pts < floor(log, state.pts) || is_too_much {
        return Ok(tl::types::updates::DifferenceTooLong { pts: state.pts }.into());
    }
    let slice = call
        .pts_limit
        .and_then(|limit| usize::try_from(limit).ok())
        .map_or(SLICE, |limit| limit.clamp(1, SLICE));
    let part = &missed[..missed.len().min(slice)];
    let (new_messages, mut other_updates) = replayed(t, me, part);
    if part.len() == missed.len() {
        other_updates.extend(channels);
    }
    let (chats, users) = t.people(me, &seen_in_updates(&new_messages, &other_updates));
    let new_encrypted_messages = Vec::new();
    if part.len() == missed.len() {
        let state = state.into();
        return Ok(tl::types::updates::Difference {
            new_messages,
            new_encrypted_messages,
            other_updates,
            chats,
            users,
            state,
        }
        .into());
    }
    let last = part.last().map_or(state.pts, |logged| logged.pts);
    let date = part.last().map_or(state.date, |logged| logged.date);
    let intermediate_state = tl::types::updates::State { pts: last, date, ..state }.into();
    Ok(tl::types::updates::DifferenceSlice {
        new_messages,
        new_encrypted_messages,
        other_updates,
        chats,
        users,
        intermediate_state,
    }
    .into())
}

/// What happened in channels is not told here, only that something did since then.
fn changed_channels(t: &Telegram, me: i64, since: i32) -> Vec<Update> {
    let changed = t
        .channels
        .values()
        .filter(|channel| channel.has(me) && channel.log.last().is_some_and(|logged| logged.date >= since));
    let too_long = |channel: &crate::telegram::Channel| {
        tl::types::UpdateChannelTooLong { channel_id: channel.chat.id, pts: Some(channel.pts) }.into()
    };
    changed.map(too_long).collect()
}

pub(super) fn get_channel_difference(
    t: &mut Telegram,
    caller: &Caller,
    call: f::GetChannelDifference,
) -> Result<tl::enums::updates::ChannelDifference, Refusal> {
    let me = caller.me()?;
    let id = inputs::channel(t, me, &call.channel)?;
    let channel = t.channels.get(&id).ok_or(inputs::CHANNEL_INVALID)?;
    if call.pts <= 0 || call.pts > channel.pts {
        return Err(Refusal::new(400, "PERSISTENT_TIMESTAMP_INVALID"));
    }
    let timeout = Some(t.channel_timeout.unwrap_or(30));
    if call.pts == channel.pts {
        return Ok(
            tl::types::updates::ChannelDifferenceEmpty { r#final: true, pts: channel.pts, timeout }.into()
        );
    }
    if call.pts < floor(&channel.log, channel.pts) {
        let peer = Peer::Channel(id);
        let newest: Vec<i32> = channel.history.ids_below(i32::MAX).take(10).collect();
        let messages = answers::shown(t, me, peer, &newest);
        let mut seen = answers::seen_in(&messages);
        seen.peer(peer);
        let (chats, users) = t.people(me, &seen);
        let dialog = dialogs::dialog(t, me, peer).into();
        let answer = tl::types::updates::ChannelDifferenceTooLong {
            r#final: true,
            timeout,
            dialog,
            messages,
            chats,
            users,
        };
        return Ok(answer.into());
    }
    let missed = &channel.log[channel.log.partition_point(|logged| logged.pts <= call.pts)..];
    let limit = usize::try_from(call.limit).unwrap_or(0).clamp(1, SLICE);
    let part = &missed[..missed.len().min(limit)];
    let (new_messages, other_updates) = replayed(t, me, part);
    let mut seen = seen_in_updates(&new_messages, &other_updates);
    seen.peer(Peer::Channel(id));
    let (chats, users) = t.people(me, &seen);
    let r#final = part.len() == missed.len();
    let pts = if r#final { channel.pts } else { part.last().map_or(channel.pts, |logged| logged.pts) };
    Ok(tl::types::updates::ChannelDifference {
        r#final,
        pts,
        timeout,
        new_messages,
        other_updates,
        chats,
        users,
    }
    .into())
}

fn seen_in_updates(messages: &[tl::enums::Message], updates: &[Update]) -> Seen {
    let mut seen = answers::seen_in(messages);
    updates.iter().for_each(|update| seen.update(update));
    seen
}
