use super::support::*;
use crate::model::{Missed, Overlap, Policy, Retry, Status, Trigger};

fn retrying(times: u32) -> Retry {
    Retry { times, ..Retry::default() }
}

#[tokio::test]
async fn kill_in_mid_run_shows_as_interrupted() {
    let deck = Deck::with(&[("a", every("10m"))]).await;
    deck.advance("10m").await;
    let run = deck.runs("a")[0].id;
    let deck = deck.kill().await.restart().await;
    assert_eq!(deck.run(run).status, Status::Interrupted);
    assert_eq!(deck.stage.started(), 0, "not run again: it has no attempt left");
    deck.finish().await;
}

#[tokio::test]
async fn interrupted_run_uses_its_remaining_attempts() {
    let deck = Deck::with(&[("a", Policy { retry: retrying(1), ..every("10m") })]).await;
    deck.advance("10m").await;
    let first = deck.runs("a")[0].id;
    let deck = deck.kill().await.restart().await;
    let second = deck.runs("a")[1].clone();
    assert_eq!(
        (second.trigger, second.attempt, second.status),
        (Trigger::Retry { run: first }, 2, Status::Running)
    );

    let deck = deck.kill().await.restart().await;
    assert_eq!(deck.statuses("a"), [Status::Interrupted, Status::Interrupted], "two attempts were allowed");
    deck.finish().await;
}

#[tokio::test]
async fn interrupted_for_good_starts_on_failure_once() {
    let jobs =
        [("a", Policy { on_failure: [name("alarm")].into(), ..every("10m") }), ("alarm", Policy::default())];
    let deck = Deck::with(&jobs).await;
    deck.advance("10m").await;
    let deck = deck.kill().await.restart().await;
    assert_eq!(deck.statuses("alarm"), [Status::Running]);
    deck.end(deck.runs("alarm")[0].id, Ok("told")).await;
    let deck = deck.stop().await.restart().await;
    assert_eq!(deck.statuses("alarm"), [Status::Succeeded]);
    deck.finish().await;
}

#[tokio::test]
async fn stop_tells_runs_and_records_them() {
    let deck = Deck::with(&[("a", Policy { retry: retrying(1), ..every("10m") })]).await;
    deck.advance("10m").await;
    let run = deck.runs("a")[0].id;
    let deck = deck.stop().await.restart().await;
    assert_eq!(deck.run(run).status, Status::Interrupted);
    assert_eq!(deck.run(run).reason.as_deref(), Some("the daemon was stopped"));
    assert_eq!(deck.statuses("a"), [Status::Interrupted, Status::Running]);
    deck.finish().await;
}

#[tokio::test]
async fn jobs_say_farewell_after_their_runs() {
    let deck = Deck::with(&[("a", every("10m")), ("b", every("1h"))]).await;
    deck.advance("10m").await;
    deck.scheduler.pause(name("b"), "ann".into()).await.unwrap();
    let farewells = deck.stage.farewells.clone();
    deck.stop().await;
    assert_eq!(*farewells.lock().unwrap(), [0], "a paused job has nothing to say");
}

#[tokio::test]
async fn queued_runs_survive_a_kill() {
    let policy = Policy { overlap: Overlap::Queue, ..every("10m") };
    let deck = Deck::with(&[("a", policy)]).await;
    deck.advance("10m").await;
    deck.advance("10m").await;
    assert_eq!(deck.statuses("a"), [Status::Running, Status::Queued]);
    let deck = deck.kill().await.restart().await;
    assert_eq!(deck.statuses("a"), [Status::Interrupted, Status::Running]);
    assert_eq!(deck.stage.started(), 1);
    deck.finish().await;
}

#[tokio::test]
async fn queued_fire_gone_stale_obeys_missed_skip() {
    let policy = Policy { overlap: Overlap::Queue, missed: Missed::Skip, ..every("10m") };
    let deck = Deck::with(&[("a", policy)]).await;
    deck.advance("10m").await;
    deck.advance("10m").await;
    let dead = deck.kill().await;
    dead.clock.advance(jiff::SignedDuration::from_mins(5));
    let deck = dead.restart().await;
    assert_eq!(deck.statuses("a"), [Status::Interrupted, Status::Missed]);
    deck.finish().await;
}

