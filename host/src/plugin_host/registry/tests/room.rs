//! What plugins leave to the others: turns, and memory.

use super::*;
use crate::{
    clock::Clock as _,
    plugin_host::calls::{KEPT, samples::message},
};

impl Deck {
    fn is_loading(&self, name: &str) -> bool {
        self.view(name).is_some_and(|view| matches!(view.state, PluginState::Loading { .. }))
    }

    /// Components whose code is kept.
    fn compiled(&self) -> usize {
        let files = fs::read_dir(self.folder.path().join("cache")).unwrap();
        files.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|it| it == "json")).count()
    }

    async fn judges(&self, name: &str) {
        let filter = self.plugins.filter(&name.parse().unwrap());
        assert_eq!(filter.judge([message(1, "hello")].into(), None).await.unwrap(), []);
    }
}

#[tokio::test]
async fn scripts_that_never_say_who_they_are_hold_up_no_other() {
    let mut deck = Deck::start();
    deck.host.describe_deadline = 2 * WAIT;
    deck.apply().await;
    let wit = "package test:guest; world guest {
        export tapedeck:plugin/describe@1.0.0; export tapedeck:plugin/chat-filter-records@1.0.0;
    }";
    let script = Guest::of_wit_beside(wit).loops("tapedeck:plugin/describe@1.0.0#describe");
    deck.put("script.wasm", &script);
    deck.until("compiled", |deck| deck.compiled() == 1).await;
    deck.put("good.wasm", &filter("good", "1.0.0", 1));
    deck.until("loaded", |deck| deck.call("good").is_ok()).await;
    assert!(deck.is_loading("script"), "it is asked still");
    deck.finish().await;
}

#[tokio::test]
async fn files_that_never_start_hold_up_no_good_one() {
    const CONFIGURE: &str = "tapedeck:plugin/chat-filter@1.0.0#configure";
    let mut deck = Deck::start();
    deck.host.limits.start_deadline.0 = 2 * WAIT;
    deck.put("calm.wasm", &filter("calm", "1.0.0", 1));
    deck.apply().await;
    let bad = ["bad1", "bad2", "bad3", "bad4"];
    for name in bad {
        deck.put(&format!("{name}.wasm"), &filter(name, "1.0.0", 1).loops(CONFIGURE));
    }
    deck.until("compiled", |deck| deck.compiled() == 1 + bad.len()).await;
    deck.put("late.wasm", &filter("late", "1.0.0", 1));
    deck.until("loaded", |deck| deck.call("late").is_ok()).await;
    for _ in 0..100 {
        deck.judges("calm").await;
        deck.judges("late").await;
    }
    assert!(bad.iter().all(|name| deck.is_loading(name)), "they are at it still");
    deck.finish().await;
}

#[tokio::test]
async fn instances_that_nobody_needs_are_let_go() {
    let deck = Deck::start();
    deck.put("a.wasm", &filter("a", "1.0.0", 1));
    deck.until("loaded", |deck| deck.call("a").is_ok()).await;
    let loaded = deck.plugins.current(&"a".parse().unwrap()).unwrap();
    let made = || deck.view("a").unwrap().figures.instances_made;
    deck.judges("a").await;
    let first = made();
    let bit = SignedDuration::from_secs(1);
    deck.clock.advance(KEPT - bit);
    assert!(loaded.idle.take_old(deck.clock.now()).is_empty(), "it may be needed still");
    deck.judges("a").await;
    assert_eq!((made(), loaded.idle.waiting()), (first, 1));
    // Its minute begins anew with each call.
    deck.clock.advance(KEPT - bit);
    assert!(loaded.idle.take_old(deck.clock.now()).is_empty());
    // Twice: the supervisor may look before the last second is over.
    for _ in 0..2 {
        deck.clock.advance(KEPT);
    }
    deck.until("let go", |_| loaded.idle.waiting() == 0).await;
    deck.judges("a").await;
    assert_eq!((made(), loaded.idle.waiting()), (first + 1, 1));
    deck.finish().await;
}
