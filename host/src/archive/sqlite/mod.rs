//! The archive in one file of SQLite.
//!
//! - One thread writes ([`writer`]), a few connections read at the same time ([`readers`]): nobody waits
//!   for a lock, and other processes may read along.
//! - A batch is one transaction and on the disk when its write returns.
//! - Schemas are steps that each happen whole or not at all ([`migrate`]).

mod columns;
mod connection;
mod error;
mod index;
mod migrate;
mod place;
mod read;
mod readers;
mod search;
#[cfg(test)]
mod tests;
mod time;
mod write;
mod writer;

pub(crate) use connection::{has_journal, has_left_traces, read_only_uri};
pub(crate) use migrate::APPLICATION as APPLICATION_ID;

use std::{
    fmt,
    path::{Path, PathBuf},
    thread::JoinHandle,
};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot, watch};

use self::{
    readers::Readers,
    writer::{Order, Reply, Writer},
};
use super::{
    Answer, AvatarRecord, AvatarsOf, AvatarsPage, Batch, BlobHash, BlockedOperation, Change, ChatKey,
    ChatSync, ChatsPage, Compared, DeletionsPage, Engine, FilesPage, FolderRecord, GoneReaction,
    HistoryEntry, Indexed, MessagePage, Poison, PoisonList, PoisonPage, SearchPage, SearchQuery, Store,
    StoreError, StoreFigures, Stored, StoredChat, StoredFile, Version, Written,
};
use crate::model::{AccountName, MessageId, PeerId, Topic, User};

/// Batches that may wait before those who write have to.
const WAITING: usize = 64;

pub struct SqliteStore {
    path: PathBuf,
    /// None: it is only read.
    orders: Option<mpsc::Sender<Order>>,
    readers: Readers,
    written: watch::Receiver<u64>,
    thread: Option<JoinHandle<()>>,
}

