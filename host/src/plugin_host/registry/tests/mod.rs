use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use wasm_encoder::Instruction as I;

use super::*;
use crate::{
    clock::ManualClock,
    model::PluginState,
    plugin_host::{
        bounded::{self, Terms},
        guest::Guest,
        store::Flavour,
    },
};

mod again;
mod decided;
mod races;
mod room;

const WAIT: Duration = Duration::from_secs(20);

/// A filter whose `describe` gives this number of letters, so that calls tell which code answered.
fn filter(id: &str, version: &str, letters: u32) -> Guest {
    let wit = "package test:guest; world guest {
        export tapedeck:plugin/describe@1.0.0; export tapedeck:plugin/chat-filter@1.0.0;
    }";
    let manifest = json!({
        "id": id, "version": version, "summary": "A test.",
        "settings_schema": { "type": "object", "properties": { "word": { "type": "string", "default": "x" } } },
    });
    Guest::of_wit_beside(wit)
        .manifest(&manifest.to_string())
        .answers("tapedeck:plugin/describe@1.0.0#describe", letters)
}

struct Deck {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    lifecycle: Lifecycle,
    host: HostSettings,
    tables: BTreeMap<PluginName, PluginSettings>,
    state: State,
    plugins: Plugins,
}

impl Deck {
    fn start() -> Self {
        Self::start_with(|_| {})
    }

    fn start_with(prepare: impl FnOnce(&std::path::Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("plugins")).unwrap();
        prepare(&folder.path().join("plugins"));
        let host = HostSettings::in_folder(&folder.path().join("plugins"), &folder.path().join("cache"));
        let clock = ManualClock::at(Timestamp::UNIX_EPOCH);
        let lifecycle = Lifecycle::default();
        let state = State::open(&folder.path().join("data")).unwrap();
        let tables = BTreeMap::new();
        let plugins = Plugins::start(PluginsParts {
            host: host.clone(),
            tables: BTreeMap::new(),
            clock: clock.clone(),
            bus: Bus::default(),
            lifecycle: lifecycle.clone(),
            state: state.clone(),
            version: "test",
            scratch: folder.path().join("scratch"),
            search: None,
            lookup: crate::plugin_host::system_lookup(),
        })
        .unwrap();
        Self { folder, clock, lifecycle, host, tables, state, plugins }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("plugins").join(name)
    }

    fn put(&self, name: &str, guest: &Guest) {
        let part = self.file(&format!(".{name}.part"));
        fs::write(&part, guest.component()).unwrap();
        fs::rename(part, self.file(name)).unwrap();
    }

    fn table(&mut self, name: &str, edit: impl FnOnce(&mut PluginSettings)) {
        let mut settings = PluginSettings::unnamed(&self.host);
        edit(&mut settings);
        self.tables.insert(name.parse().unwrap(), settings);
    }

    async fn apply(&self) {
        self.plugins.apply(self.host.clone(), self.tables.clone()).await;
        self.plugins.settled().await;
    }

    fn view(&self, name: &str) -> Option<PluginView> {
        self.plugins.view(&name.parse().unwrap()).ok()
    }

