//! The chat that somebody names.

use std::collections::BTreeSet;

use crate::{
    archive::{SharedStore, StoredChat},
    cli::{Exit, Failure},
    export::{self, ExportError},
    model::{AccountName, PeerId},
};

/// As many ids are named when a title is not enough.
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
        Err(ExportError::ManyChats { ids, .. }) => Err(many(Some(account), name, ids).into()),
        Err(error) => Err(error.into()),
    }
}

/// Of one account, or of all. An id is taken as it is: nothing has to be here of what it is of.
pub(super) async fn id(
    store: &SharedStore,
    account: Option<&AccountName>,
    name: &str,
) -> anyhow::Result<PeerId> {
    if let Ok(id) = name.parse() {
        return Ok(id);
    }
    let found = export::named(&**store, account, name.trim()).await?;
    // Two accounts can be in one chat.
    let ids: BTreeSet<PeerId> = found.into_iter().map(|stored| stored.chat.id).collect();
    match ids.len() {
        0 => Err(unknown(account, name).into()),
        1 => ids.into_iter().next().ok_or_else(|| unknown(account, name).into()),
        _ => Err(many(account, name, ids.into_iter().map(|id| id.0).collect()).into()),
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

fn many(account: Option<&AccountName>, name: &str, ids: Vec<i64>) -> Failure {
    let whose = account.map(|account| format!(" of the account `{account}`")).unwrap_or_default();
    let some: Vec<String> = ids.iter().take(CANDIDATES).map(ToString::to_string).collect();
    Failure::new(Exit::Failed, format!("`{name}` is {} chats{whose}", ids.len()))
        .fix(format!("write an id: {}", some.join(" or ")))
}