impl SqliteStore {
    /// Opens the file, makes it when it is not there, and brings its tables up to date. It reads and writes the
    /// disk, so that it belongs onto a thread for that.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let db = Self::open_file(path).map_err(|error| error.at(|| path.display().to_string()))?;
        let (orders, received) = mpsc::channel(WAITING);
        let (told, written) = watch::channel(0);
        let writer = Writer::new(db, told);
        let thread = std::thread::Builder::new().name("archive-writer".into());
        let thread = thread.spawn(move || writer.run(received)).map_err(|error| StoreError::Unavailable {
            reason: format!("no thread for its writer: {error}"),
        })?;
        Ok(Self {
            path: path.to_owned(),
            orders: Some(orders),
            readers: Readers::new(path),
            written,
            thread: Some(thread),
        })
    }

    fn open_file(path: &Path) -> Result<Connection, StoreError> {
        let mut db = connection::open_writer(path)?;
        migrate::migrate(&mut db, path)?;
        index::renew(&mut db)?;
        Ok(db)
    }

    /// Opens another archive, to read it: nothing in it is made or changed, and it may lie where nothing can be written.
    /// Only one whose tables are of an older version is brought up to date first.
    pub fn open_source(path: &Path) -> Result<Self, StoreError> {
        let place = || path.display().to_string();
        let db = connection::open_source(path).map_err(|error| error.at(place))?;
        if !migrate::is_current(&db, path).map_err(|error| error.at(place))? {
            drop(db);
            connection::refuse_unwritable(path)?;
            return Self::open(path);
        }
        let readers = Readers::opened_by(path, connection::open_source);
        let (_, written) = watch::channel(0);
        Ok(Self { path: path.to_owned(), orders: None, readers, written, thread: None })
    }

    async fn order<T>(&self, order: impl FnOnce(Reply<T>) -> Order) -> Result<T, StoreError> {
        let stopped =
            || StoreError::Failed { reason: "its writer has stopped; start the program again".into() };
        let (reply, answer) = oneshot::channel();
        let only_read = || StoreError::Failed {
            reason: format!("{} was opened to be read, and cannot be written", self.path.display()),
        };
        let orders = self.orders.as_ref().ok_or_else(only_read)?;
        orders.send(order(reply)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

/// What waits is written first.
impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the writer was told to those who waited for it.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Store for SqliteStore {
    fn engine(&self) -> Engine {
        Engine::Sqlite
    }

    fn written(&self) -> watch::Receiver<u64> {
        self.written.clone()
    }

    fn write(&self, batch: Batch) -> Answer<'_, Written> {
        Box::pin(self.order(|reply| Order::Write(batch, reply)))
    }

    fn index(&self, most: usize) -> Answer<'_, Indexed> {
        Box::pin(self.order(move |reply| Order::Index(most, reply)))
    }

    fn chats(&self, page: ChatsPage) -> Answer<'_, Vec<StoredChat>> {
        Box::pin(self.readers.ask(move |db| read::chats(db, &page)))
    }

    fn chat(&self, key: ChatKey) -> Answer<'_, Option<StoredChat>> {
        Box::pin(self.readers.ask(move |db| read::chat(db, &key)))
    }

    fn users(&self, account: AccountName, ids: Vec<PeerId>) -> Answer<'_, Vec<User>> {
        Box::pin(self.readers.ask(move |db| read::users(db, &account, ids)))
    }

    fn owner(&self, account: AccountName) -> Answer<'_, Option<User>> {
        Box::pin(self.readers.ask(move |db| read::owner(db, &account)))
    }

    fn history(&self, account: AccountName, peer: PeerId) -> Answer<'_, Vec<HistoryEntry>> {
        Box::pin(self.readers.ask(move |db| read::history(db, &account, peer)))
    }

    fn histories(&self, account: AccountName, peers: Vec<PeerId>) -> Answer<'_, Vec<HistoryEntry>> {
        Box::pin(self.readers.ask(move |db| read::histories(db, &account, &peers)))
    }

    fn topics(&self, key: ChatKey) -> Answer<'_, Vec<Topic>> {
        Box::pin(self.readers.ask(move |db| read::topics(db, &key)))
    }

    fn folders(&self, account: AccountName) -> Answer<'_, Vec<FolderRecord>> {
        Box::pin(self.readers.ask(move |db| read::folders(db, &account)))
    }

    fn messages(&self, key: ChatKey, page: MessagePage) -> Answer<'_, Vec<Stored>> {
        Box::pin(self.readers.ask(move |db| read::messages(db, &key, &page)))
    }

    fn by_id(&self, key: ChatKey, ids: Vec<MessageId>) -> Answer<'_, Vec<Stored>> {
        Box::pin(self.readers.ask(move |db| read::by_id(db, &key, ids)))
    }

    fn versions(&self, key: ChatKey, id: MessageId) -> Answer<'_, Vec<Version>> {
        Box::pin(self.readers.ask(move |db| read::versions(db, &key, id)))
    }

    fn gone_reactions(&self, key: ChatKey, id: MessageId) -> Answer<'_, Vec<GoneReaction>> {
        Box::pin(self.readers.ask(move |db| read::gone_reactions(db, &key, id)))
    }

    fn gone_reactions_of(
        &self,
        key: ChatKey,
        ids: Vec<MessageId>,
    ) -> Answer<'_, Vec<(MessageId, GoneReaction)>> {
        Box::pin(self.readers.ask(move |db| read::gone_reactions_of(db, &key, &ids)))
    }

    fn search(&self, query: SearchQuery) -> Answer<'_, SearchPage> {
        Box::pin(self.readers.ask(move |db| search::search(db, &query)))
    }

    fn find_without_chat(
        &self,
        account: AccountName,
        ids: Vec<MessageId>,
    ) -> Answer<'_, Vec<(MessageId, Vec<PeerId>)>> {
        Box::pin(self.readers.ask(move |db| read::find_without_chat(db, &account, ids)))
    }

    fn chat_ids(&self, account: AccountName) -> Answer<'_, Vec<PeerId>> {
        Box::pin(self.readers.ask(move |db| read::chat_ids(db, &account)))
    }

    fn sync(&self, key: ChatKey) -> Answer<'_, ChatSync> {
        Box::pin(self.readers.ask(move |db| read::sync(db, &key)))
    }

    fn syncs(&self, account: AccountName) -> Answer<'_, Vec<(PeerId, ChatSync)>> {
        Box::pin(self.readers.ask(move |db| read::syncs(db, &account)))
    }

    fn changes(&self, after: i64, most: usize) -> Answer<'_, Vec<Change>> {
        Box::pin(self.readers.ask(move |db| read::changes(db, after, most)))
    }

    fn deletions(&self, page: DeletionsPage) -> Answer<'_, Vec<Change>> {
        Box::pin(self.readers.ask(move |db| read::deletions(db, &page)))
    }

    fn poison(
        &self,
        account: Option<AccountName>,
        chat: Option<PeerId>,
    ) -> Answer<'_, Vec<(AccountName, Poison)>> {
        Box::pin(self.readers.ask(move |db| read::poison(db, account.as_ref(), chat)))
    }

    fn poison_after(&self, page: PoisonPage) -> Answer<'_, PoisonList> {
        Box::pin(self.readers.ask(move |db| read::poison_after(db, &page)))
    }

    fn blocked(&self, account: Option<AccountName>) -> Answer<'_, Vec<(AccountName, BlockedOperation)>> {
        Box::pin(self.readers.ask(move |db| read::blocked(db, account.as_ref())))
    }

    fn blocked_after(&self, number: i64, most: usize) -> Answer<'_, Vec<(AccountName, BlockedOperation)>> {
        Box::pin(self.readers.ask(move |db| read::blocked_after(db, number, most)))
    }

    fn blocked_by_number(&self, number: i64) -> Answer<'_, Option<(AccountName, BlockedOperation)>> {
        Box::pin(self.readers.ask(move |db| read::blocked_by_number(db, number)))
    }

    fn files(&self, page: FilesPage) -> Answer<'_, (Vec<StoredFile>, i64)> {
        Box::pin(self.readers.ask(move |db| read::files(db, &page)))
    }

    fn files_of(&self, key: ChatKey, ids: Vec<MessageId>) -> Answer<'_, Vec<StoredFile>> {
        Box::pin(self.readers.ask(move |db| read::files_of(db, &key, ids)))
    }

    fn avatar(&self, account: AccountName, peer: PeerId) -> Answer<'_, Option<AvatarRecord>> {
        Box::pin(self.readers.ask(move |db| read::avatar(db, &account, peer)))
    }

    fn newest_avatars(
        &self,
        account: AccountName,
        peers: Vec<PeerId>,
    ) -> Answer<'_, Vec<(PeerId, AvatarRecord)>> {
        Box::pin(self.readers.ask(move |db| read::newest_avatars(db, &account, &peers)))
    }

    fn avatars(&self, page: AvatarsPage) -> Answer<'_, Vec<(PeerId, AvatarRecord)>> {
        Box::pin(self.readers.ask(move |db| read::avatars(db, &page)))
    }

    fn wanted_avatars(
        &self,
        account: AccountName,
        whose: AvatarsOf,
        after: Option<PeerId>,
        most: usize,
    ) -> Answer<'_, Vec<(PeerId, i64)>> {
        Box::pin(self.readers.ask(move |db| read::wanted_avatars(db, &account, whose, after, most)))
    }

    fn user_ids(&self, account: AccountName, after: Option<PeerId>, most: usize) -> Answer<'_, Vec<PeerId>> {
        Box::pin(self.readers.ask(move |db| read::user_ids(db, &account, after, most)))
    }

    fn known_blobs(&self, hashes: Vec<BlobHash>) -> Answer<'_, Vec<BlobHash>> {
        Box::pin(self.readers.ask(move |db| read::known_blobs(db, &hashes)))
    }

    fn orphans(&self, most: usize) -> Answer<'_, Vec<BlobHash>> {
        Box::pin(self.readers.ask(move |db| read::orphans(db, most)))
    }

    fn note(&self, account: AccountName, name: String) -> Answer<'_, Option<serde_json::Value>> {
        Box::pin(self.readers.ask(move |db| read::note(db, &account, &name)))
    }

    fn notes(
        &self,
        account: AccountName,
        after: String,
        most: usize,
    ) -> Answer<'_, Vec<(String, serde_json::Value)>> {
        Box::pin(self.readers.ask(move |db| read::notes(db, &account, &after, most)))
    }

    fn figures(&self) -> Answer<'_, StoreFigures> {
        Box::pin(self.readers.ask(read::figures))
    }

    fn compare(&self, key: ChatKey, after: Option<MessageId>, most: usize) -> Answer<'_, Compared> {
        Box::pin(self.readers.ask(move |db| read::compare(db, &key, after, most)))
    }

    fn check(&self) -> Answer<'_, Vec<String>> {
        Box::pin(self.readers.ask(read::check))
    }
}
