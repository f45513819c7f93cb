//! Sending: one message, in every box that gets a copy.

use grammers_tl_types as tl;
use tl::enums::Message;

use super::{Peer, Spot, Talk, Telegram, blank, message, told::Told};

impl Telegram {
    /// Somebody says something in a chat. With a user, `chat` is who it is said to.
    ///
    /// The answer is where the sender has it; if nobody logs in as the sender, where the first
    /// account that got it has it.
    pub fn say(&mut self, chat: Peer, from: i64, text: &str) -> Spot {
        self.post(chat, from, blank::message(0, chat, 0, text).into())
    }

    /// Somebody sends a message with anything in it. Id, sender and chat are filled in; a date of
    /// zero becomes now.
    pub fn post(&mut self, chat: Peer, from: i64, message: Message) -> Spot {
        self.deliver(&mut Told::default(), chat, from, message)
    }

    /// Something happens in a chat.
    pub fn happen(&mut self, chat: Peer, from: i64, action: tl::enums::MessageAction) -> Spot {
        self.post(chat, from, blank::service(0, chat, 0, action).into())
    }

    pub(crate) fn deliver(&mut self, told: &mut Told, chat: Peer, from: i64, mut message: Message) -> Spot {
        let now = self.now();
        with(&mut message, |fields| {
            if *fields.date == 0 {
                *fields.date = now;
            }
        });
        match chat {
            Peer::Channel(channel) => self.deliver_to_channel(told, channel, Some(from), message),
            _ => self.deliver_to_boxes(told, chat, from, message),
        }
    }

    fn deliver_to_boxes(&mut self, told: &mut Told, chat: Peer, from: i64, message: Message) -> Spot {
        let number = self.next_id().cast_unsigned();
        let mut spots = Vec::new();
        for owner in self.owners(chat, from) {
            let peer = match chat {
                Peer::User(_) if owner != from => Peer::User(from),
                other => other,
            };
            let mut copy = message.clone();
            let id = self.mailbox(owner).next_id();
            let to_oneself = peer == Peer::User(owner);
            with(&mut copy, |fields| {
                *fields.id = id;
                *fields.peer_id = peer.tl();
                *fields.out = owner == from && !to_oneself;
                let is_said = owner == from || !matches!(chat, Peer::User(_));
                *fields.from_id = is_said.then(|| Peer::User(from).tl());
                *fields.saved_peer_id = to_oneself.then(|| peer.tl());
                if owner != from {
                    self.translate_reply(from, owner, fields.reply_to);
                }
            });
            let mentions = owner != from && self.mentions(owner, peer, &copy);
            if mentions {
                with(&mut copy, |fields| (*fields.mentioned, *fields.media_unread) = (true, true));
            }
            let mailbox = self.mailbox(owner);
            mailbox.insert(peer, copy.clone());
            mailbox.twins.insert(id, number);
            if mentions {
                mailbox.talks.entry(peer).or_default().mentions.insert(id);
            }
            spots.push((owner, id));
            self.count_reply(Spot::Box { owner, id }, peer);
            let update = tl::types::UpdateNewMessage { message: copy, pts: 0, pts_count: 1 };
            self.tell(told, owner, update);
        }
        let spot = spots.first().map(|(owner, id)| Spot::Box { owner: *owner, id: *id });
        self.twins.insert(number, spots);
        spot.unwrap_or(Spot::Box { owner: from, id: 0 })
    }

    /// The accounts that get a copy; the sender first.
    fn owners(&self, chat: Peer, from: i64) -> Vec<i64> {
        let mut owners = match chat {
            Peer::User(other) => vec![from, other],
            Peer::Group(id) => {
                let members = self.groups.get(&id).into_iter().flat_map(|group| &group.members);
                let members = members.filter(|(_, member)| member.is_in()).map(|(user, _)| *user);
                std::iter::once(from).chain(members.filter(|user| *user != from)).collect()
            }
            Peer::Channel(_) => Vec::new(),
        };
        owners.dedup();
        owners.retain(|user| self.has_box(*user));
        owners
    }

