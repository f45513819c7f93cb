//! What became of stored messages while nobody listened.

use tapedeck::capture::Rechecked;
use tapedeck_sim::telegram::{Fault, Peer, Spot};

use super::stage::{Stage, WITH_GRACE, rechecks};
use crate::support::{ADA, GRACE, limits};

async fn recheck(stage: &Stage) -> Rechecked {
    rechecks(stage.capture()).await
}

fn with_ada(id: i32) -> Spot {
    Spot::Box { owner: ADA, id }
}

#[tokio::test]
async fn edits_deletions_and_reactions_are_found() {
    let stage = Stage::open().await;
    stage.scene.grace_says(120);
    stage.scene.telegram(|t| t.react(with_ada(3), GRACE, "👍"));
    stage.sweep().await;
    assert_eq!(recheck(&stage).await.changed, 0, "nothing has changed yet");
    stage.scene.telegram(|t| {
        t.advance(60);
        t.edit(with_ada(1), "better");
        t.delete(with_ada(2));
        t.delete(with_ada(115));
        t.react(with_ada(3), GRACE, "");
        t.react(with_ada(4), GRACE, "❤");
    });
    stage.forget_calls();
    let rechecked = recheck(&stage).await;
    assert_eq!((rechecked.messages, rechecked.deleted, rechecked.unknown), (120, 2, 0), "{rechecked}");
    assert_eq!(stage.scene.calls("messages.getMessages"), 2);
    let stored = stage.stored(WITH_GRACE).await;
    assert_eq!((stored[0].message.text.as_str(), stored[0].versions), ("better", 1));
    let gone: Vec<i32> = stored.iter().filter(|it| it.deleted.is_some()).map(|it| it.message.id.0).collect();
    assert_eq!(gone, [2, 115]);
    let reactions = |at: usize| stored[at].message.reactions.as_ref().map_or(0, |it| it.counts.len());
    assert_eq!((reactions(2), reactions(3)), (0, 1));
    // What is known to be gone is not asked for again.
    assert_eq!(recheck(&stage).await.messages, 118);
    stage.finish();
}

#[tokio::test]
async fn failures_delete_nothing() {
    let stage = Stage::open().await;
    stage.scene.telegram(|t| {
        t.add_supergroup(55, "Group", GRACE);
        t.join(Peer::Channel(55), ADA);
        t.say(Peer::Channel(55), GRACE, "hello");
    });
    stage.scene.grace_says(3);
    stage.sweep().await;
    stage.scene.telegram(|t| {
        t.faults.add(Fault::refuse(400, "CHANNEL_PRIVATE").on("channels.getMessages").strict());
        t.faults.add(Fault::close_before().on("messages.getMessages").times(limits().tries - 1).strict());
    });
    let rechecked = recheck(&stage).await;
    assert_eq!((rechecked.out_of_reach, rechecked.deleted, rechecked.messages), (1, 0, 3), "{rechecked}");
    stage.finish();
}

#[tokio::test]
async fn later_versions_heal_what_could_not_be_read() {
    let stage = Stage::open().await;
    stage.scene.grace_says(5);
    stage.scene.telegram(|t| t.faults.unreadable = [2].into());
    stage.sweep().await;
    stage.sweep().await;
    assert_eq!(stage.store.poison(None, None).await.unwrap().len(), 1);
    stage.scene.telegram(|t| t.faults.unreadable.clear());
    assert_eq!(recheck(&stage).await.healed, 1);
    assert!(stage.store.poison(None, None).await.unwrap().is_empty());
    assert_eq!(stage.ids(WITH_GRACE).await, [1, 2, 3, 4, 5]);
    assert_eq!(stage.certificate(WITH_GRACE).await.share, 1.0);
    stage.finish();
}
