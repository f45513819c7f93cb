//! What was held back, and what somebody decides about it.

use serde::{Deserialize, Serialize};

use crate::{
    archive::{
        Batch, BlockedKind, BlockedOperation, ChatKey, DeletionMode, SharedStore, Source, StoreError, Write,
    },
    capture::{batch::was_read, undo},
    clock::SharedClock,
    config::CaptureSection,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// It happens now, as it would have happened then.
    Apply,
    /// It never happens, whoever asks Telegram again.
    Dismiss,
}

#[derive(Debug, thiserror::Error)]
pub enum HeldError {
    #[error(
        "nothing with the number {number} is held back: there is no such number, or somebody has decided about it"
    )]
    Unknown { number: i64 },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Does it, or puts it away. Says how many messages it is about. The section is that of all accounts.
pub async fn decide(
    store: &SharedStore,
    clock: &SharedClock,
    number: i64,
    decision: Decision,
    section: &CaptureSection,
) -> Result<usize, HeldError> {
    let _alone = undo::alone().await;
    let held = store.blocked_by_number(number).await?;
    let (account, operation) = held.ok_or(HeldError::Unknown { number })?;
    let count = operation.ids.len();
    let section = section.of(&account);
    let mut batch = Batch::new(account, Source::Live, clock.now());
    let chat = operation.chat;
    let key = ChatKey { account: batch.account.clone(), chat };
    match decision {
        Decision::Dismiss => {
            batch.writes.extend(dismissed(store, &key, &operation).await?);
        }
        Decision::Apply => match (operation.kind, operation.message) {
            (BlockedKind::Edit, Some(message)) => {
                let stored = store.by_id(key.clone(), vec![message.id]).await?.pop();
                if stored.is_some() || !was_read(store, key, message.id).await? {
                    let note = stored
                        .and_then(|stored| undo::applied_edit(number, &stored.message, &message, batch.at));
                    batch.writes.extend(note);
                    batch.writes.push(Write::Message { message, sender_name: None });
                }
            }
            (BlockedKind::Edit, None) => {}
            (BlockedKind::Deletion, _) => {
                // Whoever says that it shall happen means it, even where nothing happens by itself.
                let mode = undo::mode(&section).unwrap_or(DeletionMode::Soft);
                batch.writes.extend(operation.ids.iter().map(|id| Write::Deleted { chat, id: *id, mode }));
                batch.writes.push(undo::applied(number, chat, &operation.ids, batch.at));
            }
        },
    }
    batch.writes.push(Write::BlockedDone { number, is_applied: decision == Decision::Apply });
    match store.write(batch).await {
        // Somebody was faster.
        Err(StoreError::Decided { number }) => Err(HeldError::Unknown { number }),
        written => written.map(|_| count).map_err(HeldError::from),
    }
}

/// So that it stays as it is.
async fn dismissed(
    store: &SharedStore,
    key: &ChatKey,
    operation: &BlockedOperation,
) -> Result<Option<Write>, StoreError> {
    match (operation.kind, &operation.message) {
        (BlockedKind::Deletion, _) => undo::dismissed_deletion(store, key, &operation.ids).await.map(Some),
        (BlockedKind::Edit, Some(told)) => undo::dismissed_edit(store, key, told).await,
        (BlockedKind::Edit, None) => Ok(None),
    }
}
