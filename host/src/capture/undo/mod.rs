//! Deletions that are taken back by hand.
//!
//! The change feed says when messages were marked as deleted, and by whom; the messages themselves are still there. What was
//! taken back is remembered, so that nobody who asks Telegram again marks it once more. With `deletions = "hard"` a message
//! is marked first, and removed when `undo_window` is over: until then it can be taken back like any other.

mod hard;
mod report;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub(super) use hard::{begin, carry_out, mode};
pub use report::{Undone, UndoneChat};

use crate::{
    archive::{
        Around, Batch, Change, ChangeKind, ChatKey, DeletionsPage, IdRange, MessagePage, Ranges, SharedStore,
        Source, StoreError, Stored, Write,
    },
    clock::SharedClock,
    model::{AccountName, MessageId, PeerId},
};

/// Changes and messages that are read at a time.
const PAGE: usize = 1_000;
/// Stretches of so many ids are asked for by their ids.
const SHORT: u64 = 100;

/// Which deletions are taken back.
#[derive(Clone, Debug)]
pub struct Undo {
    pub account: AccountName,
    pub which: UndoWhich,
    /// Nothing is written; what would be is told.
    pub is_rehearsal: bool,
}

#[derive(Clone, Debug)]
pub enum UndoWhich {
    /// All that were noticed in this time, in one chat or in all.
    Between { from: Timestamp, to: Timestamp, chat: Option<PeerId> },
    /// Those that had been held back under this number, and were applied.
    Applied { number: i64 },
}

#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    #[error(
        "no deletion with the number {number} was applied in the account `{account}`: only what was held back has a number; \
         others are taken back by time"
    )]
    Unknown { number: i64, account: AccountName },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A held-back deletion that somebody has applied.
#[derive(Debug, Serialize, Deserialize)]
struct Applied {
    chat: PeerId,
    ids: Vec<MessageId>,
    at: Timestamp,
}

fn applied_name(number: i64) -> String {
    format!("applied/{number}")
}

/// What an undo of it needs to know later.
pub(super) fn applied(number: i64, chat: PeerId, ids: &[MessageId], at: Timestamp) -> Write {
    let applied = Applied { chat, ids: ids.to_vec(), at };
    Write::Note { name: applied_name(number), value: serde_json::to_value(applied).ok() }
}

/// Messages that were there all the time.
#[derive(Debug)]
struct Found {
    messages: BTreeMap<PeerId, Vec<MessageId>>,
    /// That were removed for good in this time.
    removed: u64,
}

impl Undo {
    pub async fn run(&self, store: &SharedStore, clock: &SharedClock) -> Result<Undone, UndoError> {
        let Found { messages, removed } = match self.which {
            UndoWhich::Between { from, to, chat } => self.between(store, from, to, chat).await?,
            UndoWhich::Applied { number } => self.applied(store, number).await?,
        };
        let mut undone = Undone { messages: 0, chats: Vec::new(), removed };
        for (chat, ids) in messages {
            let key = ChatKey { account: self.account.clone(), chat };
            let title = store.chat(key.clone()).await?.map(|stored| stored.chat.title).unwrap_or_default();
            if !self.is_rehearsal {
                self.bring_back(store, clock, &key, &ids).await?;
            }
            undone.messages += ids.len() as u64;
            undone.chats.push(UndoneChat { chat, title, messages: ids.len() as u64 });
        }
        Ok(undone)
    }

    /// The whole feed is asked: its moments are those of a clock that people may turn back.
    async fn between(
        &self,
        store: &SharedStore,
        from: Timestamp,
        to: Timestamp,
        only: Option<PeerId>,
    ) -> Result<Found, StoreError> {
        let mut stretches: BTreeMap<PeerId, Ranges> = BTreeMap::new();
        let (mut after, mut removed) = (0, 0);
        loop {
            let page = DeletionsPage { account: self.account.clone(), from, to, after, limit: PAGE };
            let changes = store.deletions(page).await?;
            let Some(last) = changes.last() else { break };
            after = last.sequence;
            let is_meant = |change: &Change| only.is_none_or(|chat| chat == change.chat);
            for change in changes.into_iter().filter(is_meant) {
                let Some(range) = change.ids else { continue };
                match change.kind {
                    ChangeKind::Deleted => stretches.entry(change.chat).or_default().add(range),
                    ChangeKind::Removed => removed += range.len(),
                    _ => {}
                }
            }
        }
        let mut messages = BTreeMap::new();
        for (chat, ranges) in stretches {
            let key = ChatKey { account: self.account.clone(), chat };
            let ids = marked(store, &key, &ranges, |at| (from..=to).contains(&at)).await?;
            if !ids.is_empty() {
                messages.insert(chat, ids);
            }
        }
        Ok(Found { messages, removed })
    }

