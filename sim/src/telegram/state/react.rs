//! Reactions and votes.

use grammers_tl_types as tl;
use tl::enums::{Message, Reaction};

use super::{Peer, Poll, Reactor, Spot, Telegram, Vote, message, told::Told};

/// How many of the latest reactions a message shows.
const RECENT: usize = 3;

impl Telegram {
    /// Somebody reacts with an emoji; an empty text takes all their reactions back.
    pub fn react(&mut self, spot: Spot, who: i64, emoticon: &str) {
        let reaction =
            (!emoticon.is_empty()).then(|| tl::types::ReactionEmoji { emoticon: emoticon.to_owned() }.into());
        self.set_reactions(&mut Told::default(), spot, who, reaction.into_iter().collect(), false);
    }

    /// What somebody reacts with from now on. `false`: there is no such message.
    pub(crate) fn set_reactions(
        &mut self,
        told: &mut Told,
        spot: Spot,
        who: i64,
        chosen: Vec<Reaction>,
        is_big: bool,
    ) -> bool {
        let now = self.now();
        let mut is_known = false;
        for spot in self.copies(spot) {
            let Some(message) = self.stored(spot) else { continue };
            is_known = true;
            let shows_people = match spot {
                Spot::Channel { channel, .. } => {
                    self.channels.get(&channel).is_some_and(|channel| !channel.chat.broadcast)
                }
                Spot::Box { .. } => true,
            };
            let Some(reactors) = self.reactors_at(spot, &message) else { continue };
            let earlier: Vec<Reaction> = reactors
                .iter()
                .filter(|reactor| reactor.peer == Peer::User(who))
                .map(|reactor| reactor.reaction.clone())
                .collect();
            reactors.retain(|reactor| reactor.peer != Peer::User(who));
            let new = chosen.iter().map(|reaction| Reactor {
                peer: Peer::User(who),
                reaction: reaction.clone(),
                date: now,
                is_big,
            });
            reactors.splice(0..0, new);
            let recent: Vec<Reactor> = reactors.iter().take(RECENT).cloned().collect();
            let recent = shows_people.then_some(recent);
            self.at(spot, |message| recount(message, &earlier, &chosen, recent));
            self.tell_reactions(told, spot, who);
        }
        is_known
    }

    /// Everybody who reacted, latest first, as far as it is known.
    pub(crate) fn reactors_at(&mut self, spot: Spot, message: &Message) -> Option<&mut Vec<Reactor>> {
        let (reactors, id) = match spot {
            Spot::Box { owner, id } => (&mut self.mailbox(owner).reactors, id),
            Spot::Channel { channel, id } => (&mut self.channels.get_mut(&channel)?.reactors, id),
        };
        Some(reactors.entry(id).or_insert_with(|| recent_of(message)))
    }

    fn tell_reactions(&mut self, told: &mut Told, spot: Spot, who: i64) {
        let Some(peer) = self.place_of(spot) else { return };
        let viewers = match spot {
            Spot::Box { owner, .. } => vec![owner],
            Spot::Channel { channel, .. } => self.accounts_in(channel),
        };
        for viewer in viewers {
            let Some(message) = self.message(viewer, peer, spot.id()) else { continue };
            if who != viewer && message::is_out(&message) {
                let talk = self.mailbox(viewer).talks.entry(peer).or_default();
                talk.new_reactions.insert(spot.id());
            }
            let update = tl::types::UpdateMessageReactions {
                peer: peer.tl(),
                msg_id: spot.id(),
                top_msg_id: None,
                saved_peer_id: None,
                reactions: reactions_of(&message).cloned().unwrap_or_else(|| no_reactions().into()),
            };
            self.tell(told, viewer, update);
        }
    }

    /// Somebody votes; no options take the vote back. `None`: there is no poll.
    pub fn vote(&mut self, spot: Spot, who: i64, options: Vec<Vec<u8>>) -> Option<i64> {
        self.set_vote(&mut Told::default(), spot, who, options)
    }

