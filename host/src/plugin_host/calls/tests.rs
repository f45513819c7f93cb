//! Calls of guests made for it, through the whole host.

use std::{collections::BTreeMap, fs, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;
use wasm_encoder::Instruction as I;

use super::{
    CallTerms, Decision, Verdict,
    samples::{message, private_chat},
};
use crate::{
    clock::SystemClock,
    event::Bus,
    lifecycle::Lifecycle,
    model::{Message, Period, PluginName, Track},
    plugin_host::{
        Failure, HostSettings, Limit, Plugins, PluginsParts,
        guest::{DATA, Guest},
    },
    state::State,
};

const JUDGE: &str = "tapedeck:plugin/chat-filter@1.0.0#judge";
const JUDGE_RECORDS: &str = "tapedeck:plugin/chat-filter-records@1.0.0#judge";

/// A host with the plugin `it`.
struct Stage {
    plugins: Plugins,
    name: PluginName,
    lifecycle: Lifecycle,
    folder: tempfile::TempDir,
}

impl Stage {
    async fn of(guest: &Guest) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("plugins")).unwrap();
        fs::write(at("plugins/it.wasm"), guest.component()).unwrap();
        let mut host = HostSettings::in_folder(&at("plugins"), &at("cache"));
        host.limits.deadline = Period(Duration::from_millis(300));
        host.limits.result_bytes = 1 << 20;
        let lifecycle = Lifecycle::default();
        let plugins = Plugins::start(PluginsParts {
            host,
            tables: BTreeMap::new(),
            clock: Arc::new(SystemClock),
            bus: Bus::default(),
            lifecycle: lifecycle.clone(),
            state: State::open(&at("state")).unwrap(),
            version: "test",
            scratch: at("scratch"),
            search: None,
            lookup: crate::plugin_host::system_lookup(),
        });
        let plugins = plugins.unwrap();
        plugins.settled().await;
        Self { plugins, name: "it".parse().unwrap(), lifecycle, folder }
    }

    async fn judge(&self, messages: Vec<Message>) -> Result<Vec<Decision>, Failure> {
        let judged = self.plugins.filter(&self.name).judge(messages.into(), None).await;
        judged.map_err(|error| {
            assert!(error.to_string().starts_with("plugin it 1.0.0: "), "{error}");
            error.failure
        })
    }

    fn instances(&self) -> u64 {
        self.plugins.view(&self.name).unwrap().figures.instances_made
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.lifecycle.drain();
    }
}

/// A filter that answers one decision, whatever it is asked; its cuts and texts are all empty.
fn filter(kind: &str, index: u32, verdict: u8) -> Guest {
    // A result whose parts are eight bytes apart, a list of one, and what is in the list.
    let list = u32::try_from(DATA).unwrap() + 16;
    let mut answer = [0, 0, list, 1, index].map(u32::to_le_bytes).concat();
    answer.resize(16 + 24, 0);
    answer[20] = verdict;
    Guest::plugin("it", "1.0.0", kind)
        .data(answer)
        .does(&format!("tapedeck:plugin/{kind}@1.0.0#judge"), |_| vec![I::I32Const(DATA)])
}

fn messages(count: i32) -> Vec<Message> {
    (1..=count).map(|id| message(id, "hello")).collect()
}

#[tokio::test]
async fn decisions_come_back() {
    for kind in ["chat-filter", "chat-filter-records"] {
        let stage = Stage::of(&filter(kind, 1, 1)).await;
        let drop = Decision { index: 1, verdict: Verdict::Drop, reason: String::new() };
        assert_eq!(stage.judge(messages(2)).await.unwrap(), [drop], "{kind}");
        assert_eq!(stage.judge(vec![]).await.unwrap(), []);
        assert!(!stage.plugins.filter(&stage.name).selects(private_chat()).await.unwrap());
    }
}

#[tokio::test]
async fn places_count_from_the_whole_list() {
    let stage = Stage::of(&filter("chat-filter", 5, 1)).await;
    let judged = stage.judge(messages(2_500)).await.unwrap();
    assert_eq!(judged.iter().map(|it| it.index).collect::<Vec<_>>(), [5, 1_005, 2_005]);
}

