//! Which chats.

use std::fmt;

use serde::Deserialize;

use super::error::ExportError;
use crate::{
    archive::{ChatKey, ChatOrder, ChatsPage, Store, StoredChat},
    model::{AccountName, ChatKind, PeerId},
};

/// Chats that are read at once.
const PAGE: usize = 200;

#[derive(Clone, Debug, Default)]
pub struct Chosen {
    /// In the order in which they were asked for; else by title, with those that the account has left at the end.
    pub chats: Vec<StoredChat>,
}

/// The chats that are meant by ids, @names or whole titles, of these kinds; all if nothing is said.
pub async fn choose(
    store: &dyn Store,
    account: &AccountName,
    wanted: &[String],
    kinds: &[ChatKind],
) -> Result<Chosen, ExportError> {
    let mut chats = Vec::new();
    if wanted.is_empty() {
        chats = all(store, Some(account), None).await?;
        chats.sort_by_key(|it| it.chat.is_left);
    }
    for wanted in wanted {
        let found = one(store, account, wanted.trim()).await?;
        if !chats.iter().any(|known: &StoredChat| known.chat.id == found.chat.id) {
            chats.push(found);
        }
    }
    chats.retain(|it| kinds.is_empty() || kinds.contains(&it.chat.kind));
    Ok(Chosen { chats })
}

async fn one(store: &dyn Store, account: &AccountName, wanted: &str) -> Result<StoredChat, ExportError> {
    let mut found = named(store, Some(account), wanted).await?;
    match found.len() {
        0 => Err(ExportError::NoChat { account: account.to_string(), wanted: wanted.to_owned() }),
        1 => Ok(found.remove(0)),
        _ => Err(ExportError::ManyChats {
            wanted: wanted.to_owned(),
            chats: found.iter().map(Namesake::from).collect(),
        }),
    }
}

/// What chats of one title are told apart by.
#[derive(Clone, Debug, Deserialize)]
pub struct Namesake {
    pub account: AccountName,
    pub id: PeerId,
    pub kind: ChatKind,
    pub title: String,
    /// Its main public name.
    pub username: Option<String>,
}

impl From<&StoredChat> for Namesake {
    fn from(stored: &StoredChat) -> Self {
        Self {
            account: stored.account.clone(),
            id: stored.chat.id,
            kind: stored.chat.kind,
            title: stored.chat.title.clone(),
            username: stored.chat.usernames.first().cloned(),
        }
    }
}

impl fmt::Display for Namesake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, id, kind, username, .. } = self;
        write!(f, "{id} ({}", word(*kind))?;
        if let Some(username) = username {
            write!(f, " @{username}")?;
        }
        write!(f, ", account {account})")
    }
}

fn word(kind: ChatKind) -> &'static str {
    match kind {
        ChatKind::Private => "private",
        ChatKind::Bot => "bot",
        ChatKind::Group => "group",
        ChatKind::Supergroup => "supergroup",
        ChatKind::Channel => "channel",
        ChatKind::Direct => "direct messages",
        ChatKind::Community => "community",
    }
}

/// The chats with this id, of one account or of all; if there are none, those with this @name, and then those with this
/// whole title: a title may be a number, or begin with `@`.
pub async fn named(
    store: &dyn Store,
    account: Option<&AccountName>,
    wanted: &str,
) -> Result<Vec<StoredChat>, ExportError> {
    let mut found = Vec::new();
    if let Ok(id) = wanted.parse() {
        found = with_id(store, account, id).await?;
    }
    if found.is_empty()
        && let Some(name) = wanted.strip_prefix('@')
    {
        found = all(store, account, None).await?;
        found.retain(|it| it.chat.usernames.iter().any(|it| it.eq_ignore_ascii_case(name)));
    }
    if found.is_empty() {
        found = all(store, account, Some(wanted.to_owned())).await?;
        found.retain(|it| is_title(&it.chat.title, wanted));
    }
    Ok(found)
}

/// Whether this whole title is meant, in any case.
pub fn is_title(title: &str, wanted: &str) -> bool {
    title.trim().to_lowercase() == wanted.to_lowercase()
}

async fn with_id(
    store: &dyn Store,
    account: Option<&AccountName>,
    id: PeerId,
) -> Result<Vec<StoredChat>, ExportError> {
    let Some(account) = account else {
        // Nothing is looked for by its id alone: an archive has thousands of chats at most.
        let mut found = all(store, None, None).await?;
        found.retain(|it| it.chat.id == id);
        return Ok(found);
    };
    let key = ChatKey { account: account.clone(), chat: id };
    Ok(store.chat(key).await?.into_iter().collect())
}

async fn all(
    store: &dyn Store,
    account: Option<&AccountName>,
    title: Option<String>,
) -> Result<Vec<StoredChat>, ExportError> {
    let mut chats = Vec::new();
    let mut after = None;
    loop {
        let page = ChatsPage {
            account: account.cloned(),
            title: title.clone(),
            order: ChatOrder::Title,
            after,
            limit: PAGE,
        };
        let page = store.chats(page).await?;
        let is_last = page.len() < PAGE;
        after = page.last().map(|it| ChatKey { account: it.account.clone(), chat: it.chat.id });
        chats.extend(page);
        if is_last {
            return Ok(chats);
        }
    }
}
