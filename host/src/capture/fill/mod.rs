//! Fills what is missing between stretches that are known whole. What is missing is what no reading has covered,
//! not what looks like a hole: in private chats and basic groups numbers are shared by all chats, and most of
//! them were never here.

mod report;
mod stretch;

pub use report::Filled;
pub(super) use stretch::{Stretch, fill_stretch};

use super::{Capture, CaptureError, Tell, access::is_out_of_reach, choose::Facts, intake::Intake};
use crate::{
    archive::{ChatOrder, ChatSync, ChatsPage, IdRange, Source, StoredChat, Write},
    model::{MessageId, PeerId},
};

/// One run over one account.
#[derive(Debug)]
pub struct Fill {
    pub capture: Capture,
    /// Only these; all that are captured when there are none.
    pub chats: Vec<PeerId>,
    /// Smaller holes are left for another time.
    pub min_ids: u64,
    pub tell: Tell,
}

impl Fill {
    /// What was done, however it ended.
    pub async fn run(&self) -> (Filled, Result<(), CaptureError>) {
        let mut filled = Filled::default();
        let ended = self.fill(&mut filled).await;
        (filled, ended)
    }

    async fn fill(&self, filled: &mut Filled) -> Result<(), CaptureError> {
        let mut intake = Intake::new(&self.capture)?;
        for stored in self.capture.chosen(&intake, &self.chats).await? {
            let key = self.capture.key(stored.chat.id);
            let sync = self.capture.store.sync(key).await?;
            let holes = holes(&stored, &sync);
            let holes: Vec<IdRange> = holes.into_iter().filter(|hole| hole.len() >= self.min_ids).collect();
            filled.chats += 1;
            if holes.is_empty() {
                continue;
            }
            match self.fill_chat(&mut intake, &stored, &holes, filled).await {
                Err(CaptureError::Telegram(error)) if is_out_of_reach(&error) => {
                    tracing::warn!(chat.id = stored.chat.id.0, %error, "A chat cannot be read by this account any more: its holes stay");
                    filled.out_of_reach += 1;
                }
                done => done?,
            }
        }
        Ok(())
    }

    async fn fill_chat(
        &self,
        intake: &mut Intake,
        stored: &StoredChat,
        holes: &[IdRange],
        filled: &mut Filled,
    ) -> Result<(), CaptureError> {
        let chat = &stored.chat;
        filled.with_holes += 1;
        for hole in holes {
            self.tell.step(
                filled.new,
                None,
                "messages",
                format!("{}: {} to {}", chat.title, hole.first, hole.last),
            );
            let after = MessageId(hole.first.0.saturating_sub(1));
            let stretch = Stretch { chat, after, to: Some(hole.last) };
            let one = fill_stretch(&self.capture, &self.tell, intake, stretch).await?;
            filled.holes += 1;
            filled.new += one.new;
        }
        Ok(())
    }
}

/// What is not known between the first message there can be and the newest that is.
pub(super) fn holes(stored: &StoredChat, sync: &ChatSync) -> Vec<IdRange> {
    let newest = newest(stored, sync);
    let all = IdRange::new(MessageId(1), newest);
    all.map(|all| sync.coverage.gaps(all)).unwrap_or_default()
}

/// The newest message of a chat that anybody knows of.
pub(super) fn newest(stored: &StoredChat, sync: &ChatSync) -> MessageId {
    let covered = sync.coverage.iter().next_back().map(|range| range.last);
    let listed = sync.dialog.map(|dialog| dialog.top);
    stored.figures.newest.max(covered).max(sync.cursor).max(listed).unwrap_or(MessageId(0))
}

impl Capture {
    /// The chats of the archive that the rules take, or those of them that are named.
    pub(super) async fn chosen(
        &self,
        intake: &Intake,
        only: &[PeerId],
    ) -> Result<Vec<StoredChat>, CaptureError> {
        let folders = self.store.folders(self.account.clone()).await?;
        let mut chosen = Vec::new();
        let mut page = ChatsPage {
            account: Some(self.account.clone()),
            title: None,
            order: ChatOrder::Activity,
            after: None,
            limit: 500,
        };
        loop {
            let chats = self.store.chats(page.clone()).await?;
            let (count, last) = (chats.len(), chats.last().map(|stored| self.key(stored.chat.id)));
            for stored in chats {
                if !only.is_empty() {
                    if only.contains(&stored.chat.id) {
                        chosen.push(stored);
                    }
                    continue;
                }
                let users = self.store.users(self.account.clone(), vec![stored.chat.id]).await?;
                let is_contact = users.first().is_some_and(|user| user.is_contact || user.is_self);
                let is_in =
                    intake.rules.takes(&Facts::new(&stored.chat, is_contact, stored.is_archived, &folders));
                if is_in {
                    chosen.push(stored);
                }
            }
            match last {
                Some(last) if count == page.limit => page.after = Some(last),
                _ => return Ok(chosen),
            }
        }
    }

    /// Says that nothing more is shown in a stretch that was asked for.
    pub(super) async fn note_empty(&self, chat: PeerId, range: Option<IdRange>) -> Result<(), CaptureError> {
        let writes = range.map(|range| Write::Covered { chat, range }).into_iter().collect();
        self.write(Source::Fill, writes).await.map(drop)
    }
}
