//! The world as one account sees it.

use std::borrow::Cow;

use grammers_tl_types as tl;
use tl::enums::{Message, MessageMedia as Media};

use super::{
    Channel, Files, Group, History, Mailbox, Member, Peer, Reactor, Role, Seen, Telegram, access_hash, blank,
};

impl Telegram {
    /// What an account has to show to talk about somebody. Each account has its own.
    pub fn access_hash(&self, viewer: i64, peer: Peer) -> i64 {
        let fixed = match peer {
            Peer::User(id) => self.users.get(&id).and_then(|user| user.access_hash),
            Peer::Channel(id) => self.channels.get(&id).and_then(|channel| channel.chat.access_hash),
            Peer::Group(_) => Some(0),
        };
        fixed.unwrap_or_else(|| access_hash(viewer, peer.id()))
    }

    pub fn mailbox(&mut self, user: i64) -> &mut Mailbox {
        self.boxes.entry(user).or_default()
    }

    /// The messages of a chat, as an account knows them.
    pub fn history(&self, viewer: i64, peer: Peer) -> Option<&History> {
        match peer {
            Peer::Channel(id) => self.channels.get(&id).map(|channel| &channel.history),
            _ => self.boxes.get(&viewer)?.histories.get(&peer),
        }
    }

    /// A message as an account sees it.
    pub fn message(&self, viewer: i64, peer: Peer, id: i32) -> Option<Message> {
        let message = self.history(viewer, peer)?.get(id)?;
        Some(self.shown(viewer, peer, message))
    }

    pub(crate) fn shown(&self, viewer: i64, peer: Peer, message: Cow<'_, Message>) -> Message {
        let mut message = message.into_owned();
        let id = message.id();
        let channel = match peer {
            Peer::Channel(id) => self.channels.get(&id),
            _ => None,
        };
        let mentions_me = self
            .boxes
            .get(&viewer)
            .and_then(|mailbox| mailbox.talks.get(&peer))
            .map(|talk| talk.mentions.contains(&id));
        let reactors = match channel {
            Some(channel) => channel.reactors.get(&id),
            None => self.boxes.get(&viewer).and_then(|mailbox| mailbox.reactors.get(&id)),
        };
        match &mut message {
            Message::Message(message) => {
                if let Some(channel) = channel {
                    message.out = wrote(channel, viewer, id, message.from_id.as_ref());
                    message.mentioned |= mentions_me == Some(true);
                }
                mark_reactions(viewer, message.reactions.as_mut(), reactors);
                if let Some(media) = &mut message.media {
                    self.renew_media(viewer, media);
                }
            }
            Message::Service(message) => {
                if let Some(channel) = channel {
                    message.out = wrote(channel, viewer, id, message.from_id.as_ref());
                }
                mark_reactions(viewer, message.reactions.as_mut(), reactors);
                match &mut message.action {
                    tl::enums::MessageAction::ChatEditPhoto(action) => {
                        self.files.renew_photo(&mut action.photo)
                    }
                    tl::enums::MessageAction::SuggestProfilePhoto(action) => {
                        self.files.renew_photo(&mut action.photo);
                    }
                    _ => {}
                }
            }
            Message::Empty(_) => {}
        }
        message
    }

    fn renew_media(&self, viewer: i64, media: &mut Media) {
        match media {
            Media::Poll(poll) => {
                let tl::enums::Poll::Poll(asked) = &poll.poll;
                if let Some(live) = self.polls.get(&asked.id) {
                    poll.results = live.results_for(viewer).into();
                    poll.poll = live.poll.clone().into();
                }
            }
            media => self.files.renew(media),
        }
    }

    /// A user as another one sees them: oneself is marked, contacts show their phone.
    pub fn user_seen_by(&self, viewer: i64, id: i64) -> Option<tl::enums::User> {
        let mut user = self.users.get(&id)?.clone();
        let mailbox = self.boxes.get(&viewer);
        let contact = mailbox.and_then(|mailbox| mailbox.contacts.get(&id));
        user.is_self = id == viewer;
        user.contact = contact.is_some();
        user.mutual_contact = contact == Some(&true);
        user.access_hash = Some(self.access_hash(viewer, Peer::User(id)));
        if id == viewer {
            user.phone = self.accounts.get(&id).map(|account| account.phone.clone()).or(user.phone);
        } else if contact.is_none() {
            user.phone = None;
        }
        if let (None, Some((photo_id, dc_id))) = (&user.photo, self.profile_photo(id)) {
            let photo = tl::types::UserProfilePhoto {
                has_video: false,
                personal: false,
                photo_id,
                stripped_thumb: None,
                dc_id,
            };
            user.photo = Some(photo.into());
        }
        Some(user.into())
    }

