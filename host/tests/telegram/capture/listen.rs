//! What happens is in the archive a moment later, once, and what comes in masses waits.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tapedeck::{
    archive::{
        BlockedKind, ChangeKind, FileState,
        media::{LocalMedia, MediaStore},
    },
    capture::{Decision, Heard, Listen, ListenRules, Step, Tell, decide, guard::GuardSettings},
    model::{MessageId, PeerId},
};
use tapedeck_sim::telegram::{Peer, Role, Spot, Telegram};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::stage::{Stage, WITH_GRACE};
use crate::support::{ADA, GRACE, soon};

pub(super) const GROUP: PeerId = PeerId::channel(55);
const QUIET: PeerId = PeerId::channel(56);

/// Ada and Grace in a supergroup, both chats captured.
pub(super) async fn stage() -> Stage {
    let stage = Stage::open().await;
    stage.scene.telegram(|t| {
        t.add_supergroup(55, "Group", GRACE);
        t.join(Peer::Channel(55), ADA);
        t.say(Peer::Channel(55), GRACE, "first");
    });
    stage.scene.grace_says(1);
    stage.sweep().await;
    stage
}

/// Listens while something happens, until the archive shows it.
pub(super) async fn while_listening(
    stage: &Stage,
    rules: ListenRules,
    work: impl Future<Output = ()>,
) -> Heard {
    while_listening_with(stage, rules, None, work).await
}

async fn while_listening_with(
    stage: &Stage,
    rules: ListenRules,
    media: Option<Arc<MediaStore>>,
    work: impl Future<Output = ()>,
) -> Heard {
    let stop = CancellationToken::new();
    let stored = Arc::new(Semaphore::new(0));
    let counted = stored.clone();
    let count = move |step: Step| {
        if step.unit == "updates" {
            counted.add_permits(1);
        }
    };
    let hears_words = rules.new_messages;
    let listen = Listen { capture: stage.capture(), rules, media, tell: Tell::new(count, stop.clone()) };
    let working = async {
        live(stage, hears_words).await;
        // What it found when it began is stored, and counts as received.
        stored.acquire().await.unwrap().forget();
        work.await;
        stop.cancel();
    };
    let ((heard, ended), ()) = soon(async { tokio::join!(Box::pin(listen.run()), Box::pin(working)) }).await;
    ended.unwrap();
    heard
}

/// A quiet channel with one message; Ada is in it, and was told nothing of it.
fn add_quiet_channel(stage: &Stage) -> Spot {
    stage.scene.telegram(|t| {
        t.add_supergroup(56, "Quiet", GRACE);
        let spot = t.say(Peer::Channel(56), GRACE, "as it was");
        t.join(Peer::Channel(56), ADA);
        spot
    })
}

/// Edits while nobody listens, and listens again.
async fn edit_is_heard_later(stage: &Stage, spot: Spot) {
    stage.scene.telegram(|t| {
        t.advance(1);
        assert!(t.edit(spot, "as it is"));
    });
    let edited = eventually(stage, QUIET, |texts| texts.iter().any(|text| text == "as it is"));
    while_listening(stage, ListenRules::default(), edited).await;
}

#[tokio::test]
async fn an_edit_in_a_channel_that_was_quiet_while_we_listened_is_heard_after_a_pause() {
    let stage = stage().await;
    let spot = add_quiet_channel(&stage);
    stage.sweep().await;
    while_listening(&stage, ListenRules::default(), async {}).await;
    edit_is_heard_later(&stage, spot).await;
    stage.finish();
}

#[tokio::test]
async fn an_edit_in_a_channel_that_was_captured_while_we_listened_is_heard_after_a_pause() {
    let stage = stage().await;
    let spot = add_quiet_channel(&stage);
    const WHERE: &str = "messages.getPeerDialogs";
    while_listening(&stage, ListenRules::default(), async {
        // It has asked about what there was, if it had to; the sweep does not ask like this.
        let before = stage.scene.calls(WHERE);
        Box::pin(stage.sweep()).await;
        stage.scene.world.wait_for_telegram(|t| t.calls.count(WHERE) > before).await;
        // The answer is taken before anything that happens later.
        stage.scene.telegram(|t| t.say(Peer::Channel(55), GRACE, "still there?"));
        eventually(&stage, GROUP, |texts| texts.iter().any(|text| text == "still there?")).await;
    })
    .await;
    edit_is_heard_later(&stage, spot).await;
    stage.finish();
}

