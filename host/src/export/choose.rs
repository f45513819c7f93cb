//! Which chats.

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
    let none = || ExportError::NoChat { account: account.to_string(), wanted: wanted.to_owned() };
    if let Ok(id) = wanted.parse::<i64>() {
        let key = ChatKey { account: account.clone(), chat: PeerId(id) };
        return store.chat(key).await?.ok_or_else(none);
    }
    let mut found = named(store, Some(account), wanted).await?;
    match found.len() {
        0 => Err(none()),
        1 => Ok(found.remove(0)),
        _ => Err(ExportError::ManyChats {
            wanted: wanted.to_owned(),
            ids: found.iter().map(|it| it.chat.id.0).collect(),
        }),
    }
}

/// The chats with this @name or whole title, of one account or of all.
pub async fn named(
    store: &dyn Store,
    account: Option<&AccountName>,
    wanted: &str,
) -> Result<Vec<StoredChat>, ExportError> {
    let username = wanted.strip_prefix('@');
    // Names are not looked for by the store: an archive has thousands of chats at most.
    let folded = wanted.to_lowercase();
    let is_meant = |it: &StoredChat| match username {
        Some(name) => it.chat.usernames.iter().any(|it| it.eq_ignore_ascii_case(name)),
        None => it.chat.title.trim().to_lowercase() == folded,
    };
    let title = username.is_none().then(|| wanted.to_owned());
    Ok(all(store, account, title).await?.into_iter().filter(is_meant).collect())
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
