//! Chats, users and topics: what Telegram tells in part never takes the place of more.

use super::overlay::{Believe, overlay};
use crate::model::{BarePeer, Chat, ChatKind, Extra, PeerId, Topic, User};

pub(crate) fn merge_chat(stored: &Chat, told: &Chat) -> Chat {
    if told.is_partial {
        let believe = if stored.is_partial { Believe::Told } else { Believe::Stored };
        let mut both = overlay(stored, told, believe);
        both.is_partial = stored.is_partial;
        // Somebody who throws us out tells no more than that.
        both.is_left = told.is_left || (stored.is_left && stored.is_partial);
        if stored.is_partial && stored.kind != told.kind && told.title.is_empty() {
            both.kind = stored.kind;
        }
        return both;
    }
    let mut now = told.clone();
    if now.title.is_empty() {
        now.title.clone_from(&stored.title);
    }
    now.created = told.created.or(stored.created);
    now.participants = told.participants.or(stored.participants);
    now.moved_to = told.moved_to.or(stored.moved_to);
    if told.extra.is_empty() {
        now.extra.clone_from(&stored.extra);
    }
    now
}

pub(crate) fn merge_user(stored: &User, told: &User) -> User {
    if told.is_partial {
        let believe = if stored.is_partial { Believe::Told } else { Believe::Stored };
        let mut both = overlay(stored, told, believe);
        let named = name_of(stored, told);
        both.first_name.clone_from(&named.first_name);
        both.last_name.clone_from(&named.last_name);
        both.is_partial = stored.is_partial;
        both.is_deleted = stored.is_deleted || told.is_deleted;
        return both;
    }
    let mut now = told.clone();
    // Who deletes an account takes the name away from everybody; we had it.
    if told.is_deleted {
        now.first_name = told.first_name.clone().or_else(|| stored.first_name.clone());
        now.last_name = told.last_name.clone().or_else(|| stored.last_name.clone());
        now.photo = told.photo.or(stored.photo);
        if now.usernames.is_empty() {
            now.usernames.clone_from(&stored.usernames);
        }
    }
    now.phone = told.phone.clone().or_else(|| stored.phone.clone());
    if told.extra.is_empty() {
        now.extra.clone_from(&stored.extra);
    }
    now
}

/// Whose first and last name count: these belong together. Some tell the whole name as the first one.
fn name_of<'u>(stored: &'u User, told: &'u User) -> &'u User {
    let is_named = |user: &User| user.first_name.is_some() || user.last_name.is_some();
    let is_better = !is_named(stored) || stored.is_partial && stored.name() != told.name();
    if is_named(told) && is_better { told } else { stored }
}

pub(crate) fn merge_topic(stored: &Topic, told: &Topic) -> Topic {
    let mut now = told.clone();
    if now.title.is_empty() {
        now.title.clone_from(&stored.title);
    }
    now.newest = stored.newest.max(told.newest);
    if told.extra.is_empty() {
        now.extra.clone_from(&stored.extra);
    }
    now
}

/// A chat of which nothing is known but that somebody wrote in it.
pub(crate) fn unknown_chat(id: PeerId) -> Chat {
    let kind = match id.bare() {
        BarePeer::User(_) => ChatKind::Private,
        BarePeer::Group(_) => ChatKind::Group,
        BarePeer::Channel(_) => ChatKind::Channel,
    };
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

/// What the history of names keeps: which name it is, and the name.
pub(crate) fn chat_names(chat: &Chat) -> Vec<(&'static str, String)> {
    let photo = chat.photo.map(|photo| photo.to_string()).unwrap_or_default();
    vec![("name", chat.title.clone()), ("usernames", chat.usernames.join(" ")), ("photo", photo)]
}

pub(crate) fn user_names(user: &User) -> Vec<(&'static str, String)> {
    vec![
        ("name", user.name()),
        ("usernames", user.usernames.join(" ")),
        ("phone", user.phone.clone().unwrap_or_default()),
        ("photo", user.photo.map(|photo| photo.to_string()).unwrap_or_default()),
    ]
}
