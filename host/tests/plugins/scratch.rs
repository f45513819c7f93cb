//! `scratch`: a folder for the time of one call, whichever way that ends.

use std::{fs, time::Duration};

use serde_json::json;
use tapedeck::model::Period;
use tokio_util::sync::CancellationToken;

use crate::support::{Deck, probe::NAME};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folders_last_for_one_call() {
    let deck = Deck::with_probe_and(&["scratch=1KiB"], |_, table| {
        table.settings = json!({ "configure": "scratch-write early text" });
    })
    .await;
    let requests = ["scratch-write a/b one", "scratch-append a/b two", "scratch-fill c 3", "scratch-entries"];
    assert_eq!(deck.judge(&requests).await.unwrap(), "a/b 6\nc 3");
    assert_eq!(deck.rooms(), 0);
    assert_eq!(deck.judge(&["scratch-entries"]).await.unwrap(), "", "the same instance, another call");
    deck.find("scratch-write a text").await.unwrap();
    assert_eq!(deck.rooms(), 0);
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quotas_hold_for_all_files_together() {
    let deck = Deck::with_probe(&["scratch=100B"]).await;
    let full = deck.judge(&["scratch-fill a 60", "scratch-fill b 41"]).await.unwrap_err().to_string();
    assert!(full.contains("101 bytes of files would be there, 100 are granted"), "{full}");
    let requests = [
        "scratch-fill a 60",
        "scratch-fill b 40",
        "scratch-remove a",
        "scratch-append b xx",
        "scratch-entries",
    ];
    assert_eq!(deck.judge(&requests).await.unwrap(), "b 42");
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn paths_stay_inside() {
    let deck = Deck::with_probe(&["scratch=1KiB"]).await;
    for path in ["../x", "/etc/passwd", "a/../../x", "a//b", ""] {
        let answer = deck.ask(&format!("scratch-read {path}")).await;
        assert!(answer.contains("is no path here"), "{path}: {answer}");
    }
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folders_go_however_a_call_ends() {
    let deck = Deck::with_probe_and(&["scratch=1KiB"], |_, table| {
        table.limits.deadline = Period(Duration::from_millis(200));
    })
    .await;
    for end in ["trap", "loop", "fail other", "sleep 60000", "exit 1"] {
        let failed = deck.judge(&["scratch-write a text", end]).await.unwrap_err();
        assert_eq!(deck.rooms(), 0, "{end}: {failed}");
    }
    let failed = deck.find("again scratch-write a text").await.unwrap_err();
    assert_eq!(deck.rooms(), 0, "{failed}");
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelled_calls_leave_nothing() {
    let deck = Deck::with_probe_and(&["scratch=1KiB"], |_, table| {
        table.limits.host_calls = u64::MAX;
        table.limits.deadline = Period(Duration::from_secs(60));
    })
    .await;
    let cancel = CancellationToken::new();
    let terms = tapedeck::plugin_host::CallTerms { cancel: cancel.clone(), ..Default::default() };
    let (found, ()) = tokio::join!(deck.find_with("again scratch-write a text", &terms), async {
        deck.until("it is at it", |deck| deck.rooms() == 1).await;
        cancel.cancel();
    });
    assert!(found.is_err());
    assert_eq!(deck.rooms(), 0);
    // Who does not wait for a filter any more has ended its call, whether that computes or waits.
    for requests in [["nothing", "again scratch-write a text"], ["scratch-write a text", "sleep 60000"]] {
        let mut judging = Box::pin(deck.judge(&requests));
        tokio::select! {
            judged = &mut judging => panic!("{judged:?}"),
            () = deck.until("it is at it", |deck| deck.rooms() == 1) => {}
        }
        drop(judging);
        deck.until("its folder is gone", |deck| deck.rooms() == 0).await;
    }
    deck.until("it was counted", |deck| {
        deck.view(NAME).unwrap().figures.errors_by_kind.contains_key("cancelled")
    })
    .await;
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_next_start_removes_what_a_kill_left() {
    let folder = tempfile::tempdir().unwrap();
    // As a daemon leaves it that is killed in the middle of a call.
    let left = folder.path().join("scratch/probe-0123456789abcdef/deep");
    fs::create_dir_all(&left).unwrap();
    fs::write(left.join("file"), "x").unwrap();
    fs::write(folder.path().join("scratch/stray"), "x").unwrap();
    std::os::unix::fs::symlink("/etc", folder.path().join("scratch/link")).unwrap();
    let deck = Deck::probe_in(folder, &["scratch=1KiB"], |_, _| {}).await;
    assert_eq!(deck.rooms(), 0);
    assert!(fs::metadata("/etc/passwd").is_ok());
    deck.finish().await;
}