    /// What is answered has another id in each box.
    fn translate_reply(&self, from: i64, owner: i64, reply: &mut Option<tl::enums::MessageReplyHeader>) {
        let Some(tl::enums::MessageReplyHeader::Header(header)) = reply else { return };
        if header.reply_to_peer_id.is_none() {
            let twin = |id: i32| self.twin_in(from, id, owner);
            header.reply_to_msg_id = header.reply_to_msg_id.and_then(twin);
            header.reply_to_top_id = header.reply_to_top_id.and_then(twin);
            if header.reply_to_msg_id.is_none() {
                *reply = None;
            }
        }
    }

    /// Whether a message calls for somebody: by name, or by answering them in a group.
    fn mentions(&self, user: i64, peer: Peer, said: &Message) -> bool {
        if matches!(peer, Peer::User(_)) {
            return false;
        }
        let Message::Message(content) = said else { return false };
        let by_id = content.entities.iter().flatten().any(
            |entity| matches!(entity, tl::enums::MessageEntity::MentionName(mention) if mention.user_id == user),
        );
        let username = self.users.get(&user).and_then(|user| user.username.as_ref());
        let by_name = username.is_some_and(|name| content.message.contains(&format!("@{name}")));
        let answered = message::reply_of(said)
            .and_then(|reply| reply.reply_to_peer_id.is_none().then_some(reply.reply_to_msg_id).flatten());
        let by_answer = answered
            .and_then(|id| self.history(user, peer)?.get(id).map(|answered| message::from_of(&answered)))
            .is_some_and(|author| author == Some(Peer::User(user)));
        by_id || by_name || by_answer
    }

    /// Sends as an account, or (`None`) as the channel itself.
    pub(crate) fn deliver_to_channel(
        &mut self,
        told: &mut Told,
        channel: i64,
        from: Option<i64>,
        mut message: Message,
    ) -> Spot {
        let peer = Peer::Channel(channel);
        let name = from.and_then(|from| self.users.get(&from)).and_then(|user| user.first_name.clone());
        let Some(known) = self.channels.get_mut(&channel) else { return Spot::Channel { channel, id: 0 } };
        let id = known.next_id();
        let is_post = known.chat.broadcast;
        let linked = known.linked.filter(|_| is_post);
        if let (true, Some(from)) = (is_post, from) {
            known.authors.insert(id, from);
        }
        let signature = name.filter(|_| known.chat.signatures);
        with(&mut message, |fields| {
            *fields.id = id;
            *fields.peer_id = peer.tl();
            *fields.out = false;
            *fields.post = is_post;
            if is_post {
                *fields.from_id = None;
            } else if let Some(from) = from {
                *fields.from_id = Some(Peer::User(from).tl());
            }
        });
        if let (true, Message::Message(post)) = (is_post, &mut message) {
            post.views = Some(1);
            post.forwards = Some(0);
            post.post_author = signature;
            post.replies = linked.map(comments);
        }
        known.history.insert(message.clone());
        for user in self.accounts_in(channel) {
            let mentions = from != Some(user) && self.mentions(user, peer, &message);
            let talk: &mut Talk = self.mailbox(user).talks.entry(peer).or_default();
            if mentions {
                talk.mentions.insert(id);
            }
        }
        let spot = Spot::Channel { channel, id };
        self.count_reply(spot, peer);
        self.note_topic(channel, &message);
        let update = tl::types::UpdateNewChannelMessage { message: message.clone(), pts: 0, pts_count: 1 };
        self.tell_channel(told, channel, from, update);
        if let (Some(group), Message::Message(post)) = (linked, message) {
            self.forward_to_discussion(told, channel, group, post);
        }
        spot
    }

    /// What a channel posts appears in its discussion group by itself.
    fn forward_to_discussion(&mut self, told: &mut Told, channel: i64, group: i64, post: tl::types::Message) {
        let header = tl::types::MessageFwdHeader {
            from_id: Some(Peer::Channel(channel).tl()),
            channel_post: Some(post.id),
            saved_from_peer: Some(Peer::Channel(channel).tl()),
            saved_from_msg_id: Some(post.id),
            ..blank::forward_header(post.date)
        };
        let forward = tl::types::Message {
            from_id: Some(Peer::Channel(channel).tl()),
            fwd_from: Some(header.into()),
            pinned: true,
            post_author: None,
            replies: None,
            ..post
        };
        self.deliver_to_channel(told, group, None, forward.into());
    }

