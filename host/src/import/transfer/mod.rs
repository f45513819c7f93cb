//! From one archive of ours into another: all of it into an empty one (`copy`, between engines), or what it holds into one
//! that holds something already (`merge`).
//!
//! - Messages meet by the rules of merging, like everything that is told twice.
//! - Coverage is taken over: it was proven there by the same rules. Cursors and what the list of chats said go with a
//!   copy only: a merge leaves it to the next sweep to find that nothing is missing.
//! - How far it is stands in the target, in the same transaction. A kill costs nothing.
//! - People, what they were called, earlier pictures and notes go with a copy; a merge takes those whom messages name.
//! - The change feed tells of everything as new: its numbers are the target's own.

mod files;
mod page;
mod people;
#[cfg(test)]
mod tests;
mod verify;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use verify::{Difference, Verification};

use super::error::ImportError;
use crate::{
    archive::{
        Around, Batch, ChatKey, ChatOrder, ChatsPage, MessagePage, SharedStore, Source, StoredChat, Write,
        media::MediaStore,
    },
    clock::SharedClock,
    model::{AccountName, MessageId, PeerId},
};

const PER_PAGE: usize = 500;
/// The note of an account that was begun.
const BEGUN: &str = "transfer:account";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Into an archive that holds nothing.
    Copy,
    Merge,
}

/// What becomes of the files of messages.
#[derive(Debug)]
pub enum Files {
    /// The target wants them, as if nobody had them.
    Left,
    /// The same, though somebody asked for them: they are counted as missing.
    Nowhere,
    /// Both archives speak of the same media folder.
    Shared,
    /// They are copied from one to the other.
    Between { from: Arc<MediaStore>, to: Arc<MediaStore> },
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TransferSummary {
    pub chats: u64,
    /// Everybody who was ever met, in a copy; whom messages name, in a merge.
    pub people: u64,
    /// Small ones, of people and chats.
    pub pictures: u64,
    pub messages: u64,
    pub new: u64,
    pub changed: u64,
    pub unchanged: u64,
    pub files: u64,
    pub file_bytes: u64,
    /// Those whose bytes were not where they should be.
    pub files_missing: u64,
    /// Messages that an earlier attempt had brought.
    pub resumed_after: u64,
}

#[derive(Debug)]
pub struct Transfer {
    pub from: SharedStore,
    pub to: SharedStore,
    pub mode: Mode,
    pub files: Files,
    pub clock: SharedClock,
    pub token: CancellationToken,
    pub progress: watch::Sender<TransferSummary>,
}

/// How far a chat is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Done {
    After(MessageId),
    All,
}

impl Transfer {
    pub async fn run(&self) -> Result<TransferSummary, ImportError> {
        self.refuse_other_than_empty().await?;
        let mut summary = TransferSummary::default();
        let mut accounts = BTreeSet::new();
        let mut known_users: HashMap<AccountName, HashSet<PeerId>> = HashMap::new();
        let mut after = None;
        loop {
            let page =
                ChatsPage { account: None, title: None, order: ChatOrder::Title, after, limit: PER_PAGE };
            let chats = self.from.chats(page).await?;
            for chat in &chats {
                if accounts.insert(chat.account.clone()) {
                    self.account(&chat.account, &mut summary).await?;
                }
                let known_users = known_users.entry(chat.account.clone()).or_default();
                self.chat(chat, known_users, &mut summary).await?;
                summary.chats += 1;
                self.progress.send_replace(summary.clone());
            }
            let Some(last) = chats.last().filter(|_| chats.len() == PER_PAGE) else { break };
            after = Some(key(last));
        }
        for account in &accounts {
            self.pictures(account, &mut summary).await?;
            self.notes(account).await?;
        }
        self.progress.send_replace(summary.clone());
        self.forget_notes().await?;
        Ok(summary)
    }

    /// A copy into something else would be neither. One that was begun has left its notes.
    async fn refuse_other_than_empty(&self) -> Result<(), ImportError> {
        if self.mode == Mode::Merge {
            return Ok(());
        }
        let page =
            ChatsPage { account: None, title: None, order: ChatOrder::Title, after: None, limit: PER_PAGE };
        for chat in self.to.chats(page).await? {
            let was_begun = self.to.note(chat.account, BEGUN.to_owned()).await?.is_some();
            if !was_begun {
                return Err(ImportError::NotEmpty { messages: self.to.figures().await?.messages });
            }
        }
        Ok(())
    }

    /// What belongs to no chat.
    async fn account(&self, account: &AccountName, summary: &mut TransferSummary) -> Result<(), ImportError> {
        let mut batch = self.batch(account, self.clock.now());
        batch
            .writes
            .extend(self.from.owner(account.clone()).await?.map(|owner| Write::User(Box::new(owner))));
        let folders = self.from.folders(account.clone()).await?;
        // All are told at once: those of the target know its own account better.
        if !folders.is_empty() && self.to.folders(account.clone()).await?.is_empty() {
            batch.writes.push(Write::Folders(folders));
        }
        for (_, poison) in self.from.poison(Some(account.clone()), None).await? {
            batch.writes.push(Write::Poison(Box::new(poison)));
        }
        if self.mode == Mode::Copy {
            for (_, blocked) in self.from.blocked(Some(account.clone())).await? {
                batch.writes.push(Write::Blocked(Box::new(blocked)));
            }
        }
        let note = BEGUN.to_owned();
        // What was held back has no key of its own: twice would be two.
        if self.to.note(account.clone(), note.clone()).await?.is_none() {
            batch.writes.push(Write::Note { name: note, value: Some(true.into()) });
            self.to.write(batch).await?;
        }
        match self.mode {
            Mode::Copy => self.people(account, summary).await,
            Mode::Merge => Ok(()),
        }
    }

