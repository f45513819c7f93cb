//! What changes while something else is under way.

use futures_util::FutureExt as _;

use super::*;
use crate::{
    model::Period,
    plugin_host::{
        Verdict,
        calls::samples::message,
        guest::{DATA, at},
    },
};

const JUDGE: &str = "tapedeck:plugin/chat-filter@1.0.0#judge";

fn remembering(version: &str) -> Guest {
    let manifest = json!({
        "id": "a", "version": version, "summary": "A test.", "wants": { "kv": { "bytes": 10 } },
        "settings_schema": { "type": "object", "properties": { "word": { "type": "string" } } },
    });
    filter("a", version, 1).manifest(&manifest.to_string())
}

/// A filter that says that it has begun, waits until it is told to go on, and then drops the first message. Both go
/// through what it remembers.
fn patient(version: &str) -> Guest {
    const LOAD: &str = "tapedeck:plugin/kv@1.0.0#load";
    const STORE: &str = "tapedeck:plugin/kv@1.0.0#store";
    const KEYS: i32 = DATA + 40;
    const RESULT: i32 = 2048;
    let wit = "package test:guest; world guest {
        import tapedeck:plugin/kv@1.0.0;
        export tapedeck:plugin/describe@1.0.0; export tapedeck:plugin/chat-filter@1.0.0;
    }";
    let manifest = json!({
        "id": "a", "version": version, "summary": "A test.", "wants": { "kv": { "bytes": 100 } },
    });
    // A result whose parts are eight bytes apart, a list of one, and what is in the list: the first, dropped.
    let list = u32::try_from(DATA).unwrap() + 16;
    let mut data = [0, 0, list, 1, 0, 1].map(u32::to_le_bytes).concat();
    data.resize(40, 0);
    data.extend(b"begungo");
    Guest::of_wit_beside(wit).manifest(&manifest.to_string()).data(data).imports(LOAD).imports(STORE).does(
        JUDGE,
        |names| {
            let (begun, go) = ([I::I32Const(KEYS), I::I32Const(5)], [I::I32Const(KEYS + 5), I::I32Const(2)]);
            let tell = [I::I32Const(RESULT), I::Call(names.of(STORE))];
            let ask = [I::I32Const(RESULT), I::Call(names.of(LOAD)), I::I32Const(RESULT)];
            // Of a result that is an option: whether there is a value.
            let until_there = [I::I32Load(at(8)), I::I32Eqz, I::BrIf(0), I::End, I::I32Const(DATA)];
            let tell = begun.clone().into_iter().chain(begun).chain(tell);
            let wait = [I::Loop(wasm_encoder::BlockType::Empty)].into_iter().chain(go).chain(ask);
            tell.chain(wait).chain(until_there).collect()
        },
    )
}

impl Deck {
    fn now(&self) -> Arc<Loaded> {
        self.plugins.current(&"a".parse().unwrap()).unwrap()
    }

    fn may_remember(&self) -> bool {
        self.now().profile.permits.now().kv().is_ok()
    }

    async fn judge(&self) -> Failure {
        let filter = self.plugins.filter(&"a".parse().unwrap());
        filter.judge([message(1, "hello")].into(), None).await.unwrap_err().failure
    }
}

