//! Which chats are meant: those at the top of the account's list, or those that somebody named.

use anyhow::anyhow;

use super::telegram_failure;
use crate::{
    model::{Chat, ChatKind, Extra, PeerId, User},
    scheduler::JobError,
    telegram::{
        Client, convert,
        read::{DialogPage, Dialogs, Folder},
    },
};

/// When nobody says which.
const TOP: usize = 20;

#[derive(Debug)]
pub(super) struct Found {
    pub(super) chat: Chat,
}

/// In the order of `wanted`, or of the list.
pub(super) async fn find(client: &Client, wanted: &[String]) -> Result<Vec<Found>, JobError> {
    let mut known: Vec<Chat> = Vec::new();
    for folder in [Folder::Main, Folder::Archived] {
        let mut dialogs = Dialogs::new(client, folder);
        while let Some(page) = dialogs.next_page().await.map_err(telegram_failure)? {
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

fn pick(known: Vec<Chat>, wanted: &[String]) -> Result<Vec<Found>, JobError> {
    if wanted.is_empty() {
        return Ok(known.into_iter().take(TOP).map(|chat| Found { chat }).collect());
    }
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for name in wanted {
        let mut fitting = known.iter().filter(|chat| is_called(chat, name));
        match (fitting.next(), fitting.next()) {
            (Some(chat), None) => found.push(Found { chat: chat.clone() }),
            (Some(one), Some(other)) => {
                let (one, other) = (one.id, other.id);
                let text =
                    format!("`{name}` is the title of more than one chat: write an id, {one} or {other}");
                return Err(JobError::permanent(anyhow!(text)));
            }
            (None, _) => missing.push(format!("`{name}`")),
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    let missing = missing.join(", ");
    let text =
        format!("the account has no chat {missing}: write ids, @names or whole titles of chats in its list");
    Err(JobError::permanent(anyhow!(text)))
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
    let users = page.users.into_iter().map(convert::user).map(private);
    let others: Vec<Chat> = page.chats.into_iter().map(convert::chat).chain(users).collect();
    let order = page.dialogs.into_iter().map(|dialog| convert::peer(dialog.peer));
    order.filter_map(|id| others.iter().find(|chat| chat.id == id).cloned()).collect()
}

/// The chat with somebody.
fn private(user: User) -> Chat {
    Chat {
        id: user.id,
        kind: if user.is_bot { ChatKind::Bot } else { ChatKind::Private },
        title: user.name(),
        usernames: user.usernames,
        created: None,
        participants: None,
        photo: user.photo,
        moved_to: None,
        is_forum: false,
        is_verified: user.is_verified,
        is_protected: false,
        is_left: false,
        is_partial: user.is_partial,
        restrictions: user.restrictions,
        extra: Extra::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        private(user)
    }

    fn picked(wanted: &[&str]) -> Result<Vec<i64>, String> {
        let known = vec![chat(1, "Ada", "ada"), chat(2, "Grace", "grace"), chat(3, "Ada", "other")];
        let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
        let found = pick(known, &wanted).map_err(|error| error.to_string())?;
        Ok(found.into_iter().map(|found| found.chat.id.0).collect())
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