    fn go_on(&self) -> Result<(), ImportError> {
        if self.token.is_cancelled() { Err(ImportError::Stopped) } else { Ok(()) }
    }

    async fn chat(
        &self,
        chat: &StoredChat,
        known_users: &mut HashSet<PeerId>,
        summary: &mut TransferSummary,
    ) -> Result<(), ImportError> {
        let key = key(chat);
        let note = note(key.chat);
        let done = self.to.note(key.account.clone(), note.clone()).await?;
        let mut after = match done.and_then(|value| serde_json::from_value(value).ok()) {
            Some(Done::All) => {
                summary.resumed_after += chat.figures.messages;
                return Ok(());
            }
            Some(Done::After(id)) => {
                summary.resumed_after += self.brought(&key).await?;
                Some(id)
            }
            None => None,
        };
        if after.is_none() {
            self.begin(chat, known_users, summary).await?;
        }
        loop {
            self.go_on()?;
            let around = Around::After(after.unwrap_or(MessageId(i32::MIN)));
            let page = self.from.messages(key.clone(), MessagePage::new(around, PER_PAGE)).await?;
            let Some(last) = page.last().map(|stored| stored.message.id) else { break };
            self.page(&key, page, known_users, summary).await?;
            after = Some(last);
            self.progress.send_replace(summary.clone());
        }
        self.end(&key).await
    }

    /// Messages of a chat that was begun. What else a target of a merge holds of it is not told apart, and not counted.
    async fn brought(&self, key: &ChatKey) -> Result<u64, ImportError> {
        match self.mode {
            Mode::Copy => Ok(self.to.chat(key.clone()).await?.map_or(0, |chat| chat.figures.messages)),
            Mode::Merge => Ok(0),
        }
    }

    /// The chat itself, before its messages.
    async fn begin(
        &self,
        chat: &StoredChat,
        known_users: &mut HashSet<PeerId>,
        summary: &mut TransferSummary,
    ) -> Result<(), ImportError> {
        let (key, id) = (key(chat), chat.chat.id);
        let mut batch = self.batch(&chat.account, self.clock.now());
        self.users(&key, [id], known_users, &mut batch, summary).await?;
        batch.writes.push(Write::Chat(Box::new(chat.chat.clone())));
        let is_archived = Some(chat.is_archived).filter(|flag| *flag || self.mode == Mode::Copy);
        let is_pinned = Some(chat.is_pinned).filter(|flag| *flag || self.mode == Mode::Copy);
        if is_archived.is_some() || is_pinned.is_some() {
            batch.writes.push(Write::Listed { chat: id, is_archived, is_pinned });
        }
        if self.mode == Mode::Copy {
            batch.writes.extend(self.histories(&chat.account, vec![id]).await?);
        }
        for topic in self.from.topics(key).await? {
            batch.writes.push(Write::Topic { chat: id, topic: Box::new(topic) });
        }
        self.to.write(batch).await?;
        Ok(())
    }

    /// What is known of it as a whole: only when all its messages are there.
    async fn end(&self, key: &ChatKey) -> Result<(), ImportError> {
        let chat = key.chat;
        let mut batch = self.batch(&key.account, self.clock.now());
        let sync = self.from.sync(key.clone()).await?;
        batch.writes.extend(sync.coverage.iter().map(|range| Write::Covered { chat, range }));
        if self.mode == Mode::Copy {
            batch.writes.extend(sync.cursor.map(|to| Write::Cursor { chat, to }));
            let dialog = sync.dialog;
            batch.writes.extend(dialog.map(|it| Write::Dialog {
                chat,
                top: it.top,
                fingerprint: it.fingerprint,
            }));
        }
        batch.writes.push(Write::Note { name: note(chat), value: serde_json::to_value(Done::All).ok() });
        self.to.write(batch).await?;
        Ok(())
    }

    /// The next transfer looks at everything again.
    async fn forget_notes(&self) -> Result<(), ImportError> {
        let mut after = None;
        let mut accounts = HashSet::new();
        loop {
            let page =
                ChatsPage { account: None, title: None, order: ChatOrder::Title, after, limit: PER_PAGE };
            let chats = self.from.chats(page).await?;
            for chat in &chats {
                let mut batch = self.batch(&chat.account, self.clock.now());
                batch.writes.push(Write::Note { name: note(chat.chat.id), value: None });
                // Kept for a copy: what was held back is copied once.
                if accounts.insert(chat.account.clone()) && self.mode == Mode::Merge {
                    batch.writes.push(Write::Note { name: BEGUN.into(), value: None });
                }
                self.to.write(batch).await?;
            }
            let Some(last) = chats.last().filter(|_| chats.len() == PER_PAGE) else { return Ok(()) };
            after = Some(key(last));
        }
    }

    fn batch(&self, account: &AccountName, at: Timestamp) -> Batch {
        Batch::new(account.clone(), Source::Merge, at)
    }
}

fn key(chat: &StoredChat) -> ChatKey {
    ChatKey { account: chat.account.clone(), chat: chat.chat.id }
}

fn note(chat: PeerId) -> String {
    format!("transfer:{chat}")
}