#[tokio::test]
async fn calls_in_flight_end_on_the_old_code() {
    let mut deck = Deck::start();
    deck.put("a.wasm", &patient("1.0.0"));
    deck.table("a", |it| {
        it.grants.put("kv=100B".parse().unwrap());
        it.limits.deadline = Period(2 * WAIT);
        it.limits.host_calls = u64::MAX;
    });
    deck.apply().await;
    let filter = deck.plugins.filter(&"a".parse().unwrap());
    let judge = || filter.judge([message(1, "hello")].into(), None);
    let kv = &deck.state.plugin_kv;
    let swaps = || deck.view("a").unwrap().figures.swaps;
    // It may have been found before its table.
    let before = swaps();
    let swap = async {
        deck.until("it has begun", |_| kv.get("a", b"begun").unwrap().is_some()).await;
        deck.put("a.wasm", &self::filter("a", "2.0.0", 2));
        deck.until("swapped", |_| swaps() == before + 1).await;
        let view = deck.view("a").unwrap();
        assert_eq!((view.version.as_deref(), view.figures.calls), (Some("2.0.0"), 0), "it is at it still");
        kv.set("a", b"go", b"", u64::MAX).unwrap();
    };
    let (judged, ()) = tokio::join!(judge(), swap);
    assert!(matches!(&judged.unwrap()[..], [it] if it.verdict == Verdict::Drop));
    assert!(judge().await.unwrap().is_empty(), "the new code keeps everything");
    let figures = deck.view("a").unwrap().figures;
    assert_eq!((figures.calls, figures.errors), (2, 0));
    deck.finish().await;
}

#[tokio::test]
async fn disabled_while_loading_stays_off() {
    let mut deck = Deck::start();
    deck.put("a.wasm", &filter("a", "1.0.0", 1));
    deck.table("a", |_| {});
    deck.plugins.apply(deck.host.clone(), deck.tables.clone()).await;
    deck.table("a", |it| it.is_enabled = false);
    deck.apply().await;
    assert!(matches!(deck.call("a").unwrap_err().failure, Failure::Disabled { .. }));
    deck.table("a", |_| {});
    deck.apply().await;
    assert!(deck.call("a").is_ok());
    deck.finish().await;
}

#[tokio::test]
async fn reloading_disabled_ones_is_answered() {
    let mut deck = Deck::start();
    deck.put("a.wasm", &filter("a", "1.0.0", 1));
    deck.table("a", |it| it.is_enabled = false);
    deck.apply().await;
    let name = "a".parse().unwrap();
    let answer = tokio::time::timeout(WAIT, deck.plugins.reload(&name)).await.unwrap();
    assert!(matches!(answer.unwrap_err().failure, Failure::Disabled { .. }));
    deck.finish().await;
}

#[tokio::test]
async fn withdrawals_outlive_loads_under_way() {
    let mut deck = Deck::start();
    deck.put("a.wasm", &remembering("1.0.0"));
    deck.table("a", |it| it.grants.put("kv=10B".parse().unwrap()));
    deck.apply().await;
    let name: PluginName = "a".parse().unwrap();
    for turns in 0..40 {
        let withdraw = async {
            for _ in 0..turns * 20 {
                tokio::task::yield_now().await;
            }
            deck.plugins.withdraw(&name, &"kv".parse().unwrap(), "ann").unwrap();
        };
        let (reloaded, ()) = tokio::join!(deck.plugins.reload(&name), withdraw);
        reloaded.unwrap();
        assert!(!deck.may_remember(), "after {turns} turns");
        deck.plugins.approve(&name, "kv=10B".parse().unwrap(), "ann").unwrap();
    }
    deck.finish().await;
}

#[tokio::test]
async fn code_that_asks_for_less_takes_nothing_from_the_old() {
    let mut deck = Deck::start();
    deck.put("a.wasm", &remembering("1.0.0"));
    deck.table("a", |it| it.grants.put("kv=10B".parse().unwrap()));
    deck.apply().await;
    let under_way = deck.now();
    deck.put("a.wasm", &filter("a", "2.0.0", 2));
    deck.until("swapped", |deck| deck.view("a").unwrap().version.as_deref() == Some("2.0.0")).await;
    assert!(!deck.may_remember(), "the new code does not ask for it");
    assert!(under_way.profile.permits.now().kv().is_ok(), "calls in flight end on what they began with");
    // What the operator takes back is taken from them too.
    deck.plugins.withdraw(&"a".parse().unwrap(), &"kv".parse().unwrap(), "ann").unwrap();
    assert!(under_way.profile.permits.now().kv().is_err());
    deck.finish().await;
}

