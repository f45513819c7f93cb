use super::support::*;
use crate::model::{JobName, Params, Policy, Status, Trigger};

fn jobs(names: &[&str]) -> std::collections::BTreeSet<JobName> {
    names.iter().map(|job| name(job)).collect()
}

#[tokio::test]
async fn events_start_the_jobs_that_wait() {
    let on = |event: &str| Policy { on: [event.parse().unwrap()].into(), ..Policy::default() };
    let deck =
        Deck::with(&[("a", on("door-opened")), ("b", on("door-opened")), ("c", on("door-closed"))]).await;
    let woken = deck.scheduler.emit("door-opened".parse().unwrap()).await.unwrap();
    assert_eq!(woken, [name("a"), name("b")]);
    deck.look().await;
    assert_eq!((deck.statuses("a").len(), deck.statuses("c").len()), (1, 0));
    deck.finish().await;
}

#[tokio::test]
async fn success_starts_the_jobs_after() {
    let deck =
        Deck::with(&[("a", every("1m")), ("b", Policy { after: jobs(&["a"]), ..Policy::default() })]).await;
    deck.advance("1m").await;
    let first = deck.runs("a")[0].id;
    deck.end(first, Ok("done")).await;
    assert_eq!(deck.runs("b")[0].trigger, Trigger::After { job: name("a"), run: first });
    deck.end(deck.runs("b")[0].id, Ok("done")).await;

    deck.advance("1m").await;
    deck.end(deck.runs("a")[1].id, Err(crate::scheduler::JobError::permanent(anyhow::anyhow!("no")))).await;
    assert_eq!(deck.runs("b").len(), 1, "a failure starts nothing");
    deck.finish().await;
}

#[tokio::test]
async fn at_start_runs_once_per_process() {
    let mut deck = Deck::with(&[("a", Policy { at_start: true, ..Policy::default() })]).await;
    deck.look().await;
    assert_eq!(deck.runs("a")[0].trigger, Trigger::AtStart);
    deck.reload(&[("a", Policy { at_start: true, ..Policy::default() }), ("b", every("1h"))]).await;
    assert_eq!(deck.runs("a").len(), 1);
    deck.end(deck.runs("a")[0].id, Ok("done")).await;
    let deck = deck.stop().await.restart().await;
    assert_eq!(deck.runs("a").len(), 2);
    deck.finish().await;
}

#[tokio::test]
async fn person_starts_a_paused_job_with_parameters() {
    let deck = Deck::with(&[("a", every("1m"))]).await;
    deck.scheduler.pause(name("a"), "ann".into()).await.unwrap();
    let params: Params = [("chat".to_owned(), "42".to_owned())].into();
    let run = deck.scheduler.run_now(name("a"), params.clone(), "ann".into()).await.unwrap();
    deck.look().await;
    assert_eq!(deck.stage.started.lock().unwrap()[0].params, params);
    assert_eq!(run.trigger, Trigger::Manual { who: "ann".into() });
    deck.finish().await;
}

#[tokio::test]
async fn pause_survives_restart_and_is_accounted_for() {
    let deck = Deck::with(&[("a", every("1m"))]).await;
    deck.scheduler.pause(name("a"), "ann".into()).await.unwrap();
    deck.advance("5m").await;
    let deck = deck.kill().await.restart().await;
    deck.advance("5m").await;
    assert!(deck.runs("a").is_empty());
    assert_eq!(deck.scheduler.job(name("a")).await.unwrap().paused.unwrap().by, "ann");

    let view = deck.scheduler.resume(name("a")).await.unwrap();
    assert_eq!((view.paused, view.next_due), (None, Some(at("2026-01-01T00:11:00Z"))));
    let skipped = &deck.runs("a")[0];
    assert_eq!((skipped.status, skipped.covers.as_ref().unwrap().count), (Status::Skipped, 10));
    assert_eq!(skipped.reason.as_deref(), Some("the job was paused by ann"));
    deck.finish().await;
}

#[tokio::test]
async fn disabled_job_does_not_catch_up() {
    let mut deck = Deck::with(&[("a", Policy { enabled: false, ..every("1m") })]).await;
    deck.advance("5m").await;
    assert!(deck.runs("a").is_empty());
    deck.reload(&[("a", every("1m"))]).await;
    deck.look().await;
    assert_eq!(deck.statuses("a"), [Status::Skipped]);
    deck.advance("1m").await;
    assert_eq!(deck.statuses("a"), [Status::Skipped, Status::Running]);
    deck.finish().await;
}

#[tokio::test]
async fn removed_job_finishes_what_runs() {
    let mut deck = Deck::with(&[("a", every("1m"))]).await;
    deck.advance("1m").await;
    let run = deck.runs("a")[0].id;
    deck.reload(&[]).await;
    deck.advance("10m").await;
    deck.end(run, Ok("done")).await;
    assert_eq!(deck.statuses("a"), [Status::Succeeded]);
    assert!(deck.scheduler.job(name("a")).await.is_err());
    deck.finish().await;
}

#[tokio::test]
async fn history_is_pruned_by_count_and_age() {
    let mut deck = Deck::with(&[]).await;
    deck.settings.keep_runs = 5;
    *deck.stage.is_instant.lock().unwrap() = true;
    deck.reload(&[("a", every("1m")), ("b", every("30d"))]).await;
    for _ in 0..33 {
        deck.advance("1m").await;
    }
    assert!(deck.runs("a").len() < 33 - 16 + 5, "{}", deck.runs("a").len());
    for _ in 0..4 {
        deck.advance("30d").await;
    }
    let oldest = &deck.runs("b")[0];
    assert!(deck.now().duration_since(oldest.created).as_hours() <= 24 * 120, "older than keep_for are gone");
    assert!(deck.runs("b").len() <= 4);
    deck.finish().await;
}

#[tokio::test]
async fn unknown_names_are_refused() {
    let deck = Deck::with(&[]).await;
    let error = deck.scheduler.run_now(name("nope"), Params::new(), "ann".into()).await.unwrap_err();
    assert!(error.to_string().contains("there is no job `nope`"));
    deck.finish().await;
}
