use super::support::*;
use crate::model::{JobView, Policy, Progress};

async fn shown(deck: &Deck) -> Option<Progress> {
    let JobView { recent, .. } = deck.scheduler.job(name("a")).await.unwrap();
    recent[0].progress.clone()
}

#[tokio::test]
async fn runs_are_listed_with_how_far_they_are() {
    let deck = Deck::with(&[("a", Policy::default())]).await;
    let run = deck.run_now("a").await.id;
    deck.until("it has started", || deck.stage.started() == 1).await;
    let report = deck.stage.started.lock().unwrap()[0].report.clone();
    report.progress(3, Some(10), "chats", "The third");
    while shown(&deck).await.is_none() {
        tokio::task::yield_now().await;
    }
    let progress = shown(&deck).await.unwrap();
    assert_eq!((progress.done, progress.total, progress.message.as_str()), (3, Some(10), "The third"));
    assert!(deck.run(run).progress.is_none(), "no write to the disk for it");
    let mut listed = [deck.run(run)];
    deck.scheduler.fill_in_progress(&mut listed);
    assert_eq!(listed[0].progress, Some(progress));
    deck.end(run, Ok("done")).await;
    // What it had come to at its end stands in the ledger.
    assert_eq!(shown(&deck).await, deck.run(run).progress);
    deck.finish().await;
}
