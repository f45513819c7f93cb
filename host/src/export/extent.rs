//! How much of a chat is read.

use std::collections::{BTreeMap, BTreeSet};

use super::{error::ExportError, request::Filter};
use crate::{
    archive::{ChangeKind, ChatKey, Ranges, SearchQuery, Store},
    model::{AccountName, MessageId, PeerId},
};

/// What a search answers with at once.
const FOUND: usize = 500;
/// Rows of the change feed that are read at once.
const CHANGES: usize = 1_000;
/// Messages that search learns of at once.
const INDEXED: usize = 20_000;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Extent {
    Whole,
    /// What lies in here.
    Ranges(Ranges),
    /// These, in order. Four bytes each, and only of what a search has found.
    Found(Vec<MessageId>),
}

/// What has changed in chats since a number of the feed.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Changed {
    pub(super) chats: BTreeMap<PeerId, Ranges>,
    /// The newest number that was seen.
    pub(super) sequence: i64,
}

pub(super) async fn changed(
    store: &dyn Store,
    account: &AccountName,
    chats: &BTreeSet<PeerId>,
    after: i64,
    with_files: bool,
) -> Result<Changed, ExportError> {
    let mut changed = Changed { sequence: after, ..Changed::default() };
    loop {
        let page = store.changes(changed.sequence, CHANGES).await?;
        let Some(last) = page.last() else { return Ok(changed) };
        changed.sequence = last.sequence;
        for change in &page {
            let counts = match change.kind {
                ChangeKind::New | ChangeKind::Edited | ChangeKind::Deleted | ChangeKind::Undeleted => true,
                // It has come later than its message, or is lost.
                ChangeKind::File => with_files,
                _ => false,
            };
            if let Some(ids) =
                change.ids.filter(|_| counts && change.account == *account && chats.contains(&change.chat))
            {
                changed.chats.entry(change.chat).or_default().add(ids);
            }
        }
    }
}

/// The extent of a chat under a search; what search has not learnt yet it learns first.
pub(super) async fn found(
    store: &dyn Store,
    key: &ChatKey,
    filter: &Filter,
    text: &str,
) -> Result<Vec<MessageId>, ExportError> {
    let one = |list: &[PeerId]| if let [id] = list { Some(*id) } else { None };
    let mut query = SearchQuery {
        text: text.to_owned(),
        account: Some(key.account.clone()),
        chat: Some(key.chat),
        sender: one(&filter.senders),
        from: filter.from,
        to: filter.to,
        media: if let [kind] = filter.media.as_slice() { Some(*kind) } else { None },
        has_link: false,
        before: None,
        limit: FOUND,
    };
    let mut ids = Vec::new();
    loop {
        let page = store.search(query.clone()).await?;
        ids.extend(page.found.iter().map(|found| found.stored.message.id));
        match page.next {
            Some(before) => query.before = Some(before),
            None => break,
        }
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

pub(super) async fn index_all(store: &dyn Store) -> Result<(), ExportError> {
    while store.index(INDEXED).await?.left > 0 {}
    Ok(())
}
