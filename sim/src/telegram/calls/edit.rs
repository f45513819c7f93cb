use grammers_tl_types::{self as tl, functions::messages as f};
use tl::enums::Message;

use super::{Caller, Refusal, answers, inputs, media, send};
use crate::telegram::{Member, Peer, Spot, Telegram, Told};

/// How many messages one call clears.
const CLEARED: usize = 1_000;
/// In seconds: two days.
const EDITABLE_FOR: i32 = 2 * 24 * 60 * 60;
const FORBIDDEN: Refusal = Refusal::new(403, "MESSAGE_DELETE_FORBIDDEN");

fn spot(me: i64, peer: Peer, id: i32) -> Spot {
    match peer {
        Peer::Channel(channel) => Spot::Channel { channel, id },
        _ => Spot::Box { owner: me, id },
    }
}

pub(super) fn edit_message(
    t: &mut Telegram,
    caller: &Caller,
    call: f::EditMessage,
) -> Result<tl::enums::Updates, Refusal> {
    let me = caller.me()?;
    let peer = inputs::peer(t, me, &call.peer)?;
    let kept = answers::message_in(t, me, peer, call.id)?;
    let Message::Message(content) = &kept else { return Err(inputs::MESSAGE_ID_INVALID) };
    if !send::may_change(t, me, peer, &kept) {
        return Err(Refusal::new(403, "MESSAGE_AUTHOR_REQUIRED"));
    }
    let text = call.message.unwrap_or_else(|| content.message.clone());
    if text.trim().is_empty() && content.media.is_none() && call.media.is_none() {
        return Err(Refusal::new(400, "MESSAGE_EMPTY"));
    }
    if text.encode_utf16().count() > 4096 {
        return Err(Refusal::new(400, "MESSAGE_TOO_LONG"));
    }
    let entities = call.entities.filter(|entities| !entities.is_empty());
    let is_same = text == content.message && entities == content.entities;
    if is_same && call.media.is_none() && call.reply_markup == content.reply_markup {
        return Err(Refusal::new(400, "MESSAGE_NOT_MODIFIED"));
    }
    // Saved Messages and channels know no such limit.
    let has_limit = !peer.is_channel() && peer != Peer::User(me);
    if has_limit && t.now().saturating_sub(content.date) > EDITABLE_FOR {
        return Err(Refusal::new(400, "MESSAGE_EDIT_TIME_EXPIRED"));
    }
    let media = call.media.as_ref().map(|input| media::made(t, me, input)).transpose()?;
    let mut told = Told::default();
    t.change(&mut told, spot(me, peer, call.id), |message| {
        message.message.clone_from(&text);
        message.entities.clone_from(&entities);
        message.reply_markup.clone_from(&call.reply_markup);
        message.invert_media = call.invert_media;
        if let Some(media) = &media {
            message.media = Some(media.clone());
        }
    });
    Ok(answers::updates(t, me, told.to(me)))
}

pub(super) fn delete_messages(
    t: &mut Telegram,
    caller: &Caller,
    call: f::DeleteMessages,
) -> Result<tl::enums::messages::AffectedMessages, Refusal> {
    let me = caller.me()?;
    let mut told = Told::default();
    t.delete_in_box(&mut told, me, &call.id, call.revoke);
    let numbers = told.numbers(me);
    Ok(answers::affected(t, me, numbers))
}

pub(super) fn delete_channel_messages(
    t: &mut Telegram,
    caller: &Caller,
    call: tl::functions::channels::DeleteMessages,
) -> Result<tl::enums::messages::AffectedMessages, Refusal> {
    let me = caller.me()?;
    let id = inputs::channel(t, me, &call.channel)?;
    let peer = Peer::Channel(id);
    let kept = call.id.iter().filter_map(|id| t.message(me, peer, *id));
    if kept.into_iter().any(|kept| !send::may_change(t, me, peer, &kept)) {
        return Err(FORBIDDEN);
    }
    let mut told = Told::default();
    t.delete_in_channel(&mut told, id, Some(me), &call.id);
    let pts = t.channels.get(&id).map_or(1, |channel| channel.pts);
    let (pts, pts_count) = told.numbers(me).unwrap_or((pts, 0));
    Ok(tl::types::messages::AffectedMessages { pts, pts_count }.into())
}

