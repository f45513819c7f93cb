use super::support::*;
use crate::model::{Overlap, Policy, Status};

fn overlapping(overlap: Overlap) -> Policy {
    Policy { overlap, ..every("1m") }
}

#[tokio::test]
async fn skip_joins_all_skipped_fires_in_one_entry() {
    let deck = Deck::with(&[("a", overlapping(Overlap::Skip))]).await;
    for _ in 0..5 {
        deck.advance("1m").await;
    }
    assert_eq!(deck.statuses("a"), [Status::Running, Status::Skipped]);
    let skipped = deck.runs("a").pop().unwrap();
    assert_eq!(skipped.covers.unwrap().count, 4);
    assert!(skipped.reason.unwrap().contains("still going on"));

    deck.end(deck.runs("a")[0].id, Ok("done")).await;
    deck.advance("1m").await;
    assert_eq!(deck.statuses("a"), [Status::Succeeded, Status::Skipped, Status::Running]);
    deck.finish().await;
}

#[tokio::test]
async fn queue_runs_each_in_turn() {
    let deck = Deck::with(&[("a", overlapping(Overlap::Queue))]).await;
    for _ in 0..3 {
        deck.advance("1m").await;
    }
    assert_eq!(deck.statuses("a"), [Status::Running, Status::Queued, Status::Queued]);
    deck.end(deck.runs("a")[0].id, Ok("done")).await;
    assert_eq!(deck.statuses("a"), [Status::Succeeded, Status::Running, Status::Queued]);
    deck.end(deck.runs("a")[1].id, Ok("done")).await;
    assert_eq!(deck.statuses("a"), [Status::Succeeded, Status::Succeeded, Status::Running]);
    deck.finish().await;
}

#[tokio::test]
async fn queue_is_bounded() {
    let policy = Policy { queue_limit: 2, ..overlapping(Overlap::Queue) };
    let deck = Deck::with(&[("a", policy)]).await;
    for _ in 0..5 {
        deck.advance("1m").await;
    }
    assert_eq!(deck.statuses("a")[1..], [Status::Queued, Status::Queued, Status::Skipped]);
    deck.finish().await;
}

#[tokio::test]
async fn restart_replaces_the_running_one() {
    let deck = Deck::with(&[("a", overlapping(Overlap::Restart))]).await;
    deck.advance("1m").await;
    let first = deck.runs("a")[0].id;
    deck.stage.started.lock().unwrap().clear();
    deck.advance("1m").await;
    deck.until("the second has started", || deck.stage.started() == 1).await;
    assert_eq!(deck.statuses("a"), [Status::Cancelled, Status::Running]);
    assert!(deck.run(first).reason.unwrap().contains("replaced by"));
    deck.finish().await;
}

#[tokio::test]
async fn parallel_runs_side_by_side() {
    let deck = Deck::with(&[("a", overlapping(Overlap::Parallel))]).await;
    deck.advance("1m").await;
    deck.advance("1m").await;
    assert_eq!(deck.statuses("a"), [Status::Running, Status::Running]);
    deck.finish().await;
}

#[tokio::test]
async fn slots_bound_runs_of_all_jobs() {
    let mut deck = Deck::with(&[]).await;
    deck.settings.max_running = 2;
    deck.reload(&[("a", every("1m")), ("b", every("1m")), ("c", every("1m"))]).await;
    deck.advance("1m").await;
    assert_eq!(deck.scheduler.counts().await.unwrap().running, 2);
    assert_eq!(deck.statuses("c"), [Status::Queued]);
    assert!(deck.runs("c")[0].reason.as_ref().unwrap().contains("max_running"));
    deck.end(deck.runs("a")[0].id, Ok("done")).await;
    assert_eq!(deck.statuses("c"), [Status::Running]);
    deck.finish().await;
}

#[tokio::test]
async fn cancel_takes_a_queued_run_out() {
    let deck = Deck::with(&[("a", overlapping(Overlap::Queue))]).await;
    deck.advance("1m").await;
    deck.advance("1m").await;
    let queued = deck.runs("a")[1].id;
    deck.scheduler.cancel(queued, "ann".into()).await.unwrap();
    assert_eq!(deck.run(queued).status, Status::Cancelled);
    deck.end(deck.runs("a")[0].id, Ok("done")).await;
    assert_eq!(deck.statuses("a"), [Status::Succeeded, Status::Cancelled]);
    deck.finish().await;
}

#[tokio::test]
async fn cancel_in_the_line_for_slots_lets_the_next_go() {
    let mut deck = Deck::with(&[]).await;
    deck.settings.max_running = 1;
    deck.reload(&[("a", overlapping(Overlap::Queue)), ("b", Policy::default())]).await;
    let busy = deck.run_now("b").await.id;
    deck.advance("1m").await;
    deck.advance("1m").await;
    let first = deck.runs("a")[0].id;
    deck.scheduler.cancel(first, "ann".into()).await.unwrap();
    deck.end(busy, Ok("done")).await;
    assert_eq!(deck.statuses("a"), [Status::Cancelled, Status::Running]);
    deck.finish().await;
}

#[tokio::test]
async fn slots_go_to_whoever_waited_longest() {
    let mut deck = Deck::with(&[]).await;
    deck.settings.max_running = 1;
    deck.reload(&[("busy", overlapping(Overlap::Queue)), ("quiet", Policy::default())]).await;
    deck.advance("1m").await;
    deck.advance("1m").await;
    deck.run_now("quiet").await;
    deck.end(deck.runs("busy")[0].id, Ok("done")).await;
    assert_eq!(deck.statuses("quiet"), [Status::Running]);
    deck.finish().await;
}

#[tokio::test]
async fn parallel_line_is_bounded() {
    let mut deck = Deck::with(&[]).await;
    deck.settings.max_running = 1;
    deck.reload(&[("a", Policy { queue_limit: 2, ..overlapping(Overlap::Parallel) })]).await;
    for _ in 0..6 {
        deck.advance("1m").await;
    }
    assert_eq!(deck.statuses("a")[1..], [Status::Queued, Status::Queued, Status::Skipped]);
    deck.finish().await;
}

#[tokio::test]
async fn pause_empties_the_queue() {
    let deck = Deck::with(&[("a", overlapping(Overlap::Queue))]).await;
    deck.advance("1m").await;
    deck.advance("1m").await;
    let asked_for = deck.run_now("a").await.id;
    deck.scheduler.pause(name("a"), "ann".into()).await.unwrap();
    assert_eq!(deck.statuses("a"), [Status::Running, Status::Skipped, Status::Queued]);
    deck.end(deck.runs("a")[0].id, Ok("done")).await;
    assert_eq!(deck.run(asked_for).status, Status::Running, "a person asked for this one");
    deck.finish().await;
}

#[tokio::test]
async fn job_that_comes_back_knows_its_run() {
    let job = ("a", overlapping(Overlap::Skip));
    let mut deck = Deck::with(std::slice::from_ref(&job)).await;
    deck.advance("1m").await;
    deck.reload(&[]).await;
    deck.reload(&[job]).await;
    deck.advance("1m").await;
    assert_eq!(deck.statuses("a"), [Status::Running, Status::Skipped]);
    deck.finish().await;
}
