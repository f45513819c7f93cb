//! `run` with a real plugin and programs of this machine.

use std::{fs, time::Duration};

use tapedeck::{model::Period, plugin_host::Failure};

use crate::support::{Deck, probe::is_denied};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arguments_come_without_a_shell() {
    let deck = Deck::with_probe(&["run=sh", "run=cat"]).await;
    let answer = deck.ask("run sh -c|printf %s/%s \"$1\" \"$2\"|-|a; touch b|$(id) `id` $HOME").await;
    assert_eq!(answer, "0 a; touch b/$(id) `id` $HOME ");
    assert_eq!(deck.ask("run cat").await, "0 from the plugin ", "what it is fed");
    assert_eq!(deck.ask("run sh -c|echo no >&2; exit 3").await, "3  no\n");
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_are_granted_by_name() {
    let deck = Deck::with_probe(&["run=sh"]).await;
    for program in ["cat", "/bin/sh", "../bin/sh", "./sh", "sh;id"] {
        let answer = deck.ask(&format!("run {program} x")).await;
        assert!(is_denied(&answer), "{program}: {answer}");
    }
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn environment_is_empty_and_folder_its_own() {
    let deck = Deck::with_probe(&["run=env", "run=sh", "scratch=1MiB"]).await;
    let environment = deck.judge(&["run env"]).await.unwrap();
    let room = deck.path("scratch").canonicalize().unwrap();
    let names: Vec<_> = environment.lines().filter_map(|line| line.split('=').next()).collect();
    assert_eq!(names, ["0 HOME", "LANG", "PATH", "TMPDIR", " "], "{environment}");
    let requests = [
        "scratch-write in.txt words",
        "run sh -c|pwd; tr a-z A-Z < in.txt > out.txt",
        "scratch-read out.txt",
    ];
    assert_eq!(deck.judge(&requests).await.unwrap(), "WORDS");
    let folder = deck.judge(&["run sh -c|pwd"]).await.unwrap();
    assert!(folder.starts_with(&format!("0 {}/probe-", room.display())), "{folder}");
    assert_eq!(deck.rooms(), 0);
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whole_groups_end_with_their_time() {
    let deck = Deck::with_probe(&["run=sh,timeout=300ms"]).await;
    let list = deck.path("children");
    let script = format!("sleep 60 & echo $! >> {0}; echo $$ >> {0}; trap '' TERM; wait", list.display());
    let answer = deck.ask(&format!("run sh -c|{script}")).await;
    assert!(answer.contains("was ended because it took longer than 300 ms"), "{answer}");
    let children = fs::read_to_string(list).unwrap();
    assert_eq!(children.lines().count(), 4);
    deck.until("all of them are gone", |_| children.lines().all(is_gone)).await;
    deck.finish().await;
}

/// Or waits to be buried, by whoever that is here.
fn is_gone(id: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.is_empty() || stat.contains(") Z ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_end_with_the_call() {
    let deck = Deck::with_probe_and(&["run=sh"], |_, table| {
        table.limits.deadline = Period(Duration::from_millis(300));
        table.limits.fetch_deadline = Period(Duration::from_millis(300));
    })
    .await;
    let list = deck.path("children");
    let script = format!("run sh -c|echo $$ >> {}; sleep 60", list.display());
    let judged = deck.judge(&[&script]).await.unwrap_err().to_string();
    let found = deck.find(&script).await.unwrap_err().to_string();
    for failure in [judged, found] {
        assert!(failure.contains("took longer than"), "{failure}");
    }
    let children = fs::read_to_string(list).unwrap();
    deck.until("all of them are gone", |_| children.lines().all(is_gone)).await;
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_end_of_output_is_kept() {
    let deck = Deck::with_probe(&["run=sh,max_output=10B"]).await;
    assert_eq!(deck.ask("run sh -c|seq 1 1000; echo the-end").await, "0 cut 0\nthe-end\n ");
    let flood = deck.ask("run sh -c|yes").await;
    assert!(flood.contains("a hundred times over"), "{flood}");
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn withdrawn_programs_are_ended() {
    let deck = Deck::with_probe(&["run=sh"]).await;
    let mark = deck.path("begun");
    let request = format!("run sh -c|touch {}; sleep 60", mark.display());
    let requests = [request.as_str()];
    let (answer, ()) = tokio::join!(deck.judge(&requests), async {
        deck.until("it has begun", |_| mark.exists()).await;
        deck.withdraw("run=sh");
    });
    let Err(failure @ Failure::Guest(_)) = answer else { panic!("{answer:?}") };
    assert!(is_denied(&failure.to_string()), "{failure}");
    deck.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_folders_end_programs() {
    let deck = Deck::with_probe(&["run=sh", "scratch=100KiB"]).await;
    let answer = deck.ask("run sh -c|n=0; while :; do n=$((n+1)); head -c 30000 /dev/zero > f$n; done").await;
    assert!(answer.contains("its files took more than 102400 bytes"), "{answer}");
    assert_eq!(deck.rooms(), 0);
    deck.finish().await;
}
