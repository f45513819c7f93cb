//! The one door to the archive.

use std::{fmt, sync::Arc};

use futures_util::future::BoxFuture;
use tokio::sync::watch;

use super::{
    batch::{Batch, Written},
    query::{
        AvatarsOf, AvatarsPage, ChatsPage, DeletionsPage, FilesPage, MessagePage, PoisonList, PoisonPage,
        SearchPage, SearchQuery,
    },
    stored::{
        AvatarRecord, BlobHash, BlockedOperation, Change, ChatKey, ChatSync, Compared, FolderRecord,
        GoneReaction, HistoryEntry, Indexed, Poison, StoreFigures, Stored, StoredChat, StoredFile, Version,
    },
};
use crate::model::{AccountName, MessageId, PeerId, Topic, User};

pub type SharedStore = Arc<dyn Store>;
/// What every question answers with.
pub(crate) type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the archive at {place} cannot be opened: {reason}")]
    Open { place: String, reason: String },
    #[error(
        "the archive at {place} was written by a newer version (schema {found}, this one knows {known}): update tapedeck"
    )]
    Newer { place: String, found: u32, known: u32 },
    /// Another try may help: the server is away, the disk is full, somebody holds a lock.
    #[error("the archive cannot be used just now: {reason}")]
    Unavailable { reason: String },
    /// Nothing is there of what was being written.
    #[error("the disk is full where the archive lies ({place}): make room, and the next run goes on there")]
    Full { place: String },
    #[error("the archive is damaged: {reason}")]
    Damaged { reason: String },
    /// Nothing is written of the batch that said so.
    #[error("somebody has decided about the number {number} that was held back")]
    Decided { number: i64 },
    #[error("the archive answered: {reason}")]
    Failed { reason: String },
}

impl StoreError {
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Full { .. })
    }

    /// With the place, which those who speak of a full disk or of damage do not know.
    pub(super) fn at(self, place: impl FnOnce() -> String) -> Self {
        match self {
            Self::Full { place: unknown } if unknown.is_empty() => Self::Full { place: place() },
            Self::Damaged { reason } => {
                let place = place();
                let is_told = reason.starts_with(&place);
                Self::Damaged { reason: if is_told { reason } else { format!("{place}: {reason}") } }
            }
            other => other,
        }
    }
}

