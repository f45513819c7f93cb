//! What people get: filters and exporters through the host, with columns, bounds and checks.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use serde_json::{Map, Value};
use tapedeck::{
    clock::SystemClock,
    event::Bus,
    lifecycle::Lifecycle,
    model::{Message, PluginName},
    plugin_host::{ExportOptions, HostSettings, PluginSettings, Plugins, PluginsParts},
    state::State,
};
use tapedeck_keywords::Keywords;
use tapedeck_plugin::{
    ChatFilter as _, Verdicts,
    testing::{self, Batch},
};

use super::{
    Sizes, corpus,
    measure::{best, figure, us},
};

/// A host with one plugin in it, or several.
pub(crate) struct Stage {
    pub(crate) plugins: Plugins,
    /// Of the first.
    name: PluginName,
    lifecycle: Lifecycle,
    _folder: tempfile::TempDir,
}

impl Stage {
    async fn set(file: &Path, settings: Value) -> Self {
        Self::of(&[("bench", file, settings)], |_| {}).await
    }

    /// `edit` changes the settings of the whole host.
    pub(crate) async fn of(casts: &[(&str, &Path, Value)], edit: impl FnOnce(&mut HostSettings)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let mut host = HostSettings::in_folder(&at("plugins"), &at("cache"));
        host.limits.deadline = tapedeck::model::Period::from_secs(120);
        host.limits.start_deadline = tapedeck::model::Period::from_secs(60);
        host.describe_deadline = std::time::Duration::from_secs(10);
        edit(&mut host);
        let name = |name: &str| name.parse::<PluginName>().expect("a name");
        let table = |file: &Path, settings: &Value| PluginSettings {
            file: Some(std::fs::canonicalize(file).expect("the file")),
            settings: settings.clone(),
            ..PluginSettings::unnamed(&host)
        };
        let tables: BTreeMap<_, _> =
            casts.iter().map(|(called, file, settings)| (name(called), table(file, settings))).collect();
        let name = name(casts[0].0);
        let lifecycle = Lifecycle::default();
        let plugins = Plugins::start(PluginsParts {
            host,
            tables,
            clock: Arc::new(SystemClock),
            bus: Bus::default(),
            lifecycle: lifecycle.clone(),
            state: State::open(&at("state")).expect("a state"),
            version: "bench",
            scratch: at("scratch"),
            search: None,
            lookup: tapedeck::plugin_host::system_lookup(),
        })
        .expect("a host");
        plugins.settled().await;
        Self { plugins, name, lifecycle, _folder: folder }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.lifecycle.drain();
    }
}

fn per_message(what: &str, time: std::time::Duration, messages: usize) {
    let ns = us(time) * 1e3 / messages as f64;
    figure(what, 1e9 / ns, &format!("messages/s ({ns:.0} ns each)"));
}

/// The filter as a native function, on columns that are there already.
pub(crate) fn native(sizes: &Sizes) {
    let messages = corpus::messages(1_000);
    let batch: Batch = messages.iter().map(|it| testing::message(&it.text)).collect();
    let settings = serde_json::from_value(corpus::settings()).expect("settings");
    let mut filter = Keywords::new(settings).expect("a filter");
    let time = best(sizes.rounds, sizes.batches, || {
        let mut verdicts = Verdicts::default();
        filter.judge(&batch.messages(), &mut verdicts).expect("it judges");
        std::hint::black_box(verdicts);
    });
    per_message("keywords, native (the plugin at 1000: aim 2.5 times the time)", time, messages.len());
}

pub(crate) async fn filter(name: &str, file: &Path, settings: Value, sizes: &Sizes, scale: usize) {
    let stage = Stage::set(file, settings).await;
    let filter = stage.plugins.filter(&stage.name);
    // The same ones, whatever the batch: few that come again and again would be learnt by heart.
    let messages: Arc<[Message]> = corpus::messages(1_000).into();
    for batch in [1, 100, 1_000] {
        let turns = (sizes.batches / scale).max(1);
        let (judging, messages, rounds) = (filter.clone(), messages.clone(), sizes.rounds);
        let time = std::thread::spawn(move || {
            let time = best(rounds, turns, || {
                for part in messages.chunks(batch) {
                    std::hint::black_box(judging.judge_here(part, None).expect("it judges"));
                }
            });
            (time, messages.len())
        });
        let (time, messages) = time.join().expect("it ends");
        per_message(&format!("{name}, batches of {batch}"), time, messages);
    }
}

pub(crate) async fn exporter(name: &str, file: &Path, sizes: &Sizes) {
    let stage = Stage::set(file, Value::Object(Map::new())).await;
    let exporter = stage.plugins.exporter(&stage.name);
    let (rounds, turns) = (sizes.rounds, sizes.batches);
    let run = std::thread::spawn(move || {
        let format = exporter.formats().expect("formats").swap_remove(0).name;
        let options = ExportOptions {
            format,
            parameters: Map::new(),
            created: Timestamp::UNIX_EPOCH,
            account: None,
            is_single_chat: true,
            extra: Vec::new(),
        };
        let mut session = exporter.open(&options).expect("a session");
        let chat = serde_json::json!({ "id": -1_001_234_567_890_i64, "kind": "channel", "title": "Bench" });
        let chat = serde_json::from_value(chat).expect("a chat");
        session.begin_chat(&chat, &[]).expect("a chat begins");
        let messages = corpus::messages(512);
        let mut bytes = 0;
        let mut times = 0;
        let time = best(rounds, turns, || {
            let pieces = session.push(&messages, None, None).expect("bytes");
            bytes += pieces.iter().map(|piece| piece.content.len()).sum::<usize>();
            times += 1;
        });
        (time, messages.len(), bytes as f64 / f64::from(times))
    });
    let (time, messages, bytes) = run.join().expect("it ends");
    per_message(&format!("{name}, batches of 512"), time, messages);
    figure(&format!("{name}, bytes out"), bytes / time.as_secs_f64() / 1e6, "MB/s");
}

/// Where `make plugins` puts them.
pub(crate) fn built(folder: &Path, name: &str) -> Option<PathBuf> {
    let folder = if name == "probe" { folder.join("fixtures") } else { folder.to_owned() };
    let file = folder.join(format!("{name}.wasm"));
    let is_there = file.is_file();
    if !is_there {
        println!("{}: not there, so not measured: make plugins", file.display());
    }
    is_there.then_some(file)
}
