//! The archive in PostgreSQL.
//!
//! - The same tables as in SQLite, by the same names; what only one of the two can do is in their scripts.
//! - A batch is one transaction, one at a time over all programs that write to this archive; its rows travel as
//!   arrays, so that a page of messages costs a handful of round trips.
//! - Search has a table of its own, one row a message, with an inverted index over our own tokens. How often
//!   each token was met is known: rare ones are found through the index, common ones by going through the
//!   newest messages.
//! - When the connection breaks in the middle of a batch, nothing of it is there; when it breaks at its very
//!   end, whether it was written is unknown, and writing it again is harmless.

mod address;
mod columns;
mod error;
mod index;
mod migrate;
mod pool;
mod read;
mod search;
mod sql;
mod text;
mod time;
mod write;

use std::fmt;

use deadpool_postgres::{Object, Pool};
use tokio::sync::watch;

pub use self::address::is_address;
pub(crate) use self::pool::Visit;
use self::{
    address::Address,
    pool::{Named, client},
};
use super::{
    Answer, AvatarRecord, AvatarsOf, AvatarsPage, Batch, BlobHash, BlockedOperation, Change, ChatKey,
    ChatSync, ChatsPage, Compared, DeletionsPage, Engine, FilesPage, FolderRecord, GoneReaction,
    HistoryEntry, Indexed, MessagePage, Poison, PoisonList, PoisonPage, SearchPage, SearchQuery, Store,
    StoreError, StoreFigures, Stored, StoredChat, StoredFile, Version, Written,
};
use crate::model::{AccountName, MessageId, PeerId, Topic, User};

pub struct PostgresStore {
    pool: Pool,
    /// For people: without the password.
    place: String,
    written: watch::Sender<u64>,
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("place", &self.place).finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// `postgres://user:password@host:5432/database`; makes the tables when they are not there.
    pub async fn open(address: &str) -> Result<Self, StoreError> {
        Self::open_named(address, Named::InConfiguration).await
    }

    /// As [`Self::open`], by an address that somebody has typed.
    pub async fn open_other(address: &str) -> Result<Self, StoreError> {
        Self::open_named(address, Named::ByHand).await
    }

    /// Another archive, to read it: no table is made in a database that has none of ours.
    pub async fn open_source(address: &str) -> Result<Self, StoreError> {
        let address = Address::parse(address)?;
        let pool = pool::open_source(&address).await?;
        Ok(Self { pool, place: address.place, written: watch::Sender::new(0) })
    }

    async fn open_named(address: &str, named: Named) -> Result<Self, StoreError> {
        let address = Address::parse(address)?;
        let pool = pool::open(&address, named).await?;
        let store = Self { pool, place: address.place, written: watch::Sender::new(0) };
        index::renew(&mut client(&store.pool).await?).await?;
        Ok(store)
    }

    async fn write_batch(&self, batch: Batch) -> Result<Written, StoreError> {
        let mut client = client(&self.pool).await?;
        let step = client.transaction().await?;
        let written = write::apply(&step, &batch).await?;
        step.commit().await?;
        self.written.send_modify(|count| *count += 1);
        Ok(written)
    }
}

/// A question as a future of its own, with a connection. Where a kept connection turns out to be broken, it is
/// asked again on another: all may be, after the server was away, and no reader has to know.
macro_rules! ask {
    ($self:ident, $question:path $(, $given:expr)*) => {
        Box::pin(async move {
            for _ in 0..pool::MOST {
                let mut client = client(&$self.pool).await?;
                let answer = $question(&mut client $(, $given.clone())*).await;
                let is_unavailable = matches!(answer, Err(StoreError::Unavailable { .. }));
                if !is_unavailable || client.simple_query("").await.is_ok() {
                    return answer;
                }
                tracing::debug!("A connection to PostgreSQL is broken: asking again on another");
                drop(Object::take(client));
            }
            let mut client = client(&$self.pool).await?;
            $question(&mut client $(, $given)*).await
        })
    };
}

impl Store for PostgresStore {
    fn engine(&self) -> Engine {
        Engine::Postgres
    }

    fn written(&self) -> watch::Receiver<u64> {
        self.written.subscribe()
    }

