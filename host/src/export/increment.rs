//! What is new since the last time, for exports that are appended to.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    choose::Chosen,
    error::ExportError,
    extent::{self, Extent},
    mark::Mark,
    media::MediaMode,
    request::Request,
};
use crate::{
    archive::{ChatKey, Ranges, Store, StoredChat},
    model::{MessageId, PeerId},
};

/// After so many entries of the feed that are not about the export, how far it was read is worth writing down.
pub(super) const FAR: i64 = 10_000;
/// Up to so many ids are asked for one by one; beyond that, stretches are read.
const ONE_BY_ONE: u64 = 50_000;

/// What was asked for, as far as another question would give another export.
pub(super) fn question(request: &Request) -> Value {
    let formats: Vec<Value> = request
        .formats
        .iter()
        .map(|it| json!({ "plugin": it.plugin, "format": it.format, "parameters": it.parameters }))
        .collect();
    // Where the time that is looked at moves along, its beginning is no other question.
    let filter = super::request::Filter { from: None, ..request.filter.clone() };
    json!({
        "account": request.account, "chats": request.chats, "kinds": request.kinds, "filter": filter,
        "media": request.media, "formats": formats,
    })
}

/// When this entry of the feed was written.
pub(super) async fn reached(store: &dyn Store, sequence: i64) -> Result<Option<Timestamp>, ExportError> {
    let entries = store.changes(sequence - 1, 1).await?;
    Ok(entries.first().filter(|it| it.sequence == sequence).map(|it| it.at))
}

/// The mark, if it was set on this very feed: after an archive was put back from a backup, its numbers stand for other
/// things, and what has come since would be passed over.
pub(super) async fn of_this_feed(store: &dyn Store, mark: Option<Mark>) -> Result<Option<Mark>, ExportError> {
    let Some(mark) = mark else { return Ok(None) };
    if mark.sequence == 0 {
        return Ok(Some(mark));
    }
    let reached = reached(store, mark.sequence).await?;
    // Older marks do not say when.
    let is_of_it = reached.is_some() && (mark.reached.is_none() || mark.reached == reached);
    Ok(is_of_it.then_some(mark))
}

/// Everything of the chosen chats.
pub(super) async fn everything(
    store: &dyn Store,
    request: &Request,
    chosen: Chosen,
) -> Result<Vec<(StoredChat, Extent)>, ExportError> {
    let mut extents = Vec::with_capacity(chosen.chats.len());
    for chat in chosen.chats {
        let extent = match &request.filter.query {
            None => Extent::Whole,
            Some(text) => Extent::Found(extent::found(store, &key(&chat), &request.filter, text).await?),
        };
        extents.push((chat, extent));
    }
    Ok(extents)
}

/// What has changed since the last time.
#[derive(Clone, Debug)]
pub(super) struct New {
    /// With what is read of them.
    pub(super) chats: Vec<(StoredChat, Extent)>,
    /// Whatever the filter says of it.
    pub(super) changed: BTreeMap<PeerId, Ranges>,
    /// The newest number of the feed.
    pub(super) sequence: i64,
}

/// What has changed of the chosen chats.
pub(super) async fn since(
    store: &dyn Store,
    request: &Request,
    chosen: Chosen,
    sequence: i64,
) -> Result<New, ExportError> {
    let chats: BTreeSet<PeerId> = chosen.chats.iter().map(|it| it.chat.id).collect();
    let with_files = request.media != MediaMode::None;
    let changed = extent::changed(store, &request.account, &chats, sequence, with_files).await?;
    let mut extents = Vec::new();
    for chat in chosen.chats {
        let Some(ranges) = changed.chats.get(&chat.chat.id) else { continue };
        let extent = match &request.filter.query {
            None => as_extent(ranges.clone()),
            Some(text) => {
                let mut ids = extent::found(store, &key(&chat), &request.filter, text).await?;
                ids.retain(|id| ranges.contains(*id));
                Extent::Found(ids)
            }
        };
        if extent != Extent::Found(Vec::new()) {
            extents.push((chat, extent));
        }
    }
    Ok(New { chats: extents, changed: changed.chats, sequence: changed.sequence })
}

fn as_extent(ranges: Ranges) -> Extent {
    if ranges.count() > ONE_BY_ONE {
        return Extent::Ranges(ranges);
    }
    Extent::Found(ranges.iter().flat_map(|range| (range.first.0..=range.last.0).map(MessageId)).collect())
}

fn key(chat: &StoredChat) -> ChatKey {
    ChatKey { account: chat.account.clone(), chat: chat.chat.id }
}