    /// A topic's newest message, and a new topic.
    fn note_topic(&mut self, channel: i64, said: &Message) {
        let Some(known) = self.channels.get_mut(&channel) else { return };
        if !known.chat.forum {
            return;
        }
        if let Message::Service(service) = said
            && let tl::enums::MessageAction::TopicCreate(action) = &service.action
        {
            let from = message::from_of(said).unwrap_or(Peer::Channel(channel));
            let mut topic =
                blank::topic(service.id, &action.title, service.date, Peer::Channel(channel), from);
            topic.icon_color = action.icon_color;
            topic.icon_emoji_id = action.icon_emoji_id;
            known.topics.insert(service.id, topic);
        }
        let topic = topic_of(said);
        if let Some(topic) = known.topics.get_mut(&topic) {
            topic.top_message = said.id();
        }
    }

    /// Counts an answer on what it answers: a message of a supergroup, or a post that is discussed.
    fn count_reply(&mut self, spot: Spot, peer: Peer) {
        let Peer::Channel(channel) = peer else { return };
        let Some(said) = self.stored(spot) else { return };
        let Some(head) = message::thread_of(&said) else { return };
        let by = message::from_of(&said);
        let is_forum = self.channels.get(&channel).is_some_and(|channel| channel.chat.forum);
        if is_forum {
            return;
        }
        let add = |kept: &mut Message| {
            let Message::Message(kept) = kept else { return None };
            let replies = kept.replies.get_or_insert_with(|| no_replies().into());
            let tl::enums::MessageReplies::Replies(replies) = replies;
            replies.replies += 1;
            replies.max_id = Some(said.id());
            if let (true, Some(by)) = (replies.comments, by) {
                let recent = replies.recent_repliers.get_or_insert_default();
                recent.retain(|peer| Peer::from(peer) != by);
                recent.insert(0, by.tl());
                recent.truncate(3);
            }
            let tl::enums::MessageFwdHeader::Header(header) = kept.fwd_from.as_ref()?;
            Some((Peer::from(header.saved_from_peer.as_ref()?), header.saved_from_msg_id?))
        };
        let post = self.at(Spot::Channel { channel, id: head }, add).flatten();
        if let Some((Peer::Channel(channel), id)) = post {
            self.at(Spot::Channel { channel, id }, add);
        }
    }
}

/// The topic of a forum that a message is in; 1 is the general one.
pub(crate) fn topic_of(said: &Message) -> i32 {
    if let Message::Service(service) = said
        && matches!(service.action, tl::enums::MessageAction::TopicCreate(_))
    {
        return service.id;
    }
    match message::reply_of(said) {
        Some(reply) if reply.forum_topic => reply.reply_to_top_id.or(reply.reply_to_msg_id).unwrap_or(1),
        _ => 1,
    }
}

fn no_replies() -> tl::types::MessageReplies {
    tl::types::MessageReplies {
        comments: false,
        replies: 0,
        replies_pts: 0,
        recent_repliers: None,
        channel_id: None,
        max_id: None,
        read_max_id: None,
    }
}

fn comments(channel_id: i64) -> tl::enums::MessageReplies {
    tl::types::MessageReplies { comments: true, channel_id: Some(channel_id), ..no_replies() }.into()
}

/// The fields that both kinds of messages have.
struct Fields<'a> {
    id: &'a mut i32,
    out: &'a mut bool,
    mentioned: &'a mut bool,
    media_unread: &'a mut bool,
    post: &'a mut bool,
    date: &'a mut i32,
    peer_id: &'a mut tl::enums::Peer,
    from_id: &'a mut Option<tl::enums::Peer>,
    saved_peer_id: &'a mut Option<tl::enums::Peer>,
    reply_to: &'a mut Option<tl::enums::MessageReplyHeader>,
}

fn with<T>(message: &mut Message, change: impl FnOnce(Fields<'_>) -> T) -> Option<T> {
    macro_rules! fields {
        ($message:ident) => {
            Fields {
                id: &mut $message.id,
                out: &mut $message.out,
                mentioned: &mut $message.mentioned,
                media_unread: &mut $message.media_unread,
                post: &mut $message.post,
                date: &mut $message.date,
                peer_id: &mut $message.peer_id,
                from_id: &mut $message.from_id,
                saved_peer_id: &mut $message.saved_peer_id,
                reply_to: &mut $message.reply_to,
            }
        };
    }
    match message {
        Message::Message(message) => Some(change(fields!(message))),
        Message::Service(message) => Some(change(fields!(message))),
        Message::Empty(_) => None,
    }
}
