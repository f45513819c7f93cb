//! Compares every row of a message with its checksum. One that is not what was written is read again from Telegram;
//! where Telegram has it no more, the row stays as it is: it may be the only copy.

use super::{VerifiedMedia, VerifyMedia};
use crate::{
    archive::{Source, StoredChat, Write},
    capture::{CaptureError, access::is_out_of_reach, intake::Intake, page::Page},
    model::{MessageId, PeerId},
    telegram::read,
};

/// Rows that are compared at a time.
const ROWS: usize = 1_000;
/// As many as Telegram takes in one call.
const ASKED: usize = 100;

impl VerifyMedia {
    pub(super) async fn rows(&self, done: &mut VerifiedMedia) -> Result<(), CaptureError> {
        for id in self.capture.store.chat_ids(self.capture.account.clone()).await? {
            if let Some(chat) = self.capture.store.chat(self.capture.key(id)).await? {
                self.rows_of(&chat, done).await?;
            }
        }
        Ok(())
    }

    async fn rows_of(&self, stored: &StoredChat, done: &mut VerifiedMedia) -> Result<(), CaptureError> {
        let (store, chat) = (&self.capture.store, stored.chat.id);
        let mut after = None;
        loop {
            let page = store.compare(self.capture.key(chat), after, ROWS);
            let compared = self.tell.unless_stopped(page).await??;
            let Some(range) = compared.range else { return Ok(()) };
            after = Some(range.last);
            done.rows += compared.rows;
            if compared.unsealed > 0 {
                self.capture.write(Source::Recheck, vec![Write::Sealed { chat, range }]).await?;
                done.sealed += compared.unsealed;
            }
            for ids in compared.damaged.chunks(ASKED) {
                self.mend(stored, ids, done).await?;
            }
            self.tell.step(done.rows, None, "messages", stored.chat.title.clone());
        }
    }

    /// Those that are still damaged afterwards are listed.
    async fn mend(
        &self,
        stored: &StoredChat,
        ids: &[MessageId],
        done: &mut VerifiedMedia,
    ) -> Result<(), CaptureError> {
        let chat = stored.chat.id;
        match self.read_again(stored, ids).await {
            Err(CaptureError::Telegram(error)) if is_out_of_reach(&error) => {
                tracing::warn!(chat.id = chat.0, %error, "Messages of a chat are damaged, and it cannot be read by this account any more");
            }
            ended => ended?,
        }
        for id in ids {
            if self.is_damaged(chat, *id).await? {
                tracing::warn!(
                    chat.id = chat.0,
                    message.id = id.0,
                    "A message is not what was written and cannot be read again: its row stays as it is"
                );
                done.spoil(chat, *id);
            } else {
                tracing::warn!(
                    chat.id = chat.0,
                    message.id = id.0,
                    "A message was not what was written, and was read again"
                );
                done.damaged_rows += 1;
                done.mended_rows += 1;
            }
        }
        Ok(())
    }

    /// On the one way into the archive: what filters leave out or change is not brought in by a fault of the disk.
    async fn read_again(&self, stored: &StoredChat, ids: &[MessageId]) -> Result<(), CaptureError> {
        let chat = stored.chat.id;
        let mut intake = Intake::new(&self.capture)?;
        intake.begin(&stored.chat).await?;
        let asked = read::by_ids(&self.capture.client, chat, ids);
        let mut page = Page::of(self.tell.unless_stopped(asked).await??);
        page.messages.retain(|message| message.chat == chat && ids.contains(&message.id));
        // Nothing of a damaged row is worth keeping.
        let taken = intake.take_all(chat, page).await?;
        // That a filter leaves it out today is no news of a message that was kept.
        let writes = taken.writes.into_iter().filter_map(|write| match write {
            Write::Message { message, sender_name } => Some(Write::Mended { message, sender_name }),
            Write::User(_) | Write::Chat(_) => Some(write),
            _ => None,
        });
        self.capture.write(Source::Recheck, writes.collect()).await.map(drop)
    }

    async fn is_damaged(&self, chat: PeerId, id: MessageId) -> Result<bool, CaptureError> {
        let before = id.0.checked_sub(1).map(MessageId);
        let compared = self.capture.store.compare(self.capture.key(chat), before, 1).await?;
        Ok(compared.damaged.contains(&id))
    }
}