    async fn applied(&self, store: &SharedStore, number: i64) -> Result<Found, UndoError> {
        let note = store.note(self.account.clone(), applied_name(number)).await?;
        let applied = note.and_then(|note| serde_json::from_value::<Applied>(note).ok());
        let Some(Applied { chat, ids, at }) = applied else {
            return Err(UndoError::Unknown { number, account: self.account.clone() });
        };
        let ranges: Ranges = ids.iter().copied().map(IdRange::of).collect();
        let key = ChatKey { account: self.account.clone(), chat };
        let ids =
            marked(store, &key, &ranges, |moment| moment.as_millisecond() == at.as_millisecond()).await?;
        Ok(Found { messages: BTreeMap::from([(chat, ids)]), removed: 0 })
    }

    async fn bring_back(
        &self,
        store: &SharedStore,
        clock: &SharedClock,
        key: &ChatKey,
        ids: &[MessageId],
    ) -> Result<(), StoreError> {
        let chat = key.chat;
        let mut kept = kept(store, key).await?;
        for ids in ids.chunks(PAGE) {
            let mut batch = Batch::new(self.account.clone(), Source::Api, clock.now());
            batch.writes.extend(ids.iter().map(|id| Write::Undeleted { chat, id: *id }));
            ids.iter().for_each(|id| kept.add(IdRange::of(*id)));
            batch.writes.push(Write::Note { name: kept_name(chat), value: serde_json::to_value(&kept).ok() });
            store.write(batch).await?;
        }
        Ok(())
    }
}

fn kept_name(chat: PeerId) -> String {
    format!("kept/{chat}")
}

/// Messages of a chat whose deletion was taken back: Telegram has them no more, and they stay.
pub(super) async fn kept(store: &SharedStore, key: &ChatKey) -> Result<Ranges, StoreError> {
    let note = store.note(key.account.clone(), kept_name(key.chat)).await?;
    Ok(note.and_then(|note| serde_json::from_value(note).ok()).unwrap_or_default())
}

/// Messages in these stretches that were marked as deleted at such a moment.
async fn marked(
    store: &SharedStore,
    key: &ChatKey,
    ranges: &Ranges,
    is_meant: impl Fn(Timestamp) -> bool,
) -> Result<Vec<MessageId>, StoreError> {
    let mut found = Vec::new();
    let mut note = |messages: Vec<Stored>| {
        let meant = messages.into_iter().filter(|stored| stored.deleted.is_some_and(&is_meant));
        found.extend(meant.map(|stored| stored.message.id));
    };
    // Many short stretches are asked for together.
    let mut few: Vec<MessageId> = Vec::new();
    for range in ranges.iter() {
        if range.len() > SHORT {
            let mut after = MessageId(range.first.0.saturating_sub(1));
            loop {
                let page = MessagePage::new(Around::After(after), PAGE);
                let mut messages = store.messages(key.clone(), page).await?;
                let Some(last) = messages.last().map(|stored| stored.message.id) else { break };
                let is_over = last >= range.last || messages.len() < PAGE;
                messages.retain(|stored| range.contains(stored.message.id));
                note(messages);
                if is_over {
                    break;
                }
                after = last;
            }
            continue;
        }
        few.extend((range.first.0..=range.last.0).map(MessageId));
        if few.len() >= PAGE {
            note(store.by_id(key.clone(), std::mem::take(&mut few)).await?);
        }
    }
    note(store.by_id(key.clone(), few).await?);
    found.sort_unstable();
    Ok(found)
}