#[tokio::test]
async fn grants_end_for_calls_of_disabled_code_too() {
    let mut deck = Deck::start();
    deck.put("a.wasm", &remembering("1.0.0"));
    deck.table("a", |it| it.grants.put("kv=10B".parse().unwrap()));
    deck.apply().await;
    let under_way = deck.now();
    for (grants, is_granted) in [(&["kv=10B"][..], true), (&[], false)] {
        deck.table("a", |it| {
            it.is_enabled = false;
            grants.iter().for_each(|grant| it.grants.put(grant.parse().unwrap()));
        });
        deck.apply().await;
        assert!(matches!(deck.call("a").unwrap_err().failure, Failure::Disabled { .. }));
        assert_eq!(under_way.profile.permits.now().kv().is_ok(), is_granted);
    }
    deck.finish().await;
}

#[tokio::test]
async fn removed_grants_count_beside_wrong_settings() {
    let mut deck = Deck::start();
    deck.put("a.wasm", &remembering("1.0.0"));
    deck.table("a", |it| it.grants.put("kv=10B".parse().unwrap()));
    deck.apply().await;
    assert!(deck.may_remember());
    deck.table("a", |it| it.settings = json!({ "word": 7 }));
    deck.apply().await;
    assert!(deck.view("a").unwrap().problem.unwrap().contains("settings.word"), "the old code goes on");
    assert!(!deck.may_remember());
    deck.finish().await;
}

#[tokio::test]
async fn who_rests_is_refused_without_a_thread() {
    let deck = Deck::start();
    deck.put("a.wasm", &filter("a", "1.0.0", 1).does(JUDGE, |_| vec![I::Unreachable]));
    deck.until("loaded", |deck| deck.call("a").is_ok()).await;
    for _ in 0..deck.host.breaker.failures {
        assert!(matches!(deck.judge().await, Failure::Trap { .. }));
    }
    let at_once = || Box::pin(deck.judge()).now_or_never();
    assert!(matches!(at_once(), Some(Failure::Suspended { .. })));
    deck.plugins.pause(&"a".parse().unwrap(), "ann").unwrap();
    assert!(matches!(deck.judge().await, Failure::Paused { .. }), "what people did is told first");
    deck.finish().await;
}

#[tokio::test]
async fn starting_alone_ends_no_rest() {
    let deck = Deck::start();
    deck.put("a.wasm", &filter("a", "1.0.0", 1).does(JUDGE, |_| vec![I::Unreachable]));
    deck.until("loaded", |deck| deck.call("a").is_ok()).await;
    for _ in 0..deck.host.breaker.failures {
        assert!(matches!(deck.judge().await, Failure::Trap { .. }));
    }
    let Failure::Suspended { until, .. } = deck.judge().await else { panic!("it should rest") };
    deck.clock.set(until);
    assert!(matches!(deck.judge().await, Failure::Trap { .. }), "it is tried once");
    assert!(matches!(deck.judge().await, Failure::Suspended { .. }), "although it started well");
    let figures = deck.view("a").unwrap().figures;
    assert_eq!((figures.calls, figures.errors), (7, 6), "starting is no call");
    deck.finish().await;
}

#[tokio::test]
async fn refused_settings_keep_the_old_code() {
    let deck = Deck::start();
    deck.put("a.wasm", &filter("a", "1.0.0", 1));
    deck.until("loaded", |deck| deck.call("a").is_ok()).await;
    let configure = "tapedeck:plugin/chat-filter@1.0.0#configure";
    deck.put("a.wasm", &filter("a", "2.0.0", 2).does(configure, |_| vec![I::Unreachable]));
    deck.until("told", |deck| deck.view("a").unwrap().problem.is_some()).await;
    assert_eq!(deck.call("a").unwrap(), 1);
    deck.finish().await;
}
