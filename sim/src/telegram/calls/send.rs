use grammers_tl_types::{self as tl, functions::messages as f};
use tl::enums::{InputReplyTo, Message, Update};

use super::{Caller, Refusal, answers, inputs, media};
use crate::telegram::{Member, Peer, Spot, Telegram, Told, blank, message};

/// What all ways of sending have in common.
pub(super) struct Envelope<'a> {
    pub(super) me: i64,
    pub(super) peer: Peer,
    pub(super) reply_to: Option<&'a InputReplyTo>,
    pub(super) silent: bool,
    pub(super) noforwards: bool,
    pub(super) clear_draft: bool,
    pub(super) effect: Option<i64>,
}

/// Whether one may write there.
pub(super) fn check_may_write(t: &Telegram, me: i64, peer: Peer) -> Result<(), Refusal> {
    const FORBIDDEN: Refusal = Refusal::new(403, "CHAT_WRITE_FORBIDDEN");
    match peer {
        Peer::User(_) => Ok(()),
        Peer::Group(id)
            if t.groups.get(&id).is_some_and(|group| group.has(me) && group.migrated_to.is_none()) =>
        {
            Ok(())
        }
        Peer::Group(_) => Err(FORBIDDEN),
        Peer::Channel(id) => match t.channels.get(&id) {
            Some(channel) if channel.chat.broadcast => {
                let is_admin = channel.members.get(&me).is_some_and(Member::is_admin);
                if is_admin { Ok(()) } else { Err(Refusal::new(400, "CHAT_ADMIN_REQUIRED")) }
            }
            Some(channel) if channel.has(me) || channel.linked.is_some() => Ok(()),
            _ => Err(FORBIDDEN),
        },
    }
}

/// Refuses what was sent already under this number: the message is there, once.
pub(super) fn check_random_id(t: &mut Telegram, me: i64, random_id: i64) -> Result<(), Refusal> {
    if random_id == 0 {
        return Err(Refusal::new(400, "RANDOM_ID_EMPTY"));
    }
    if t.mailbox(me).random_ids.contains_key(&random_id) {
        return Err(Refusal::new(500, "RANDOM_ID_DUPLICATE"));
    }
    Ok(())
}

pub(super) fn check_schedule(date: Option<i32>) -> Result<(), Refusal> {
    // Nothing here is ever sent later.
    if date.is_some() { Err(Refusal::new(400, "SCHEDULE_DATE_INVALID")) } else { Ok(()) }
}

fn check_text(text: &str) -> Result<(), Refusal> {
    if text.trim().is_empty() {
        return Err(Refusal::new(400, "MESSAGE_EMPTY"));
    }
    if text.encode_utf16().count() > 4096 {
        return Err(Refusal::new(400, "MESSAGE_TOO_LONG"));
    }
    Ok(())
}

fn check_caption(text: &str) -> Result<(), Refusal> {
    if text.encode_utf16().count() > 1024 { Err(Refusal::new(400, "MEDIA_CAPTION_TOO_LONG")) } else { Ok(()) }
}

fn reply_header(
    t: &Telegram,
    me: i64,
    peer: Peer,
    reply: &InputReplyTo,
) -> Result<tl::enums::MessageReplyHeader, Refusal> {
    let reply = match reply {
        InputReplyTo::Message(reply) => reply,
        InputReplyTo::Story(story) => {
            let peer = inputs::peer(t, me, &story.peer)?.tl();
            return Ok(tl::types::MessageReplyStoryHeader { peer, story_id: story.story_id }.into());
        }
        _ => return Err(Refusal::new(400, "REPLY_TO_INVALID")),
    };
    let other = reply.reply_to_peer_id.as_ref().map(|other| inputs::peer(t, me, other)).transpose()?;
    let other = other.filter(|other| *other != peer);
    let is_topic = matches!(peer, Peer::Channel(id) if t.channels.get(&id).is_some_and(|channel| channel.topics.contains_key(&reply.reply_to_msg_id)));
    let place = other.unwrap_or(peer);
    let is_there = t.history(me, place).is_some_and(|history| history.has(reply.reply_to_msg_id));
    if !is_there && !is_topic {
        return Err(Refusal::new(400, "REPLY_MESSAGE_ID_INVALID"));
    }
    let mut header = match other {
        Some(other) => {
            let mut header = blank::reply_header(reply.reply_to_msg_id);
            header.reply_to_peer_id = Some(other.tl());
            header
        }
        None => t.reply_to(me, peer, reply.reply_to_msg_id),
    };
    if is_topic && reply.reply_to_msg_id != 1 {
        header.forum_topic = true;
    }
    header.quote = reply.quote_text.is_some();
    header.quote_text.clone_from(&reply.quote_text);
    header.quote_entities.clone_from(&reply.quote_entities);
    header.quote_offset = reply.quote_offset;
    header.todo_item_id = reply.todo_item_id;
    header.poll_option.clone_from(&reply.poll_option);
    Ok(header.into())
}