/// Clears a chat of one's box, oldest first; `offset` tells how much is left to be cleared.
pub(super) fn delete_history(
    t: &mut Telegram,
    caller: &Caller,
    call: f::DeleteHistory,
) -> Result<tl::enums::messages::AffectedHistory, Refusal> {
    let me = caller.me()?;
    let peer = inputs::peer(t, me, &call.peer)?;
    if peer.is_channel() {
        return Err(inputs::PEER_ID_INVALID);
    }
    let (min, max) = (call.min_date.unwrap_or(0), call.max_date.unwrap_or(0));
    let mut ids: Vec<i32> = Vec::new();
    let mut left = 0;
    if let Some(history) = t.history(me, peer) {
        let is_meant = |id: &i32| {
            let date = history.date(*id).unwrap_or(0);
            (call.max_id <= 0 || *id <= call.max_id) && (min <= 0 || date >= min) && (max <= 0 || date <= max)
        };
        let mut meant = history.ids_from(0).filter(is_meant);
        ids.extend(meant.by_ref().take(CLEARED));
        left = meant.count();
    }
    let mut told = Told::default();
    t.delete_in_box(&mut told, me, &ids, call.revoke);
    if left == 0 && !call.just_clear && t.history(me, peer).is_none_or(crate::telegram::History::is_empty) {
        t.mailbox(me).talks.remove(&peer);
    }
    let (pts, pts_count) =
        told.numbers(me).unwrap_or_else(|| (t.account(me).map_or(1, |account| account.pts), 0));
    Ok(tl::types::messages::AffectedHistory { pts, pts_count, offset: answers::count(left) }.into())
}

fn check_may_pin(t: &Telegram, me: i64, peer: Peer) -> Result<(), Refusal> {
    let may = match peer {
        Peer::User(_) => true,
        Peer::Group(id) => t.groups.get(&id).is_some_and(|group| group.has(me)),
        Peer::Channel(id) => {
            t.channels.get(&id).and_then(|channel| channel.members.get(&me)).is_some_and(Member::is_admin)
        }
    };
    if may { Ok(()) } else { Err(Refusal::new(400, "CHAT_ADMIN_REQUIRED")) }
}

pub(super) fn update_pinned_message(
    t: &mut Telegram,
    caller: &Caller,
    call: f::UpdatePinnedMessage,
) -> Result<tl::enums::Updates, Refusal> {
    let me = caller.me()?;
    let peer = inputs::peer(t, me, &call.peer)?;
    check_may_pin(t, me, peer)?;
    answers::message_in(t, me, peer, call.id)?;
    let here = spot(me, peer, call.id);
    let copies = if call.pm_oneside { vec![here] } else { t.copies(here) };
    let mut told = Told::default();
    let mut has_changed = false;
    for copy in copies {
        has_changed |= t.pin_here(&mut told, copy, !call.unpin);
    }
    if !has_changed {
        return Err(Refusal::new(400, "CHAT_NOT_MODIFIED"));
    }
    let is_public = !call.unpin && !call.silent && !call.pm_oneside;
    if is_public {
        let mut said = crate::telegram::blank::service(0, peer, 0, tl::enums::MessageAction::PinMessage);
        said.reply_to = Some(crate::telegram::blank::reply_header(call.id).into());
        t.deliver(&mut told, peer, me, said.into());
    }
    Ok(answers::updates(t, me, told.to(me)))
}

pub(super) fn unpin_all_messages(
    t: &mut Telegram,
    caller: &Caller,
    call: f::UnpinAllMessages,
) -> Result<tl::enums::messages::AffectedHistory, Refusal> {
    let me = caller.me()?;
    let peer = inputs::peer(t, me, &call.peer)?;
    check_may_pin(t, me, peer)?;
    let is_meant = |id: &i32| match (call.top_msg_id, peer) {
        (Some(head), Peer::Channel(channel)) => {
            t.channels.get(&channel).is_some_and(|channel| super::search::is_in_thread(channel, *id, head))
        }
        _ => true,
    };
    let pinned = t.history(me, peer).map(crate::telegram::History::pinned).unwrap_or_default();
    let pinned: Vec<i32> = pinned.into_iter().filter(is_meant).collect();
    let mut told = Told::default();
    let count = answers::count(pinned.len());
    for id in pinned {
        for copy in t.copies(spot(me, peer, id)) {
            t.pin_here(&mut told, copy, false);
        }
    }
    let numbers = told.numbers(me).map(|(pts, _)| (pts, count));
    Ok(answers::affected_history(t, me, numbers))
}

