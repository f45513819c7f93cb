//! Users, chats and topics.

use grammers_tl_types::{enums as tl, types};
use serde::Serialize;

use super::{date, json::fields, message::restrictions};
use crate::model::{Chat, ChatKind, Extra, MessageId, PeerId, Topic, User};

pub fn peer(source: tl::Peer) -> PeerId {
    match source {
        tl::Peer::User(types::PeerUser { user_id }) => PeerId::user(user_id),
        tl::Peer::Chat(types::PeerChat { chat_id }) => PeerId::group(chat_id),
        tl::Peer::Channel(types::PeerChannel { channel_id }) => PeerId::channel(channel_id),
    }
}

pub fn user(source: tl::User) -> User {
    let extra = all(&source);
    let source = match source {
        tl::User::User(source) => source,
        tl::User::Empty(types::UserEmpty { id }) => return User { extra, ..unknown_user(id) },
    };
    User {
        usernames: usernames(source.username, source.usernames),
        first_name: source.first_name,
        last_name: source.last_name,
        phone: source.phone,
        photo: source.photo.and_then(user_photo),
        is_self: source.is_self,
        is_contact: source.contact,
        is_bot: source.bot,
        is_deleted: source.deleted,
        is_verified: source.verified,
        is_premium: source.premium,
        is_partial: source.min,
        restrictions: restrictions(source.restriction_reason),
        extra,
        ..unknown_user(source.id)
    }
}

fn unknown_user(id: i64) -> User {
    User {
        id: PeerId::user(id),
        first_name: None,
        last_name: None,
        usernames: Vec::new(),
        phone: None,
        photo: None,
        is_self: false,
        is_contact: false,
        is_bot: false,
        is_deleted: false,
        is_verified: false,
        is_premium: false,
        is_partial: true,
        restrictions: Vec::new(),
        extra: Extra::default(),
    }
}

pub fn chat(source: tl::Chat) -> Chat {
    let extra = all(&source);
    let chat = match source {
        tl::Chat::Chat(source) => basic_group(source),
        tl::Chat::Channel(source) => channel(source),
        tl::Chat::Empty(types::ChatEmpty { id }) => unknown_chat(PeerId::group(id), ChatKind::Group),
        tl::Chat::Forbidden(types::ChatForbidden { id, title }) => {
            Chat { title, is_left: true, ..unknown_chat(PeerId::group(id), ChatKind::Group) }
        }
        tl::Chat::ChannelForbidden(source) => Chat {
            title: source.title,
            is_left: true,
            ..unknown_chat(PeerId::channel(source.id), channel_kind(source.megagroup, source.monoforum))
        },
        tl::Chat::CommunityForbidden(source) => Chat {
            title: source.title,
            is_left: true,
            ..unknown_chat(PeerId::channel(source.id), ChatKind::Community)
        },
        tl::Chat::Community(source) => Chat {
            title: source.title,
            created: Some(date(source.date)),
            photo: chat_photo(source.photo),
            is_left: source.left,
            is_partial: source.min,
            ..unknown_chat(PeerId::channel(source.id), ChatKind::Community)
        },
    };
    Chat { extra, ..chat }
}

fn basic_group(source: types::Chat) -> Chat {
    Chat {
        title: source.title,
        created: Some(date(source.date)),
        participants: Some(source.participants_count),
        photo: chat_photo(source.photo),
        moved_to: source.migrated_to.and_then(input_channel),
        is_protected: source.noforwards,
        is_left: source.left || source.deactivated,
        is_partial: false,
        ..unknown_chat(PeerId::group(source.id), ChatKind::Group)
    }
}

fn channel(source: types::Channel) -> Chat {
    Chat {
        title: source.title,
        usernames: usernames(source.username, source.usernames),
        created: Some(date(source.date)),
        participants: source.participants_count,
        photo: chat_photo(source.photo),
        is_forum: source.forum,
        is_verified: source.verified,
        is_protected: source.noforwards,
        is_left: source.left,
        is_partial: source.min,
        restrictions: restrictions(source.restriction_reason),
        ..unknown_chat(PeerId::channel(source.id), channel_kind(source.megagroup, source.monoforum))
    }
}

fn unknown_chat(id: PeerId, kind: ChatKind) -> Chat {
    Chat {
        id,
        kind,
        title: String::new(),
        usernames: Vec::new(),
        created: None,
        participants: None,
        photo: None,
        moved_to: None,
        is_forum: false,
        is_verified: false,
        is_protected: false,
        is_left: false,
        is_partial: true,
        restrictions: Vec::new(),
        extra: Extra::default(),
    }
}

fn channel_kind(is_megagroup: bool, is_monoforum: bool) -> ChatKind {
    match (is_monoforum, is_megagroup) {
        (true, _) => ChatKind::Direct,
        (false, true) => ChatKind::Supergroup,
        (false, false) => ChatKind::Channel,
    }
}

/// The topic, or the number of one that was deleted.
pub fn topic(source: tl::ForumTopic) -> Result<Topic, MessageId> {
    let extra = all(&source);
    match source {
        tl::ForumTopic::Topic(source) => Ok(Topic {
            id: MessageId(source.id),
            title: source.title,
            created: date(source.date),
            by: peer(source.from_id),
            icon_color: source.icon_color,
            icon_emoji: source.icon_emoji_id,
            newest: MessageId(source.top_message),
            is_closed: source.closed,
            is_pinned: source.pinned,
            is_hidden: source.hidden,
            extra,
        }),
        tl::ForumTopic::Deleted(types::ForumTopicDeleted { id }) => Err(MessageId(id)),
    }
}

/// Everything, but for what belongs to one login only, and what changes by the minute.
fn all(source: &impl Serialize) -> Extra {
    let (name, mut fields) = fields(source);
    for one in ["access_hash", "status", "notify_settings", "draft"] {
        fields.shift_remove(one);
    }
    fields.insert("_".to_owned(), name.into());
    fields.into()
}

/// The main name first, then those that are in use.
fn usernames(main: Option<String>, more: Option<Vec<tl::Username>>) -> Vec<String> {
    let mut names: Vec<String> = main.into_iter().collect();
    for tl::Username::Username(other) in more.into_iter().flatten() {
        if other.active && !names.contains(&other.username) {
            names.push(other.username);
        }
    }
    names
}

fn user_photo(source: tl::UserProfilePhoto) -> Option<i64> {
    match source {
        tl::UserProfilePhoto::Photo(photo) => Some(photo.photo_id),
        tl::UserProfilePhoto::Empty => None,
    }
}

fn chat_photo(source: tl::ChatPhoto) -> Option<i64> {
    match source {
        tl::ChatPhoto::Photo(photo) => Some(photo.photo_id),
        tl::ChatPhoto::Empty => None,
    }
}

fn input_channel(source: tl::InputChannel) -> Option<PeerId> {
    match source {
        tl::InputChannel::Channel(channel) => Some(PeerId::channel(channel.channel_id)),
        tl::InputChannel::FromMessage(channel) => Some(PeerId::channel(channel.channel_id)),
        tl::InputChannel::Empty => None,
    }
}
