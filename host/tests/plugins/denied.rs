//! What nobody granted, or asked for, or what was taken back: every capability, both ways of calling.

use std::time::Duration;

use tapedeck::{model::Period, plugin_host::Failure};

use crate::support::{
    Deck,
    probe::{NAME, is_denied},
};

/// One request of every function of every capability.
const REQUESTS: [&str; 12] = [
    "http GET https://api.example.com/",
    "download GET file https://api.example.com/",
    "run sh -c|true",
    "kv-load key",
    "kv-store key value",
    "kv-remove key",
    "kv-names k",
    "scratch-entries",
    "scratch-read file",
    "scratch-write file text",
    "scratch-append file text",
    "scratch-remove file",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_granted_unless_said() {
    let deck = Deck::with_probe(&[]).await;
    for request in REQUESTS {
        let answer = deck.ask(request).await;
        assert!(is_denied(&answer) && answer.contains("nobody has granted it"), "{request}: {answer}");
        assert!(answer.contains("`tapedeck plugins grant probe "), "{answer}");
    }
    // A plugin may keep a refusal to itself; its operator reads it, loudly once: of http, run, kv and scratch.
    let refusals = deck.log(NAME).iter().filter(|line| line.starts_with("warn: probe may not use")).count();
    assert_eq!(refusals, 4, "{:?}", deck.log(NAME));
    assert_eq!(deck.rooms(), 0);
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grants_beyond_the_wishes_do_nothing() {
    // The probe asks for these programs, methods and sizes, and for nothing else.
    let deck = Deck::with_probe(&["run=ls", "http=*,methods=DELETE+POST"]).await;
    for request in ["run ls /", "http DELETE https://api.example.com/"] {
        let answer = deck.ask(request).await;
        assert!(is_denied(&answer) && answer.contains("does not ask for that in its manifest"), "{answer}");
    }
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn withdrawals_hold_from_the_next_call_on() {
    let deck = Deck::with_probe(&["kv=1MiB", "scratch=1MiB", "run=sh"]).await;
    for (key, request) in [("kv", "kv-names k"), ("scratch", "scratch-entries"), ("run=sh", "run sh -c|true")]
    {
        assert!(!is_denied(&deck.ask(request).await), "{request}");
        deck.withdraw(key);
        let answer = deck.ask(request).await;
        assert!(is_denied(&answer) && answer.contains("was withdrawn"), "{answer}");
    }
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn withdrawals_reach_calls_under_way() {
    let deck = Deck::with_probe_and(&["kv=1MiB", "scratch=1MiB"], |_, table| {
        table.limits.host_calls = u64::MAX;
        table.limits.deadline = Period(Duration::from_secs(20));
    })
    .await;
    for (key, requests) in [
        ("kv", ["kv-remove key", "again kv-store key value"]),
        ("scratch", ["nothing", "again scratch-entries"]),
    ] {
        let state = &deck.state.plugin_kv;
        let (answer, ()) = tokio::join!(deck.judge(&requests), async {
            if key == "kv" {
                deck.until("it is at it", |_| state.get(NAME, b"key").unwrap().is_some()).await;
            } else {
                deck.until("it is at it", |deck| deck.rooms() == 1).await;
            }
            deck.withdraw(key);
        });
        let refused = answer.unwrap_err().to_string();
        assert!(is_denied(&refused) && refused.contains("was withdrawn"), "{refused}");
    }
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn approvals_work_without_a_restart() {
    let deck = Deck::with_probe(&[]).await;
    let name = NAME.parse().unwrap();
    assert!(is_denied(&deck.ask("kv-names k").await));
    deck.plugins.approve(&name, "kv=1KiB".parse().unwrap(), "ann").unwrap();
    assert_eq!(deck.ask("kv-names k").await, "");
    let refused = deck.plugins.approve(&name, "run=ls".parse().unwrap(), "ann").unwrap_err();
    assert!(matches!(refused.failure, Failure::NotAsked { .. }), "{refused}");
    deck.finish().await;
}
