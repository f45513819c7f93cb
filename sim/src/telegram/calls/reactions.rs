use grammers_tl_types::{self as tl, functions::messages as f};
use tl::enums::Update;

use super::{Caller, Refusal, answers, inputs};
use crate::telegram::{
    Peer, Poll, Reactor, Seen, Spot, Telegram, Told, Vote, message, reactions_of, recent_of,
};

fn spot(me: i64, peer: Peer, id: i32) -> Spot {
    match peer {
        Peer::Channel(channel) => Spot::Channel { channel, id },
        _ => Spot::Box { owner: me, id },
    }
}

pub(super) fn send_reaction(
    t: &mut Telegram,
    caller: &Caller,
    call: f::SendReaction,
) -> Result<tl::enums::Updates, Refusal> {
    let me = caller.me()?;
    let peer = inputs::peer(t, me, &call.peer)?;
    answers::message_in(t, me, peer, call.msg_id)?;
    let chosen: Vec<tl::enums::Reaction> = call
        .reaction
        .unwrap_or_default()
        .into_iter()
        .filter(|reaction| !matches!(reaction, tl::enums::Reaction::Empty))
        .collect();
    if chosen
        .iter()
        .any(|reaction| matches!(reaction, tl::enums::Reaction::Emoji(emoji) if emoji.emoticon.is_empty()))
    {
        return Err(Refusal::new(400, "REACTION_INVALID"));
    }
    let is_premium = t.users.get(&me).is_some_and(|user| user.premium);
    if chosen.len() > if is_premium { 3 } else { 1 } {
        return Err(Refusal::new(400, "REACTIONS_TOO_MANY"));
    }
    let mut told = Told::default();
    t.set_reactions(&mut told, spot(me, peer, call.msg_id), me, chosen, call.big);
    let mut updates = told.to(me);
    if updates.is_empty() {
        updates.extend(reactions_update(t, me, peer, call.msg_id));
    }
    Ok(answers::updates(t, me, updates))
}

fn reactions_update(t: &Telegram, me: i64, peer: Peer, msg_id: i32) -> Option<Update> {
    let kept = t.message(me, peer, msg_id)?;
    let reactions = reactions_of(&kept)?.clone();
    let peer = peer.tl();
    let update =
        tl::types::UpdateMessageReactions { peer, msg_id, top_msg_id: None, saved_peer_id: None, reactions };
    Some(update.into())
}

pub(super) fn get_messages_reactions(
    t: &mut Telegram,
    caller: &Caller,
    call: f::GetMessagesReactions,
) -> Result<tl::enums::Updates, Refusal> {
    let me = caller.me()?;
    let peer = inputs::peer(t, me, &call.peer)?;
    let updates = call.id.iter().filter_map(|id| reactions_update(t, me, peer, *id)).collect();
    Ok(answers::updates(t, me, updates))
}

/// A part of a list; the offset is the place where it goes on.
fn part<T>(list: Vec<T>, offset: Option<&str>, limit: i32) -> (Vec<T>, Option<String>) {
    let start = offset.and_then(|offset| offset.parse().ok()).unwrap_or(0);
    let limit = usize::try_from(limit.clamp(0, 100)).unwrap_or(0);
    let next = (start + limit < list.len()).then(|| (start + limit).to_string());
    (list.into_iter().skip(start).take(limit).collect(), next)
}

pub(super) fn get_message_reactions_list(
    t: &mut Telegram,
    caller: &Caller,
    call: f::GetMessageReactionsList,
) -> Result<tl::enums::messages::MessageReactionsList, Refusal> {
    let me = caller.me()?;
    let peer = inputs::peer(t, me, &call.peer)?;
    let kept = answers::message_in(t, me, peer, call.id)?;
    let channel = match peer {
        Peer::Channel(id) => t.channels.get(&id),
        _ => None,
    };
    if channel.is_some_and(|channel| channel.chat.broadcast) {
        return Err(Refusal::new(403, "BROADCAST_FORBIDDEN"));
    }
    let known = match channel {
        Some(channel) => channel.reactors.get(&call.id),
        None => t.boxes.get(&me).and_then(|mailbox| mailbox.reactors.get(&call.id)),
    };
    let all: Vec<Reactor> = known.cloned().unwrap_or_else(|| recent_of(&kept));
    let is_wanted =
        |reactor: &Reactor| call.reaction.as_ref().is_none_or(|wanted| *wanted == reactor.reaction);
    let wanted: Vec<Reactor> = all.into_iter().filter(is_wanted).collect();
    let count = answers::count(wanted.len());
    let (shown, next_offset) = part(wanted, call.offset.as_deref(), call.limit);
    let mut seen = Seen::default();
    shown.iter().for_each(|reactor| seen.peer(reactor.peer));
    let (chats, users) = t.people(me, &seen);
    let reactions = shown.into_iter().map(|reactor| {
        tl::types::MessagePeerReaction {
            big: reactor.is_big,
            unread: false,
            my: reactor.peer == Peer::User(me),
            peer_id: reactor.peer.tl(),
            date: reactor.date,
            reaction: reactor.reaction,
        }
        .into()
    });
    let reactions = reactions.collect();
    Ok(tl::types::messages::MessageReactionsList { count, reactions, chats, users, next_offset }.into())
}