#[tokio::test]
async fn a_channel_that_we_have_left_keeps_no_other_from_being_heard() {
    let stage = stage().await;
    let spot = add_quiet_channel(&stage);
    stage.scene.telegram(|t| {
        t.add_supergroup(57, "Left", GRACE);
        t.join(Peer::Channel(57), ADA);
        t.say(Peer::Channel(57), GRACE, "soon it is over");
    });
    stage.sweep().await;
    stage.scene.telegram(|t| t.leave(Peer::Channel(57), ADA, Role::Left));
    while_listening(&stage, ListenRules::default(), async {}).await;
    edit_is_heard_later(&stage, spot).await;
    stage.finish();
}

/// The listener hears what is said from now on.
async fn live(stage: &Stage, hears_words: bool) {
    let is_live = |t: &Telegram| {
        t.connections.iter().any(|connection| connection.wants_updates)
            && t.calls.count("updates.getState") + t.calls.count("updates.getDifference") > 0
    };
    stage.scene.world.wait_for_telegram(is_live).await;
    // One word that is heard proves it, or one pin.
    if !hears_words {
        let first = stage.stored(GROUP).await.into_iter().find(|it| it.message.text == "first").unwrap();
        pinned(stage, Spot::Channel { channel: 55, id: first.message.id.0 }).await;
        return;
    }
    stage.scene.telegram(|t| t.say(Peer::Channel(55), GRACE, "are you there?"));
    eventually(stage, GROUP, |texts| texts.iter().any(|text| text == "are you there?")).await;
}

/// Pins a message of the group and waits until that is heard, and so all that happened before it.
pub(super) async fn pinned(stage: &Stage, spot: Spot) {
    stage.scene.telegram(|t| t.pin(spot, true));
    let is_pinned = async || {
        let stored = stage.store.by_id(stage.key(GROUP), vec![MessageId(spot.id())]).await.unwrap();
        stored.iter().any(|it| it.message.marks.is_pinned)
    };
    stage.until(is_pinned).await;
}

pub(super) async fn eventually(stage: &Stage, chat: PeerId, is_so: impl Fn(&[String]) -> bool) {
    stage.until(async || is_so(&stage.texts(chat).await)).await;
}

pub(super) fn says(stage: &Stage, text: &str) -> Spot {
    stage.scene.telegram(|t| t.say(Peer::Channel(55), GRACE, text))
}

pub(super) async fn deleted(stage: &Stage, chat: PeerId) -> Vec<String> {
    let stored = stage.stored(chat).await;
    stored.into_iter().filter(|it| it.deleted.is_some()).map(|it| it.message.text).collect()
}

#[tokio::test]
async fn what_happens_is_stored_and_the_cursor_stays() {
    let stage = stage().await;
    let before = stage.cursor(GROUP).await;
    let heard = while_listening(&stage, ListenRules::default(), async {
        let spot = says(&stage, "one");
        says(&stage, "two");
        eventually(&stage, GROUP, |texts| texts.iter().any(|text| text == "two")).await;
        stage.scene.telegram(|t| t.edit(spot, "one, better"));
        eventually(&stage, GROUP, |texts| texts.iter().any(|text| text == "one, better")).await;
        stage.scene.telegram(|t| t.delete(spot));
        stage.until(async || !deleted(&stage, GROUP).await.is_empty()).await;
    })
    .await;
    assert_eq!((heard.edited, heard.deleted, heard.held_back), (1, 1, 0), "{heard}");
    assert_eq!(deleted(&stage, GROUP).await, ["one, better"]);
    assert_eq!(stage.cursor(GROUP).await, before);
    let stored = stage.stored(GROUP).await;
    let edited = stored.iter().find(|it| it.message.text == "one, better").unwrap();
    assert_eq!(edited.versions, 1);
    // The sweep reads it again: nothing is there twice.
    let swept = stage.sweep().await;
    assert_eq!((swept.new, stage.texts(GROUP).await.iter().filter(|text| *text == "two").count()), (0, 1));
    assert!(stage.cursor(GROUP).await > before);
    stage.finish();
}

