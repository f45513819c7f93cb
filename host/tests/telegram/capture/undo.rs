//! Deletions that are taken back, and edits.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tapedeck::{
    archive::{Batch, BlockedKind, BlockedOperation, Source, Write},
    capture::{
        Capture, Decision, ListenRules, Recheck, Rechecked, RetryPoison, Sweep, Tell, Undo, UndoError,
        UndoWhich, Undone, applied_operations, decide, guard::GuardSettings,
    },
    clock::ManualClock,
    model::{Message, MessageId},
};
use tapedeck_sim::telegram::Spot;

use super::{
    listen::{GROUP, says, stage, while_listening},
    stage::{Stage, WITH_GRACE, rechecks},
};
use crate::support::{ADA, soon};

fn noon() -> Timestamp {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

/// A stage whose clock stands.
struct Still {
    stage: Stage,
    clock: Arc<ManualClock>,
}

impl Still {
    async fn open(rules: serde_json::Value) -> Self {
        let mut stage = Stage::open().await;
        stage.rules(rules);
        stage.scene.grace_says(6);
        stage.sweep().await;
        Self { stage, clock: ManualClock::at(noon()) }
    }

    fn capture(&self) -> Capture {
        Capture { clock: self.clock.clone(), ..self.stage.capture() }
    }

    fn telegram_deletes(&self, ids: &[i32]) {
        self.stage.scene.telegram(|t| ids.iter().for_each(|id| t.delete(Spot::Box { owner: ADA, id: *id })));
    }

    async fn recheck(&self) -> Rechecked {
        let recheck = Recheck {
            capture: self.capture(),
            chats: Vec::new(),
            newer_than: None,
            most_per_chat: None,
            deletions: true,
            tell: Tell::nobody(),
        };
        let (rechecked, ended) = soon(recheck.run()).await;
        ended.unwrap();
        rechecked
    }

    async fn sweep(&self) -> u64 {
        let (swept, ended) = soon(Sweep { capture: self.capture(), tell: Tell::nobody() }.run()).await;
        ended.unwrap();
        swept.removed
    }

    async fn undo(&self, which: UndoWhich, is_rehearsal: bool) -> Undone {
        let capture = self.capture();
        let undo = Undo { account: capture.account.clone(), which, is_rehearsal };
        undo.run(&capture.store, &capture.clock).await.unwrap()
    }

    async fn marked(&self) -> Vec<i32> {
        let stored = self.stage.stored(WITH_GRACE).await;
        stored.iter().filter(|it| it.deleted.is_some()).map(|it| it.message.id.0).collect()
    }
}

fn since(from: Timestamp) -> UndoWhich {
    UndoWhich::Between { from, to: Timestamp::MAX, chat: None }
}

#[tokio::test]
async fn deletions_of_a_time_are_taken_back_and_stay_so() {
    let still = Still::open(json!({})).await;
    still.telegram_deletes(&[1]);
    still.recheck().await;
    still.clock.advance(SignedDuration::from_hours(1));
    still.telegram_deletes(&[3, 5]);
    assert_eq!(still.recheck().await.deleted, 2);
    let later = noon() + SignedDuration::from_mins(30);
    assert_eq!(still.undo(since(later), true).await.messages, 2);
    assert_eq!(still.marked().await, [1, 3, 5], "a rehearsal writes nothing");
    let undone = still.undo(since(later), false).await;
    assert_eq!((undone.messages, undone.chats.len(), undone.removed), (2, 1, 0), "{undone}");
    assert_eq!(still.marked().await, [1]);
    assert_eq!(still.recheck().await.deleted, 0, "Telegram has them no more, and they stay");
    assert_eq!(still.marked().await, [1]);
    assert_eq!(still.undo(since(later), false).await.messages, 0);
    still.stage.finish();
}

#[tokio::test]
async fn hard_deletions_can_be_taken_back_for_some_time() {
    let still = Still::open(json!({ "deletions": "hard", "undo_window": "1h" })).await;
    still.telegram_deletes(&[1, 2]);
    still.recheck().await;
    assert_eq!((still.marked().await, still.sweep().await), (vec![1, 2], 0));
    let which = UndoWhich::Between { from: noon(), to: noon(), chat: Some(WITH_GRACE) };
    assert_eq!(still.undo(which, false).await.messages, 2);
    still.clock.advance(SignedDuration::from_mins(10));
    still.telegram_deletes(&[3]);
    still.recheck().await;
    still.clock.advance(SignedDuration::from_mins(59));
    assert_eq!(still.sweep().await, 0);
    still.clock.advance(SignedDuration::from_mins(2));
    assert_eq!(still.sweep().await, 1, "its time is over, and the others were brought back");
    assert_eq!(still.stage.ids(WITH_GRACE).await, [1, 2, 4, 5, 6]);
    assert_eq!(still.undo(since(noon()), false).await.removed, 1);
    still.stage.finish();
}

#[tokio::test]
async fn what_was_marked_while_deletions_were_soft_is_never_removed() {
    let mut still = Still::open(json!({})).await;
    still.telegram_deletes(&[1]);
    still.recheck().await;
    still.stage.rules(json!({ "deletions": "hard", "undo_window": "1h" }));
    still.sweep().await;
    still.telegram_deletes(&[2]);
    still.recheck().await;
    still.clock.advance(SignedDuration::from_hours(2));
    assert_eq!(still.sweep().await, 1);
    assert_eq!((still.stage.ids(WITH_GRACE).await, still.marked().await), (vec![1, 3, 4, 5, 6], vec![1]));
    still.stage.finish();
}

#[tokio::test]
async fn what_was_held_back_and_applied_is_taken_back_by_its_number() {
    let still = Still::open(json!({ "deletions": "hard", "undo_window": "1h" })).await;
    let capture = still.capture();
    let ids = vec![MessageId(2), MessageId(4)];
    let operation = BlockedOperation {
        number: 0,
        chat: WITH_GRACE,
        kind: BlockedKind::Deletion,
        ids,
        message: None,
        at: noon(),
    };
    let mut batch = Batch::new(capture.account.clone(), Source::Live, noon());
    batch.writes.push(Write::Blocked(Box::new(operation)));
    capture.store.write(batch).await.unwrap();
    let number = capture.store.blocked(None).await.unwrap()[0].1.number;
    decide(&capture.store, &capture.clock, number, Decision::Apply, &capture.section).await.unwrap();
    assert_eq!(still.marked().await, [2, 4]);
    assert_eq!(still.undo(UndoWhich::Applied { number }, false).await.messages, 2);
    assert_eq!(still.marked().await, [0; 0]);
    let unknown = Undo {
        account: capture.account.clone(),
        which: UndoWhich::Applied { number: 99 },
        is_rehearsal: false,
    };
    let told = unknown.run(&capture.store, &capture.clock).await.unwrap_err().to_string();
    assert!(told.contains("99") && told.contains("main"), "{told}");
    still.stage.finish();
}

/// What one writes down, the others have to know of: it is one note of the chat.
#[tokio::test]
async fn of_dismissals_at_once_none_is_forgotten() {
    let still = Still::open(json!({})).await;
    let capture = still.capture();
    let mut batch = Batch::new(capture.account.clone(), Source::Live, noon());
    batch.writes.extend((1..=6).map(|id| {
        let (kind, ids) = (BlockedKind::Deletion, vec![MessageId(id)]);
        let operation =
            BlockedOperation { number: 0, chat: WITH_GRACE, kind, ids, message: None, at: noon() };
        Write::Blocked(Box::new(operation))
    }));
    capture.store.write(batch).await.unwrap();
    let held = capture.store.blocked(None).await.unwrap();
    let dismiss =
        |number| decide(&capture.store, &capture.clock, number, Decision::Dismiss, &capture.section);
    let decided = join_all(held.iter().map(|(_, it)| dismiss(it.number))).await;
    assert_eq!(decided.into_iter().filter(|it| it.is_ok()).count(), 6);
    still.telegram_deletes(&[1, 2, 3, 4, 5, 6]);
    assert_eq!(still.recheck().await.deleted, 0, "all are dismissed");
    assert_eq!(still.marked().await, [0; 0]);
    still.stage.finish();
}

/// What is held back of a message, says this, and is applied.
async fn applies(stage: &Stage, told: Message) -> i64 {
    let capture = stage.capture();
    let mut batch = Batch::new(capture.account.clone(), Source::Live, noon());
    let (chat, ids) = (told.chat, vec![told.id]);
    let (kind, message) = (BlockedKind::Edit, Some(Box::new(told)));
    let operation = BlockedOperation { number: 0, chat, kind, ids, message, at: noon() };
    batch.writes.push(Write::Blocked(Box::new(operation)));
    capture.store.write(batch).await.unwrap();
    let number = capture.store.blocked(None).await.unwrap()[0].1.number;
    decide(&capture.store, &capture.clock, number, Decision::Apply, &capture.section).await.unwrap();
    number
}

async fn can_be_undone(stage: &Stage) -> Vec<i64> {
    let listed = applied_operations(&stage.store, &stage.capture().account, i64::MAX, 9).await.unwrap();
    listed.into_iter().map(|operation| operation.number).collect()
}

#[tokio::test]
async fn an_applied_edit_that_replaces_nothing_is_not_listed() {
    let still = Still::open(json!({})).await;
    let message = still.stage.stored(WITH_GRACE).await[0].message.clone();
    let edited = message.date + SignedDuration::from_hours(2);
    let earlier = Some(edited - SignedDuration::from_hours(1));
    let first = Message { text: "thought over".to_owned(), edited: Some(edited), ..message };
    let number = applies(&still.stage, first.clone()).await;
    assert_eq!(can_be_undone(&still.stage).await, [number]);
    applies(&still.stage, first.clone()).await;
    applies(&still.stage, Message { text: "older".to_owned(), edited: earlier, ..first }).await;
    assert_eq!(can_be_undone(&still.stage).await, [number], "these have changed nothing");
    still.stage.finish();
}

#[tokio::test]
async fn an_applied_edit_of_which_nothing_is_left_is_listed_until_somebody_undoes_it() {
    let still = Still::open(json!({})).await;
    let message = still.stage.stored(WITH_GRACE).await[0].message.clone();
    let edited = message.date + SignedDuration::from_hours(1);
    let told = Message { text: "scribbled over".to_owned(), edited: Some(edited), ..message };
    let number = applies(&still.stage, told.clone()).await;
    let later = Some(edited + SignedDuration::from_hours(1));
    let again = Box::new(Message { text: "as it shall be".to_owned(), edited: later, ..told });
    let capture = still.capture();
    let mut batch = Batch::new(capture.account.clone(), Source::Live, noon());
    batch.writes.push(Write::Message { message: again, sender_name: None });
    capture.store.write(batch).await.unwrap();
    for (is_rehearsal, left) in [(true, vec![number]), (false, Vec::new())] {
        let which = UndoWhich::Applied { number };
        let undo = Undo { account: capture.account.clone(), which, is_rehearsal };
        let undone = undo.run(&capture.store, &capture.clock).await;
        assert!(matches!(undone, Err(UndoError::Nothing { .. })), "{undone:?}");
        assert_eq!(can_be_undone(&still.stage).await, left);
    }
    assert_eq!(still.stage.texts(WITH_GRACE).await[0], "as it shall be");
    still.stage.finish();
}

async fn recheck(stage: &Stage) {
    rechecks(stage.capture()).await;
}

#[tokio::test]
async fn an_edit_that_was_held_back_and_applied_is_taken_back_by_its_number() {
    let stage = stage().await;
    let spot = says(&stage, "as it was");
    stage.sweep().await;
    let edit = |text: &str| {
        stage.scene.telegram(|t| {
            t.advance(60);
            assert!(t.edit(spot, text));
        });
    };
    let guard = GuardSettings { threshold: 0, window: Duration::from_secs(600), ..GuardSettings::default() };
    while_listening(&stage, ListenRules { guard, ..ListenRules::default() }, async {
        edit("scribbled over");
        stage.until(async || !stage.store.blocked(None).await.unwrap().is_empty()).await;
    })
    .await;
    let says_now = async || {
        let stored = stage.store.by_id(stage.key(GROUP), vec![MessageId(spot.id())]).await.unwrap();
        stored.into_iter().next().unwrap().message.text
    };
    let capture = stage.capture();
    let number = capture.store.blocked(None).await.unwrap()[0].1.number;
    let undo = async |is_rehearsal| {
        let which = UndoWhich::Applied { number };
        let undo = Undo { account: capture.account.clone(), which, is_rehearsal };
        undo.run(&capture.store, &capture.clock).await
    };
    assert!(matches!(undo(false).await, Err(UndoError::Unknown { .. })), "nobody has applied it");
    decide(&capture.store, &capture.clock, number, Decision::Apply, &capture.section).await.unwrap();
    assert_eq!(says_now().await, "scribbled over");
    assert_eq!(undo(true).await.unwrap().edits, 1);
    assert_eq!(says_now().await, "scribbled over", "a rehearsal writes nothing");
    let undone = undo(false).await.unwrap();
    assert_eq!((undone.messages, undone.edits), (1, 1));
    assert_eq!(undone.to_string(), "1 edit in 1 chat taken back");
    assert_eq!(says_now().await, "as it was");
    let versions = stage.store.versions(stage.key(GROUP), MessageId(spot.id())).await.unwrap();
    assert!(versions.iter().any(|version| version.text == "scribbled over"), "nothing is lost: {versions:?}");
    // Telegram tells it as it is there.
    recheck(&stage).await;
    assert_eq!(says_now().await, "as it was");
    assert!(matches!(undo(false).await, Err(UndoError::Nothing { .. })), "once is enough");
    edit("as it shall be");
    recheck(&stage).await;
    assert_eq!(says_now().await, "as it shall be", "what is edited later is taken");
    assert!(matches!(undo(false).await, Err(UndoError::Nothing { .. })));
    assert_eq!(says_now().await, "as it shall be");
    stage.finish();
}

/// As it stands in the settings: applied under `undo_window = "0s"`, it is gone at once.
#[tokio::test]
async fn applying_honours_the_setting() {
    let still = Still::open(json!({ "deletions": "hard", "undo_window": "0s" })).await;
    let capture = still.capture();
    let kind = BlockedKind::Deletion;
    let operation = BlockedOperation {
        number: 0,
        chat: WITH_GRACE,
        kind,
        ids: vec![MessageId(2)],
        message: None,
        at: noon(),
    };
    let mut batch = Batch::new(capture.account.clone(), Source::Live, noon());
    batch.writes.push(Write::Blocked(Box::new(operation)));
    capture.store.write(batch).await.unwrap();
    let number = capture.store.blocked(None).await.unwrap()[0].1.number;
    decide(&capture.store, &capture.clock, number, Decision::Apply, &capture.section).await.unwrap();
    assert_eq!(still.stage.ids(WITH_GRACE).await, [1, 3, 4, 5, 6]);
    still.stage.finish();
}

#[tokio::test]
async fn what_could_not_be_read_is_asked_for_again() {
    let still = Still::open(json!({})).await;
    still.stage.scene.telegram(|t| t.faults.unreadable = [8, 9].into());
    still.stage.scene.grace_says(4);
    still.stage.sweep().await;
    still.stage.sweep().await;
    let retry = async || {
        let work =
            RetryPoison { capture: still.capture(), chat: Some(WITH_GRACE), id: None, tell: Tell::nobody() };
        let (retried, ended) = soon(work.run()).await;
        ended.unwrap();
        retried
    };
    let first = retry().await;
    assert_eq!((first.asked, first.healed, first.unreadable), (2, 0, 2), "{first}");
    still.stage.scene.telegram(|t| t.faults.unreadable = [9].into());
    let second = retry().await;
    assert_eq!((second.asked, second.healed, second.unreadable), (2, 1, 1), "{second}");
    assert_eq!(still.stage.store.poison(None, None).await.unwrap().len(), 1);
    still.stage.scene.telegram(|t| t.faults.unreadable.clear());
    assert_eq!(retry().await.healed, 1);
    assert!(still.stage.store.poison(None, None).await.unwrap().is_empty());
    assert_eq!(still.stage.ids(WITH_GRACE).await, (1..=10).collect::<Vec<_>>());
    still.stage.finish();
}
