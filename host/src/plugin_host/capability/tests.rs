use std::{net::IpAddr, time::Duration};

use serde_json::{Value, json};
use tapedeck_bindings::capability::{
    http as http_door, kv, log as log_door, run as run_door, scratch as files, settings, sink as sink_door,
};
use tapedeck_sim::{
    World,
    hooks::{self, Answer as Reply},
};
use tokio_util::sync::CancellationToken;
use wasmtime::component::Resource;

use super::*;
use crate::{
    clock::ManualClock,
    event::Bus,
    model::PluginLimits,
    plugin_host::{
        BreakerSettings,
        error::{Limit, Who},
        figures::Figures,
        grants::{Permits, testing::permit},
        limits::{Deadline, Meter},
        registry::Breaker,
    },
    state::State,
};

/// An instance in the middle of a call, without a guest.
pub(super) struct Instance {
    pub(super) state: HostState,
    clock: Arc<ManualClock>,
    folder: tempfile::TempDir,
}

fn wants() -> Value {
    json!({
        "http": [{"host": "*", "methods": ["GET"]}], "run": [{"program": "sh"}],
        "kv": {"bytes": 1000}, "scratch": {"bytes": 1000}
    })
}

fn all_grants() -> Value {
    json!({
        "http": [{"host": "http://*:*", "private": true}], "run": ["sh"], "kv": "1000B", "scratch": "1000B"
    })
}

fn within(seconds: u64) -> Deadline {
    Deadline { limit: Duration::from_secs(seconds), setting: "limits.deadline" }
}

pub(super) fn instance(grants: Value, limits: PluginLimits) -> Instance {
    let folder = tempfile::tempdir().unwrap();
    let lookup: Lookup = Arc::new(|_| Box::pin(async { Ok(vec![IpAddr::from([127, 0, 0, 1])]) }));
    let kv = State::open(folder.path()).unwrap().plugin_kv.clone();
    let scratch = folder.path().join("scratch");
    let outside = Outside::new("0.0.0-test", &lookup, kv, &scratch, None, Handle::current()).unwrap();
    let name: PluginName = "zero".parse().unwrap();
    let limits = Arc::new(limits);
    let clock = ManualClock::at("2026-03-01T12:00:00Z".parse().unwrap());
    let profile = Arc::new(Profile {
        who: Who::named(&name),
        name,
        settings: r#"{"word":"x"}"#.into(),
        secrets: Arc::default(),
        is_rehearsal: false,
        limits: limits.clone(),
        permits: Permits::new(permit(wants(), grants, &[])),
        figures: Arc::new(Figures::default()),
        outside: Arc::new(outside),
        breaker: Arc::new(Breaker::new(BreakerSettings::default())),
        clock: clock.clone(),
        bus: Bus::default(),
    });
    let mut budget = Budget::new(limits.clone());
    budget.begin(within(10), None);
    let capabilities = Capabilities::new(&profile, &budget);
    let state = HostState { meter: Meter::new(limits), budget, capabilities, profile };
    Instance { state, clock, folder }
}

impl Instance {
    fn withdraw(&self, grant: &str) {
        self.state.profile.permits.replace(permit(wants(), all_grants(), &[(grant, false)]));
    }

    pub(super) fn log(&self) -> Vec<String> {
        self.state.profile.figures.log_lines().into_iter().map(|line| line.message).collect()
    }

    fn rooms(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("scratch")).unwrap().count()
    }
}

fn get(url: &str) -> http_door::Request {
    http_door::Request {
        method: "GET".into(),
        url: url.into(),
        headers: Vec::new(),
        body: Vec::new(),
        timeout_ms: None,
        max_bytes: None,
        follow_redirects: true,
    }
}

fn sh(script: &str) -> run_door::Command {
    run_door::Command {
        program: "sh".into(),
        arguments: vec!["-c".into(), script.into()],
        stdin: Vec::new(),
        timeout_ms: None,
    }
}

fn is_denied<T>(answer: wasmtime::Result<Result<T, PluginError>>) -> bool {
    matches!(answer.unwrap(), Err(PluginError::Denied(_)))
}