    pub(crate) fn user_for(&self, viewer: i64, id: i64) -> tl::enums::User {
        self.user_seen_by(viewer, id).unwrap_or_else(|| tl::types::UserEmpty { id }.into())
    }

    /// The current photo of a user, and where it lives.
    fn profile_photo(&self, user: i64) -> Option<(i64, i32)> {
        let photo_id = *self.profiles.get(&user)?.photos.first()?;
        Some((photo_id, self.files.dc_of(photo_id)?))
    }

    fn chat_photo(&self, photos: &[i64]) -> Option<tl::enums::ChatPhoto> {
        let photo_id = *photos.first()?;
        let dc_id = self.files.dc_of(photo_id)?;
        Some(tl::types::ChatPhoto { has_video: false, photo_id, stripped_thumb: None, dc_id }.into())
    }

    pub fn group_for(&self, viewer: i64, id: i64) -> tl::enums::Chat {
        let Some(group) = self.groups.get(&id) else { return tl::types::ChatEmpty { id }.into() };
        let Some(member) = group.members.get(&viewer).filter(|member| member.role != Role::Banned) else {
            return tl::types::ChatForbidden { id, title: group.chat.title.clone() }.into();
        };
        let mut chat = group.chat.clone();
        chat.creator = member.role == Role::Creator;
        chat.left = member.role == Role::Left;
        chat.admin_rights = member.is_admin().then(|| all_rights().into());
        chat.participants_count = group.count();
        if let Some(channel_id) = group.migrated_to {
            let access_hash = self.access_hash(viewer, Peer::Channel(channel_id));
            chat.deactivated = true;
            chat.migrated_to = Some(tl::types::InputChannel { channel_id, access_hash }.into());
        }
        if let Some(photo) = self.chat_photo(&group.profile.photos) {
            chat.photo = photo;
        }
        chat.into()
    }

    pub fn channel_for(&self, viewer: i64, id: i64) -> tl::enums::Chat {
        let Some(channel) = self.channels.get(&id) else { return tl::types::ChatEmpty { id }.into() };
        let access_hash = self.access_hash(viewer, Peer::Channel(id));
        let member = channel.members.get(&viewer);
        if !self.can_see(viewer, channel) {
            return tl::types::ChannelForbidden {
                broadcast: channel.chat.broadcast,
                megagroup: channel.chat.megagroup,
                monoforum: channel.chat.monoforum,
                id,
                access_hash,
                title: channel.chat.title.clone(),
                until_date: None,
            }
            .into();
        }
        let mut chat = channel.chat.clone();
        chat.access_hash = Some(access_hash);
        chat.creator = member.is_some_and(|member| member.role == Role::Creator);
        chat.left = !member.is_some_and(Member::is_in);
        chat.admin_rights = member.is_some_and(Member::is_admin).then(|| all_rights().into());
        chat.participants_count = Some(channel.member_count());
        chat.has_link = channel.linked.is_some();
        if let Some(photo) = self.chat_photo(&channel.profile.photos) {
            chat.photo = photo;
        }
        chat.into()
    }

    /// Public channels are open to everybody who is not banned, private ones to members.
    pub(crate) fn can_see(&self, viewer: i64, channel: &Channel) -> bool {
        match channel.members.get(&viewer) {
            Some(member) if member.is_in() => true,
            Some(member) if member.role == Role::Banned => false,
            _ => channel.is_public() || channel.linked.is_some_and(|id| self.is_in_channel(viewer, id)),
        }
    }

    fn is_in_channel(&self, viewer: i64, id: i64) -> bool {
        self.channels.get(&id).is_some_and(|channel| channel.has(viewer))
    }