fn draft_message(
    t: &Telegram,
    envelope: &Envelope<'_>,
    text: String,
    entities: Option<Vec<tl::enums::MessageEntity>>,
) -> Result<tl::types::Message, Refusal> {
    let reply_to =
        envelope.reply_to.map(|reply| reply_header(t, envelope.me, envelope.peer, reply)).transpose()?;
    let (silent, noforwards, effect) = (envelope.silent, envelope.noforwards, envelope.effect);
    let entities = entities.filter(|entities| !entities.is_empty());
    let blank = blank::message(0, envelope.peer, 0, "");
    Ok(tl::types::Message { message: text, entities, reply_to, silent, noforwards, effect, ..blank })
}

/// Sends messages one after the other, and answers with what the sender hears of them.
pub(super) fn send(
    t: &mut Telegram,
    envelope: &Envelope<'_>,
    messages: Vec<(i64, Message)>,
) -> (Vec<Update>, Vec<Spot>) {
    let (me, mut told) = (envelope.me, Told::default());
    let (mut ids, mut spots) = (Vec::new(), Vec::new());
    for (random_id, message) in messages {
        let spot = t.deliver(&mut told, envelope.peer, me, message);
        t.mailbox(me).random_ids.insert(random_id, (envelope.peer, spot.id()));
        ids.push(tl::types::UpdateMessageId { id: spot.id(), random_id }.into());
        spots.push(spot);
    }
    if envelope.clear_draft
        && let Some(talk) = t.mailbox(me).talks.get_mut(&envelope.peer)
    {
        talk.draft = None;
    }
    ids.extend(told.to(me));
    (ids, spots)
}

/// The link in a text whose page the world knows.
fn preview(t: &Telegram, text: &str) -> Option<tl::enums::MessageMedia> {
    let page = text.split_whitespace().find_map(|word| t.web_pages.get(word))?;
    Some(
        tl::types::MessageMediaWebPage {
            force_large_media: false,
            force_small_media: false,
            manual: false,
            safe: false,
            webpage: page.clone().into(),
        }
        .into(),
    )
}

pub(super) fn send_message(
    t: &mut Telegram,
    caller: &Caller,
    call: f::SendMessage,
) -> Result<tl::enums::Updates, Refusal> {
    let me = caller.me()?;
    let peer = inputs::peer(t, me, &call.peer)?;
    check_text(&call.message)?;
    check_schedule(call.schedule_date)?;
    check_may_write(t, me, peer)?;
    check_random_id(t, me, call.random_id)?;
    let envelope = Envelope {
        me,
        peer,
        reply_to: call.reply_to.as_ref(),
        silent: call.silent,
        noforwards: call.noforwards,
        clear_draft: call.clear_draft,
        effect: call.effect,
    };
    let mut message = draft_message(t, &envelope, call.message, call.entities)?;
    message.invert_media = call.invert_media;
    message.reply_markup = call.reply_markup;
    message.media = if call.no_webpage { None } else { preview(t, &message.message) };
    let (updates, spots) = send(t, &envelope, vec![(call.random_id, message.into())]);
    let is_short = matches!(peer, Peer::User(other) if other != me) || matches!(peer, Peer::Group(_));
    if let (true, Some(Message::Message(sent))) = (is_short, spots.first().and_then(|spot| t.stored(*spot))) {
        let pts = updates.iter().rev().find_map(|update| match update {
            Update::NewMessage(update) => Some(update.pts),
            _ => None,
        });
        return Ok(tl::types::UpdateShortSentMessage {
            out: true,
            id: sent.id,
            pts: pts.unwrap_or(0),
            pts_count: 1,
            date: sent.date,
            media: sent.media,
            entities: sent.entities,
            ttl_period: None,
        }
        .into());
    }
    Ok(answers::updates(t, me, updates))
}

