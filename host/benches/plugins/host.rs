//! What people get: filters and exporters through the host, with columns, bounds and checks.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::{Map, Value};
use tapedeck::{
    clock::SystemClock,
    event::Bus,
    lifecycle::Lifecycle,
    model::{Message, PluginName},
    plugin_host::{ExportOptions, FilterHandle, HostSettings, PluginSettings, Plugins, PluginsParts},
    state::State,
};
use tapedeck_keywords::Keywords;
use tapedeck_plugin::{
    ChatFilter as _, Verdicts,
    testing::{self, Batch},
};

use super::{
    Sizes, corpus,
    measure::{best, figure, process_cpu, resident_kib, us},
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
        host.describe_deadline = Duration::from_secs(10);
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

/// As the daemon does at its start and when a file has changed: the file is read, looked at and hashed, the code that was
/// kept is checked and mapped, linked, and started once to try its settings. On several threads, so the clock says how
/// long it takes, and the whole process what it costs.
async fn loads(stage: &Stage, name: &str, sizes: &Sizes) {
    let mut shortest = Duration::MAX;
    let mut least = Duration::MAX;
    for _ in 0..sizes.rounds * 3 {
        let (began, before) = (Instant::now(), process_cpu());
        stage.plugins.reload(&stage.name).await.expect("it loads");
        (shortest, least) = (shortest.min(began.elapsed()), least.min(process_cpu() - before));
    }
    let what = format!("{name}: load from the cache, as the daemon does, with its rehearsal");
    figure(&format!("{what} (aim 1 ms, Python 5)"), us(shortest) / 1e3, "ms");
    figure(&format!("{what}, in CPU time"), us(least) / 1e3, "ms CPU");
}

/// Instances of a filter as calls start them: with bounds, checks and settings.
fn instances(filter: &FilterHandle, name: &str, rounds: usize, count: usize) {
    let start = || filter.start_here().expect("it starts");
    let time = best(rounds, count, || {
        std::hint::black_box(start());
    });
    figure(&format!("{name}, through the host: an instance with its settings"), us(time), "us");
    let before = resident_kib();
    let idle: Vec<_> = (0..count).map(|_| start()).collect();
    let each = (resident_kib() - before) / idle.len() as f64;
    figure(&format!("{name}, through the host: memory of an idle instance"), each, "KiB");
}

fn per_message(what: &str, time: Duration, messages: usize) {
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
    loads(&stage, name, sizes).await;
    let filter = stage.plugins.filter(&stage.name);
    // Those of Python hold megabytes each.
    let count = (sizes.instances / scale).max(sizes.instances.min(10));
    let started =
        std::thread::scope(|scope| scope.spawn(|| instances(&filter, name, sizes.rounds, count)).join());
    started.expect("it ends");
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
        if batch == 1 {
            let call = us(time) / messages as f64;
            figure(&format!("{name}, through the host: a call of one message"), call, "us");
        }
    }
}

pub(crate) async fn exporter(name: &str, file: &Path, sizes: &Sizes, scale: usize) {
    let stage = Stage::set(file, Value::Object(Map::new())).await;
    loads(&stage, name, sizes).await;
    let exporter = stage.plugins.exporter(&stage.name);
    let (rounds, turns) = (sizes.rounds, (sizes.batches / scale).max(1));
    let run = std::thread::spawn(move || {
        let format = exporter.formats().expect("formats").swap_remove(0).name;
        let mut session = exporter.open(&options(&format)).expect("a session");
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

pub(crate) fn options(format: &str) -> ExportOptions {
    ExportOptions {
        format: format.to_owned(),
        parameters: Map::new(),
        created: Timestamp::UNIX_EPOCH,
        account: None,
        is_single_chat: true,
        has_facts_if_full: false,
        extra: Vec::new(),
    }
}

/// Where `make plugins` puts them.
pub(crate) fn built(folder: &Path, name: &str) -> Option<PathBuf> {
    let folder = if name == "probe" { folder.join("fixtures") } else { folder.to_owned() };
    there(folder.join(format!("{name}.wasm")), "make plugins")
}

/// The filter of `plugins/examples` (`no-links`) or a new `exporter` in one language, where `scripts/test-plugins.py` puts it.
pub(crate) fn example(language: &str, what: &str) -> Option<PathBuf> {
    let id = format!("{language}-{what}");
    let file = if language == "rust" { format!("{id}-wasm32-wasip2.wasm") } else { format!("{id}.wasm") };
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugin-tests/kept");
    let how = format!(
        "`make bench` builds it, or: make build && scripts/test-plugins.py target/debug/tapedeck {id}"
    );
    there(kept.join(&id).join(file), &how)
}

fn there(file: PathBuf, how: &str) -> Option<PathBuf> {
    let is_there = file.is_file();
    if !is_there {
        println!("{}: not there, so not measured: {how}", file.display());
    }
    is_there.then_some(file)
}