    /// Everybody who was seen, as an account sees them.
    pub fn people(&self, viewer: i64, seen: &Seen) -> (Vec<tl::enums::Chat>, Vec<tl::enums::User>) {
        let groups = seen.groups.iter().map(|id| self.group_for(viewer, *id));
        let channels = seen.channels.iter().map(|id| self.channel_for(viewer, *id));
        let users = seen.users.iter().map(|id| self.user_for(viewer, *id));
        (groups.chain(channels).collect(), users.collect())
    }
}

impl Group {
    pub fn count(&self) -> i32 {
        let members = self.members.values().filter(|member| member.is_in()).count();
        i32::try_from(members).unwrap_or(i32::MAX)
    }
}

/// What a creator may do.
pub(crate) fn all_rights() -> tl::types::ChatAdminRights {
    tl::types::ChatAdminRights {
        change_info: true,
        post_messages: true,
        edit_messages: true,
        delete_messages: true,
        ban_users: true,
        invite_users: true,
        pin_messages: true,
        add_admins: true,
        manage_call: true,
        other: true,
        manage_topics: true,
        ..blank::admin_rights()
    }
}

fn wrote(channel: &Channel, viewer: i64, id: i32, from: Option<&tl::enums::Peer>) -> bool {
    match channel.authors.get(&id) {
        Some(author) => *author == viewer,
        None => from.map(Peer::from) == Some(Peer::User(viewer)),
    }
}

/// Marks what the viewer chose, and who of the latest the viewer is.
fn mark_reactions(
    viewer: i64,
    reactions: Option<&mut tl::enums::MessageReactions>,
    reactors: Option<&Vec<Reactor>>,
) {
    let (Some(tl::enums::MessageReactions::Reactions(reactions)), Some(reactors)) = (reactions, reactors)
    else {
        return;
    };
    let me = Peer::User(viewer);
    let mine: Vec<_> =
        reactors.iter().filter(|reactor| reactor.peer == me).map(|reactor| &reactor.reaction).collect();
    for tl::enums::ReactionCount::Count(count) in &mut reactions.results {
        let place = mine.iter().position(|reaction| **reaction == count.reaction);
        count.chosen_order = place.and_then(|place| i32::try_from(place).ok());
    }
    for tl::enums::MessagePeerReaction::Reaction(recent) in reactions.recent_reactions.iter_mut().flatten() {
        recent.my = Peer::from(&recent.peer_id) == me;
    }
}

impl Files {
    /// Gives every file in there the reference that is good now.
    pub(crate) fn renew(&self, media: &mut Media) {
        match media {
            Media::Photo(media) => {
                media.photo.iter_mut().for_each(|photo| self.renew_photo(photo));
                media.video.iter_mut().for_each(|document| self.renew_document(document));
            }
            Media::Document(media) => {
                media.document.iter_mut().for_each(|document| self.renew_document(document));
                media.alt_documents.iter_mut().flatten().for_each(|document| self.renew_document(document));
                media.video_cover.iter_mut().for_each(|photo| self.renew_photo(photo));
            }
            Media::WebPage(media) => {
                if let tl::enums::WebPage::Page(page) = &mut media.webpage {
                    page.photo.iter_mut().for_each(|photo| self.renew_photo(photo));
                    page.document.iter_mut().for_each(|document| self.renew_document(document));
                }
            }
            Media::Game(media) => {
                let tl::enums::Game::Game(game) = &mut media.game;
                self.renew_photo(&mut game.photo);
                game.document.iter_mut().for_each(|document| self.renew_document(document));
            }
            Media::PaidMedia(media) => {
                for extended in &mut media.extended_media {
                    if let tl::enums::MessageExtendedMedia::Media(extended) = extended {
                        self.renew(&mut extended.media);
                    }
                }
            }
            _ => {}
        }
    }

    pub(crate) fn renew_document(&self, document: &mut tl::enums::Document) {
        if let tl::enums::Document::Document(document) = document {
            document.file_reference = self.reference(document.id);
        }
    }

    pub(crate) fn renew_photo(&self, photo: &mut tl::enums::Photo) {
        if let tl::enums::Photo::Photo(photo) = photo {
            photo.file_reference = self.reference(photo.id);
        }
    }
}