#[tokio::test]
async fn one_refusal_is_told_loudly_once_after_each_decision() {
    let mut instance = instance(json!({}), PluginLimits::default());
    let loud = |instance: &Instance| {
        let lines = instance.state.profile.figures.log_lines();
        lines.iter().filter(|line| line.level == "warn").count()
    };
    for _ in 0..3 {
        assert!(is_denied(kv::Host::load(&mut instance.state, "key".into())));
        assert!(is_denied(http_door::Host::send(&mut instance.state, get("http://a.test/")).await));
    }
    assert_eq!(loud(&instance), 2, "{:?}", instance.log());
    instance.state.profile.permits.replace(permit(wants(), json!({}), &[]));
    assert!(is_denied(kv::Host::load(&mut instance.state, "key".into())));
    assert_eq!(loud(&instance), 3, "{:?}", instance.log());
}

#[tokio::test]
async fn everything_is_denied_by_default() {
    let mut instance = instance(json!({}), PluginLimits::default());
    let state = &mut instance.state;
    assert!(is_denied(kv::Host::load(state, "key".into())));
    assert!(is_denied(kv::Host::store(state, "key".into(), vec![1])));
    assert!(is_denied(kv::Host::remove(state, "key".into())));
    assert!(is_denied(kv::Host::names(state, String::new(), None, 10)));
    assert!(is_denied(files::Host::entries(state)));
    assert!(is_denied(files::Host::read(state, "a".into(), 0, 1)));
    assert!(is_denied(files::Host::write(state, "a".into(), vec![1])));
    assert!(is_denied(files::Host::append(state, "a".into(), vec![1])));
    assert!(is_denied(files::Host::remove(state, "a".into())));
    assert!(is_denied(http_door::Host::send(state, get("https://a.org/")).await));
    assert!(is_denied(http_door::Host::download(state, get("https://a.org/"), "a".into()).await));
    assert!(is_denied(run_door::Host::execute(state, sh("true")).await));
    assert_eq!(settings::Host::get(state).unwrap(), r#"{"word":"x"}"#);
    // The operator reads what was refused, even if the plugin keeps it to itself.
    let log = instance.log();
    assert_eq!(log.len(), 12);
    assert!(log[9].contains("`tapedeck plugins grant zero http=a.org` allows it"), "{}", log[9]);
    assert_eq!(instance.rooms(), 0);
}

#[tokio::test]
async fn values_are_kept_until_withdrawn() {
    let mut instance = instance(all_grants(), PluginLimits::default());
    let state = &mut instance.state;
    kv::Host::store(state, "b".into(), b"2".to_vec()).unwrap().unwrap();
    kv::Host::store(state, "a".into(), b"1".to_vec()).unwrap().unwrap();
    assert_eq!(kv::Host::load(state, "a".into()).unwrap().unwrap().unwrap(), b"1");
    assert_eq!(kv::Host::names(state, String::new(), Some("a".into()), 9).unwrap().unwrap(), ["b"]);
    assert!(kv::Host::remove(state, "a".into()).unwrap().unwrap());
    for (key, value) in [(String::new(), 1), ("k".repeat(513), 1)] {
        let stored = kv::Host::store(state, key, vec![0; value]).unwrap();
        assert!(matches!(stored, Err(PluginError::Permanent(_))));
    }
    for size in [1000, (1 << 20) + 1] {
        let stored = kv::Host::store(state, "large".into(), vec![0; size]).unwrap();
        assert!(matches!(stored, Err(PluginError::Exhausted(_))));
    }
    instance.withdraw("kv=1000B");
    assert!(is_denied(kv::Host::load(&mut instance.state, "b".into())));
}

#[tokio::test]
async fn files_are_shared_with_programs_and_gone_after() {
    let mut instance = instance(all_grants(), PluginLimits::default());
    let state = &mut instance.state;
    files::Host::write(state, "in.txt".into(), b"words".to_vec()).unwrap().unwrap();
    files::Host::append(state, "in.txt".into(), b" more".to_vec()).unwrap().unwrap();
    let script = "tr a-z A-Z < in.txt > out.txt; ln -s /etc/passwd link; echo done; exit 4";
    let outcome = run_door::Host::execute(state, sh(script)).await.unwrap().unwrap();
    assert_eq!(
        (outcome.code, outcome.stdout.as_slice(), outcome.is_cut),
        (Some(4), b"done\n".as_slice(), false)
    );
    assert_eq!(files::Host::read(state, "out.txt".into(), 2, 3).unwrap().unwrap(), b"RDS");
    let link = files::Host::read(state, "link".into(), 0, 100).unwrap();
    assert!(matches!(link, Err(PluginError::Permanent(text)) if text.contains("is a link")));
    let entries = files::Host::entries(state).unwrap().unwrap();
    assert_eq!(entries.iter().map(|it| it.path.as_str()).collect::<Vec<_>>(), ["in.txt", "out.txt"]);
    let full = files::Host::write(state, "large".into(), vec![0; 1000]).unwrap();
    assert!(matches!(full, Err(PluginError::Exhausted(_))));
    assert_eq!(instance.rooms(), 1);
    instance.state.capabilities.leave_room();
    assert_eq!(instance.rooms(), 0);
    assert!(files::Host::entries(&mut instance.state).unwrap().unwrap().is_empty());
}

#[tokio::test]
async fn downloads_go_into_the_folder() {
    let world = World::default();
    world.hooks(|hooks| {
        hooks.on("/song", [Reply::ok().body("la la")]);
        hooks.on("/long", [Reply::ok().endless(vec![b'x'; 100], Duration::ZERO)]);
        hooks.on("/gone", [Reply::status(404).body("not here")]);
    });
    let server = hooks::serve(&world, None).await.unwrap();
    let mut instance = instance(all_grants(), PluginLimits::default());
    let state = &mut instance.state;
    let song = http_door::Host::download(state, get(&server.url("/song")), "a/song".into()).await;
    let song = song.unwrap().unwrap();
    assert_eq!((song.status, song.body.len(), song.url.as_str()), (200, 0, server.url("/song").as_str()));
    assert_eq!(files::Host::read(state, "a/song".into(), 0, 99).unwrap().unwrap(), b"la la");
    let gone = http_door::Host::download(state, get(&server.url("/gone")), "a/song".into()).await;
    assert_eq!(gone.unwrap().unwrap().body, b"not here");
    let long = http_door::Host::download(state, get(&server.url("/long")), "a/song".into()).await;
    assert!(matches!(long.unwrap(), Err(PluginError::Exhausted(_))));
    assert_eq!(files::Host::read(state, "a/song".into(), 0, 99).unwrap().unwrap(), b"la la");
    let up = http_door::Host::download(state, get(&server.url("/song")), "../song".into()).await;
    assert!(matches!(up.unwrap(), Err(PluginError::Permanent(_))));
    let plain = http_door::Host::send(state, get(&server.url("/song"))).await.unwrap().unwrap();
    assert_eq!(plain.body, b"la la");
    instance.withdraw("scratch=1B");
    let song = http_door::Host::download(&mut instance.state, get(&server.url("/song")), "b".into()).await;
    assert!(is_denied(song));
}

#[tokio::test]
async fn cancelling_ends_what_waits() {
    let mut instance = instance(all_grants(), PluginLimits::default());
    let cancel = CancellationToken::new();
    instance.state.budget.begin(within(60), Some(cancel.clone()));
    let wait = run_door::Host::execute(&mut instance.state, sh("sleep 60"));
    let (ended, ()) = tokio::join!(wait, async { cancel.cancel() });
    let error = ended.unwrap_err();
    assert!(matches!(error.downcast_ref::<Halt>(), Some(Halt::Cancelled)), "{error:?}");
}

#[tokio::test]
async fn host_calls_run_out() {
    let mut instance = instance(all_grants(), PluginLimits { host_calls: 3, ..PluginLimits::default() });
    let state = &mut instance.state;
    for _ in 0..3 {
        kv::Host::load(state, "key".into()).unwrap().unwrap();
    }
    let error = kv::Host::load(state, "key".into()).unwrap_err();
    let limit = error.downcast_ref::<Halt>();
    assert!(matches!(limit, Some(Halt::Limit(Limit::HostCalls { limit: 3 }))), "{error:?}");
}

#[tokio::test]
async fn lines_over_the_limit_are_counted() {
    let mut instance = instance(json!({}), PluginLimits { log_lines: 2, ..PluginLimits::default() });
    log_door::Host::write(&mut instance.state, 3, "one\ntwo\u{1b}[31m".into()).unwrap();
    for _ in 0..100_000 {
        log_door::Host::write(&mut instance.state, 1, "more".into()).unwrap();
    }
    let note = "More than 2 lines in one call: the rest of them is dropped";
    assert_eq!(instance.log(), ["one", "two", note]);
    assert_eq!(instance.state.budget.log_lines_dropped(), 100_000);
    instance.state.budget.begin(within(1), None);
    log_door::Host::write(&mut instance.state, 3, "again".into()).unwrap();
    assert_eq!(instance.log().last().unwrap(), "again");
}

#[tokio::test]
async fn every_function_is_a_host_call() {
    let mut instance = instance(all_grants(), PluginLimits { host_calls: 0, ..PluginLimits::default() });
    let state = &mut instance.state;
    state.capabilities.outlet = Some(sink::Outlet::new(Box::new(Vec::new()), 10));
    let handle = || Resource::new_own(0);
    let ended = [
        kv::Host::load(state, "key".into()).is_err(),
        kv::Host::store(state, "key".into(), vec![1]).is_err(),
        kv::Host::remove(state, "key".into()).is_err(),
        kv::Host::names(state, String::new(), None, 10).is_err(),
        files::Host::entries(state).is_err(),
        files::Host::read(state, "a".into(), 0, 1).is_err(),
        files::Host::write(state, "a".into(), vec![1]).is_err(),
        files::Host::append(state, "a".into(), vec![1]).is_err(),
        files::Host::remove(state, "a".into()).is_err(),
        http_door::Host::send(state, get("https://a.org/")).await.is_err(),
        http_door::Host::download(state, get("https://a.org/"), "a".into()).await.is_err(),
        run_door::Host::execute(state, sh("true")).await.is_err(),
        sink_door::HostSink::write(state, handle(), vec![1]).is_err(),
        sink_door::HostSink::write_file(state, handle(), "a".into()).is_err(),
        settings::Host::get(state).is_err(),
    ];
    assert_eq!(ended, [true; 15]);
}

#[tokio::test]
async fn values_have_a_largest_size() {
    let mut instance = instance(json!({ "kv": "4MiB" }), PluginLimits::default());
    let mut store = |size| kv::Host::store(&mut instance.state, "key".into(), vec![0; size]).unwrap();
    assert!(store(1 << 20).is_ok());
    assert!(matches!(store((1 << 20) + 1), Err(PluginError::Exhausted(_))));
}

#[tokio::test]
async fn names_come_in_bounded_lists() {
    let mut instance = instance(json!({ "kv": "4MiB" }), PluginLimits::default());
    for number in 0..10_001 {
        let kv = &instance.state.capabilities.outside.kv;
        kv.set("zero", format!("{number:05}").as_bytes(), b"", 4 << 20).unwrap();
    }
    let names =
        |state: &mut HostState, after| kv::Host::names(state, String::new(), after, u32::MAX).unwrap();
    let first = names(&mut instance.state, None).unwrap();
    assert_eq!(first.len(), 10_000);
    assert_eq!(names(&mut instance.state, first.last().cloned()).unwrap(), ["10000"]);
}

#[tokio::test]
async fn what_comes_into_memory_is_bounded() {
    let world = World::default();
    world.hooks(|hooks| {
        hooks.on("/long", [Reply::ok().body("more than ten")]);
        hooks.on("/gone", [Reply::status(404).body("more than ten")]);
    });
    let server = hooks::serve(&world, None).await.unwrap();
    let mut instance = instance(all_grants(), PluginLimits { result_bytes: 10, ..PluginLimits::default() });
    let state = &mut instance.state;
    let sent = http_door::Host::send(state, get(&server.url("/long"))).await.unwrap();
    assert!(matches!(sent, Err(PluginError::Exhausted(_))), "{sent:?}");
    let gone = http_door::Host::download(state, get(&server.url("/gone")), "a".into()).await.unwrap();
    assert!(matches!(gone, Err(PluginError::Exhausted(_))), "{gone:?}");
    // Into a file there may be more of it.
    http_door::Host::download(state, get(&server.url("/long")), "a".into()).await.unwrap().unwrap();
    assert_eq!(files::Host::read(state, "a".into(), 0, 100).unwrap().unwrap(), b"more than ");
}

#[tokio::test]
async fn cancelling_ends_requests() {
    let world = World::default();
    world.hooks(|hooks| hooks.on("/silent", [Reply::never()]));
    let server = hooks::serve(&world, None).await.unwrap();
    let mut instance = instance(all_grants(), PluginLimits::default());
    let cancel = CancellationToken::new();
    instance.state.budget.begin(within(2), Some(cancel.clone()));
    let state = &mut instance.state;
    let (sent, ()) =
        tokio::join!(http_door::Host::send(state, get(&server.url("/silent"))), async { cancel.cancel() });
    assert!(matches!(sent.unwrap_err().downcast_ref::<Halt>(), Some(Halt::Cancelled)));
    let cancel = CancellationToken::new();
    state.budget.begin(within(2), Some(cancel.clone()));
    let download = http_door::Host::download(state, get(&server.url("/silent")), "a".into());
    let (loaded, ()) = tokio::join!(download, async { cancel.cancel() });
    assert!(matches!(loaded.unwrap_err().downcast_ref::<Halt>(), Some(Halt::Cancelled)));
}

/// A way out whose other end loses interest.
struct Cancelling(CancellationToken);

impl io::Write for Cancelling {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.cancel();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn long_files_do_not_outlast_the_call() {
    let mut instance = instance(json!({ "scratch": "1MiB" }), PluginLimits::default());
    let cancel = CancellationToken::new();
    let state = &mut instance.state;
    state.budget.begin(within(10), Some(cancel.clone()));
    state.capabilities.outlet = Some(sink::Outlet::new(Box::new(Cancelling(cancel)), 1 << 20));
    files::Host::write(state, "song".into(), vec![0; 200_000]).unwrap().unwrap();
    let copied = sink_door::HostSink::write_file(state, Resource::new_own(0), "song".into());
    assert!(matches!(copied.unwrap_err().downcast_ref::<Halt>(), Some(Halt::Cancelled)));
}

#[tokio::test]
async fn sinks_end_with_their_call() {
    let mut instance = instance(json!({}), PluginLimits::default());
    let late = sink_door::HostSink::write(&mut instance.state, Resource::new_own(0), vec![1]);
    assert!(late.unwrap_err().to_string().contains("outside the call that gave it"));
}

#[tokio::test]
async fn programs_without_a_folder_of_the_plugin_have_bounded_files() {
    let mut instance = instance(json!({ "run": ["sh"] }), PluginLimits::default());
    // Neither of them alone is too much.
    let script = sh("truncate -s 40M one; truncate -s 40M two; sleep 60");
    let ended = run_door::Host::execute(&mut instance.state, script).await.unwrap();
    assert!(matches!(ended, Err(PluginError::Exhausted(_))), "{ended:?}");
}

#[tokio::test]
async fn countless_files_are_too_many() {
    let mut instance = instance(all_grants(), PluginLimits::default());
    let state = &mut instance.state;
    files::Host::entries(state).unwrap().unwrap();
    let room = state.capabilities.room.as_ref().unwrap().path().to_owned();
    for number in 0..scratch::MOST_ENTRIES {
        std::fs::write(room.join(number.to_string()), "").unwrap();
    }
    let more = files::Host::write(state, "more".into(), vec![1]).unwrap();
    assert!(matches!(more, Err(PluginError::Exhausted(_))), "{more:?}");
    let room = state.capabilities.room.as_ref().unwrap();
    assert!(matches!(room.replace("more", 1000), Err(scratch::ScratchFault::TooMany)), "no download either");
    let ended = run_door::Host::execute(state, sh("touch more; sleep 60")).await.unwrap();
    assert!(matches!(ended, Err(PluginError::Exhausted(_))), "{ended:?}");
}

#[tokio::test]
async fn floods_are_told_once_they_are_over() {
    let limits = PluginLimits { log_lines_per_minute: 20, ..PluginLimits::default() };
    let mut instance = instance(json!({}), limits);
    for _ in 0..23 {
        log_door::Host::write(&mut instance.state, 3, "more".into()).unwrap();
    }
    assert_eq!(instance.state.budget.log_lines_dropped(), 3);
    instance.clock.advance(jiff::SignedDuration::from_secs(60));
    log_door::Host::write(&mut instance.state, 3, "again".into()).unwrap();
    let log = instance.log();
    let last = ["3 lines dropped: more than 20 or 4MiB of them in a minute", "again"];
    assert_eq!(log[log.len() - 2..], last);
}

#[tokio::test]
async fn keys_are_checked_whatever_is_done_with_them() {
    let mut instance = instance(all_grants(), PluginLimits::default());
    let state = &mut instance.state;
    for key in [String::new(), "k".repeat(513)] {
        assert!(matches!(kv::Host::load(state, key.clone()).unwrap(), Err(PluginError::Permanent(_))));
        assert!(matches!(kv::Host::remove(state, key.clone()).unwrap(), Err(PluginError::Permanent(_))));
        assert!(matches!(kv::Host::store(state, key, vec![1]).unwrap(), Err(PluginError::Permanent(_))));
    }
}

#[tokio::test]
async fn settings_are_in_no_log_of_ours() {
    let instance = instance(json!({}), PluginLimits::default());
    for shown in [format!("{:?}", instance.state.profile), format!("{:?}", instance.state)] {
        assert!(!shown.contains("word"), "{shown}");
    }
}