/// Cancelling a future never leaves half of a batch; whether the batch was written is unknown then.
pub trait Store: fmt::Debug + Send + Sync + 'static {
    fn engine(&self) -> Engine;
    /// Counts the batches that were written through this store. It wakes those who show what is there, and carries nothing.
    fn written(&self) -> watch::Receiver<u64>;

    /// In one transaction, durable when it returns.
    fn write(&self, batch: Batch) -> Answer<'_, Written>;
    /// Lets search find the newest of those messages that it does not know yet.
    fn index(&self, most: usize) -> Answer<'_, Indexed>;

    fn chats(&self, page: ChatsPage) -> Answer<'_, Vec<StoredChat>>;
    fn chat(&self, key: ChatKey) -> Answer<'_, Option<StoredChat>>;
    fn users(&self, account: AccountName, ids: Vec<PeerId>) -> Answer<'_, Vec<User>>;
    /// Whose account it is, if that was ever told: the newest user of it that says so of itself.
    fn owner(&self, account: AccountName) -> Answer<'_, Option<User>>;
    fn history(&self, account: AccountName, peer: PeerId) -> Answer<'_, Vec<HistoryEntry>>;
    /// Of all of them, in their order.
    fn histories(&self, account: AccountName, peers: Vec<PeerId>) -> Answer<'_, Vec<HistoryEntry>>;
    fn topics(&self, key: ChatKey) -> Answer<'_, Vec<Topic>>;
    fn folders(&self, account: AccountName) -> Answer<'_, Vec<FolderRecord>>;

    /// The oldest first.
    fn messages(&self, key: ChatKey, page: MessagePage) -> Answer<'_, Vec<Stored>>;
    /// Those that are there, in the order of their ids.
    fn by_id(&self, key: ChatKey, ids: Vec<MessageId>) -> Answer<'_, Vec<Stored>>;
    /// The oldest first.
    fn versions(&self, key: ChatKey, id: MessageId) -> Answer<'_, Vec<Version>>;
    /// Those that the message had once and has no more.
    fn gone_reactions(&self, key: ChatKey, id: MessageId) -> Answer<'_, Vec<GoneReaction>>;
    /// As [`Self::gone_reactions`], of these messages in the order of their ids.
    fn gone_reactions_of(
        &self,
        key: ChatKey,
        ids: Vec<MessageId>,
    ) -> Answer<'_, Vec<(MessageId, GoneReaction)>>;
    fn search(&self, query: SearchQuery) -> Answer<'_, SearchPage>;
    /// In which private chats and basic groups of the account these ids are, for deletions that name no chat.
    fn find_without_chat(
        &self,
        account: AccountName,
        ids: Vec<MessageId>,
    ) -> Answer<'_, Vec<(MessageId, Vec<PeerId>)>>;

    /// All chats of an account, in order.
    fn chat_ids(&self, account: AccountName) -> Answer<'_, Vec<PeerId>>;
    fn sync(&self, key: ChatKey) -> Answer<'_, ChatSync>;
    /// Of all chats of an account.
    fn syncs(&self, account: AccountName) -> Answer<'_, Vec<(PeerId, ChatSync)>>;

    fn changes(&self, after: i64, most: usize) -> Answer<'_, Vec<Change>>;
    /// Of these, the ones that tell of messages which went: marked, or removed for good.
    fn deletions(&self, page: DeletionsPage) -> Answer<'_, Vec<Change>>;
    fn poison(
        &self,
        account: Option<AccountName>,
        chat: Option<PeerId>,
    ) -> Answer<'_, Vec<(AccountName, Poison)>>;
    /// A page of them, with the place that the next one goes on from.
    fn poison_after(&self, page: PoisonPage) -> Answer<'_, PoisonList>;
    /// Those that nobody has decided about, the oldest first.
    fn blocked(&self, account: Option<AccountName>) -> Answer<'_, Vec<(AccountName, BlockedOperation)>>;
    /// Those of all accounts with higher numbers, as many at most.
    fn blocked_after(&self, number: i64, most: usize) -> Answer<'_, Vec<(AccountName, BlockedOperation)>>;
    /// One of them.
    fn blocked_by_number(&self, number: i64) -> Answer<'_, Option<(AccountName, BlockedOperation)>>;
    /// With the place that the next page goes on from.
    fn files(&self, page: FilesPage) -> Answer<'_, (Vec<StoredFile>, i64)>;
    /// Of these messages, in the order of their ids.
    fn files_of(&self, key: ChatKey, ids: Vec<MessageId>) -> Answer<'_, Vec<StoredFile>>;
    fn avatar(&self, account: AccountName, peer: PeerId) -> Answer<'_, Option<AvatarRecord>>;
    /// The newest of each who has any.
    fn newest_avatars(
        &self,
        account: AccountName,
        peers: Vec<PeerId>,
    ) -> Answer<'_, Vec<(PeerId, AvatarRecord)>>;
    /// All that are held, earlier ones too, in the order of peers and photos.
    fn avatars(&self, page: AvatarsPage) -> Answer<'_, Vec<(PeerId, AvatarRecord)>>;
    /// Who has a picture at Telegram that is not held, and which, in the order of peers, behind one of them.
    fn wanted_avatars(
        &self,
        account: AccountName,
        whose: AvatarsOf,
        after: Option<PeerId>,
        most: usize,
    ) -> Answer<'_, Vec<(PeerId, i64)>>;
    /// Everybody who was ever met, in order, behind one of them.
    fn user_ids(&self, account: AccountName, after: Option<PeerId>, most: usize) -> Answer<'_, Vec<PeerId>>;
    /// Blobs that nothing speaks of any more.
    fn orphans(&self, most: usize) -> Answer<'_, Vec<BlobHash>>;
    /// Those of these blobs that the archive knows of, in their order.
    fn known_blobs(&self, hashes: Vec<BlobHash>) -> Answer<'_, Vec<BlobHash>>;
    fn note(&self, account: AccountName, name: String) -> Answer<'_, Option<serde_json::Value>>;
    /// In the order of their names, behind one of them.
    fn notes(
        &self,
        account: AccountName,
        after: String,
        most: usize,
    ) -> Answer<'_, Vec<(String, serde_json::Value)>>;

    fn figures(&self) -> Answer<'_, StoreFigures>;
    /// Rows of messages with their checksums, behind one of them, and at most so many.
    fn compare(&self, key: ChatKey, after: Option<MessageId>, most: usize) -> Answer<'_, Compared>;
    /// What the engine itself finds wrong; empty when all is well.
    fn check(&self) -> Answer<'_, Vec<String>>;
}
