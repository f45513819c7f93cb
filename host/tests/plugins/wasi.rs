//! WASI: what the runtimes of languages need, and nothing that leads anywhere.

use std::time::{Duration, Instant};

use tapedeck::{
    clock::{Clock as _, SystemClock},
    model::{Period, PluginView},
    plugin_host::{Failure, Limit},
};

use crate::support::{Deck, probe::NAME};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clocks_and_chance_are_there() {
    let deck = Deck::with_probe(&[]).await;
    let now: i64 = deck.judge(&["time"]).await.unwrap().parse().unwrap();
    assert!((now - SystemClock.now().as_second()).abs() < 60);
    let (one, other) = (deck.find("random").await.unwrap(), deck.find("random").await.unwrap());
    assert_ne!(one, other);
    assert_eq!(deck.ask("sleep 1").await, "");
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outputs_end_in_the_log() {
    let deck = Deck::with_probe(&[]).await;
    for request in ["stdout one", "stderr two", "log 1 three"] {
        deck.judge(&[request]).await.unwrap();
    }
    assert!(deck.judge(&["panic"]).await.is_err());
    let log = deck.log(NAME);
    for line in ["info: one", "warn: two", "error: three"] {
        assert!(log.iter().any(|it| it == line), "{line}: {log:?}");
    }
    assert!(log.iter().any(|line| line.contains("it was asked to")), "why it panicked: {log:?}");
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_else_is_there() {
    let deck = Deck::with_probe(&[]).await;
    for empty in ["environment", "arguments", "stdin"] {
        assert_eq!(deck.ask(empty).await, "", "{empty}");
    }
    for request in [
        "file /etc/passwd",
        "file ../../etc/passwd",
        "write-file /tmp/x",
        "folder /",
        "connect 127.0.0.1:1",
        "connect [::1]:1",
        "listen 127.0.0.1:0",
        "look-up localhost:80",
        "thread",
    ] {
        let answer = deck.ask(request).await;
        assert!(answer.starts_with("it failed with code "), "{request}: {answer}");
    }
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waits_end_with_the_call() {
    let deck = Deck::with_probe_and(&[], |_, table| {
        table.limits.deadline = Period(Duration::from_millis(200));
        table.limits.fetch_deadline = Period(Duration::from_millis(300));
    })
    .await;
    let began = Instant::now();
    for (failed, setting) in [
        (deck.judge(&["sleep 3600000"]).await, "limits.deadline"),
        (deck.find("sleep 3600000").await, "limits.fetch_deadline"),
    ] {
        assert!(matches!(&failed, Err(Failure::Timeout { setting: by, .. }) if *by == setting), "{failed:?}");
    }
    assert!(began.elapsed() < Duration::from_secs(5));
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_lines_cost_little() {
    // A second of a thread that gives way to all others.
    let deck = Deck::with_probe_and(&[], |_, table| table.limits.deadline = Period::from_secs(60)).await;
    deck.judge(&["log-lines 1000000"]).await.unwrap();
    let view = deck.view(NAME).unwrap();
    let most = u64::from(view.limits.log_lines);
    assert_eq!(view.figures.log_lines_dropped, 1_000_000 - most);
    assert!(view.log.len() <= PluginView::LOG_LINES);
    assert!(view.log.iter().any(|line| line.message.contains("the rest of them is dropped")));
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waits_are_calls_of_the_host() {
    let deck = Deck::with_probe_and(&[], |_, table| table.limits.host_calls = 0).await;
    let failed = deck.judge(&["sleep 1"]).await;
    assert!(matches!(failed, Err(Failure::Limit { which: Limit::HostCalls { .. } })), "{failed:?}");
    deck.finish().await;
}