pub(super) fn send_media(
    t: &mut Telegram,
    caller: &Caller,
    call: f::SendMedia,
) -> Result<tl::enums::Updates, Refusal> {
    let me = caller.me()?;
    let peer = inputs::peer(t, me, &call.peer)?;
    check_caption(&call.message)?;
    check_schedule(call.schedule_date)?;
    check_may_write(t, me, peer)?;
    check_random_id(t, me, call.random_id)?;
    let envelope = Envelope {
        me,
        peer,
        reply_to: call.reply_to.as_ref(),
        silent: call.silent,
        noforwards: call.noforwards,
        clear_draft: call.clear_draft,
        effect: call.effect,
    };
    let mut message = draft_message(t, &envelope, call.message, call.entities)?;
    message.invert_media = call.invert_media;
    message.reply_markup = call.reply_markup;
    message.media = Some(media::made(t, me, &call.media)?);
    let (updates, _) = send(t, &envelope, vec![(call.random_id, message.into())]);
    Ok(answers::updates(t, me, updates))
}

/// An album: several messages with one number in common.
pub(super) fn send_multi_media(
    t: &mut Telegram,
    caller: &Caller,
    call: f::SendMultiMedia,
) -> Result<tl::enums::Updates, Refusal> {
    let me = caller.me()?;
    let peer = inputs::peer(t, me, &call.peer)?;
    check_schedule(call.schedule_date)?;
    check_may_write(t, me, peer)?;
    if call.multi_media.is_empty() {
        return Err(Refusal::new(400, "MEDIA_EMPTY"));
    }
    if call.multi_media.len() > 10 {
        return Err(Refusal::new(400, "MULTI_MEDIA_TOO_LONG"));
    }
    let envelope = Envelope {
        me,
        peer,
        reply_to: call.reply_to.as_ref(),
        silent: call.silent,
        noforwards: call.noforwards,
        clear_draft: call.clear_draft,
        effect: call.effect,
    };
    let grouped_id = 7_000_000_000_000_000_000 + t.next_id();
    let mut messages: Vec<(i64, Message)> = Vec::new();
    for tl::enums::InputSingleMedia::Media(single) in call.multi_media {
        check_caption(&single.message)?;
        check_random_id(t, me, single.random_id)?;
        if messages.iter().any(|(random_id, _)| *random_id == single.random_id) {
            return Err(Refusal::new(500, "RANDOM_ID_DUPLICATE"));
        }
        let media = media::made(t, me, &single.media)?;
        let message = draft_message(t, &envelope, single.message, single.entities)?;
        let message = tl::types::Message { media: Some(media), grouped_id: Some(grouped_id), ..message };
        messages.push((single.random_id, message.into()));
    }
    let (updates, _) = send(t, &envelope, messages);
    Ok(answers::updates(t, me, updates))
}

/// Whether somebody may change a message: the author, or who runs the channel.
pub(super) fn may_change(t: &Telegram, me: i64, peer: Peer, kept: &Message) -> bool {
    match peer {
        Peer::Channel(id) => {
            let runs = t
                .channels
                .get(&id)
                .and_then(|channel| channel.members.get(&me))
                .is_some_and(Member::is_admin);
            runs || message::is_out(kept)
        }
        Peer::User(user) if user == me => true,
        _ => message::is_out(kept),
    }
}
