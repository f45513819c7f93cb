//! Deletions that are taken back by hand, and edits that had been held back and were applied.
//!
//! The change feed says when messages were marked as deleted, and by whom; the messages themselves are still there. What was
//! taken back is remembered, so that nobody who asks Telegram again marks it once more; so is what was held back and dismissed.
//! With `deletions = "hard"` a message is marked first, and removed when `undo_window` is over: until then it can be taken back
//! like any other.

mod dismissed;
mod edit;
mod hard;
mod list;
mod report;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, MutexGuard};

pub(super) use dismissed::{dismissed_deletion, dismissed_edit, dismissed_edits, is_dismissed};
use edit::Edit;
pub(super) use hard::{begin, carry_out, mode};
pub use list::{AppliedOperation, applied_operations};
pub use report::{Undone, UndoneChat};

use crate::{
    archive::{
        Around, Batch, Change, ChangeKind, ChatKey, DeletionsPage, IdRange, MessagePage, Ranges, SharedStore,
        Source, StoreError, Stored, Write,
    },
    clock::SharedClock,
    model::{AccountName, Message, MessageId, PeerId},
};

/// Changes and messages that are read at a time.
const PAGE: usize = 1_000;
/// Stretches of so many ids are asked for by their ids.
const SHORT: u64 = 100;

/// What was decided before is read, and written anew together with what is decided now: two at a time would forget one another.
static DECISIONS: Mutex<()> = Mutex::const_new(());

/// Whoever decides, or undoes a decision, does it alone.
pub(super) async fn alone() -> MutexGuard<'static, ()> {
    DECISIONS.lock().await
}

/// What is taken back.
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
    /// What had been held back under this number, and was applied: deletions or an edit.
    Applied { number: i64 },
}

#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    #[error(
        "no edit or deletion with the number {number} was applied in the account `{account}`: only what was held back has a \
         number; other deletions are taken back by time"
    )]
    Unknown { number: i64, account: AccountName },
    #[error(
        "of the edit with the number {number} nothing is left to take back: that was done already, the message is gone or was \
         edited again since, or the edit changed no words"
    )]
    Nothing { number: i64 },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A held-back deletion or edit that somebody has applied.
#[derive(Debug, Serialize, Deserialize)]
struct Applied {
    chat: PeerId,
    ids: Vec<MessageId>,
    at: Timestamp,
    /// None of a deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    edit: Option<Edit>,
    /// When it was taken back by its number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    undone: Option<Timestamp>,
}

fn applied_name(number: i64) -> String {
    format!("applied/{number}")
}

/// What an undo of it needs to know later.
pub(super) fn applied(number: i64, chat: PeerId, ids: &[MessageId], at: Timestamp) -> Write {
    note(number, &Applied { chat, ids: ids.to_vec(), at, edit: None, undone: None })
}

/// The same of an edit; none of one that replaces nothing.
pub(super) fn applied_edit(number: i64, stored: &Message, told: &Message, at: Timestamp) -> Option<Write> {
    let edit = Edit::of(stored, told)?;
    let (chat, ids) = (stored.chat, vec![stored.id]);
    Some(note(number, &Applied { chat, ids, at, edit: Some(edit), undone: None }))
}

fn note(number: i64, applied: &Applied) -> Write {
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
        let _alone = alone().await;
        let undone = self.take_back(store, clock).await;
        if let UndoWhich::Applied { number } = self.which
            && !self.is_rehearsal
            // Of what nothing is left, nothing ever will be.
            && matches!(undone, Ok(_) | Err(UndoError::Nothing { .. }))
        {
            self.remember(store, clock, number).await?;
        }
        undone
    }

    async fn take_back(&self, store: &SharedStore, clock: &SharedClock) -> Result<Undone, UndoError> {
        let Found { messages, removed } = match self.which {
            UndoWhich::Between { from, to, chat } => self.between(store, from, to, chat).await?,
            UndoWhich::Applied { number } => match self.noted(store, number).await? {
                edited @ Applied { edit: Some(edit), .. } => {
                    let write =
                        self.before(store, &edited, edit).await?.ok_or(UndoError::Nothing { number })?;
                    return Ok(self.unedit(store, clock, edited.chat, write).await?);
                }
                deleted => self.applied(store, deleted).await?,
            },
        };
        let mut undone = Undone { removed, ..Undone::default() };
        for (chat, ids) in messages {
            let key = ChatKey { account: self.account.clone(), chat };
            let title = title_of(store, &key).await?;
            if !self.is_rehearsal {
                self.bring_back(store, clock, &key, &ids).await?;
            }
            undone.messages += ids.len() as u64;
            undone.chats.push(UndoneChat { chat, title, messages: ids.len() as u64 });
        }
        Ok(undone)
    }

    async fn before(
        &self,
        store: &SharedStore,
        edited: &Applied,
        edit: Edit,
    ) -> Result<Option<Write>, StoreError> {
        let key = ChatKey { account: self.account.clone(), chat: edited.chat };
        match edited.ids[..] {
            [id] => edit.before(store, &key, id).await,
            _ => Ok(None),
        }
    }

    async fn unedit(
        &self,
        store: &SharedStore,
        clock: &SharedClock,
        chat: PeerId,
        write: Write,
    ) -> Result<Undone, StoreError> {
        if !self.is_rehearsal {
            let mut batch = Batch::new(self.account.clone(), Source::Api, clock.now());
            batch.writes.push(write);
            store.write(batch).await?;
        }
        let title = title_of(store, &ChatKey { account: self.account.clone(), chat }).await?;
        Ok(Undone { messages: 1, edits: 1, chats: vec![UndoneChat { chat, title, messages: 1 }], removed: 0 })
    }

    /// All deletions of the account are gone through: their moments are those of a clock that people may turn back.
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

    async fn noted(&self, store: &SharedStore, number: i64) -> Result<Applied, UndoError> {
        let note = store.note(self.account.clone(), applied_name(number)).await?;
        let applied = note.and_then(|note| serde_json::from_value(note).ok());
        applied.ok_or_else(|| UndoError::Unknown { number, account: self.account.clone() })
    }

    /// It is listed no more.
    async fn remember(&self, store: &SharedStore, clock: &SharedClock, number: i64) -> Result<(), UndoError> {
        let now = clock.now();
        let applied = Applied { undone: Some(now), ..self.noted(store, number).await? };
        let mut batch = Batch::new(self.account.clone(), Source::Api, now);
        batch.writes.push(note(number, &applied));
        store.write(batch).await?;
        Ok(())
    }

    async fn applied(&self, store: &SharedStore, applied: Applied) -> Result<Found, StoreError> {
        let Applied { chat, ids, at, .. } = applied;
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

async fn title_of(store: &SharedStore, key: &ChatKey) -> Result<String, StoreError> {
    Ok(store.chat(key.clone()).await?.map(|stored| stored.chat.title).unwrap_or_default())
}

fn kept_name(chat: PeerId) -> String {
    format!("kept/{chat}")
}

/// Messages of a chat whose deletion was taken back or dismissed: Telegram has them no more, and they stay.
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
