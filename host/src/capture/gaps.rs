//! Which chats have stretches that nobody has read.

use std::collections::HashMap;

use serde::Serialize;

use super::{
    certificate::rounded_down,
    fill::{holes, newest},
};
use crate::{
    archive::{ChatKey, ChatSync, ChatsPage, IdRange, SharedStore, StoreError},
    model::{AccountName, PeerId},
};

/// Chats that are read at a time.
const PAGE: usize = 500;

/// A chat of which not all was read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChatGaps {
    pub account: AccountName,
    pub chat: PeerId,
    pub title: String,
    pub gaps: Vec<IdRange>,
    /// Message numbers in them.
    pub ids: u64,
    /// From 0 to 1: how much of the chat was read whole.
    pub share: f64,
}

impl ChatGaps {
    /// Rounded down: what is not whole is never shown as whole.
    pub fn percent(&self) -> f64 {
        rounded_down(self.share)
    }
}

/// Of one account or of all, those with the newest messages first; and how many chats were looked at.
pub async fn chats_with_gaps(
    store: &SharedStore,
    account: Option<AccountName>,
) -> Result<(Vec<ChatGaps>, u64), StoreError> {
    let mut syncs: HashMap<AccountName, HashMap<PeerId, ChatSync>> = HashMap::new();
    let mut page = ChatsPage { account, limit: PAGE, ..ChatsPage::default() };
    let (mut found, mut seen) = (Vec::new(), 0);
    loop {
        let chats = store.chats(page.clone()).await?;
        seen += chats.len() as u64;
        let is_last = chats.len() < PAGE;
        page.after = chats.last().map(|it| ChatKey { account: it.account.clone(), chat: it.chat.id });
        for stored in chats {
            if !syncs.contains_key(&stored.account) {
                let all = store.syncs(stored.account.clone()).await?.into_iter().collect();
                syncs.insert(stored.account.clone(), all);
            }
            let nothing = ChatSync::default();
            let sync = syncs.get(&stored.account).and_then(|all| all.get(&stored.chat.id));
            let sync = sync.unwrap_or(&nothing);
            let gaps = holes(&stored, sync);
            if gaps.is_empty() {
                continue;
            }
            let ids = gaps.iter().map(IdRange::len).sum();
            let all = u64::try_from(newest(&stored, sync).0).unwrap_or(0).max(1);
            found.push(ChatGaps {
                share: all.saturating_sub(ids) as f64 / all as f64,
                account: stored.account,
                chat: stored.chat.id,
                title: stored.chat.title,
                gaps,
                ids,
            });
        }
        if is_last {
            return Ok((found, seen));
        }
    }
}
