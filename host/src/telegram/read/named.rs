//! Chats by the names that people have for them: those at the top of the account's list, or those that
//! somebody named.

use super::{DialogPage, Dialogs, Folder};
use crate::{
    model::{Chat, PeerId},
    telegram::{Client, Error, convert},
};

/// When nobody says which.
const TOP: usize = 20;

#[derive(Debug, thiserror::Error)]
pub enum FindError {
    #[error("the list of chats cannot be read")]
    Telegram(#[source] Error),
    #[error("`{name}` is the title of more than one chat: write an id, {one} or {other}")]
    Unclear { name: String, one: PeerId, other: PeerId },
    #[error("the account has no chat {names}: write ids, @names or whole titles of chats in its list")]
    Missing { names: String },
}

/// In the order of `wanted`, or of the list.
pub async fn find_chats(client: &Client, wanted: &[String]) -> Result<Vec<Chat>, FindError> {
    let mut known: Vec<Chat> = Vec::new();
    for folder in [Folder::Main, Folder::Archived] {
        let mut dialogs = Dialogs::new(client, folder);
        while let Some(page) = dialogs.next_page().await.map_err(FindError::Telegram)? {
            known.extend(chats_of(page));
            let is_enough = match wanted {
                [] => known.len() >= TOP,
                wanted => wanted.iter().all(|name| known.iter().any(|chat| is_called(chat, name))),
            };
            if is_enough {
                return pick(known, wanted);
            }
        }
        if wanted.is_empty() {
            break;
        }
    }
    pick(known, wanted)
}

fn pick(known: Vec<Chat>, wanted: &[String]) -> Result<Vec<Chat>, FindError> {
    if wanted.is_empty() {
        return Ok(known.into_iter().take(TOP).collect());
    }
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for name in wanted {
        let mut fitting = known.iter().filter(|chat| is_called(chat, name));
        match (fitting.next(), fitting.next()) {
            (Some(chat), None) => found.push(chat.clone()),
            (Some(one), Some(other)) => {
                return Err(FindError::Unclear { name: name.clone(), one: one.id, other: other.id });
            }
            (None, _) => missing.push(format!("`{name}`")),
        }
    }
    if missing.is_empty() { Ok(found) } else { Err(FindError::Missing { names: missing.join(", ") }) }
}

fn is_called(chat: &Chat, name: &str) -> bool {
    if name.parse::<PeerId>().is_ok_and(|id| id == chat.id) {
        return true;
    }
    match name.strip_prefix('@') {
        Some(username) => chat.usernames.iter().any(|it| it.eq_ignore_ascii_case(username)),
        None => chat.title == name,
    }
}

fn chats_of(page: DialogPage) -> Vec<Chat> {
    let users = page.users.into_iter().map(convert::user).map(Chat::private);
    let others: Vec<Chat> = page.chats.into_iter().map(convert::chat).chain(users).collect();
    let order = page.dialogs.into_iter().map(|dialog| convert::peer(dialog.peer));
    order.filter_map(|id| others.iter().find(|chat| chat.id == id).cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Extra, User};

    fn chat(id: i64, title: &str, username: &str) -> Chat {
        let user = User {
            id: PeerId(id),
            first_name: Some(title.to_owned()),
            last_name: None,
            usernames: vec![username.to_owned()],
            phone: None,
            photo: None,
            is_self: false,
            is_contact: false,
            is_bot: false,
            is_deleted: false,
            is_verified: false,
            is_premium: false,
            is_partial: false,
            restrictions: Vec::new(),
            extra: Extra::default(),
        };
        Chat::private(user)
    }

    fn picked(wanted: &[&str]) -> Result<Vec<i64>, String> {
        let known = vec![chat(1, "Ada", "ada"), chat(2, "Grace", "grace"), chat(3, "Ada", "other")];
        let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
        let found = pick(known, &wanted).map_err(|error| error.to_string())?;
        Ok(found.into_iter().map(|chat| chat.id.0).collect())
    }

    #[test]
    fn chats_are_found_by_any_name() {
        assert_eq!(picked(&[]), Ok(vec![1, 2, 3]));
        assert_eq!(picked(&["Grace", "3", "@ADA"]), Ok(vec![2, 3, 1]));
    }

    #[test]
    fn unclear_names_say_what_to_write() {
        assert!(picked(&["Ada"]).unwrap_err().contains("1 or 3"));
        let error = picked(&["Linus", "@nobody", "Grace"]).unwrap_err();
        assert!(error.contains("`Linus`, `@nobody`:"), "{error}");
    }
}
