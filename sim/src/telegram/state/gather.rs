//! Bringing people together: groups, channels, who joins and leaves; and files to send.

use grammers_tl_types as tl;

use super::{Channel, Content, File, Group, Member, Peer, Role, Spot, Talk, Telegram, Thumb, blank};

impl Telegram {
    /// A basic group; the first member made it.
    pub fn add_group(&mut self, id: i64, title: &str, members: &[i64]) -> Peer {
        let now = self.now();
        let mut group = Group::new(id, title, now);
        for (place, user) in members.iter().enumerate() {
            let role = if place == 0 { Role::Creator } else { Role::Plain };
            let inviter = members[0];
            group.members.insert(*user, Member { inviter, ..Member::new(role, now) });
        }
        self.groups.insert(id, group);
        for user in
            members.iter().filter(|user| self.accounts.contains_key(user)).copied().collect::<Vec<_>>()
        {
            self.mailbox(user).talks.entry(Peer::Group(id)).or_default();
        }
        Peer::Group(id)
    }

    /// A channel where only admins post.
    pub fn add_channel(&mut self, id: i64, title: &str, creator: i64) -> Peer {
        let mut channel = Channel::new(id, title, self.now());
        channel.chat.broadcast = true;
        self.open(channel, creator)
    }

    /// A group that is a channel underneath.
    pub fn add_supergroup(&mut self, id: i64, title: &str, creator: i64) -> Peer {
        let mut channel = Channel::new(id, title, self.now());
        channel.chat.megagroup = true;
        self.open(channel, creator)
    }

    /// A supergroup with topics. The general one is there from the start.
    pub fn add_forum(&mut self, id: i64, title: &str, creator: i64) -> Peer {
        let now = self.now();
        let mut channel = Channel::new(id, title, now);
        channel.chat.megagroup = true;
        channel.chat.forum = true;
        let general = blank::topic(1, "General", now, Peer::Channel(id), Peer::User(creator));
        channel.topics.insert(1, general);
        self.open(channel, creator)
    }

    fn open(&mut self, channel: Channel, creator: i64) -> Peer {
        let (id, title) = (channel.chat.id, channel.chat.title.clone());
        self.channels.insert(id, channel);
        self.join_as(id, creator, Role::Creator);
        self.happen(Peer::Channel(id), creator, tl::types::MessageActionChannelCreate { title }.into());
        Peer::Channel(id)
    }

    /// Opens a topic in a forum; the message that opens it has its id.
    pub fn add_topic(&mut self, forum: i64, from: i64, title: &str) -> i32 {
        let action = tl::types::MessageActionTopicCreate {
            title_missing: false,
            title: title.to_owned(),
            icon_color: 0x6f_b9_f0,
            icon_emoji_id: None,
        };
        self.happen(Peer::Channel(forum), from, action.into()).id()
    }

    /// Says something in a topic, or as an answer to a message.
    pub fn answer(&mut self, chat: Peer, from: i64, to: i32, text: &str) -> Spot {
        let mut message = blank::message(0, chat, 0, text);
        message.reply_to = Some(self.reply_to(from, chat, to).into());
        self.post(chat, from, message.into())
    }

    /// The header of an answer: in which thread it is follows from what it answers.
    pub(crate) fn reply_to(&self, from: i64, chat: Peer, to: i32) -> tl::types::MessageReplyHeader {
        let mut header = blank::reply_header(to);
        let answered = self.history(from, chat).and_then(|history| history.get(to));
        if let Peer::Channel(id) = chat
            && let Some(channel) = self.channels.get(&id)
        {
            if channel.chat.forum {
                let topic = answered.as_deref().map_or(1, super::say::topic_of);
                header.forum_topic = topic != 1;
                header.reply_to_top_id = (topic != 1 && topic != to).then_some(topic);
            } else if !channel.chat.broadcast {
                header.reply_to_top_id = answered.as_deref().and_then(super::message::thread_of);
            }
        }
        header
    }

    pub fn join(&mut self, chat: Peer, user: i64) {
        match chat {
            Peer::Channel(id) => self.join_as(id, user, Role::Plain),
            Peer::Group(id) => {
                let now = self.now();
                if let Some(group) = self.groups.get_mut(&id) {
                    group.members.insert(user, Member::new(Role::Plain, now));
                    group.chat.version += 1;
                }
                self.happen(chat, user, tl::types::MessageActionChatAddUser { users: vec![user] }.into());
            }
            Peer::User(_) => {}
        }
    }

