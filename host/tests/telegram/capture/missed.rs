//! What happened while nobody listened is judged by when it happened, as far as Telegram says so.

use tapedeck::{
    archive::BlockedKind,
    capture::{Heard, ListenRules},
};
use tapedeck_sim::telegram::Spot;

use super::{
    listen::{GROUP, deleted, eventually, says, stage, while_listening},
    stage::Stage,
};

/// Messages of the group, while somebody listens: from here on what is missed is told.
async fn heard_messages(stage: &Stage, count: usize) -> Vec<Spot> {
    let mut spots = Vec::new();
    while_listening(stage, ListenRules::default(), async {
        spots.extend((0..count).map(|number| says(stage, &format!("number {number}"))));
        hears_all(stage).await;
    })
    .await;
    spots
}

/// Until something that is said now was heard.
async fn hears_all(stage: &Stage) {
    says(stage, "that is all");
    eventually(stage, GROUP, |texts| texts.last().is_some_and(|text| text == "that is all")).await;
}

/// Each of these is edited so many seconds after the one before.
fn edit_all(stage: &Stage, spots: &[Spot], seconds: i32) {
    stage.scene.telegram(|t| {
        for spot in spots {
            t.advance(seconds);
            assert!(t.edit(*spot, "as it is now"));
        }
    });
}

async fn listens_again(stage: &Stage) -> Heard {
    while_listening(stage, ListenRules::default(), hears_all(stage)).await
}

async fn edited(stage: &Stage) -> usize {
    stage.texts(GROUP).await.iter().filter(|text| *text == "as it is now").count()
}

#[tokio::test]
async fn edits_of_a_night_are_no_storm() {
    let stage = stage().await;
    let spots = heard_messages(&stage, 15).await;
    edit_all(&stage, &spots, 3_600);
    let heard = listens_again(&stage).await;
    assert_eq!((heard.edited, heard.held_back), (15, 0), "{heard}");
    assert_eq!(edited(&stage).await, 15);
    assert!(stage.store.blocked(None).await.unwrap().is_empty());
    stage.finish();
}

#[tokio::test]
async fn a_burst_of_edits_that_was_missed_is_held_back() {
    let stage = stage().await;
    let spots = heard_messages(&stage, 15).await;
    edit_all(&stage, &spots, 1);
    // However long ago it is.
    stage.scene.telegram(|t| t.advance(36_000));
    let heard = listens_again(&stage).await;
    assert_eq!((heard.edited, heard.held_back), (10, 5), "{heard}");
    assert_eq!(edited(&stage).await, 10);
    let held = stage.store.blocked(None).await.unwrap();
    assert!(held.iter().all(|(_, it)| it.kind == BlockedKind::Edit));
    stage.finish();
}

/// Nobody says when they happened, so a chat that was cleared looks the same.
#[tokio::test]
async fn deletions_that_were_missed_count_as_of_one_moment() {
    let stage = stage().await;
    let spots = heard_messages(&stage, 30).await;
    let doomed = &spots[..15];
    stage.scene.telegram(|t| {
        for spot in doomed {
            t.advance(3_600);
            t.delete(*spot);
        }
    });
    let heard = listens_again(&stage).await;
    assert_eq!((heard.deleted, heard.held_back), (10, 5), "{heard}");
    assert_eq!(deleted(&stage, GROUP).await.len(), 10);
    let held = stage.store.blocked(None).await.unwrap();
    assert!(held.iter().all(|(_, it)| it.kind == BlockedKind::Deletion));
    stage.finish();
}