#[tokio::test]
async fn fires_of_a_dead_time_follow_the_policy() {
    for (missed, expected) in [
        (Missed::Skip, vec![Status::Missed]),
        (Missed::Once, vec![Status::Missed, Status::Running]),
        (Missed::All, vec![Status::Running; 6]),
    ] {
        let policy = Policy { missed, overlap: Overlap::Parallel, ..every("10m") };
        let dead = Deck::with(&[("a", policy)]).await.kill().await;
        dead.clock.advance(jiff::SignedDuration::from_mins(65));
        let deck = dead.restart().await;
        let mut statuses = deck.statuses("a");
        statuses.sort_by_key(|status| *status == Status::Running);
        assert_eq!(statuses, expected, "{missed:?}");
        deck.finish().await;
    }
}

#[tokio::test]
async fn changed_schedule_has_missed_nothing() {
    let mut dead = Deck::with(&[("a", every("30d"))]).await.kill().await;
    dead.clock.advance(jiff::SignedDuration::from_hours(12));
    dead.jobs = vec![("a", every("10m"))];
    let deck = dead.restart().await;
    assert!(deck.runs("a").is_empty());
    deck.advance("10m").await;
    assert_eq!(deck.statuses("a"), [Status::Running]);
    deck.finish().await;
}

#[tokio::test]
async fn follow_up_of_the_last_run_waits_for_the_next_start() {
    let jobs = [("a", every("10m")), ("b", Policy { after: [name("a")].into(), ..Policy::default() })];
    let deck = Deck::with(&jobs).await;
    deck.advance("10m").await;
    let run = deck.runs("a")[0].id;
    deck.stage.end(run, Ok("done in the last moment"));
    let deck = deck.stop().await.restart().await;
    assert_eq!(deck.run(run).status, Status::Succeeded);
    assert_eq!(deck.statuses("b"), [Status::Running]);
    deck.finish().await;
}

#[tokio::test]
async fn interrupted_run_is_found_behind_newer_entries() {
    let policy = Policy { retry: retrying(1), missed: Missed::Skip, ..every("1m") };
    let deck = Deck::with(&[("a", policy)]).await;
    deck.advance("1m").await;
    deck.advance("1m").await;
    assert_eq!(deck.statuses("a"), [Status::Running, Status::Skipped]);
    let first = deck.runs("a")[0].id;
    let deck = deck.kill().await.restart().await;
    assert_eq!(deck.runs("a")[2].trigger, Trigger::Retry { run: first });
    deck.finish().await;
}

#[tokio::test]
async fn every_interrupted_run_is_settled() {
    let policy = Policy { overlap: Overlap::Parallel, retry: retrying(1), ..every("1m") };
    let deck = Deck::with(&[("a", policy)]).await;
    deck.advance("1m").await;
    deck.advance("1m").await;
    let deck = deck.kill().await.restart().await;
    assert_eq!(
        deck.statuses("a"),
        [Status::Interrupted, Status::Interrupted, Status::Running, Status::Running]
    );
    deck.finish().await;
}

#[tokio::test]
async fn pause_is_kept_by_an_idle_deck() {
    let deck = Deck::with(&[("a", every("10m"))]).await;
    deck.scheduler.pause(name("a"), "ann".into()).await.unwrap();
    let deck = deck.kill().await.restart().await;
    assert!(deck.scheduler.job(name("a")).await.unwrap().paused.is_some());
    deck.finish().await;
}

#[tokio::test]
async fn catching_up_on_all_loses_none_to_overlap() {
    let policy = Policy { missed: Missed::All, ..every("10m") };
    let dead = Deck::with(&[("a", policy)]).await.kill().await;
    dead.clock.advance(jiff::SignedDuration::from_mins(35));
    let deck = dead.restart().await;
    assert_eq!(deck.statuses("a"), [Status::Running, Status::Queued, Status::Queued]);
    deck.finish().await;
}
