use anyhow::anyhow;

use super::support::*;
use crate::{
    model::{Period, Policy, Retry, Status},
    scheduler::JobError,
};

fn failing() -> Verdict {
    Err(JobError::temporary(anyhow!("no luck")))
}

#[tokio::test]
async fn temporary_failure_is_tried_again() {
    let retry = Retry { times: 2, first_delay: Period::from_secs(10), max_delay: Period::from_secs(60) };
    let deck = Deck::with(&[("a", Policy { retry, ..Policy::default() })]).await;
    let run = deck.run_now("a").await.id;
    deck.end(run, failing()).await;
    let waiting = deck.run(run);
    assert_eq!(waiting.status, Status::Waiting);
    assert!(waiting.waiting_until.unwrap() <= deck.now() + jiff::SignedDuration::from_secs(10));
    assert!(waiting.reason.unwrap().contains("attempt 2 of 3 follows after: no luck"));

    deck.advance("10s").await;
    deck.until("the second attempt runs", || deck.run(run).attempt == 2 && deck.stage.started() == 2).await;
    deck.end(run, Ok("done")).await;
    assert_eq!((deck.run(run).status, deck.run(run).attempt), (Status::Succeeded, 2));
    deck.finish().await;
}

#[tokio::test]
async fn permanent_failure_is_not() {
    let retry = Retry { times: 5, ..Retry::default() };
    let deck = Deck::with(&[("a", Policy { retry, ..Policy::default() })]).await;
    let run = deck.run_now("a").await.id;
    deck.end(run, Err(JobError::permanent(anyhow!("no such program")))).await;
    assert_eq!((deck.run(run).status, deck.run(run).attempt), (Status::Failed, 1));
    assert_eq!(deck.run(run).error.as_deref(), Some("no such program"));
    deck.finish().await;
}

#[tokio::test]
async fn last_attempt_fails_for_good() {
    let retry = Retry { times: 1, ..Retry::default() };
    let jobs = [
        ("a", Policy { retry, on_failure: [name("alarm")].into(), ..Policy::default() }),
        ("alarm", Policy::default()),
    ];
    let deck = Deck::with(&jobs).await;
    let run = deck.run_now("a").await.id;
    deck.end(run, failing()).await;
    assert!(deck.runs("alarm").is_empty(), "not while an attempt is left");
    deck.advance("10s").await;
    deck.until("the second attempt runs", || deck.stage.started() == 2).await;
    deck.end(run, failing()).await;
    assert_eq!(deck.run(run).status, Status::Failed);
    assert_eq!(deck.statuses("alarm"), [Status::Running]);
    deck.finish().await;
}

#[tokio::test]
async fn waiting_run_can_be_cancelled() {
    let retry = Retry { times: 1, first_delay: Period::from_secs(600), max_delay: Period::from_secs(600) };
    let deck = Deck::with(&[("a", Policy { retry, ..Policy::default() })]).await;
    let run = deck.run_now("a").await.id;
    deck.end(run, failing()).await;
    deck.scheduler.cancel(run, "ann".into()).await.unwrap();
    deck.until("it is cancelled", || deck.run(run).status == Status::Cancelled).await;
    assert_eq!(deck.run(run).reason.as_deref(), Some("cancelled by ann"));
    deck.finish().await;
}

#[tokio::test]
async fn time_limit_stops_an_attempt() {
    let policy = Policy { timeout: Some(Period::from_secs(60)), ..Policy::default() };
    let deck = Deck::with(&[("a", policy)]).await;
    let run = deck.run_now("a").await.id;
    deck.clock.advance(jiff::SignedDuration::from_secs(60));
    deck.until("it has timed out", || deck.run(run).status == Status::TimedOut).await;
    assert!(deck.run(run).error.unwrap().contains("time limit of 1m"));
    deck.finish().await;
}

#[tokio::test]
async fn pings_tell_start_and_end() {
    let address = |path: &str| Some(format!("http://127.0.0.1/{path}").parse().unwrap());
    let ping = crate::model::Ping { start: address("s"), success: address("ok"), failure: address("bad") };
    let deck = Deck::with(&[("a", Policy { ping, ..Policy::default() })]).await;
    let first = deck.run_now("a").await.id;
    deck.end(first, Ok("done")).await;
    let second = deck.run_now("a").await.id;
    deck.end(second, failing()).await;
    let pings: Vec<_> = deck
        .pings
        .0
        .lock()
        .unwrap()
        .iter()
        .map(|(url, _)| url.rsplit('/').next().unwrap().to_owned())
        .collect();
    assert_eq!(pings, ["s", "ok", "s", "bad"]);
    deck.finish().await;
}

#[tokio::test]
async fn panicking_job_fails_and_nothing_else() {
    use std::sync::Arc;

    use futures_util::future::BoxFuture;

    use crate::{
        model::Summary,
        scheduler::{Job, PlannedJob, RunContext},
    };

    #[derive(Debug)]
    struct Panics;
    impl Job for Panics {
        fn run(&self, _: RunContext) -> BoxFuture<'_, Result<Summary, JobError>> {
            Box::pin(async { panic!("off by one") })
        }
    }
    let deck = Deck::with(&[]).await;
    let planned = PlannedJob {
        name: name("p"),
        kind: "panics".into(),
        policy: Policy::default(),
        job: Arc::new(Panics),
    };
    deck.scheduler.load(vec![planned], deck.settings.clone()).await.unwrap();
    let run = deck.scheduler.run_now(name("p"), Default::default(), "ann".into()).await.unwrap().id;
    deck.until("it has failed", || deck.run(run).status == Status::Failed).await;
    assert!(deck.run(run).error.unwrap().contains("off by one"));
    deck.finish().await;
}
