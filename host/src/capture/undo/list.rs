//! What had been held back and was applied: each may be taken back by its number.

use std::collections::{HashMap, hash_map::Entry};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Applied, PAGE, applied_name, title_of};
use crate::{
    archive::{BlockedKind, ChatKey, SharedStore, StoreError},
    model::{AccountName, PeerId},
};

const PREFIX: &str = "applied/";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AppliedOperation {
    pub number: i64,
    pub account: AccountName,
    pub chat: PeerId,
    pub title: String,
    pub kind: BlockedKind,
    /// How many messages it was about.
    pub messages: u64,
    /// When somebody applied it.
    pub at: Timestamp,
}

/// Of this account, the newest first, with numbers below that one, and at most so many. What was taken back by its
/// number is not among them; what was taken back by time is.
pub async fn applied_operations(
    store: &SharedStore,
    account: &AccountName,
    below: i64,
    most: usize,
) -> Result<Vec<AppliedOperation>, StoreError> {
    let mut found = noted(store, account).await?;
    found.retain(|(number, applied)| *number < below && applied.undone.is_none());
    found.sort_unstable_by_key(|(number, _)| std::cmp::Reverse(*number));
    found.truncate(most);
    let mut titles: HashMap<PeerId, String> = HashMap::new();
    for (_, Applied { chat, .. }) in &found {
        if let Entry::Vacant(title) = titles.entry(*chat) {
            let key = ChatKey { account: account.clone(), chat: *chat };
            title.insert(title_of(store, &key).await?);
        }
    }
    let mut all = Vec::with_capacity(found.len());
    for (number, applied) in found {
        let Applied { chat, ids, at, edit, .. } = applied;
        let kind = if edit.is_some() { BlockedKind::Edit } else { BlockedKind::Deletion };
        let title = titles.get(&chat).cloned().unwrap_or_default();
        let messages = ids.len() as u64;
        all.push(AppliedOperation { number, account: account.clone(), chat, title, kind, messages, at });
    }
    Ok(all)
}

async fn noted(store: &SharedStore, account: &AccountName) -> Result<Vec<(i64, Applied)>, StoreError> {
    let mut found = Vec::new();
    let mut after = PREFIX.to_owned();
    loop {
        let page = store.notes(account.clone(), after.clone(), PAGE).await?;
        let is_last = page.len() < PAGE;
        for (name, value) in page {
            let Some(number) = name.strip_prefix(PREFIX) else { return Ok(found) };
            let number = number.parse().ok().filter(|number| applied_name(*number) == name);
            let applied = serde_json::from_value(value).ok();
            found.extend(number.zip(applied));
            after = name;
        }
        if is_last {
            return Ok(found);
        }
    }
}