#[tokio::test]
async fn answers_are_not_believed_blindly() {
    for (index, verdict, told) in [(2, 1, "message 2 of 2"), (0, 9, "verdict 9")] {
        let stage = Stage::of(&filter("chat-filter", index, verdict)).await;
        match stage.judge(messages(2)).await {
            Err(Failure::Garbage { what }) => assert!(what.contains(told), "{what}"),
            other => panic!("{told}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn instances_wait_for_the_next_call() {
    let stage = Stage::of(&filter("chat-filter", 0, 1)).await;
    stage.judge(vec![]).await.unwrap();
    assert_eq!(stage.instances(), 0, "nothing to do");
    stage.judge(messages(2)).await.unwrap();
    let made = stage.instances();
    for _ in 0..20 {
        stage.judge(messages(2)).await.unwrap();
    }
    assert_eq!(stage.instances(), made);
    assert_eq!(stage.plugins.view(&stage.name).unwrap().figures.calls, 21, "starting is no call");
}

#[tokio::test]
async fn after_a_trap_comes_a_new_instance() {
    let traps = Guest::plugin("it", "1.0.0", "chat-filter").does(JUDGE, |_| vec![I::Unreachable]);
    let stage = Stage::of(&traps).await;
    let before = stage.instances();
    for n in 1..=3 {
        assert!(matches!(stage.judge(messages(1)).await, Err(Failure::Trap { .. })));
        assert_eq!(stage.instances(), before + n);
    }
}

#[tokio::test]
async fn endless_judging_is_stopped() {
    for (kind, name) in [("chat-filter", JUDGE), ("chat-filter-records", JUDGE_RECORDS)] {
        let stage = Stage::of(&Guest::plugin("it", "1.0.0", kind).loops(name)).await;
        assert!(matches!(stage.judge(messages(1)).await, Err(Failure::Timeout { .. })));
    }
}

#[tokio::test]
async fn oversized_answers_are_refused() {
    // A list of a hundred thousand decisions, in a memory that has them.
    let list = u32::try_from(DATA).unwrap() + 16;
    let answer = [0, 0, list, 100_000].map(u32::to_le_bytes).concat();
    let guest = Guest::plugin("it", "1.0.0", "chat-filter").memory(64).data(answer);
    let stage = Stage::of(&guest.does(JUDGE, |_| vec![I::I32Const(DATA)])).await;
    let judged = stage.judge(messages(1)).await;
    assert!(matches!(judged, Err(Failure::Limit { which: Limit::Result { .. } })), "{judged:?}");
}

#[tokio::test]
async fn new_code_takes_over_between_calls() {
    let stage = Stage::of(&filter("chat-filter", 0, 1)).await;
    assert_eq!(stage.judge(messages(2)).await.unwrap()[0].index, 0);
    let file = stage.folder.path().join("plugins/it.wasm");
    fs::write(stage.folder.path().join("next"), filter("chat-filter", 1, 1).component()).unwrap();
    fs::rename(stage.folder.path().join("next"), file).unwrap();
    stage.plugins.reload(&stage.name).await.unwrap();
    assert_eq!(stage.judge(messages(2)).await.unwrap()[0].index, 1);
}

#[tokio::test]
async fn other_kinds_are_told_apart() {
    let stage = Stage::of(&Guest::plugin("it", "1.0.0", "track-backend")).await;
    let judged = stage.judge(messages(1)).await;
    assert!(matches!(judged, Err(Failure::WrongKind { wanted: "chat-filter", .. })), "{judged:?}");
    let name = stage.name.clone();
    let exporter = stage.plugins.exporter(&name);
    let formats = tokio::task::spawn_blocking(move || exporter.formats()).await.unwrap();
    assert!(matches!(formats.unwrap_err().failure, Failure::WrongKind { wanted: "exporter", .. }));
    let stage = Stage::of(&filter("chat-filter", 0, 1)).await;
    let found = stage.plugins.backend(&stage.name).find(&Track::default(), &CallTerms::default()).await;
    assert!(matches!(found.unwrap_err().failure, Failure::WrongKind { wanted: "track-backend", .. }));
}

#[tokio::test]
async fn unwritten_recordings_are_garbage() {
    let stage = Stage::of(&Guest::plugin("it", "1.0.0", "track-backend")).await;
    let (backend, terms) = (stage.plugins.backend(&stage.name), CallTerms::default());
    let track = Track { title: "Song".into(), ..Track::default() };
    assert_eq!(backend.find(&track, &terms).await.unwrap(), []);
    let fetched = backend.fetch(&track, &Default::default(), Box::new(Vec::new()), 100, &terms).await;
    // It keeps the sink, too, which harms nobody: its instance ends with the call.
    match fetched.unwrap_err().failure {
        Failure::Garbage { what } => assert!(what.contains("wrote nothing"), "{what}"),
        other => panic!("it did not write a thing: {other}"),
    }
}

#[tokio::test]
async fn backends_stop_when_told() {
    let loops =
        Guest::plugin("it", "1.0.0", "track-backend").loops("tapedeck:plugin/track-backend@1.0.0#find");
    let stage = Stage::of(&loops).await;
    let backend = stage.plugins.backend(&stage.name);
    let cancel = CancellationToken::new();
    let terms =
        CallTerms { deadline: Some(Duration::from_secs(60)), cancel: cancel.clone(), ..CallTerms::default() };
    let track = Track::default();
    let (found, ()) = tokio::join!(backend.find(&track, &terms), async {
        tokio::task::yield_now().await;
        cancel.cancel();
    });
    assert!(matches!(found.unwrap_err().failure, Failure::Cancelled));
    let terms = CallTerms::default();
    let found = backend.find(&track, &terms).await;
    assert!(matches!(found.unwrap_err().failure, Failure::Timeout { .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looping_backends_leave_the_runtime_alone() {
    let loops =
        Guest::plugin("it", "1.0.0", "track-backend").loops("tapedeck:plugin/track-backend@1.0.0#find");
    let stage = Stage::of(&loops).await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let backend = stage.plugins.backend(&stage.name);
        calls.spawn(async move { backend.find(&Track::default(), &CallTerms::default()).await });
    }
    let mut turns = 0;
    while !calls.is_empty() {
        tokio::select! {
            Some(ended) = calls.join_next() => {
                let failed = ended.unwrap().unwrap_err();
                assert!(matches!(failed.failure, Failure::Timeout { .. }), "{failed}");
            }
            () = tokio::time::sleep(Duration::from_millis(5)) => turns += 1,
        }
    }
    assert!(turns >= 5, "the runtime had only {turns} turns beside four loops");
}