    pub(crate) fn set_vote(
        &mut self,
        told: &mut Told,
        spot: Spot,
        who: i64,
        options: Vec<Vec<u8>>,
    ) -> Option<i64> {
        let message = self.stored(spot)?;
        let Some(tl::enums::MessageMedia::Poll(media)) = message::media_of(&message) else { return None };
        let tl::enums::Poll::Poll(asked) = &media.poll;
        let (id, date) = (asked.id, self.now());
        let poll = self.polls.entry(id).or_insert_with(|| Poll::new(media));
        if options.is_empty() {
            poll.votes.remove(&who);
        } else {
            poll.votes.insert(who, Vote { options, date });
        }
        for copy in self.copies(spot) {
            let viewers = match copy {
                Spot::Box { owner, .. } => vec![owner],
                Spot::Channel { channel, .. } => self.accounts_in(channel),
            };
            for viewer in viewers {
                self.tell_poll(told, viewer, id);
            }
        }
        Some(id)
    }

    fn tell_poll(&mut self, told: &mut Told, viewer: i64, id: i64) {
        let Some(poll) = self.polls.get(&id) else { return };
        let update = tl::types::UpdateMessagePoll {
            peer: None,
            msg_id: None,
            top_msg_id: None,
            poll_id: id,
            poll: Some(poll.poll.clone().into()),
            results: poll.results_for(viewer).into(),
        };
        self.tell(told, viewer, update);
    }
}

pub(crate) fn no_reactions() -> tl::types::MessageReactions {
    tl::types::MessageReactions {
        min: false,
        can_see_list: false,
        reactions_as_tags: false,
        results: Vec::new(),
        recent_reactions: None,
        top_reactors: None,
    }
}

pub(crate) fn reactions_of(message: &Message) -> Option<&tl::enums::MessageReactions> {
    match message {
        Message::Message(message) => message.reactions.as_ref(),
        Message::Service(message) => message.reactions.as_ref(),
        Message::Empty(_) => None,
    }
}

/// Who reacted, as far as the message itself says.
pub(crate) fn recent_of(message: &Message) -> Vec<Reactor> {
    let Some(tl::enums::MessageReactions::Reactions(reactions)) = reactions_of(message) else {
        return Vec::new();
    };
    let recent = reactions.recent_reactions.iter().flatten();
    recent
        .map(|tl::enums::MessagePeerReaction::Reaction(recent)| Reactor {
            peer: Peer::from(&recent.peer_id),
            reaction: recent.reaction.clone(),
            date: recent.date,
            is_big: recent.big,
        })
        .collect()
}

/// Counts some reactions less and others more.
fn recount(message: &mut Message, less: &[Reaction], more: &[Reaction], recent: Option<Vec<Reactor>>) {
    let reactions = match message {
        Message::Message(message) => &mut message.reactions,
        Message::Service(message) => &mut message.reactions,
        Message::Empty(_) => return,
    };
    let tl::enums::MessageReactions::Reactions(counted) =
        reactions.get_or_insert_with(|| no_reactions().into());
    for reaction in less {
        for tl::enums::ReactionCount::Count(count) in &mut counted.results {
            if count.reaction == *reaction {
                count.count -= 1;
            }
        }
    }
    for reaction in more {
        let known = counted.results.iter_mut().find(|count| {
            let tl::enums::ReactionCount::Count(count) = count;
            count.reaction == *reaction
        });
        match known {
            Some(tl::enums::ReactionCount::Count(count)) => count.count += 1,
            None => counted.results.push(
                tl::types::ReactionCount { chosen_order: None, reaction: reaction.clone(), count: 1 }.into(),
            ),
        }
    }
    counted.results.retain(|tl::enums::ReactionCount::Count(count)| count.count > 0);
    counted.can_see_list = recent.is_some();
    counted.recent_reactions = recent.filter(|recent| !recent.is_empty()).map(|recent| {
        let shown = recent.into_iter().map(|reactor| {
            tl::types::MessagePeerReaction {
                big: reactor.is_big,
                unread: false,
                my: false,
                peer_id: reactor.peer.tl(),
                date: reactor.date,
                reaction: reactor.reaction,
            }
            .into()
        });
        shown.collect()
    });
    if counted.results.is_empty() {
        *reactions = None;
    }
}
