//! Who is mentioned in what is answered: Telegram sends them along.

use std::collections::BTreeSet;

use grammers_tl_types as tl;
use tl::enums::{Message, MessageAction as Action, MessageMedia as Media};

use super::Peer;

/// The users, groups and channels that an answer mentions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub users: BTreeSet<i64>,
    pub groups: BTreeSet<i64>,
    pub channels: BTreeSet<i64>,
}

impl Seen {
    pub fn peer(&mut self, peer: Peer) {
        match peer {
            Peer::User(id) => self.users.insert(id),
            Peer::Group(id) => self.groups.insert(id),
            Peer::Channel(id) => self.channels.insert(id),
        };
    }

    fn tl(&mut self, peer: &tl::enums::Peer) {
        self.peer(peer.into());
    }

    fn each<'a>(&mut self, peers: impl IntoIterator<Item = &'a tl::enums::Peer>) {
        peers.into_iter().for_each(|peer| self.tl(peer));
    }

    pub fn message(&mut self, message: &Message) {
        match message {
            Message::Message(message) => self.content(message),
            Message::Service(message) => {
                self.tl(&message.peer_id);
                self.each(&message.from_id);
                self.each(&message.saved_peer_id);
                self.reply(message.reply_to.as_ref());
                self.action(&message.action);
                self.reactions(message.reactions.as_ref());
            }
            Message::Empty(_) => {}
        }
    }

    pub fn update(&mut self, update: &tl::enums::Update) {
        use tl::enums::Update as U;
        match update {
            U::NewMessage(it) => self.message(&it.message),
            U::NewChannelMessage(it) => self.message(&it.message),
            U::EditMessage(it) => self.message(&it.message),
            U::EditChannelMessage(it) => self.message(&it.message),
            U::UserTyping(it) => drop(self.users.insert(it.user_id)),
            U::UserStatus(it) => drop(self.users.insert(it.user_id)),
            U::UserName(it) => drop(self.users.insert(it.user_id)),
            U::ChatUserTyping(it) => {
                self.groups.insert(it.chat_id);
                self.tl(&it.from_id);
            }
            U::ChannelUserTyping(it) => {
                self.channels.insert(it.channel_id);
                self.tl(&it.from_id);
            }
            U::ReadHistoryInbox(it) => self.tl(&it.peer),
            U::ReadHistoryOutbox(it) => self.tl(&it.peer),
            U::ReadChannelInbox(it) => drop(self.channels.insert(it.channel_id)),
            U::ReadChannelOutbox(it) => drop(self.channels.insert(it.channel_id)),
            U::DeleteChannelMessages(it) => drop(self.channels.insert(it.channel_id)),
            U::PinnedMessages(it) => self.tl(&it.peer),
            U::PinnedChannelMessages(it) => drop(self.channels.insert(it.channel_id)),
            U::Channel(it) => drop(self.channels.insert(it.channel_id)),
            U::Chat(it) => drop(self.groups.insert(it.chat_id)),
            U::DraftMessage(it) => self.tl(&it.peer),
            U::MessageReactions(it) => {
                self.tl(&it.peer);
                self.reactions(Some(&it.reactions));
            }
            U::MessagePoll(it) => {
                self.each(&it.peer);
                self.results(&it.results);
            }
            _ => {}
        }
    }

    fn content(&mut self, message: &tl::types::Message) {
        self.tl(&message.peer_id);
        self.each(&message.from_id);
        self.each(&message.saved_peer_id);
        self.each(&message.guestchat_via_from);
        self.users.extend(message.via_bot_id);
        self.users.extend(message.via_business_bot_id);
        self.forward(message.fwd_from.as_ref());
        self.reply(message.reply_to.as_ref());
        self.reactions(message.reactions.as_ref());
        for entity in message.entities.iter().flatten() {
            if let tl::enums::MessageEntity::MentionName(mention) = entity {
                self.users.insert(mention.user_id);
            }
        }
        if let Some(tl::enums::MessageReplies::Replies(replies)) = &message.replies {
            self.each(replies.recent_repliers.iter().flatten());
            self.channels.extend(replies.channel_id);
        }
        if let Some(media) = &message.media {
            self.media(media);
        }
    }

    fn forward(&mut self, header: Option<&tl::enums::MessageFwdHeader>) {
        if let Some(tl::enums::MessageFwdHeader::Header(header)) = header {
            self.each(&header.from_id);
            self.each(&header.saved_from_peer);
            self.each(&header.saved_from_id);
        }
    }

    fn reply(&mut self, header: Option<&tl::enums::MessageReplyHeader>) {
        match header {
            Some(tl::enums::MessageReplyHeader::Header(header)) => {
                self.each(&header.reply_to_peer_id);
                self.forward(header.reply_from.as_ref());
            }
            Some(tl::enums::MessageReplyHeader::MessageReplyStoryHeader(header)) => self.tl(&header.peer),
            None => {}
        }
    }

    fn reactions(&mut self, reactions: Option<&tl::enums::MessageReactions>) {
        let Some(tl::enums::MessageReactions::Reactions(reactions)) = reactions else { return };
        for tl::enums::MessagePeerReaction::Reaction(recent) in reactions.recent_reactions.iter().flatten() {
            self.tl(&recent.peer_id);
        }
        for tl::enums::MessageReactor::Reactor(top) in reactions.top_reactors.iter().flatten() {
            self.each(&top.peer_id);
        }
    }

    fn media(&mut self, media: &Media) {
        match media {
            Media::Contact(contact) if contact.user_id != 0 => drop(self.users.insert(contact.user_id)),
            Media::Story(story) => self.tl(&story.peer),
            Media::Giveaway(giveaway) => self.channels.extend(&giveaway.channels),
            Media::GiveawayResults(results) => {
                self.channels.insert(results.channel_id);
                self.users.extend(&results.winners);
            }
            Media::Poll(poll) => self.results(&poll.results),
            _ => {}
        }
    }

    pub fn results(&mut self, results: &tl::enums::PollResults) {
        let tl::enums::PollResults::Results(results) = results;
        self.each(results.recent_voters.iter().flatten());
        for tl::enums::PollAnswerVoters::Voters(answer) in results.results.iter().flatten() {
            self.each(answer.recent_voters.iter().flatten());
        }
    }

    fn action(&mut self, action: &Action) {
        match action {
            Action::ChatCreate(action) => self.users.extend(&action.users),
            Action::ChatAddUser(action) => self.users.extend(&action.users),
            Action::ChatDeleteUser(action) => drop(self.users.insert(action.user_id)),
            Action::ChatJoinedByLink(action) => drop(self.users.insert(action.inviter_id)),
            Action::ChatMigrateTo(action) => drop(self.channels.insert(action.channel_id)),
            Action::ChannelMigrateFrom(action) => drop(self.groups.insert(action.chat_id)),
            Action::InviteToGroupCall(action) => self.users.extend(&action.users),
            Action::GeoProximityReached(action) => self.each([&action.from_id, &action.to_id]),
            Action::SetMessagesTtl(action) => self.users.extend(action.auto_setting_from),
            Action::RequestedPeer(action) => self.each(&action.peers),
            Action::GiftCode(action) => self.each(&action.boost_peer),
            Action::PaymentRefunded(action) => self.tl(&action.peer),
            Action::PrizeStars(action) => self.tl(&action.boost_peer),
            Action::StarGift(action) => {
                self.each(&action.from_id);
                self.each(&action.peer);
                self.each(&action.to_id);
            }
            _ => {}
        }
    }
}
