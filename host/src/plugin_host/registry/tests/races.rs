//! What changes while something else is under way.

use super::*;
use crate::plugin_host::calls::samples::message;

const JUDGE: &str = "tapedeck:plugin/chat-filter@1.0.0#judge";

fn remembering(version: &str) -> Guest {
    let manifest = json!({
        "id": "a", "version": version, "summary": "A test.", "wants": { "kv": { "bytes": 10 } },
        "settings_schema": { "type": "object", "properties": { "word": { "type": "string" } } },
    });
    filter("a", version, 1).manifest(&manifest.to_string())
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