#[tokio::test]
async fn hard_deletions_remove_and_none_change_nothing() {
    for (deletions, left) in [("hard", 0), ("off", 1)] {
        let mut stage = stage().await;
        stage.rules(json!({ "deletions": deletions, "undo_window": "0s" }));
        while_listening(&stage, ListenRules::default(), async {
            let spot = says(&stage, "doomed");
            eventually(&stage, GROUP, |texts| texts.iter().any(|text| text == "doomed")).await;
            stage.scene.telegram(|t| t.delete(spot));
            says(&stage, "after");
            eventually(&stage, GROUP, |texts| texts.iter().any(|text| text == "after")).await;
        })
        .await;
        let stored = stage.stored(GROUP).await;
        let doomed: Vec<_> = stored.iter().filter(|it| it.message.text == "doomed").collect();
        assert_eq!(doomed.len(), left, "{deletions}");
        assert!(doomed.iter().all(|it| it.deleted.is_none()));
        stage.finish();
    }
}

/// A deletion in a private chat names no chat, and its number is one that the group has too.
#[tokio::test]
async fn deletions_without_a_chat_never_touch_channels() {
    let stage = stage().await;
    let heard = while_listening(&stage, ListenRules::default(), async {
        let spot = stage.scene.telegram(|t| t.say(Peer::User(ADA), GRACE, "private"));
        eventually(&stage, WITH_GRACE, |texts| texts.iter().any(|text| text == "private")).await;
        for _ in 0..5 {
            says(&stage, "same number");
        }
        stage.scene.telegram(|t| t.delete(spot));
        stage.until(async || !deleted(&stage, WITH_GRACE).await.is_empty()).await;
        says(&stage, "end");
        eventually(&stage, GROUP, |texts| texts.iter().any(|text| text == "end")).await;
    })
    .await;
    assert_eq!((heard.deleted, heard.unclear), (1, 0), "{heard}");
    assert_eq!(deleted(&stage, GROUP).await, [""; 0]);
    assert_eq!(deleted(&stage, WITH_GRACE).await, ["private"]);
    stage.finish();
}

#[tokio::test]
async fn storms_are_held_back_until_somebody_decides() {
    let stage = stage().await;
    let spots: Vec<Spot> = (0..30).map(|number| says(&stage, &format!("number {number}"))).collect();
    stage.sweep().await;
    let rules = ListenRules {
        guard: GuardSettings { window: Duration::from_secs(600), ..GuardSettings::default() },
        ..ListenRules::default()
    };
    let heard = while_listening(&stage, rules, async {
        for spot in &spots {
            stage.scene.telegram(|t| t.delete(*spot));
        }
        says(&stage, "end");
        eventually(&stage, GROUP, |texts| texts.iter().any(|text| text == "end")).await;
    })
    .await;
    assert_eq!((heard.deleted, heard.held_back), (10, 20), "{heard}");
    assert_eq!(deleted(&stage, GROUP).await.len(), 10);
    let held = stage.store.blocked(None).await.unwrap();
    assert!(held.iter().all(|(_, it)| it.kind == BlockedKind::Deletion && it.chat == GROUP));
    assert_eq!(held.iter().map(|(_, it)| it.ids.len()).sum::<usize>(), 20);
    let capture = stage.capture();
    let (first, rest) = held.split_first().unwrap();
    let applied =
        decide(&capture.store, &capture.clock, first.1.number, Decision::Apply, &capture.section).await;
    assert_eq!(applied.unwrap(), first.1.ids.len());
    for (_, it) in rest {
        decide(&capture.store, &capture.clock, it.number, Decision::Dismiss, &capture.section).await.unwrap();
    }
    assert_eq!(deleted(&stage, GROUP).await.len(), 10 + first.1.ids.len());
    assert!(stage.store.blocked(None).await.unwrap().is_empty());
    let twice =
        decide(&capture.store, &capture.clock, first.1.number, Decision::Apply, &capture.section).await;
    assert!(twice.unwrap_err().to_string().contains("somebody has decided about it"));
    stage.finish();
}