    async fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !is_so(self) {
            assert!(began.elapsed() < WAIT, "never: {what}; {:#?}", self.plugins.views());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn call(&self, name: &str) -> Result<usize, PluginError> {
        let loaded = self.plugins.current(&name.parse().unwrap())?;
        call(&loaded)
    }

    async fn finish(self) {
        self.lifecycle.drain();
        assert_eq!(self.lifecycle.wait(Duration::from_secs(10)).await, crate::lifecycle::Ending::Drained);
    }
}

/// How many letters this code answers with.
fn call(loaded: &Loaded) -> Result<usize, PluginError> {
    let (_, interface) = loaded.component.get_export(None, "tapedeck:plugin/describe@1.0.0").unwrap();
    let (_, function) = loaded.component.get_export(Some(&interface), "describe").unwrap();
    let mut store = loaded.new_store(Flavour::Sync);
    bounded::call(&mut store, Terms::call(&loaded.profile), |store| {
        let instance = loaded.pre(Flavour::Sync).instantiate(&mut *store)?;
        let describe = instance.get_typed_func::<(), (String,)>(&mut *store, function)?;
        Ok(Ok(describe.call(&mut *store, ())?.0.len()))
    })
}

#[tokio::test]
async fn loads_what_lies_in_the_folder() {
    let deck = Deck::start_with(|folder| {
        fs::write(folder.join("any-name.wasm"), filter("keywords", "1.2.0", 12).component()).unwrap();
    });
    deck.plugins.settled().await;
    let view = deck.view("keywords").unwrap();
    assert_eq!((&view.state, view.version.as_deref()), (&PluginState::Ready, Some("1.2.0")));
    assert!(view.is_pure && view.compile_ms.is_some());
    assert_eq!(deck.plugins.of_kind(PluginKind::ChatFilter), ["keywords".parse().unwrap()]);
    assert_eq!(deck.call("keywords").unwrap(), 12);
    let refused = deck.call("nothing").unwrap_err().to_string();
    assert_eq!(refused, "plugin nothing: there is no plugin of this name; there are: keywords");
    deck.finish().await;
}

#[tokio::test]
async fn changed_files_take_over() {
    let deck = Deck::start();
    deck.put("a.wasm", &filter("a", "1.0.0", 1));
    deck.until("loaded", |deck| deck.call("a").is_ok_and(|letters| letters == 1)).await;
    let old = deck.plugins.current(&"a".parse().unwrap()).unwrap();
    deck.put("a.wasm", &filter("a", "2.0.0", 2));
    deck.until("swapped", |deck| deck.call("a").is_ok_and(|letters| letters == 2)).await;
    assert_eq!(call(&old).unwrap(), 1, "who has the old code keeps it");
    let view = deck.view("a").unwrap();
    assert_eq!((view.version.as_deref(), view.figures.swaps), (Some("2.0.0"), 1));
    deck.finish().await;
}

#[tokio::test]
async fn broken_files_keep_the_old_code() {
    let deck = Deck::start();
    deck.put("a.wasm", &filter("a", "1.0.0", 1));
    deck.until("loaded", |deck| deck.call("a").is_ok()).await;
    let whole = filter("a", "2.0.0", 2).component();
    for (bytes, told) in
        [(&whole[..whole.len() / 2], "ends in the middle"), (b"hello", "a text file"), (b"", "is empty")]
    {
        fs::write(deck.file("a.wasm"), bytes).unwrap();
        let is_told =
            |deck: &Deck| deck.view("a").is_some_and(|it| it.problem.is_some_and(|it| it.contains(told)));
        deck.until(told, is_told).await;
        assert_eq!(deck.call("a").unwrap(), 1);
        assert_eq!(deck.view("a").unwrap().state, PluginState::Ready);
    }
    fs::write(deck.file("a.wasm"), whole).unwrap();
    deck.until("mended", |deck| deck.call("a").is_ok_and(|letters| letters == 2)).await;
    assert_eq!(deck.view("a").unwrap().problem, None);
    deck.finish().await;
}

#[tokio::test]
async fn code_that_cannot_start_never_takes_over() {
    let deck = Deck::start();
    deck.put("a.wasm", &filter("a", "1.0.0", 1));
    deck.until("loaded", |deck| deck.call("a").is_ok()).await;
    deck.put("a.wasm", &filter("a", "2.0.0", 2).memory(5_000));
    deck.until("told", |deck| {
        deck.view("a")
            .unwrap()
            .problem
            .is_some_and(|it| it.contains("needs more memory than 268435456 bytes"))
    })
    .await;
    assert_eq!(deck.call("a").unwrap(), 1);
    assert_eq!(deck.view("a").unwrap().figures.errors, 0, "a rehearsal is no call");
    deck.finish().await;
}

#[tokio::test]
async fn half_copied_files_wait_for_the_rest() {
    let deck = Deck::start();
    let whole = filter("a", "1.0.0", 1).component();
    let mut file = fs::File::create(deck.file("a.wasm")).unwrap();
    for piece in whole.chunks(whole.len() / 8) {
        std::io::Write::write_all(&mut file, piece).unwrap();
        file.sync_data().unwrap();
        tokio::task::yield_now().await;
    }
    deck.until("loaded", |deck| deck.call("a").is_ok()).await;
    assert_eq!(deck.view("a").unwrap().problem, None);
    deck.finish().await;
}

#[tokio::test]
async fn one_file_serves_several_names() {
    let mut deck = Deck::start();
    deck.put("shared.wasm", &filter("shared", "1.0.0", 1));
    for name in ["one", "two"] {
        deck.table(name, |it| {
            it.file = Some("shared.wasm".into());
            it.settings = json!({ "word": name });
        });
    }
    deck.apply().await;
    let names: Vec<String> = deck.plugins.views().into_iter().map(|view| view.name.to_string()).collect();
    assert_eq!(names, ["one", "two"]);
    let settings =
        |name: &str| deck.plugins.current(&name.parse().unwrap()).unwrap().profile.settings.to_string();
    assert_eq!((settings("one"), settings("two")), (r#"{"word":"one"}"#.into(), r#"{"word":"two"}"#.into()));
    let trap = deck.plugins.current(&"one".parse().unwrap()).unwrap().profile.who.to_string();
    assert_eq!(trap, "one (shared 1.0.0)");
    deck.finish().await;
}

#[tokio::test]
async fn settings_are_checked_before_they_count() {
    let mut deck = Deck::start();
    deck.table("a", |it| it.settings = json!({ "word": 7 }));
    deck.apply().await;
    deck.put("a.wasm", &filter("a", "1.0.0", 1));
    deck.until("read", |deck| matches!(deck.view("a").unwrap().state, PluginState::Broken { .. })).await;
    let Some(PluginState::Broken { reason }) = deck.view("a").map(|view| view.state) else {
        panic!("{:?}", deck.view("a"))
    };
    assert!(reason.contains("settings.word"), "{reason}");
    assert!(deck.call("a").unwrap_err().to_string().contains("settings.word"));
    deck.table("a", |it| it.settings = json!({}));
    deck.apply().await;
    let loaded = deck.plugins.current(&"a".parse().unwrap()).unwrap();
    assert_eq!(&*loaded.profile.settings, r#"{"word":"x"}"#, "the default is filled in");
    deck.table("a", |it| it.settings = json!({ "word": [] }));
    deck.apply().await;
    assert_eq!(&*deck.plugins.current(&"a".parse().unwrap()).unwrap().profile.settings, r#"{"word":"x"}"#);
    assert!(deck.view("a").unwrap().problem.unwrap().contains("settings.word"));
    deck.finish().await;
}

#[tokio::test]
async fn removed_files_are_gone_or_told() {
    let mut deck = Deck::start();
    deck.put("dropped.wasm", &filter("dropped", "1.0.0", 1));
    deck.put("kept.wasm", &filter("kept", "1.0.0", 2));
    deck.table("kept", |_| {});
    deck.apply().await;
    assert_eq!((deck.call("dropped").unwrap(), deck.call("kept").unwrap()), (1, 2));
    fs::remove_file(deck.file("dropped.wasm")).unwrap();
    fs::remove_file(deck.file("kept.wasm")).unwrap();
    deck.until("gone", |deck| deck.view("dropped").is_none()).await;
    deck.until("told", |deck| {
        deck.view("kept").unwrap().problem.is_some_and(|it| it.contains("no such file"))
    })
    .await;
    assert_eq!(deck.call("kept").unwrap(), 2);
    deck.table("never", |_| {});
    deck.apply().await;
    assert!(matches!(deck.view("never").unwrap().state, PluginState::Missing { .. }));
    deck.finish().await;
}

#[tokio::test]
async fn paused_and_disabled_ones_take_no_calls() {
    let mut deck = Deck::start();
    deck.put("a.wasm", &filter("a", "1.0.0", 1));
    deck.until("loaded", |deck| deck.call("a").is_ok()).await;
    let name: PluginName = "a".parse().unwrap();
    deck.plugins.pause(&name, "ann").unwrap();
    assert!(deck.call("a").unwrap_err().to_string().contains("was paused by ann"));
    assert!(matches!(deck.view("a").unwrap().state, PluginState::Paused(_)));
    assert!(deck.state.plugin_pauses.get(&name).unwrap().is_some(), "it is kept for the next start");
    deck.plugins.resume(&name).unwrap();
    assert!(deck.call("a").is_ok());
    assert!(deck.state.plugin_pauses.get(&name).unwrap().is_none(), "it is over for the next start, too");
    deck.table("a", |it| it.is_enabled = false);
    deck.apply().await;
    assert!(deck.call("a").unwrap_err().to_string().contains("plugins.a.enabled"));
    deck.table("a", |_| {});
    deck.apply().await;
    assert!(deck.call("a").is_ok());
    deck.finish().await;
}

#[tokio::test]
async fn failing_ones_rest_and_come_back() {
    let deck = Deck::start();
    let trap = "tapedeck:plugin/describe@1.0.0#describe";
    deck.put("a.wasm", &filter("a", "1.0.0", 1).does(trap, |_| vec![I::Unreachable]));
    deck.until("loaded", |deck| deck.plugins.current(&"a".parse().unwrap()).is_ok()).await;
    for _ in 0..deck.host.breaker.failures {
        let failed = deck.call("a").unwrap_err().to_string();
        assert!(failed.starts_with("plugin a 1.0.0: it stopped in the middle of a call"), "{failed}");
    }
    let resting = deck.call("a").unwrap_err();
    assert!(resting.is_temporary() && resting.to_string().contains("rests until"), "{resting}");
    let Some(PluginState::Suspended { until, reason, .. }) = deck.view("a").map(|view| view.state) else {
        panic!("{:?}", deck.view("a"))
    };
    assert!(reason.contains("unreachable"), "{reason}");
    deck.clock.set(until);
    assert!(matches!(deck.call("a").unwrap_err().failure, Failure::Trap { .. }), "it is tried once");
    assert!(matches!(deck.call("a").unwrap_err().failure, Failure::Suspended { .. }));
    deck.put("a.wasm", &filter("a", "1.0.1", 1));
    deck.until("new code starts with a clean sheet", |deck| deck.call("a").is_ok()).await;
    let figures = deck.view("a").unwrap().figures;
    assert_eq!(figures.errors, u64::from(deck.host.breaker.failures) + 1);
    deck.finish().await;
}

#[tokio::test]
async fn resuming_ends_a_rest() {
    let deck = Deck::start();
    let trap = "tapedeck:plugin/describe@1.0.0#describe";
    deck.put("a.wasm", &filter("a", "1.0.0", 1).does(trap, |_| vec![I::Unreachable]));
    deck.until("loaded", |deck| deck.plugins.current(&"a".parse().unwrap()).is_ok()).await;
    while !matches!(deck.call("a").unwrap_err().failure, Failure::Suspended { .. }) {}
    deck.plugins.resume(&"a".parse().unwrap()).unwrap();
    assert!(matches!(deck.call("a").unwrap_err().failure, Failure::Trap { .. }));
    deck.clock.advance(SignedDuration::from_hours(1));
    let view = deck.plugins.reload(&"a".parse().unwrap()).await.unwrap();
    assert_eq!(view.state, PluginState::Ready);
    deck.finish().await;
}

#[tokio::test]
async fn reload_says_what_is_wrong() {
    let deck = Deck::start();
    deck.put("a.wasm", &filter("a", "1.0.0", 1));
    deck.until("loaded", |deck| deck.call("a").is_ok()).await;
    fs::write(deck.file("a.wasm"), "hello").unwrap();
    let refused = deck.plugins.reload(&"a".parse().unwrap()).await.unwrap_err().to_string();
    assert!(refused.starts_with("plugin a 1.0.0: ") && refused.contains("a text file"), "{refused}");
    deck.finish().await;
}

#[tokio::test]
async fn nothing_is_compiled_twice() {
    let deck = Deck::start();
    deck.put("a.wasm", &filter("a", "1.0.0", 1));
    deck.until("loaded", |deck| deck.call("a").is_ok()).await;
    let first = deck.plugins.current(&"a".parse().unwrap()).unwrap();
    let code = || fs::read_dir(deck.folder.path().join("cache")).unwrap().count();
    assert_eq!(code(), 2);
    deck.plugins.reload(&"a".parse().unwrap()).await.unwrap();
    let second = deck.plugins.current(&"a".parse().unwrap()).unwrap();
    assert!(!Arc::ptr_eq(&first, &second));
    assert_eq!(first.about.compile_ms, second.about.compile_ms, "it is the note of the first");
    assert_eq!(code(), 2);
    deck.finish().await;
}

#[tokio::test]
async fn files_without_a_manifest_are_asked_once() {
    let deck = Deck::start();
    let wit = "package test:guest; world guest {
        export tapedeck:plugin/describe@1.0.0; export tapedeck:plugin/chat-filter-records@1.0.0;
    }";
    let describe = "tapedeck:plugin/describe@1.0.0#describe";
    let json = r#"{"id":"script","version":"0.1.0","summary":"A script."}"#;
    let script = Guest::of_wit_beside(wit).says(describe, json);
    deck.put("script.wasm", &script);
    deck.until("loaded", |deck| deck.call("script").is_ok()).await;
    assert_eq!(deck.view("script").unwrap().version.as_deref(), Some("0.1.0"));
    let notes = fs::read_dir(deck.folder.path().join("cache")).unwrap();
    let note = notes.map(|it| it.unwrap().path()).find(|it| it.extension().unwrap() == "json").unwrap();
    assert!(fs::read_to_string(note).unwrap().contains(r#""id":"script""#));
    for (guest, told) in [
        (Guest::of_wit_beside(wit).says(describe, "{}"), "its manifest cannot be used: missing field"),
        (Guest::of_wit_beside(wit).loops(describe), "took longer than 500 ms"),
        (Guest::of_wit_beside(wit).does(describe, |_| vec![I::Unreachable]), "unreachable"),
    ] {
        deck.put("script.wasm", &guest);
        deck.until(told, |deck| deck.view("script").unwrap().problem.is_some_and(|it| it.contains(told)))
            .await;
    }
    assert_eq!(deck.view("script").unwrap().version.as_deref(), Some("0.1.0"));
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn swaps_lose_no_call_under_load() {
    let deck = Arc::new(Deck::start());
    deck.put("a.wasm", &filter("a", "1.0.0", 1));
    deck.until("loaded", |deck| deck.call("a").is_ok()).await;
    let calls: Arc<[AtomicU64; 4]> = Arc::default();
    let stop = Arc::new(AtomicU64::new(0));
    let worker = std::thread::spawn({
        let (deck, calls, stop) = (deck.plugins.clone(), calls.clone(), stop.clone());
        move || {
            let name: PluginName = "a".parse().unwrap();
            while stop.load(Ordering::Relaxed) == 0 {
                let letters = deck.current(&name).and_then(|loaded| call(&loaded)).unwrap();
                calls[letters].fetch_add(1, Ordering::Relaxed);
                // A thousand a second, and time for the compiler, which gives way to all others.
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    });
    for letters in [2, 3] {
        deck.put("a.wasm", &filter("a", &format!("{letters}.0.0"), letters));
        let is_called = |_: &Deck| calls[letters as usize].load(Ordering::Relaxed) > 50;
        deck.until("the new code is called", is_called).await;
    }
    stop.store(1, Ordering::Relaxed);
    worker.join().unwrap();
    assert!(calls[1].load(Ordering::Relaxed) > 0);
    let view = deck.view("a").unwrap();
    assert_eq!((view.figures.errors, view.figures.swaps), (0, 2));
    Arc::into_inner(deck).unwrap().finish().await;
}

#[tokio::test]
async fn who_is_asked_may_do_little() {
    let deck = Deck::start();
    let wit = "package test:guest; world guest {
        import tapedeck:plugin/settings@1.0.0;
        export tapedeck:plugin/describe@1.0.0; export tapedeck:plugin/chat-filter-records@1.0.0;
    }";
    let (describe, get) = ("tapedeck:plugin/describe@1.0.0#describe", "tapedeck:plugin/settings@1.0.0#get");
    let storm = Guest::of_wit_beside(wit).imports(get).does(describe, |names| {
        let block = wasm_encoder::BlockType::Empty;
        vec![I::Loop(block), I::I32Const(8), I::Call(names.of(get)), I::Br(0), I::End, I::Unreachable]
    });
    let long = Guest::of_wit_beside(wit).memory(64).answers(describe, (1 << 20) + 1);
    for (guest, told) in
        [(storm, "more than 1000 times in one call"), (long, "more than 1048576 bytes at once")]
    {
        deck.put("script.wasm", &guest);
        let is_told = |deck: &Deck| match deck.view("script").map(|view| view.state) {
            Some(PluginState::Broken { reason }) => reason.contains(told),
            _ => false,
        };
        deck.until(told, is_told).await;
    }
    deck.finish().await;
}

#[tokio::test]
async fn plugins_without_settings_take_none() {
    let mut deck = Deck::start();
    let manifest = json!({ "id": "a", "version": "1.0.0", "summary": "A test." });
    deck.table("a", |it| it.settings = json!({ "word": "x" }));
    deck.apply().await;
    deck.put("a.wasm", &filter("a", "1.0.0", 1).manifest(&manifest.to_string()));
    deck.apply().await;
    let Some(PluginState::Broken { reason }) = deck.view("a").map(|view| view.state) else {
        panic!("{:?}", deck.view("a"))
    };
    assert!(reason.contains("takes no settings"), "{reason}");
    deck.table("a", |_| {});
    deck.apply().await;
    assert!(deck.call("a").is_ok());
    deck.finish().await;
}

#[tokio::test]
async fn decisions_are_about_what_there_is() {
    let mut deck = Deck::start();
    let manifest = json!({
        "id": "a", "version": "1.0.0", "summary": "A test.",
        "wants": { "http": [{ "host": "*.example.com" }], "kv": { "bytes": 10 } },
    });
    deck.put("a.wasm", &filter("a", "1.0.0", 1).manifest(&manifest.to_string()));
    deck.table("a", |it| it.grants.put("http=*.example.com".parse().unwrap()));
    deck.apply().await;
    let name: PluginName = "a".parse().unwrap();
    let approve =
        |grant: &str| deck.plugins.approve(&name, grant.parse().unwrap(), "ann").map_err(|it| it.failure);
    let withdraw =
        |key: &str| deck.plugins.withdraw(&name, &key.parse().unwrap(), "ann").map_err(|it| it.failure);
    assert!(matches!(approve("run=sh"), Err(Failure::NotAsked { .. })));
    assert!(matches!(withdraw("kv"), Err(Failure::NotGiven { .. })), "nobody gave it");
    withdraw("http=*.example.com").unwrap();
    // It would change nothing: what was taken back is more.
    assert!(matches!(approve("http=a.example.com"), Err(Failure::PartOfWithdrawn { .. })));
    approve("http=*.example.com").unwrap();
    approve("http=a.example.com").unwrap();
    deck.finish().await;
}

#[tokio::test]
async fn changed_patience_with_failures_counts_at_once() {
    let mut deck = Deck::start();
    let trap = "tapedeck:plugin/describe@1.0.0#describe";
    deck.put("a.wasm", &filter("a", "1.0.0", 1).does(trap, |_| vec![I::Unreachable]));
    deck.until("loaded", |deck| deck.plugins.current(&"a".parse().unwrap()).is_ok()).await;
    deck.host.breaker.failures = 1;
    deck.apply().await;
    assert!(matches!(deck.call("a").unwrap_err().failure, Failure::Trap { .. }));
    assert!(matches!(deck.call("a").unwrap_err().failure, Failure::Suspended { .. }));
    deck.finish().await;
}

#[tokio::test]
async fn reloading_ends_a_rest_of_the_old_code_too() {
    let deck = Deck::start();
    let trap = "tapedeck:plugin/describe@1.0.0#describe";
    deck.put("a.wasm", &filter("a", "1.0.0", 1).does(trap, |_| vec![I::Unreachable]));
    deck.until("loaded", |deck| deck.plugins.current(&"a".parse().unwrap()).is_ok()).await;
    while !matches!(deck.call("a").unwrap_err().failure, Failure::Suspended { .. }) {}
    fs::write(deck.file("a.wasm"), "hello").unwrap();
    deck.plugins.reload(&"a".parse().unwrap()).await.unwrap_err();
    assert!(matches!(deck.call("a").unwrap_err().failure, Failure::Trap { .. }));
    deck.finish().await;
}
