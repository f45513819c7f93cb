//! A store that writes nothing, and says what would have become of it.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use tokio::sync::watch;

use super::{
    batch::{Batch, Write, Written},
    merge::merge,
    query::{
        Around, AvatarsOf, AvatarsPage, ChatsPage, DeletionsPage, FilesPage, MessagePage, PoisonList,
        PoisonPage, SearchPage, SearchQuery,
    },
    row::ceiling,
    store::{Answer, Engine, SharedStore, Store, StoreError},
    stored::{
        AvatarRecord, BlobHash, BlockedOperation, Change, ChatKey, ChatSync, Compared, FileState,
        FolderRecord, GoneReaction, HistoryEntry, Indexed, Poison, StoreFigures, Stored, StoredChat,
        StoredFile, Version,
    },
};
use crate::model::{AccountName, MessageId, PeerId, Topic, User};

/// Messages that are counted at a time.
const PAGE: usize = 500;

/// Questions are answered from what is there. What an earlier batch would have written is forgotten.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    inner: SharedStore,
}

impl Rehearsal {
    pub fn new(inner: SharedStore) -> Self {
        Self { inner }
    }

    async fn pretend(&self, batch: Batch) -> Result<Written, StoreError> {
        let known = self.known(&batch).await?;
        let mut written = Written::default();
        let mut seen = HashSet::new();
        for write in &batch.writes {
            match write {
                Write::Message { message, sender_name } => {
                    let place = (message.chat, message.id);
                    match known.get(&place) {
                        Some(stored) => {
                            let merged = merge(stored, message, sender_name.as_deref());
                            let is_changed = merged.message.is_some() || merged.names_sender;
                            written.refused += u64::from(merged.is_refused);
                            *(if is_changed { &mut written.changed } else { &mut written.unchanged }) += 1;
                        }
                        None if seen.insert(place) => written.new += 1,
                        None => written.unchanged += 1,
                    }
                }
                Write::Deleted { chat, id, .. } => {
                    let is_gone = known.get(&(*chat, *id)).is_some_and(|stored| stored.deleted.is_some());
                    written.deleted += u64::from(!is_gone);
                }
                Write::Prune { chat, before } => {
                    let key = ChatKey { account: batch.account.clone(), chat: *chat };
                    self.pretend_to_prune(key, *before, &mut written).await?;
                }
                _ => {}
            }
        }
        Ok(written)
    }

    async fn pretend_to_prune(
        &self,
        key: ChatKey,
        before: Timestamp,
        written: &mut Written,
    ) -> Result<(), StoreError> {
        // Messages have whole seconds.
        let to = Timestamp::from_second(ceiling(before)).unwrap_or(Timestamp::MAX);
        let mut around = Around::After(MessageId(i32::MIN));
        loop {
            let page = MessagePage { to: Some(to), has_details: false, ..MessagePage::new(around, PAGE) };
            let doomed = self.inner.messages(key.clone(), page).await?;
            let Some(last) = doomed.last() else { return Ok(()) };
            around = Around::After(last.message.id);
            written.deleted += doomed.len() as u64;
            let ids = doomed.into_iter().map(|stored| stored.message.id).collect();
            for file in self.inner.files_of(key.clone(), ids).await? {
                written.removed_files += 1;
                if let FileState::Held(place) = file.state {
                    written.removed_bytes += place.bytes;
                }
            }
        }
    }

    async fn known(&self, batch: &Batch) -> Result<HashMap<(PeerId, MessageId), Stored>, StoreError> {
        let mut wanted: BTreeMap<PeerId, Vec<MessageId>> = BTreeMap::new();
        for write in &batch.writes {
            match write {
                Write::Message { message, .. } => wanted.entry(message.chat).or_default().push(message.id),
                Write::Deleted { chat, id, .. } => wanted.entry(*chat).or_default().push(*id),
                _ => {}
            }
        }
        let mut known = HashMap::new();
        for (chat, ids) in wanted {
            let key = ChatKey { account: batch.account.clone(), chat };
            let found = self.inner.by_id(key, ids).await?;
            known.extend(found.into_iter().map(|stored| ((chat, stored.message.id), stored)));
        }
        Ok(known)
    }
}

impl Store for Rehearsal {
    fn engine(&self) -> Engine {
        self.inner.engine()
    }

    fn written(&self) -> watch::Receiver<u64> {
        self.inner.written()
    }

