use super::support::*;
use crate::{model::Status, scheduler::ScheduleError};

#[tokio::test]
async fn a_job_of_nobody_runs_once() {
    let deck = Deck::with(&[("a", every("1h"))]).await;
    let run = deck.run_once("by-hand").await.unwrap();
    deck.look().await;
    assert_eq!((deck.run(run.id).status, run.attempts), (Status::Running, 1));
    let page = deck.scheduler.jobs(None, 10).await.unwrap();
    assert_eq!(page.total, 1, "it is no job of the configuration");
    deck.end(run.id, Ok("done")).await;
    assert_eq!(deck.statuses("by-hand"), [Status::Succeeded]);
    deck.finish().await;
}

#[tokio::test]
async fn it_is_cancelled_like_any_other_and_not_repeated() {
    let deck = Deck::with(&[]).await;
    let (first, second) = (deck.run_once("by-hand").await.unwrap(), deck.run_once("by-hand").await.unwrap());
    deck.look().await;
    deck.scheduler.cancel(first.id, "ann".into()).await.unwrap();
    deck.until("the first has ended", || deck.run(first.id).status == Status::Cancelled).await;
    let deck = deck.kill().await.restart().await;
    assert_eq!(deck.run(second.id).status, Status::Interrupted);
    assert_eq!(deck.statuses("by-hand").len(), 2);
    deck.finish().await;
}

#[tokio::test]
async fn names_of_jobs_are_not_taken() {
    let deck = Deck::with(&[("a", every("1h"))]).await;
    assert!(matches!(deck.run_once("a").await, Err(ScheduleError::NameIsTaken(_))));
    deck.finish().await;
}

#[tokio::test]
async fn its_history_is_bounded() {
    let mut deck = Deck::with(&[]).await;
    deck.settings.keep_runs = 5;
    deck.reload(&[]).await;
    *deck.stage.is_instant.lock().unwrap() = true;
    for _ in 0..20 {
        deck.run_once("by-hand").await.unwrap();
        deck.look().await;
    }
    deck.until("the oldest are gone", || deck.runs("by-hand").len() <= 6).await;
    deck.finish().await;
}