pub(super) fn set_typing(t: &mut Telegram, caller: &Caller, call: f::SetTyping) -> Result<bool, Refusal> {
    let me = caller.me()?;
    let peer = inputs::peer(t, me, &call.peer)?;
    let (action, from_id) = (call.action, Peer::User(me).tl());
    match peer {
        Peer::User(other) => {
            let update = tl::types::UpdateUserTyping { user_id: me, top_msg_id: None, action };
            if other != me {
                t.push(other, update);
            }
        }
        Peer::Group(chat_id) => {
            let members: Vec<i64> =
                t.groups[&chat_id].members.keys().copied().filter(|user| *user != me).collect();
            for other in members {
                let (action, from_id) = (action.clone(), from_id.clone());
                t.push(other, tl::types::UpdateChatUserTyping { chat_id, from_id, action });
            }
        }
        Peer::Channel(channel_id) => {
            for other in t.accounts_in(channel_id).into_iter().filter(|user| *user != me) {
                let (action, from_id) = (action.clone(), from_id.clone());
                let top_msg_id = call.top_msg_id;
                t.push(other, tl::types::UpdateChannelUserTyping { channel_id, top_msg_id, from_id, action });
            }
        }
    }
    Ok(true)
}

pub(super) fn save_draft(t: &mut Telegram, caller: &Caller, call: f::SaveDraft) -> Result<bool, Refusal> {
    let me = caller.me()?;
    let peer = inputs::peer(t, me, &call.peer)?;
    let date = t.now();
    let draft: tl::enums::DraftMessage = if call.message.is_empty() && call.reply_to.is_none() {
        tl::types::DraftMessageEmpty { date: Some(date) }.into()
    } else {
        tl::types::DraftMessage {
            no_webpage: call.no_webpage,
            invert_media: call.invert_media,
            reply_to: call.reply_to,
            message: call.message,
            entities: call.entities,
            media: call.media,
            date,
            effect: call.effect,
            suggested_post: call.suggested_post,
            rich_message: None,
        }
        .into()
    };
    let kept = matches!(draft, tl::enums::DraftMessage::Message(_)).then(|| draft.clone());
    t.mailbox(me).talks.entry(peer).or_default().draft = kept;
    t.push(
        me,
        tl::types::UpdateDraftMessage { peer: peer.tl(), top_msg_id: None, saved_peer_id: None, draft },
    );
    Ok(true)
}

pub(super) fn get_messages_views(
    t: &mut Telegram,
    caller: &Caller,
    call: f::GetMessagesViews,
) -> Result<tl::enums::messages::MessageViews, Refusal> {
    let me = caller.me()?;
    let peer = inputs::peer(t, me, &call.peer)?;
    let mut views = Vec::new();
    for id in &call.id {
        let seen = t.at(spot(me, peer, *id), |kept| match kept {
            Message::Message(kept) => {
                if call.increment
                    && let Some(views) = &mut kept.views
                {
                    *views += 1;
                }
                (kept.views, kept.forwards, kept.replies.clone())
            }
            _ => (None, None, None),
        });
        let (views_now, forwards, replies) = seen.unwrap_or_default();
        views.push(tl::types::MessageViews { views: views_now, forwards, replies }.into());
    }
    let kept: Vec<_> = call.id.iter().filter_map(|id| t.message(me, peer, *id)).collect();
    let (chats, users) = t.people(me, &answers::seen_in(&kept));
    Ok(tl::types::messages::MessageViews { views, chats, users }.into())
}

/// Nothing here is ever sent later.
pub(super) fn get_scheduled_history(
    t: &mut Telegram,
    caller: &Caller,
    call: f::GetScheduledHistory,
) -> Result<tl::enums::messages::Messages, Refusal> {
    let me = caller.me()?;
    let peer = inputs::peer(t, me, &call.peer)?;
    let mut seen = crate::telegram::Seen::default();
    seen.peer(peer);
    let (chats, users) = t.people(me, &seen);
    Ok(tl::types::messages::Messages { messages: Vec::new(), topics: Vec::new(), chats, users }.into())
}