#[tokio::test]
async fn reactions_and_pins_are_kept() {
    let stage = stage().await;
    while_listening(&stage, ListenRules::default(), async {
        let spot = says(&stage, "loved");
        eventually(&stage, GROUP, |texts| texts.iter().any(|text| text == "loved")).await;
        stage.scene.telegram(|t| {
            t.react(spot, GRACE, "👍");
            t.pin(spot, true);
        });
        let is_so = async || {
            let stored = stage.stored(GROUP).await;
            let loved = stored.into_iter().find(|it| it.message.text == "loved").unwrap().message;
            loved.marks.is_pinned && loved.reactions.is_some_and(|it| it.counts.len() == 1)
        };
        stage.until(is_so).await;
    })
    .await;
    stage.finish();
}

#[tokio::test]
async fn chats_that_are_left_out_are_not_heard() {
    let mut stage = stage().await;
    stage.rules(json!({ "types": ["groups"] }));
    while_listening(&stage, ListenRules::default(), async {
        stage.scene.grace_says(3);
        says(&stage, "end");
        eventually(&stage, GROUP, |texts| texts.iter().any(|text| text == "end")).await;
    })
    .await;
    assert_eq!(stage.texts(WITH_GRACE).await.len(), 1);
    stage.finish();
}

/// What Telegram does not tell any more is read.
#[tokio::test]
async fn missed_stretches_are_read() {
    let stage = stage().await;
    while_listening(&stage, ListenRules::default(), async {}).await;
    stage.scene.telegram(|t| {
        for number in 0..150 {
            t.say(Peer::Channel(55), GRACE, &format!("missed {number}"));
        }
        t.channels.get_mut(&55).unwrap().trim_log(1);
        t.account(ADA).unwrap().trim_log(0);
    });
    let heard = while_listening(&stage, ListenRules::default(), async {
        eventually(&stage, GROUP, |texts| {
            texts.iter().filter(|text| text.starts_with("missed")).count() == 150
        })
        .await;
    })
    .await;
    assert!(heard.gaps >= 1, "{heard}");
    let changes = stage.store.changes(0, 10_000).await.unwrap();
    assert!(changes.iter().any(|change| change.kind == ChangeKind::New && change.chat == GROUP));
    stage.finish();
}

#[tokio::test]
async fn files_of_new_messages_come_at_once_when_asked_for() {
    let stage = stage().await;
    let folder = tempfile::tempdir().unwrap();
    let media = Arc::new(MediaStore::Local(LocalMedia::open(folder.path().to_owned()).unwrap()));
    while_listening_with(&stage, ListenRules::default(), Some(media), async {
        let spot = stage.scene.telegram(|t| {
            let file = t.add_document(vec![7; 5_000], "application/pdf", Vec::new());
            t.send_file(Peer::Channel(55), GRACE, &file, "notes")
        });
        let held = async || {
            let files = stage.store.files_of(stage.key(GROUP), vec![MessageId(spot.id())]).await.unwrap();
            files.iter().any(|file| matches!(file.state, FileState::Held(_)))
        };
        stage.until(held).await;
    })
    .await;
    stage.finish();
}

/// One deletion in each of many chats passes every window of a chat, and not the one over all of them.
#[tokio::test]
async fn a_storm_over_many_chats_is_held_back() {
    let stage = stage().await;
    let spots: Vec<Spot> = stage.scene.telegram(|t| {
        let chats = 1_000..1_012;
        chats
            .map(|id| {
                t.add_supergroup(id, "Somewhere", GRACE);
                t.join(Peer::Channel(id), ADA);
                t.say(Peer::Channel(id), GRACE, "doomed")
            })
            .collect()
    });
    stage.sweep().await;
    let guard = GuardSettings { all_chats: 5, window: Duration::from_secs(600), ..GuardSettings::default() };
    let heard = while_listening(&stage, ListenRules { guard, ..ListenRules::default() }, async {
        stage.scene.telegram(|t| spots.iter().for_each(|spot| t.delete(*spot)));
        let is_over = async || {
            let held = stage.store.blocked(None).await.unwrap();
            held.iter().map(|(_, it)| it.ids.len()).sum::<usize>() >= 7
        };
        stage.until(is_over).await;
    })
    .await;
    assert_eq!((heard.deleted, heard.held_back), (5, 7), "{heard}");
    stage.finish();
}