    fn write(&self, batch: Batch) -> Answer<'_, Written> {
        Box::pin(self.pretend(batch))
    }

    fn index(&self, _: usize) -> Answer<'_, Indexed> {
        Box::pin(async { Ok(Indexed::default()) })
    }

    fn chats(&self, page: ChatsPage) -> Answer<'_, Vec<StoredChat>> {
        self.inner.chats(page)
    }

    fn chat(&self, key: ChatKey) -> Answer<'_, Option<StoredChat>> {
        self.inner.chat(key)
    }

    fn users(&self, account: AccountName, ids: Vec<PeerId>) -> Answer<'_, Vec<User>> {
        self.inner.users(account, ids)
    }

    fn owner(&self, account: AccountName) -> Answer<'_, Option<User>> {
        self.inner.owner(account)
    }

    fn history(&self, account: AccountName, peer: PeerId) -> Answer<'_, Vec<HistoryEntry>> {
        self.inner.history(account, peer)
    }

    fn histories(&self, account: AccountName, peers: Vec<PeerId>) -> Answer<'_, Vec<HistoryEntry>> {
        self.inner.histories(account, peers)
    }

    fn topics(&self, key: ChatKey) -> Answer<'_, Vec<Topic>> {
        self.inner.topics(key)
    }

    fn folders(&self, account: AccountName) -> Answer<'_, Vec<FolderRecord>> {
        self.inner.folders(account)
    }

    fn messages(&self, key: ChatKey, page: MessagePage) -> Answer<'_, Vec<Stored>> {
        self.inner.messages(key, page)
    }

    fn by_id(&self, key: ChatKey, ids: Vec<MessageId>) -> Answer<'_, Vec<Stored>> {
        self.inner.by_id(key, ids)
    }

    fn versions(&self, key: ChatKey, id: MessageId) -> Answer<'_, Vec<Version>> {
        self.inner.versions(key, id)
    }

    fn gone_reactions(&self, key: ChatKey, id: MessageId) -> Answer<'_, Vec<GoneReaction>> {
        self.inner.gone_reactions(key, id)
    }

    fn gone_reactions_of(
        &self,
        key: ChatKey,
        ids: Vec<MessageId>,
    ) -> Answer<'_, Vec<(MessageId, GoneReaction)>> {
        self.inner.gone_reactions_of(key, ids)
    }

    fn search(&self, query: SearchQuery) -> Answer<'_, SearchPage> {
        self.inner.search(query)
    }

    fn find_without_chat(
        &self,
        account: AccountName,
        ids: Vec<MessageId>,
    ) -> Answer<'_, Vec<(MessageId, Vec<PeerId>)>> {
        self.inner.find_without_chat(account, ids)
    }

    fn chat_ids(&self, account: AccountName) -> Answer<'_, Vec<PeerId>> {
        self.inner.chat_ids(account)
    }

    fn sync(&self, key: ChatKey) -> Answer<'_, ChatSync> {
        self.inner.sync(key)
    }

    fn syncs(&self, account: AccountName) -> Answer<'_, Vec<(PeerId, ChatSync)>> {
        self.inner.syncs(account)
    }

    fn changes(&self, after: i64, most: usize) -> Answer<'_, Vec<Change>> {
        self.inner.changes(after, most)
    }

    fn deletions(&self, page: DeletionsPage) -> Answer<'_, Vec<Change>> {
        self.inner.deletions(page)
    }

    fn poison(
        &self,
        account: Option<AccountName>,
        chat: Option<PeerId>,
    ) -> Answer<'_, Vec<(AccountName, Poison)>> {
        self.inner.poison(account, chat)
    }

    fn poison_after(&self, page: PoisonPage) -> Answer<'_, PoisonList> {
        self.inner.poison_after(page)
    }

    fn blocked(&self, account: Option<AccountName>) -> Answer<'_, Vec<(AccountName, BlockedOperation)>> {
        self.inner.blocked(account)
    }

    fn blocked_after(&self, number: i64, most: usize) -> Answer<'_, Vec<(AccountName, BlockedOperation)>> {
        self.inner.blocked_after(number, most)
    }

    fn blocked_by_number(&self, number: i64) -> Answer<'_, Option<(AccountName, BlockedOperation)>> {
        self.inner.blocked_by_number(number)
    }

    fn files(&self, page: FilesPage) -> Answer<'_, (Vec<StoredFile>, i64)> {
        self.inner.files(page)
    }

    fn files_of(&self, key: ChatKey, ids: Vec<MessageId>) -> Answer<'_, Vec<StoredFile>> {
        self.inner.files_of(key, ids)
    }

    fn avatar(&self, account: AccountName, peer: PeerId) -> Answer<'_, Option<AvatarRecord>> {
        self.inner.avatar(account, peer)
    }

    fn newest_avatars(
        &self,
        account: AccountName,
        peers: Vec<PeerId>,
    ) -> Answer<'_, Vec<(PeerId, AvatarRecord)>> {
        self.inner.newest_avatars(account, peers)
    }

    fn avatars(&self, page: AvatarsPage) -> Answer<'_, Vec<(PeerId, AvatarRecord)>> {
        self.inner.avatars(page)
    }

    fn wanted_avatars(
        &self,
        account: AccountName,
        whose: AvatarsOf,
        after: Option<PeerId>,
        most: usize,
    ) -> Answer<'_, Vec<(PeerId, i64)>> {
        self.inner.wanted_avatars(account, whose, after, most)
    }

    fn user_ids(&self, account: AccountName, after: Option<PeerId>, most: usize) -> Answer<'_, Vec<PeerId>> {
        self.inner.user_ids(account, after, most)
    }

    fn orphans(&self, most: usize) -> Answer<'_, Vec<BlobHash>> {
        self.inner.orphans(most)
    }

    fn known_blobs(&self, hashes: Vec<BlobHash>) -> Answer<'_, Vec<BlobHash>> {
        self.inner.known_blobs(hashes)
    }

    fn note(&self, account: AccountName, name: String) -> Answer<'_, Option<serde_json::Value>> {
        self.inner.note(account, name)
    }

    fn notes(
        &self,
        account: AccountName,
        after: String,
        most: usize,
    ) -> Answer<'_, Vec<(String, serde_json::Value)>> {
        self.inner.notes(account, after, most)
    }

    fn figures(&self) -> Answer<'_, StoreFigures> {
        self.inner.figures()
    }

    fn compare(&self, key: ChatKey, after: Option<MessageId>, most: usize) -> Answer<'_, Compared> {
        self.inner.compare(key, after, most)
    }

    fn check(&self) -> Answer<'_, Vec<String>> {
        self.inner.check()
    }
}
