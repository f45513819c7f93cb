//! What became of stored messages while nobody listened.

use std::time::Duration;

use tapedeck::{
    capture::{Decision, ListenRules, Rechecked, decide, guard::GuardSettings},
    model::MessageId,
};
use tapedeck_sim::telegram::{Fault, Peer, Spot};

use super::{
    listen::{GROUP, says, stage, while_listening},
    stage::{Stage, WITH_GRACE, rechecks},
};
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

/// A supergroup in which an edit and a deletion are held back, and a message that nobody has touched.
struct HeldBack {
    stage: Stage,
    edited: Spot,
    deleted: Spot,
    calm: Spot,
}

impl HeldBack {
    async fn gather() -> Self {
        let stage = stage().await;
        let [edited, deleted, calm] = ["as it was", "soon gone", "calm"].map(|text| says(&stage, text));
        stage.sweep().await;
        let guard =
            GuardSettings { threshold: 0, window: Duration::from_secs(600), ..GuardSettings::default() };
        while_listening(&stage, ListenRules { guard, ..ListenRules::default() }, async {
            stage.scene.telegram(|t| {
                t.advance(60);
                assert!(t.edit(edited, "scribbled over"));
                t.delete(deleted);
            });
            stage.until(async || stage.store.blocked(None).await.unwrap().len() == 2).await;
        })
        .await;
        Self { stage, edited, deleted, calm }
    }

    fn edits(&self, spot: Spot, text: &str) {
        self.stage.scene.telegram(|t| {
            t.advance(60);
            assert!(t.edit(spot, text));
        });
    }

    async fn decides(&self, decision: Decision) {
        let capture = self.stage.capture();
        for (_, held) in self.stage.store.blocked(None).await.unwrap() {
            decide(&capture.store, &capture.clock, held.number, decision, &capture.section).await.unwrap();
        }
    }

    /// What a message says, and whether it is marked as deleted.
    async fn stands(&self, spot: Spot) -> (String, bool) {
        let stored = self.stage.store.by_id(self.stage.key(GROUP), vec![MessageId(spot.id())]).await.unwrap();
        let stored = stored.into_iter().next().unwrap();
        (stored.message.text, stored.deleted.is_some())
    }

    async fn is_as_it_was(&self) -> bool {
        self.stands(self.edited).await == ("as it was".to_owned(), false)
            && self.stands(self.deleted).await == ("soon gone".to_owned(), false)
    }
}

#[tokio::test]
async fn what_is_held_back_waits_for_a_decision() {
    let held = HeldBack::gather().await;
    held.edits(held.calm, "still calm");
    let rechecked = recheck(&held.stage).await;
    assert!(held.is_as_it_was().await, "nobody has decided");
    assert_eq!((rechecked.held_back, rechecked.deleted, rechecked.changed), (2, 0, 1), "{rechecked}");
    assert!(rechecked.to_string().contains("2 held back: `tapedeck archive blocked list`"), "{rechecked}");
    assert_eq!(held.stands(held.calm).await.0, "still calm", "all else is brought up to date");
    held.decides(Decision::Apply).await;
    let rechecked = recheck(&held.stage).await;
    assert_eq!((rechecked.held_back, rechecked.deleted), (0, 0), "{rechecked}");
    assert_eq!(held.stands(held.edited).await.0, "scribbled over");
    assert!(held.stands(held.deleted).await.1);
    held.stage.finish();
}

#[tokio::test]
async fn what_was_dismissed_stays_dismissed() {
    let held = HeldBack::gather().await;
    held.decides(Decision::Dismiss).await;
    held.stage.scene.telegram(|t| t.react(held.edited, GRACE, "👍"));
    let rechecked = recheck(&held.stage).await;
    assert!(held.is_as_it_was().await, "somebody has decided");
    assert_eq!((rechecked.held_back, rechecked.deleted), (0, 0), "{rechecked}");
    let key = held.stage.key(GROUP);
    let stored = held.stage.store.by_id(key, vec![MessageId(held.edited.id())]).await.unwrap();
    assert_eq!(stored[0].message.reactions.as_ref().map_or(0, |it| it.counts.len()), 1, "no edit");
    held.edits(held.edited, "as it shall be");
    recheck(&held.stage).await;
    assert_eq!(held.stands(held.edited).await.0, "as it shall be", "what is edited later is taken");
    held.edits(held.edited, "scribbled over");
    recheck(&held.stage).await;
    assert_eq!(held.stands(held.edited).await.0, "scribbled over", "this edit nobody has dismissed");
    held.stage.finish();
}
