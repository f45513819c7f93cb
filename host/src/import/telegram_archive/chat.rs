//! Chats, people, topics and folders of Telegram-Archive.

use jiff::Timestamp;

use crate::{
    archive::FolderRecord,
    import::{blank, fields::Fields, sqlite::take_moment},
    model::{BarePeer, Chat, ChatKind, MessageId, PeerId, Topic, User},
};

pub(super) struct ToldChat {
    pub(super) chat: Chat,
    /// The other one of a private chat.
    pub(super) user: Option<User>,
    pub(super) is_archived: bool,
}

pub(super) fn chat(mut row: Fields, id: PeerId, is_bot: bool) -> ToldChat {
    let kind = kind(row.text("type").as_deref(), id, is_bot);
    let (first, last) = (row.text("first_name"), row.text("last_name"));
    let name = [first.as_deref(), last.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let title = row.text("title").filter(|title| !title.is_empty()).unwrap_or(name);
    let mut chat = blank::chat(id, kind, &title);
    chat.usernames = usernames(&mut row);
    chat.participants = row.small("participants_count");
    chat.is_forum = row.flag("is_forum");
    let user = matches!(kind, ChatKind::Private | ChatKind::Bot).then(|| {
        let mut user = blank::user(id, first, last);
        user.usernames.clone_from(&chat.usernames);
        user.phone = row.text("phone").filter(|phone| !phone.is_empty());
        user.is_bot = is_bot;
        user
    });
    let user = user
        .filter(|user| user.first_name.is_some() || user.last_name.is_some() || !user.usernames.is_empty());
    ToldChat { chat, user, is_archived: row.flag("is_archived") }
}

/// Large groups were called groups, and bots private chats.
fn kind(told: Option<&str>, id: PeerId, is_bot: bool) -> ChatKind {
    match (id.bare(), told) {
        (BarePeer::User(_), _) => {
            if is_bot {
                ChatKind::Bot
            } else {
                ChatKind::Private
            }
        }
        (BarePeer::Group(_), _) => ChatKind::Group,
        (BarePeer::Channel(_), Some("channel")) => ChatKind::Channel,
        (BarePeer::Channel(_), _) => ChatKind::Supergroup,
    }
}

fn usernames(row: &mut Fields) -> Vec<String> {
    let name = row.text("username").map(|name| name.trim_start_matches('@').to_owned());
    name.filter(|name| !name.is_empty()).into_iter().collect()
}

pub(super) fn user(mut row: Fields) -> Option<User> {
    let id = row.number("id").filter(|id| *id > 0)?;
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    let mut user = blank::user(PeerId(id), filled(row.text("first_name")), filled(row.text("last_name")));
    user.usernames = usernames(&mut row);
    user.phone = filled(row.text("phone"));
    user.is_bot = row.flag("is_bot");
    Some(user)
}

pub(super) fn topic(mut row: Fields) -> Option<Topic> {
    Some(Topic {
        id: MessageId(row.small("id")?),
        title: row.text("title").unwrap_or_default(),
        created: take_moment(&mut row, "date").unwrap_or(Timestamp::UNIX_EPOCH),
        by: PeerId(0),
        icon_color: row.small("icon_color").unwrap_or(0),
        icon_emoji: row.number("icon_emoji_id"),
        newest: MessageId(0),
        is_closed: row.flag("is_closed"),
        is_pinned: row.flag("is_pinned"),
        is_hidden: row.flag("is_hidden"),
        extra: crate::model::Extra::default(),
    })
}

pub(super) fn folders(rows: Vec<Fields>, members: Vec<Fields>) -> Vec<FolderRecord> {
    let mut folders: Vec<FolderRecord> = Vec::new();
    for mut row in rows {
        let Some(id) = row.small("id") else { continue };
        let (title, emoticon) = (row.text("title").unwrap_or_default(), row.text("emoticon"));
        folders.push(FolderRecord { id, title, emoticon, ..FolderRecord::default() });
    }
    for mut member in members {
        let (Some(folder), Some(chat)) = (member.small("folder_id"), member.number("chat_id")) else {
            continue;
        };
        if let Some(folder) = folders.iter_mut().find(|it| it.id == folder) {
            folder.included.push(PeerId(chat));
        }
    }
    folders
}