    fn write(&self, batch: Batch) -> Answer<'_, Written> {
        Box::pin(self.write_batch(batch))
    }

    fn index(&self, most: usize) -> Answer<'_, Indexed> {
        ask!(self, index::index, most)
    }

    fn chats(&self, page: ChatsPage) -> Answer<'_, Vec<StoredChat>> {
        ask!(self, read::chats::chats, page)
    }

    fn chat(&self, key: ChatKey) -> Answer<'_, Option<StoredChat>> {
        ask!(self, read::chats::chat, key)
    }

    fn users(&self, account: AccountName, ids: Vec<PeerId>) -> Answer<'_, Vec<User>> {
        ask!(self, read::chats::users, account, ids)
    }

    fn owner(&self, account: AccountName) -> Answer<'_, Option<User>> {
        ask!(self, read::chats::owner, account)
    }

    fn history(&self, account: AccountName, peer: PeerId) -> Answer<'_, Vec<HistoryEntry>> {
        ask!(self, read::chats::history, account, peer)
    }

    fn histories(&self, account: AccountName, peers: Vec<PeerId>) -> Answer<'_, Vec<HistoryEntry>> {
        ask!(self, read::copied::histories, account, peers)
    }

    fn topics(&self, key: ChatKey) -> Answer<'_, Vec<Topic>> {
        ask!(self, read::chats::topics, key)
    }

    fn folders(&self, account: AccountName) -> Answer<'_, Vec<FolderRecord>> {
        ask!(self, read::chats::folders, account)
    }

    fn messages(&self, key: ChatKey, page: MessagePage) -> Answer<'_, Vec<Stored>> {
        ask!(self, read::messages::page, key, page)
    }

    fn by_id(&self, key: ChatKey, ids: Vec<MessageId>) -> Answer<'_, Vec<Stored>> {
        ask!(self, read::messages::by_id, key, ids)
    }

    fn versions(&self, key: ChatKey, id: MessageId) -> Answer<'_, Vec<Version>> {
        ask!(self, read::messages::versions, key, id)
    }

    fn gone_reactions(&self, key: ChatKey, id: MessageId) -> Answer<'_, Vec<GoneReaction>> {
        ask!(self, read::messages::gone_reactions, key, id)
    }

    fn gone_reactions_of(
        &self,
        key: ChatKey,
        ids: Vec<MessageId>,
    ) -> Answer<'_, Vec<(MessageId, GoneReaction)>> {
        ask!(self, read::copied::gone_reactions_of, key, ids)
    }

    fn search(&self, query: SearchQuery) -> Answer<'_, SearchPage> {
        ask!(self, search::search, query)
    }

    fn find_without_chat(
        &self,
        account: AccountName,
        ids: Vec<MessageId>,
    ) -> Answer<'_, Vec<(MessageId, Vec<PeerId>)>> {
        ask!(self, read::messages::find_without_chat, account, ids)
    }

    fn chat_ids(&self, account: AccountName) -> Answer<'_, Vec<PeerId>> {
        ask!(self, read::sync::chat_ids, account)
    }

    fn sync(&self, key: ChatKey) -> Answer<'_, ChatSync> {
        ask!(self, read::sync::sync, key)
    }

    fn syncs(&self, account: AccountName) -> Answer<'_, Vec<(PeerId, ChatSync)>> {
        ask!(self, read::sync::syncs, account)
    }

    fn changes(&self, after: i64, most: usize) -> Answer<'_, Vec<Change>> {
        ask!(self, read::sync::changes, after, most)
    }

    fn deletions(&self, page: DeletionsPage) -> Answer<'_, Vec<Change>> {
        ask!(self, read::sync::deletions, page)
    }

    fn poison(
        &self,
        account: Option<AccountName>,
        chat: Option<PeerId>,
    ) -> Answer<'_, Vec<(AccountName, Poison)>> {
        ask!(self, read::sync::poison, account, chat)
    }

    fn poison_after(&self, page: PoisonPage) -> Answer<'_, PoisonList> {
        ask!(self, read::sync::poison_after, page)
    }

    fn blocked(&self, account: Option<AccountName>) -> Answer<'_, Vec<(AccountName, BlockedOperation)>> {
        ask!(self, read::sync::blocked, account)
    }

    fn blocked_after(&self, number: i64, most: usize) -> Answer<'_, Vec<(AccountName, BlockedOperation)>> {
        ask!(self, read::sync::blocked_after, number, most)
    }

    fn blocked_by_number(&self, number: i64) -> Answer<'_, Option<(AccountName, BlockedOperation)>> {
        ask!(self, read::sync::blocked_by_number, number)
    }

    fn files(&self, page: FilesPage) -> Answer<'_, (Vec<StoredFile>, i64)> {
        ask!(self, read::files::files, page)
    }

    fn files_of(&self, key: ChatKey, ids: Vec<MessageId>) -> Answer<'_, Vec<StoredFile>> {
        ask!(self, read::files::files_of, key, ids)
    }

    fn avatar(&self, account: AccountName, peer: PeerId) -> Answer<'_, Option<AvatarRecord>> {
        ask!(self, read::files::avatar, account, peer)
    }

    fn newest_avatars(
        &self,
        account: AccountName,
        peers: Vec<PeerId>,
    ) -> Answer<'_, Vec<(PeerId, AvatarRecord)>> {
        ask!(self, read::copied::newest_avatars, account, peers)
    }

    fn avatars(&self, page: AvatarsPage) -> Answer<'_, Vec<(PeerId, AvatarRecord)>> {
        ask!(self, read::avatars::avatars, page)
    }

    fn wanted_avatars(
        &self,
        account: AccountName,
        whose: AvatarsOf,
        after: Option<PeerId>,
        most: usize,
    ) -> Answer<'_, Vec<(PeerId, i64)>> {
        ask!(self, read::avatars::wanted_avatars, account, whose, after, most)
    }

    fn user_ids(&self, account: AccountName, after: Option<PeerId>, most: usize) -> Answer<'_, Vec<PeerId>> {
        ask!(self, read::avatars::user_ids, account, after, most)
    }

    fn known_blobs(&self, hashes: Vec<BlobHash>) -> Answer<'_, Vec<BlobHash>> {
        ask!(self, read::files::known_blobs, hashes)
    }

    fn orphans(&self, most: usize) -> Answer<'_, Vec<BlobHash>> {
        ask!(self, read::files::orphans, most)
    }

    fn note(&self, account: AccountName, name: String) -> Answer<'_, Option<serde_json::Value>> {
        ask!(self, read::sync::note, account, name)
    }

    fn notes(
        &self,
        account: AccountName,
        after: String,
        most: usize,
    ) -> Answer<'_, Vec<(String, serde_json::Value)>> {
        ask!(self, read::copied::notes, account, after, most)
    }

    fn figures(&self) -> Answer<'_, StoreFigures> {
        ask!(self, read::figures::figures)
    }

    fn compare(&self, key: ChatKey, after: Option<MessageId>, most: usize) -> Answer<'_, Compared> {
        ask!(self, read::compare::compare, key, after, most)
    }

    fn check(&self) -> Answer<'_, Vec<String>> {
        ask!(self, read::figures::check)
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
