//! Ada's account, an archive in a folder of its own, and what captures the one into the other.

use std::{path::Path, sync::Arc};

use tapedeck::{
    archive::{Around, ChatKey, MessagePage, SharedStore, SqliteStore, Stored},
    capture::{
        Capture, CaptureError, Recheck, Rechecked, Sweep, Swept, Tell,
        certificate::{Certificate, certify},
    },
    clock::SystemClock,
    config::CaptureSection,
    model::{AccountName, MessageId, PeerId},
    telegram::{Client, session::AccountSession},
};
use tempfile::TempDir;

use super::engine::{self, On};
use crate::support::{GRACE, Scene, soon};

pub(crate) const WITH_GRACE: PeerId = PeerId::user(GRACE);

pub(crate) struct Stage {
    pub(crate) scene: Scene,
    pub(crate) client: Client,
    pub(crate) store: SharedStore,
    pub(crate) section: CaptureSection,
    _folder: TempDir,
}

pub(crate) async fn open_store(folder: &Path) -> SharedStore {
    let file = folder.join("archive.db");
    Arc::new(tokio::task::spawn_blocking(move || SqliteStore::open(&file)).await.unwrap().unwrap())
}

/// Looks at all that is stored of all chats, deletions too.
pub(crate) async fn rechecks(capture: Capture) -> Rechecked {
    let recheck = Recheck {
        capture,
        chats: Vec::new(),
        newer_than: None,
        most_per_chat: None,
        deletions: true,
        tell: Tell::nobody(),
    };
    let (rechecked, ended) = soon(recheck.run()).await;
    ended.unwrap();
    rechecked
}

impl Stage {
    pub(crate) async fn open() -> Self {
        Self::of(Scene::open().await).await
    }

    pub(crate) async fn open_on(on: On) -> Self {
        let scene = Scene::open().await;
        let client = scene.client_with(scene.session());
        let folder = tempfile::tempdir().unwrap();
        on.make_anew(folder.path()).await;
        let store = engine::open(folder.path()).await;
        Self { scene, client, store, section: CaptureSection::default(), _folder: folder }
    }

    pub(crate) async fn of(scene: Scene) -> Self {
        let session = scene.session();
        Self::with(scene, session).await
    }

    pub(crate) async fn with(scene: Scene, session: Arc<AccountSession>) -> Self {
        let client = scene.client_with(session);
        let folder = tempfile::tempdir().unwrap();
        let store = open_store(folder.path()).await;
        Self { scene, client, store, section: CaptureSection::default(), _folder: folder }
    }

    /// With these rules, as `[capture]` has them.
    pub(crate) fn rules(&mut self, section: serde_json::Value) {
        self.section = serde_json::from_value(section).unwrap();
    }

    pub(crate) fn capture(&self) -> Capture {
        Capture {
            account: AccountName::main(),
            client: self.client.clone(),
            store: self.store.clone(),
            section: self.section.clone(),
            plugins: None,
            clock: Arc::new(SystemClock),
        }
    }

    pub(crate) async fn try_sweep(&self) -> (Swept, Result<(), CaptureError>) {
        let sweep = Sweep { capture: self.capture(), tell: Tell::nobody() };
        tokio::time::timeout(std::time::Duration::from_secs(60), Box::pin(sweep.run()))
            .await
            .expect("a sweep ends")
    }

    pub(crate) async fn sweep(&self) -> Swept {
        let (swept, ended) = self.try_sweep().await;
        ended.unwrap();
        swept
    }

    pub(crate) fn key(&self, chat: PeerId) -> ChatKey {
        ChatKey { account: AccountName::main(), chat }
    }

    /// Until the archive is as it is claimed; it is looked at whenever something was written.
    pub(crate) async fn until(&self, is_so: impl AsyncFn() -> bool) {
        let mut written = self.store.written();
        loop {
            written.borrow_and_update();
            if is_so().await {
                return;
            }
            written.changed().await.expect("the store is there");
        }
    }

    /// Everything that is stored of a chat, the oldest first.
    pub(crate) async fn stored(&self, chat: PeerId) -> Vec<Stored> {
        let mut all: Vec<Stored> = Vec::new();
        loop {
            let after = all.last().map_or(MessageId(0), |stored| stored.message.id);
            let page = MessagePage::new(Around::After(after), 500);
            let page = soon(self.store.messages(self.key(chat), page)).await.unwrap();
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    }

    pub(crate) async fn ids(&self, chat: PeerId) -> Vec<i32> {
        self.stored(chat).await.iter().map(|stored| stored.message.id.0).collect()
    }

    pub(crate) async fn texts(&self, chat: PeerId) -> Vec<String> {
        self.stored(chat).await.into_iter().map(|stored| stored.message.text).collect()
    }

    pub(crate) async fn cursor(&self, chat: PeerId) -> i32 {
        self.store.sync(self.key(chat)).await.unwrap().cursor.map_or(0, |cursor| cursor.0)
    }

    pub(crate) async fn certificate(&self, chat: PeerId) -> Certificate {
        let stored = self.store.chat(self.key(chat)).await.unwrap().expect("the chat is there");
        certify(&self.store, &stored, jiff::Timestamp::UNIX_EPOCH).await.unwrap()
    }

    /// How many calls there were since the last time.
    pub(crate) fn forget_calls(&self) {
        self.scene.telegram(|t| t.calls.clear());
    }

    pub(crate) fn all_calls(&self) -> usize {
        self.scene.telegram(|t| t.calls.made().len())
    }

    pub(crate) fn finish(self) {
        self.client.close();
        self.scene.finish();
    }
}
