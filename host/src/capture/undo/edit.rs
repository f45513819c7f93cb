//! An edit that had been held back and was applied, taken back: the message says again what it said before.
//!
//! The words of before are among the message's earlier texts. They are told like any edit, a second younger than the one that they
//! undo: when Telegram tells that one again, it is the older one and changes nothing, and what is edited after it is taken. Files
//! are left as they are, since a file that was replaced has no earlier version.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    archive::{ChatKey, SharedStore, StoreError, Write, says_the_same},
    model::{Message, MessageId},
};

/// What an edit has replaced. It holds no words: these go with the message when that is removed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Edit {
    /// The date of the edit.
    at: Timestamp,
    /// From when on the words before were said; none when there were none.
    before: Option<Timestamp>,
}

impl Edit {
    /// None of an edit that takes the place of nothing: it says what is there already, or nothing proves it newer, as it has no
    /// date or that of an earlier one.
    pub(super) fn of(stored: &Message, told: &Message) -> Option<Self> {
        if says_the_same(stored, told) || told.edited < stored.edited {
            return None;
        }
        let had_words = !stored.text.is_empty() || !stored.entities.is_empty();
        let before = had_words.then(|| stored.edited.unwrap_or(stored.date));
        told.edited.map(|at| Self { at, before })
    }

    /// What brings the words of before back. None when there is nothing to bring back: the message is gone or was edited
    /// again since, or the edit has changed no words.
    pub(super) async fn before(
        self,
        store: &SharedStore,
        key: &ChatKey,
        id: MessageId,
    ) -> Result<Option<Write>, StoreError> {
        let stored = store.by_id(key.clone(), vec![id]).await?.pop();
        let Some(stored) = stored.filter(|stored| stored.message.edited == Some(self.at)) else {
            return Ok(None);
        };
        let now = stored.message;
        let (text, entities) = match self.before {
            None => (String::new(), Vec::new()),
            Some(since) => {
                let versions = store.versions(key.clone(), id).await?;
                let Some(before) = versions.into_iter().rev().find(|version| version.since == since) else {
                    return Ok(None);
                };
                (before.text, before.entities)
            }
        };
        // Marks alone cannot be told to be gone.
        if text == now.text && (entities == now.entities || entities.is_empty()) {
            return Ok(None);
        }
        let edited = Some(self.at.checked_add(SignedDuration::from_secs(1)).unwrap_or(self.at));
        let message = Message { text, entities, edited, reactions: None, ..now };
        Ok(Some(Write::Message { message: Box::new(message), sender_name: None }))
    }
}
