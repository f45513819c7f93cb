//! What goes wrong at Telegram costs a page at most, or the chat that it is about.

use serde_json::json;
use tapedeck::{
    capture::CaptureError,
    model::{MessageId, PeerId},
};
use tapedeck_sim::telegram::{Fault, Peer};

use super::stage::{Stage, WITH_GRACE};
use crate::support::{ADA, GRACE, limits};

#[tokio::test]
async fn next_run_goes_on_at_the_page() {
    let stage = Stage::open().await;
    stage.scene.grace_says(450);
    let troubles = Fault::refuse(500, "INTERNAL").on("messages.getHistory").at_call(3);
    stage.scene.telegram(|t| t.faults.add(troubles.times(limits().tries).strict()));
    let (swept, ended) = stage.try_sweep().await;
    let error = ended.unwrap_err();
    assert!(error.is_temporary() && matches!(error, CaptureError::SomeChats { count: 1, .. }), "{error}");
    assert_eq!((swept.new, stage.cursor(WITH_GRACE).await), (200, 200));
    stage.forget_calls();
    assert_eq!(stage.sweep().await.new, 250);
    assert_eq!(stage.scene.calls("messages.getHistory"), 3);
    assert_eq!(stage.ids(WITH_GRACE).await, (1..=450).collect::<Vec<_>>());
    stage.finish();
}

#[tokio::test]
async fn short_pauses_are_waited_out_at_the_page() {
    let stage = Stage::open().await;
    stage.scene.grace_says(250);
    stage.scene.telegram(|t| {
        t.faults.add(Fault::flood_premium(0).on("messages.getHistory").at_call(2).strict());
        t.faults.add(Fault::close_after().on("messages.getHistory").at_call(3).strict());
        t.faults.add(Fault::close_before().on("messages.getDialogs").strict());
        t.faults.add(Fault::wrong_salt().on("messages.getDialogFilters").strict());
    });
    assert_eq!(stage.sweep().await.new, 250);
    assert_eq!(stage.ids(WITH_GRACE).await, (1..=250).collect::<Vec<_>>());
    stage.finish();
}

#[tokio::test]
async fn chats_out_of_reach_do_not_keep_the_others_waiting() {
    let mut stage = Stage::open().await;
    stage.scene.telegram(|t| {
        t.add_supergroup(50, "Group", GRACE);
        t.join(Peer::Channel(50), ADA);
        t.say(Peer::Channel(50), GRACE, "hello");
    });
    stage.scene.grace_says(2);
    stage.sweep().await;
    stage.scene.telegram(|t| {
        t.say(Peer::Channel(50), GRACE, "after");
        let refused = Fault::refuse(400, "CHANNEL_PRIVATE").on("messages.getHistory");
        t.faults.add(refused.strict());
    });
    stage.scene.grace_says(1);
    stage.rules(json!({ "priority": [PeerId::channel(50).0.to_string()] }));
    let swept = stage.sweep().await;
    assert_eq!((swept.out_of_reach, swept.new), (1, 1), "{swept}");
    // It is tried again when it says something new, or now that nothing is wrong.
    assert_eq!(stage.sweep().await.new, 1);
    stage.finish();
}

#[tokio::test]
async fn other_errors_are_told_and_the_next_chat_is_tried() {
    let mut stage = Stage::open().await;
    stage.scene.telegram(|t| {
        t.add_supergroup(50, "Group", GRACE);
        t.join(Peer::Channel(50), ADA);
        t.say(Peer::Channel(50), GRACE, "hello");
        t.faults.add(Fault::refuse(400, "OFFSET_PEER_ID_INVALID").on("messages.getHistory").strict());
    });
    stage.scene.grace_says(2);
    stage.rules(json!({ "priority": [PeerId::channel(50).0.to_string()] }));
    let (swept, ended) = stage.try_sweep().await;
    assert_eq!(swept.new, 2);
    let error = ended.unwrap_err();
    assert!(!error.is_temporary(), "{error}");
    assert!(error.to_string().contains("`Group`"), "{error}");
    assert_eq!(swept.failed[0].chat, PeerId::channel(50));
    stage.finish();
}

#[tokio::test]
async fn unreadable_messages_are_isolated_listed_and_passed() {
    let stage = Stage::open().await;
    stage.scene.grace_says(130);
    stage.scene.telegram(|t| t.faults.unreadable = [17].into());
    let first = stage.sweep().await;
    assert_eq!((first.new, first.unreadable), (129, 1), "{first}");
    let listed = stage.store.poison(None, None).await.unwrap();
    let [(_, poison)] = &listed[..] else { panic!("{listed:?}") };
    assert_eq!((poison.chat, poison.id, poison.attempts), (WITH_GRACE, MessageId(17), 1));
    assert!(poison.bytes.is_some() && !poison.reason.is_empty());
    assert_eq!(stage.cursor(WITH_GRACE).await, 16, "the cursor waits one run");
    // What was read after it is not read again.
    stage.forget_calls();
    stage.sweep().await;
    assert_eq!(stage.scene.calls("messages.getHistory"), 0);
    assert_eq!(stage.store.poison(None, None).await.unwrap()[0].1.attempts, 2);
    assert_eq!(stage.cursor(WITH_GRACE).await, 130, "then it passes");
    let certificate = stage.certificate(WITH_GRACE).await;
    assert_eq!((certificate.ids, certificate.proven, certificate.unreadable.len()), (130, 129, 1));
    assert!(certificate.to_string().contains("message 17 cannot be read"), "{certificate}");
    stage.finish();
}

#[tokio::test]
async fn readable_again_in_the_second_run_is_nothing_lost() {
    let stage = Stage::open().await;
    stage.scene.grace_says(5);
    stage.scene.telegram(|t| t.faults.unreadable = [3, 5].into());
    assert_eq!(stage.sweep().await.new, 3);
    stage.scene.telegram(|t| t.faults.unreadable.clear());
    assert_eq!(stage.sweep().await.new, 2);
    assert!(stage.store.poison(None, None).await.unwrap().is_empty());
    assert_eq!((stage.cursor(WITH_GRACE).await, stage.ids(WITH_GRACE).await), (5, vec![1, 2, 3, 4, 5]));
    stage.finish();
}

#[tokio::test]
async fn skipped_topics_are_accounted_for() {
    let mut stage = Stage::open().await;
    let forum = PeerId::channel(55);
    let (kept, skipped) = stage.scene.telegram(|t| {
        t.add_forum(55, "Forum", GRACE);
        t.join(Peer::Channel(55), ADA);
        (t.add_topic(55, GRACE, "Tapes"), t.add_topic(55, GRACE, "Noise"))
    });
    stage.scene.telegram(|t| {
        for topic in [kept, skipped, skipped] {
            t.answer(Peer::Channel(55), GRACE, topic, "word");
        }
    });
    stage.rules(json!({ "skip_topics": [format!("{forum}:{skipped}")] }));
    let swept = stage.sweep().await;
    // The message that opened the topic is part of it.
    assert_eq!(swept.skipped, 3, "{swept}");
    assert_eq!(stage.texts(forum).await.iter().filter(|text| *text == "word").count(), 1);
    let certificate = stage.certificate(forum).await;
    assert_eq!((certificate.share, certificate.skipped.values().sum::<u64>()), (1.0, 3), "{certificate}");
    assert_eq!(stage.store.topics(stage.key(forum)).await.unwrap().len(), 3);
    stage.finish();
}