/// The poll of a message, with all votes so far.
fn poll_of(t: &Telegram, me: i64, peer: Peer, id: i32) -> Result<Poll, Refusal> {
    let kept = answers::message_in(t, me, peer, id)?;
    let Some(tl::enums::MessageMedia::Poll(media)) = message::media_of(&kept) else {
        return Err(inputs::MESSAGE_ID_INVALID);
    };
    let tl::enums::Poll::Poll(asked) = &media.poll;
    Ok(t.polls.get(&asked.id).cloned().unwrap_or_else(|| Poll::new(media)))
}

fn poll_update(me: i64, poll: &Poll) -> Update {
    tl::types::UpdateMessagePoll {
        peer: None,
        msg_id: None,
        top_msg_id: None,
        poll_id: poll.poll.id,
        poll: Some(poll.poll.clone().into()),
        results: poll.results_for(me).into(),
    }
    .into()
}

pub(super) fn send_vote(
    t: &mut Telegram,
    caller: &Caller,
    call: f::SendVote,
) -> Result<tl::enums::Updates, Refusal> {
    let me = caller.me()?;
    let peer = inputs::peer(t, me, &call.peer)?;
    let poll = poll_of(t, me, peer, call.msg_id)?;
    if poll.poll.closed {
        return Err(Refusal::new(400, "MESSAGE_POLL_CLOSED"));
    }
    let has_option = |wanted: &Vec<u8>| {
        let mut answers = poll.poll.answers.iter();
        answers
            .any(|answer| matches!(answer, tl::enums::PollAnswer::Answer(answer) if answer.option == *wanted))
    };
    if !call.options.iter().all(has_option) {
        return Err(Refusal::new(400, "OPTION_INVALID"));
    }
    if call.options.len() > 1 && !poll.poll.multiple_choice {
        return Err(Refusal::new(400, "OPTIONS_TOO_MUCH"));
    }
    let is_final = poll.poll.quiz || poll.poll.revoting_disabled;
    if is_final && poll.votes.contains_key(&me) {
        return Err(Refusal::new(400, "REVOTE_NOT_ALLOWED"));
    }
    t.set_vote(&mut Told::default(), spot(me, peer, call.msg_id), me, call.options);
    let poll = poll_of(t, me, peer, call.msg_id)?;
    Ok(answers::updates(t, me, vec![poll_update(me, &poll)]))
}

pub(super) fn get_poll_results(
    t: &mut Telegram,
    caller: &Caller,
    call: f::GetPollResults,
) -> Result<tl::enums::Updates, Refusal> {
    let me = caller.me()?;
    let peer = inputs::peer(t, me, &call.peer)?;
    let poll = poll_of(t, me, peer, call.msg_id)?;
    Ok(answers::updates(t, me, vec![poll_update(me, &poll)]))
}

pub(super) fn get_poll_votes(
    t: &mut Telegram,
    caller: &Caller,
    call: f::GetPollVotes,
) -> Result<tl::enums::messages::VotesList, Refusal> {
    let me = caller.me()?;
    let peer = inputs::peer(t, me, &call.peer)?;
    let poll = poll_of(t, me, peer, call.id)?;
    if !poll.poll.public_voters {
        return Err(Refusal::new(403, "BROADCAST_FORBIDDEN"));
    }
    if !poll.votes.contains_key(&me) && !poll.poll.closed {
        return Err(Refusal::new(403, "POLL_VOTE_REQUIRED"));
    }
    let chose = |vote: &Vote| call.option.as_ref().is_none_or(|wanted| vote.options.contains(wanted));
    let mut votes: Vec<(i64, Vote)> = poll.votes.into_iter().filter(|(_, vote)| chose(vote)).collect();
    votes.sort_by_key(|(_, vote)| std::cmp::Reverse(vote.date));
    let count = answers::count(votes.len());
    let (shown, next_offset) = part(votes, call.offset.as_deref(), call.limit);
    let mut seen = Seen::default();
    shown.iter().for_each(|(voter, _)| seen.peer(Peer::User(*voter)));
    let (chats, users) = t.people(me, &seen);
    let votes = shown.into_iter().map(|(voter, vote)| {
        let (peer, date) = (Peer::User(voter).tl(), vote.date);
        match vote.options.as_slice() {
            _ if call.option.is_some() => tl::types::MessagePeerVoteInputOption { peer, date }.into(),
            [option] => tl::types::MessagePeerVote { peer, option: option.clone(), date }.into(),
            _ => tl::types::MessagePeerVoteMultiple { peer, options: vote.options, date }.into(),
        }
    });
    let votes = votes.collect();
    Ok(tl::types::messages::VotesList { count, votes, chats, users, next_offset }.into())
}
