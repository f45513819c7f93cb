//! Service messages: what happened. Every field is kept as JSON; a few have a place of their own.

use grammers_tl_types::enums as tl;

use super::{file::photo, json::fields};
use crate::model::{Action, FileRole, Migration, PeerId};

const COMMON: &str = "messageAction";

pub(super) fn action(source: &tl::MessageAction) -> Action {
    let (name, extra) = fields(source);
    let picture = picture(source).and_then(|picture| photo(picture.clone(), FileRole::Main).ok());
    Action {
        name: snake_case(name.strip_prefix(COMMON).unwrap_or(&name)),
        users: users(source).into_iter().map(PeerId::user).collect(),
        title: title(source),
        migration: migration(source),
        photo: picture.map(Box::new),
        extra: extra.into(),
    }
}

fn users(source: &tl::MessageAction) -> Vec<i64> {
    use tl::MessageAction as Done;
    match source {
        Done::ChatCreate(it) => it.users.clone(),
        Done::ChatAddUser(it) => it.users.clone(),
        Done::InviteToGroupCall(it) => it.users.clone(),
        Done::ChatDeleteUser(it) => vec![it.user_id],
        Done::ChatJoinedByLink(it) => vec![it.inviter_id],
        Done::NewCreatorPending(it) => vec![it.new_creator_id],
        Done::ChangeCreator(it) => vec![it.new_creator_id],
        Done::ManagedBotCreated(it) => vec![it.bot_id],
        _ => Vec::new(),
    }
}

fn title(source: &tl::MessageAction) -> Option<String> {
    use tl::MessageAction as Done;
    match source {
        Done::ChatCreate(it) => Some(it.title.clone()),
        Done::ChatEditTitle(it) => Some(it.title.clone()),
        Done::ChannelCreate(it) => Some(it.title.clone()),
        Done::ChannelMigrateFrom(it) => Some(it.title.clone()),
        Done::TopicCreate(it) => Some(it.title.clone()),
        Done::TopicEdit(it) => it.title.clone(),
        _ => None,
    }
}

fn migration(source: &tl::MessageAction) -> Option<Migration> {
    match source {
        tl::MessageAction::ChatMigrateTo(it) => Some(Migration::To(PeerId::channel(it.channel_id))),
        tl::MessageAction::ChannelMigrateFrom(it) => Some(Migration::From(PeerId::group(it.chat_id))),
        _ => None,
    }
}

fn picture(source: &tl::MessageAction) -> Option<&tl::Photo> {
    match source {
        tl::MessageAction::ChatEditPhoto(it) => Some(&it.photo),
        tl::MessageAction::SuggestProfilePhoto(it) => Some(&it.photo),
        _ => None,
    }
}

/// `SetMessagesTTL` is `set_messages_ttl`.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut was_small = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && was_small {
            snake.push('_');
        }
        was_small = !letter.is_ascii_uppercase();
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use grammers_tl_types::types;

    use super::*;

    #[test]
    fn names_are_in_snake_case() {
        assert_eq!(snake_case("ChatAddUser"), "chat_add_user");
        assert_eq!(snake_case("SetMessagesTTL"), "set_messages_ttl");
    }

    #[test]
    fn members_and_titles_have_their_place() {
        let created = types::MessageActionChatCreate { title: "Friends".into(), users: vec![7, 8] };
        let created = action(&created.into());
        assert_eq!(created.name, "chat_create");
        assert_eq!(created.users, [PeerId(7), PeerId(8)]);
        assert_eq!(created.title.as_deref(), Some("Friends"));
        assert_eq!(created.extra.get("title").unwrap(), "Friends");
    }

    #[test]
    fn moves_lead_to_the_new_chat() {
        let moved = action(&types::MessageActionChatMigrateTo { channel_id: 5 }.into());
        assert_eq!(moved.migration, Some(Migration::To(PeerId(-1_000_000_000_005))));
    }
}
