//! The chat or account that somebody names.

use std::collections::BTreeMap;

use super::elsewhere::Elsewhere;
use crate::{
    archive::{ChatsPage, SharedStore, StoredChat},
    cli::{Exit, Failure, show::plain},
    export::{self, ExportError, Namesake},
    model::{AccountName, PeerId},
};

/// As many chats are named when a title is not enough.
const CANDIDATES: usize = 5;

/// By its id, @name or whole title, as exports take it.
pub(super) async fn chat(
    store: &SharedStore,
    account: &AccountName,
    name: &str,
) -> anyhow::Result<StoredChat> {
    match export::choose(&**store, account, &[name.to_owned()], &[]).await {
        Ok(mut chosen) => chosen.chats.pop().ok_or_else(|| unknown(Some(account), name).into()),
        Err(ExportError::NoChat { .. }) => Err(unknown(Some(account), name).into()),
        Err(ExportError::ManyChats { chats, .. }) => Err(many(Some(account), name, &chats).into()),
        Err(error) => Err(error.into()),
    }
}

/// Of one account, or of all. An archive that has nothing yet takes an id as it is.
pub(super) async fn id(
    store: &SharedStore,
    account: Option<&AccountName>,
    name: &str,
) -> anyhow::Result<PeerId> {
    let found = export::named(&**store, account, name.trim()).await?;
    if found.is_empty()
        && let Ok(id) = name.trim().parse()
        && is_empty(store, None).await?
    {
        return Ok(id);
    }
    one(account, name, found.iter().map(Namesake::from).collect())
}

/// As [`id`], in the archive of another daemon.
pub(super) async fn id_elsewhere(
    elsewhere: &Elsewhere,
    account: Option<&AccountName>,
    name: &str,
) -> anyhow::Result<PeerId> {
    let wanted = name.trim();
    if let Ok(id) = wanted.parse::<PeerId>() {
        let chats = elsewhere.chats(account, "").await?;
        // One that has nothing yet answers for itself.
        if chats.is_empty() || chats.iter().any(|it| it.id == id) {
            return Ok(id);
        }
    }
    let username = wanted.strip_prefix('@');
    let chats = elsewhere.chats(account, username.unwrap_or(wanted)).await?;
    let is_called = |it: &&Namesake| {
        let called = it.username.as_deref().zip(username);
        called.is_some_and(|(its, wanted)| its.eq_ignore_ascii_case(wanted))
    };
    let mut found: Vec<Namesake> = chats.iter().filter(is_called).cloned().collect();
    if found.is_empty() {
        found = chats.into_iter().filter(|it| export::is_title(&it.title, wanted)).collect();
    }
    one(account, name, found)
}

/// Refuses an account that the archive does not know, unless it knows none.
pub(super) async fn check_account(store: &SharedStore, account: Option<&AccountName>) -> anyhow::Result<()> {
    let Some(account) = account else { return Ok(()) };
    // One that is logged in and has no chats is known all the same.
    let is_known = !is_empty(store, Some(account)).await? || store.owner(account.clone()).await?.is_some();
    if is_known || is_empty(store, None).await? {
        return Ok(());
    }
    Err(Failure::new(Exit::Failed, format!("the archive has no account `{account}`"))
        .fix("`tapedeck archive chats` lists the chats of all accounts")
        .into())
}

async fn is_empty(store: &SharedStore, account: Option<&AccountName>) -> anyhow::Result<bool> {
    let page = ChatsPage { account: account.cloned(), limit: 1, ..ChatsPage::default() };
    Ok(store.chats(page).await?.is_empty())
}

fn one(account: Option<&AccountName>, name: &str, found: Vec<Namesake>) -> anyhow::Result<PeerId> {
    // Two accounts can be in one chat.
    let mut chats: BTreeMap<PeerId, Namesake> = BTreeMap::new();
    for chat in found {
        chats.entry(chat.id).or_insert(chat);
    }
    match chats.len() {
        0 => Err(unknown(account, name).into()),
        1 => chats.into_keys().next().ok_or_else(|| unknown(account, name).into()),
        _ => Err(many(account, name, &chats.into_values().collect::<Vec<_>>()).into()),
    }
}

fn unknown(account: Option<&AccountName>, name: &str) -> Failure {
    let (whose, another) = match account {
        Some(account) => {
            (format!("the archive of the account `{account}`"), "; --account names another account")
        }
        None => ("the archive".to_owned(), ""),
    };
    Failure::new(Exit::Failed, format!("{whose} has no chat `{name}`"))
        .fix(format!("`tapedeck archive chats` lists those that it has{another}"))
}

fn many(account: Option<&AccountName>, name: &str, chats: &[Namesake]) -> Failure {
    let whose = account.map(|account| format!(" of the account `{account}`")).unwrap_or_default();
    let some: Vec<String> = chats.iter().take(CANDIDATES).map(|it| plain(&it.to_string())).collect();
    Failure::new(Exit::Failed, format!("`{name}` is {} chats{whose}", chats.len()))
        .fix(format!("write an id: {}", some.join(" or ")))
}
