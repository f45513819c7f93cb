//! What had been held back and was dismissed: Telegram tells it still to whoever asks, and it changes nothing.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{PAGE, kept, kept_name};
use crate::{
    archive::{ChatKey, IdRange, SharedStore, StoreError, Write},
    capture::page::fingerprint,
    model::{Message, MessageId},
};

/// An edit of one message. It holds no words, as those of what was applied do not.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Dismissed {
    /// The date of the edit: what is edited later is taken.
    until: Timestamp,
    /// What it says: reactions move its date at Telegram.
    words: i64,
}

impl Dismissed {
    /// None of an edit that has no date: nothing proves it newer, so it changes nothing anyway.
    fn of(told: &Message) -> Option<Self> {
        let files: Vec<i64> = told.files().iter().map(|file| file.id).collect();
        Some(Self { until: told.edited?, words: fingerprint(&(&told.text, &told.entities, files)) })
    }
}

fn name(key: &ChatKey, id: MessageId) -> String {
    format!("{}{id}", prefix(key))
}

fn prefix(key: &ChatKey) -> String {
    format!("dismissed/{}/", key.chat)
}

/// Messages of a chat of which somebody has ever dismissed an edit.
pub(in crate::capture) async fn dismissed_edits(
    store: &SharedStore,
    key: &ChatKey,
) -> Result<BTreeSet<MessageId>, StoreError> {
    let prefix = prefix(key);
    let (mut found, mut after) = (BTreeSet::new(), prefix.clone());
    loop {
        let page = store.notes(key.account.clone(), after, PAGE).await?;
        let is_last = page.len() < PAGE;
        let names = page.iter().map_while(|(name, _)| name.strip_prefix(&prefix));
        let count = names.clone().count();
        found.extend(names.filter_map(|id| id.parse().ok().map(MessageId)));
        match page.into_iter().next_back() {
            Some((name, _)) if !is_last && count == PAGE => after = name,
            _ => return Ok(found),
        }
    }
}

async fn noted(store: &SharedStore, key: &ChatKey, id: MessageId) -> Result<Option<Dismissed>, StoreError> {
    let note = store.note(key.account.clone(), name(key, id)).await?;
    Ok(note.and_then(|note| serde_json::from_value(note).ok()))
}

/// These stay, as those do whose deletion was taken back.
pub(in crate::capture) async fn dismissed_deletion(
    store: &SharedStore,
    key: &ChatKey,
    ids: &[MessageId],
) -> Result<Write, StoreError> {
    let mut kept = kept(store, key).await?;
    ids.iter().for_each(|id| kept.add(IdRange::of(*id)));
    Ok(Write::Note { name: kept_name(key.chat), value: serde_json::to_value(&kept).ok() })
}

/// None when there is nothing to remember, or a later one was dismissed already.
pub(in crate::capture) async fn dismissed_edit(
    store: &SharedStore,
    key: &ChatKey,
    told: &Message,
) -> Result<Option<Write>, StoreError> {
    let Some(dismissed) = Dismissed::of(told) else { return Ok(None) };
    let is_later = |noted: Dismissed| noted.until > dismissed.until;
    if noted(store, key, told.id).await?.is_some_and(is_later) {
        return Ok(None);
    }
    Ok(Some(Write::Note { name: name(key, told.id), value: serde_json::to_value(dismissed).ok() }))
}

/// Whether somebody has dismissed what is told of a message, and no later edit was taken since.
pub(in crate::capture) async fn is_dismissed(
    store: &SharedStore,
    key: &ChatKey,
    stored: &Message,
    told: &Message,
) -> Result<bool, StoreError> {
    let Some(now) = Dismissed::of(told) else { return Ok(false) };
    let Some(noted) = noted(store, key, told.id).await? else { return Ok(false) };
    let is_over = stored.edited.is_some_and(|edited| edited > noted.until);
    Ok(!is_over && (now.until <= noted.until || now.words == noted.words))
}