    pub fn join_as(&mut self, channel: i64, user: i64, role: Role) {
        let now = self.now();
        let Some(known) = self.channels.get_mut(&channel) else { return };
        known.members.insert(user, Member::new(role, now));
        let read = known.history.top();
        if self.has_box(user) {
            let talks = &mut self.mailbox(user).talks;
            talks
                .entry(Peer::Channel(channel))
                .or_insert_with(|| Talk { read_inbox: read, ..Talk::default() });
            self.push(user, tl::types::UpdateChannel { channel_id: channel });
        }
    }

    /// Somebody goes, or (`Role::Banned`) has to go.
    pub fn leave(&mut self, chat: Peer, user: i64, role: Role) {
        let members = match chat {
            Peer::Channel(id) => self.channels.get_mut(&id).map(|channel| &mut channel.members),
            Peer::Group(id) => self.groups.get_mut(&id).map(|group| &mut group.members),
            Peer::User(_) => None,
        };
        if let Some(member) = members.and_then(|members| members.get_mut(&user)) {
            member.role = role;
        }
        if let Peer::Channel(channel_id) = chat {
            self.mailbox(user).talks.remove(&chat);
            self.push(user, tl::types::UpdateChannel { channel_id });
        } else {
            self.happen(chat, user, tl::types::MessageActionChatDeleteUser { user_id: user }.into());
        }
    }

    /// Discusses the posts of a channel in a supergroup.
    pub fn link(&mut self, channel: i64, group: i64) {
        for (one, other) in [(channel, group), (group, channel)] {
            if let Some(known) = self.channels.get_mut(&one) {
                known.linked = Some(other);
            }
        }
    }

    pub fn add_contact(&mut self, owner: i64, user: i64, is_mutual: bool) {
        self.mailbox(owner).contacts.insert(user, is_mutual);
    }

    /// A file that nobody has sent yet.
    pub fn add_document(
        &mut self,
        content: impl Into<Content>,
        mime: &str,
        attributes: Vec<tl::enums::DocumentAttribute>,
    ) -> File {
        self.add_file(content.into(), mime, attributes, None)
    }

    pub fn add_photo(&mut self, content: impl Into<Content>, width: i32, height: i32) -> File {
        self.add_file(content.into(), "image/jpeg", Vec::new(), Some((width, height)))
    }

    pub(crate) fn add_file(
        &mut self,
        content: Content,
        mime: &str,
        attributes: Vec<tl::enums::DocumentAttribute>,
        photo: Option<(i32, i32)>,
    ) -> File {
        // Real ids of files are large; so are these, and never those of anything else.
        let id = 5_000_000_000_000_000_000 + self.next_id();
        let thumbs = match &photo {
            Some((width, height)) => vec![Thumb {
                kind: "m".to_owned(),
                width: width / 2,
                height: height / 2,
                content: content.clone(),
            }],
            None => Vec::new(),
        };
        let file = File {
            id,
            access_hash: super::access_hash(0, id),
            dc: self.nearest_dc.max(1),
            date: self.now(),
            mime: mime.to_owned(),
            content,
            thumbs,
            attributes,
            photo,
        };
        self.files.add(file.clone());
        file
    }

    /// Sends a file to a chat.
    pub fn send_file(&mut self, chat: Peer, from: i64, file: &File, caption: &str) -> Spot {
        let mut message = blank::message(0, chat, 0, caption);
        message.media = Some(self.files.media(file));
        self.post(chat, from, message.into())
    }
}

impl super::Files {
    /// A file as what a message holds.
    pub fn media(&self, file: &File) -> tl::enums::MessageMedia {
        match self.photo(file) {
            Some(photo) => blank::media_photo(photo.into()).into(),
            None => {
                let mut media = blank::media_document(self.document(file).into());
                for attribute in &file.attributes {
                    match attribute {
                        tl::enums::DocumentAttribute::Video(video) => {
                            media.video = true;
                            media.round = video.round_message;
                        }
                        tl::enums::DocumentAttribute::Audio(audio) => media.voice = audio.voice,
                        _ => {}
                    }
                }
                media.into()
            }
        }
    }
}
