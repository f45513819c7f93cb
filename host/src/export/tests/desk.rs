//! An archive in SQLite, the bundled exporters as they are built, and a folder for what they write.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    archive::{
        Batch, SharedStore, Source, SqliteStore, Write,
        media::{Media, MediaPlace},
    },
    clock::ManualClock,
    event::Bus,
    export::{
        ExportError, ExportParts, Exported, Filter, FormatUse, Goal, MediaMode, Request, Watch, export,
        offers, wanted,
    },
    lifecycle::Lifecycle,
    model::{AccountName, Chat, Message, PeerId, PluginName, User},
    plugin_host::{HostSettings, PluginSettings, Plugins, PluginsParts, system_lookup},
    state::State,
};

pub(super) const FORMATS: [&str; 6] = ["csv", "html", "json", "markdown", "telegram-desktop", "text"];

pub(super) struct Desk {
    pub(super) parts: ExportParts,
    pub(super) folder: PathBuf,
    formats: Vec<FormatUse>,
    lifecycle: Lifecycle,
    _folder: Option<tempfile::TempDir>,
}

impl Desk {
    pub(super) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut desk = Self::open_in(folder.path()).await;
        desk._folder = Some(folder);
        desk
    }

    pub(super) async fn open_in(folder: &Path) -> Self {
        Self::open_over(folder, Arc::new(SqliteStore::open(&folder.join("archive/archive.db")).unwrap()))
            .await
    }

    pub(super) async fn open_over(folder: &Path, store: SharedStore) -> Self {
        Self::start(folder, store, None).await
    }

    /// With an exporter that does what its settings say, whatever comes of it.
    pub(super) async fn with_probe(settings: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("archive/archive.db")).unwrap();
        let mut desk = Self::start(folder.path(), Arc::new(store), Some(settings)).await;
        desk._folder = Some(folder);
        desk
    }

    async fn start(folder: &Path, store: SharedStore, probe: Option<Value>) -> Self {
        let clock = ManualClock::at("2026-03-01T12:30:00Z".parse().unwrap());
        let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
        let mut host =
            HostSettings::in_folder(&folder.join("plugins"), &target.join("tmp/export-plugin-cache"));
        host.niceness = 0;
        let table = |path: &str, settings: Value| {
            let file = target.join(path);
            assert!(file.is_file(), "there is no {}: build it with `make plugins`", file.display());
            let file = Some(file.canonicalize().unwrap());
            PluginSettings { file, settings, ..PluginSettings::unnamed(&host) }
        };
        // Where it is asked for, the probe is alone.
        let names: &[&str] = if probe.is_some() { &["probe"] } else { &FORMATS };
        let tables: BTreeMap<PluginName, PluginSettings> = names
            .iter()
            .map(|name| {
                let table = match &probe {
                    Some(settings) => table("plugins/fixtures/probe.wasm", settings.clone()),
                    None => table(&format!("plugins/{name}.wasm"), json!({})),
                };
                (name.parse().unwrap(), table)
            })
            .collect();
        let lifecycle = Lifecycle::default();
        let plugins = Plugins::start(PluginsParts {
            host,
            tables,
            clock: clock.clone(),
            bus: Bus::default(),
            lifecycle: lifecycle.clone(),
            state: State::open(&folder.join("data")).unwrap(),
            version: "test",
            scratch: folder.join("scratch"),
            search: None,
            lookup: system_lookup(),
        })
        .unwrap();
        plugins.settled().await;
        let asked = plugins.clone();
        let offers = tokio::task::spawn_blocking(move || offers(&asked)).await.unwrap();
        let formats = names.iter().map(|name| wanted(&offers, name).unwrap()).collect();
        let media = Media::new(MediaPlace::Folder(folder.join("media")));
        let parts = ExportParts { store, plugins, media, clock };
        Self { parts, folder: folder.to_owned(), formats, lifecycle, _folder: None }
    }

    pub(super) async fn write(&self, writes: Vec<Write>) {
        let at: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let batch = Batch { writes, ..Batch::new(account(), Source::Sweep, at) };
        self.parts.store.write(batch).await.unwrap();
    }

    pub(super) async fn keep(&self, messages: &[Message]) {
        for messages in messages.chunks(500) {
            self.write(messages.iter().map(told).collect()).await;
        }
    }

    pub(super) fn request(&self, formats: &[&str], name: &str) -> Request {
        let format = |name: &&str| self.formats.iter().find(|it| it.format == **name).unwrap().clone();
        Request {
            account: account(),
            chats: Vec::new(),
            kinds: Vec::new(),
            filter: Filter::default(),
            formats: formats.iter().map(format).collect(),
            media: MediaMode::None,
            goal: Goal::Folder(self.folder.join("out").join(name)),
            is_incremental: false,
            series: "test".into(),
            keep: None,
        }
    }

    pub(super) async fn export(&self, request: &Request) -> Result<Exported, ExportError> {
        export(&self.parts, request, &Watch::nobody()).await
    }

    pub(super) fn read(&self, path: &str) -> String {
        let path = self.folder.join("out").join(path);
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// Names in the folder that exports are made in.
    pub(super) fn names(&self, path: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.folder.join("out").join(path)) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.map(|it| it.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    pub(super) async fn finish(self) {
        self.lifecycle.drain();
        self.lifecycle.wait(Duration::from_secs(10)).await;
    }
}

pub(super) fn account() -> AccountName {
    AccountName::main()
}

pub(super) fn told(message: &Message) -> Write {
    Write::Message { message: Box::new(message.clone()), sender_name: None }
}

pub(super) fn chat(id: i64, title: &str) -> Write {
    let chat: Chat =
        serde_json::from_value(json!({ "id": id, "kind": "supergroup", "title": title })).unwrap();
    Write::Chat(Box::new(chat))
}

pub(super) fn user(id: i64, name: &str) -> Write {
    let user: User = serde_json::from_value(json!({ "id": id, "first_name": name })).unwrap();
    Write::User(Box::new(user))
}

pub(super) fn said(chat: i64, id: i32, text: &str) -> Message {
    Message { sender: Some(PeerId(7)), ..crate::archive::testing::worlds::plain(PeerId(chat), id, text) }
}
