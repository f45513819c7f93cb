//! A folder with plugins, and the host that runs them.

#[expect(dead_code, reason = "shared with tests that misbehave in more ways")]
pub(crate) mod guest;
pub(crate) mod probe;

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::json;
use tapedeck::{
    clock::ManualClock,
    event::Bus,
    lifecycle::{Ending, Lifecycle},
    model::{Message, PluginName, PluginView},
    plugin_host::{HostSettings, Lookup, PluginSettings, Plugins, PluginsParts, system_lookup},
    state::State,
};

use guest::Guest;

const WAIT: Duration = Duration::from_secs(10);

pub(crate) struct Deck {
    pub(crate) plugins: Plugins,
    pub(crate) state: State,
    pub(crate) host: HostSettings,
    pub(crate) tables: BTreeMap<PluginName, PluginSettings>,
    folder: tempfile::TempDir,
    lifecycle: Lifecycle,
}

/// What a deck is started with.
pub(crate) struct Plan {
    pub(crate) host: HostSettings,
    pub(crate) tables: BTreeMap<PluginName, PluginSettings>,
    pub(crate) lookup: Lookup,
}

impl Deck {
    /// `edit` changes the settings of the whole host.
    pub(crate) fn start(edit: impl FnOnce(&mut HostSettings)) -> Self {
        Self::start_with(|plan| edit(&mut plan.host))
    }

    pub(crate) fn start_with(edit: impl FnOnce(&mut Plan)) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), edit)
    }

    /// In a folder in which another one may have been.
    pub(crate) fn start_in(folder: tempfile::TempDir, edit: impl FnOnce(&mut Plan)) -> Self {
        let host = HostSettings::in_folder(&folder.path().join("plugins"), &folder.path().join("cache"));
        let mut plan = Plan { host, tables: BTreeMap::new(), lookup: system_lookup() };
        edit(&mut plan);
        let Plan { host, tables, lookup } = plan;
        fs::create_dir_all(&host.folder).unwrap();
        let lifecycle = Lifecycle::default();
        let state = State::open(&folder.path().join("data")).unwrap();
        let plugins = Plugins::start(PluginsParts {
            host: host.clone(),
            tables: tables.clone(),
            clock: ManualClock::at(Timestamp::UNIX_EPOCH),
            bus: Bus::default(),
            lifecycle: lifecycle.clone(),
            state: state.clone(),
            version: "test",
            scratch: folder.path().join("scratch"),
            search: None,
            lookup,
        })
        .unwrap();
        Self { plugins, state, host, tables, folder, lifecycle }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("plugins").join(name)
    }

    /// As careful programs copy: beside it, then in its place.
    pub(crate) fn put(&self, name: &str, guest: &Guest) {
        let part = self.file(&format!(".{name}.part"));
        fs::write(&part, guest.component()).unwrap();
        fs::rename(part, self.file(name)).unwrap();
    }

    pub(crate) fn view(&self, name: &str) -> Option<PluginView> {
        self.plugins.view(&name.parse().unwrap()).ok()
    }

    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !is_so(self) {
            assert!(began.elapsed() < WAIT, "never: {what}; {:#?}", self.plugins.views());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Takes tables as they are now.
    pub(crate) async fn apply(&self) {
        self.plugins.apply(self.host.clone(), self.tables.clone()).await;
        self.plugins.settled().await;
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn log(&self, name: &str) -> Vec<String> {
        self.view(name)
            .unwrap()
            .log
            .into_iter()
            .map(|line| format!("{}: {}", line.level, line.message))
            .collect()
    }

    pub(crate) async fn finish(self) {
        self.finish_and_keep().await;
    }

    /// The folder is for the next one.
    pub(crate) async fn finish_and_keep(self) -> tempfile::TempDir {
        self.lifecycle.drain();
        assert_eq!(self.lifecycle.wait(Duration::from_secs(10)).await, Ending::Drained);
        self.folder
    }
}

/// A filter that keeps everything.
pub(crate) fn filter(id: &str, version: &str) -> Guest {
    Guest::plugin(id, version, "chat-filter")
}

pub(crate) fn messages(count: i32) -> Vec<Message> {
    (1..=count).map(|id| message(id, "some words")).collect()
}

pub(crate) fn message(id: i32, text: &str) -> Message {
    let json = json!({ "id": id, "chat": -1_000_000_000_007_i64, "date": "1970-01-01T00:00:00Z", "sender": 42, "text": text });
    serde_json::from_value(json).unwrap()
}
