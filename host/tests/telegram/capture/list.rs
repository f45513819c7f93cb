//! Which chats are looked at, and what that costs.

use jiff::SignedDuration;
use serde_json::json;
use tapedeck::{
    archive::ChatsPage,
    capture::{Capture, Sweep, Tell},
    clock::ManualClock,
    model::PeerId,
};
use tapedeck_sim::telegram::{Peer, Role};

use super::stage::{Stage, WITH_GRACE};
use crate::support::{ADA, GRACE, soon};

fn strangers(stage: &Stage, count: i64) {
    stage.scene.telegram(|t| {
        for id in 1_000..1_000 + count {
            t.add_user(id, "Somebody");
            t.say(Peer::User(ADA), id, "hello");
        }
    });
}

#[tokio::test]
async fn chats_that_have_not_moved_cost_nothing() {
    let stage = Stage::open().await;
    strangers(&stage, 1_000);
    let first = stage.sweep().await;
    assert_eq!((first.chosen, first.visited, first.new), (1_000, 1_000, 1_000));
    stage.scene.telegram(|t| {
        for id in 1_000..1_010 {
            t.say(Peer::User(ADA), id, "again");
        }
    });
    stage.forget_calls();
    let second = stage.sweep().await;
    assert_eq!((second.chosen, second.visited, second.new), (1_000, 10, 10));
    let calls = stage.all_calls();
    assert!(calls <= 25, "{calls} calls");
    stage.forget_calls();
    let third = stage.sweep().await;
    assert_eq!((third.visited, third.new), (0, 0));
    assert!(stage.all_calls() <= 15, "{} calls", stage.all_calls());
    stage.finish();
}

#[tokio::test]
async fn strict_list_reads_no_list_of_chats() {
    let mut stage = Stage::open().await;
    strangers(&stage, 5);
    stage.scene.grace_says(3);
    stage.rules(json!({ "chats": [GRACE.to_string(), "1002"] }));
    // This login has met nobody: it learns of them once.
    assert_eq!(stage.sweep().await.new, 4);
    stage.scene.grace_says(2);
    stage.forget_calls();
    let swept = stage.sweep().await;
    assert_eq!((swept.chats, swept.new), (2, 2));
    assert_eq!(stage.scene.calls("messages.getDialogs"), 0);
    assert_eq!(stage.all_calls(), 2, "where they stand, and one page");
    let chats = stage.store.chats(ChatsPage { limit: 100, ..ChatsPage::default() }).await.unwrap();
    assert_eq!(chats.len(), 2);
    stage.finish();
}

/// One misspelt id, and one of a channel that was left before this login.
#[tokio::test]
async fn chats_that_nobody_has_are_looked_for_once_a_day() {
    let mut stage = Stage::open().await;
    strangers(&stage, 300);
    stage.scene.grace_says(1);
    let gone = PeerId::channel(77).0.to_string();
    stage.rules(json!({ "chats": [GRACE.to_string(), "1001", "1002", "999999", gone] }));
    let clock = ManualClock::at("2026-01-01T12:00:00Z".parse().unwrap());
    let sweep = async || {
        stage.forget_calls();
        let capture = Capture { clock: clock.clone(), ..stage.capture() };
        let (swept, ended) = soon(Sweep { capture, tell: Tell::nobody() }.run()).await;
        ended.unwrap();
        (swept.new, swept.out_of_reach, stage.scene.calls("messages.getDialogs"), stage.all_calls())
    };
    let (new, out_of_reach, lists, _) = sweep().await;
    assert_eq!((new, out_of_reach), (3, 2));
    assert!(lists > 0, "this login has met nobody");
    clock.advance(SignedDuration::from_hours(6));
    assert_eq!(sweep().await, (0, 2, 0, 1), "where the others stand");
    clock.advance(SignedDuration::from_hours(19));
    let (_, out_of_reach, lists, _) = sweep().await;
    assert!(out_of_reach == 2 && lists > 0, "they may be there by now");
    assert_eq!(sweep().await, (0, 2, 0, 1));
    // One of them writes meanwhile.
    stage.scene.telegram(|t| {
        t.add_user(999_999, "Late");
        t.say(Peer::User(ADA), 999_999, "hello");
    });
    clock.advance(SignedDuration::from_hours(25));
    let (new, out_of_reach, ..) = sweep().await;
    assert_eq!((new, out_of_reach), (1, 1));
    stage.finish();
}

#[tokio::test]
async fn a_chat_that_was_left_costs_the_others_little() {
    let mut stage = Stage::open().await;
    strangers(&stage, 60);
    stage.scene.telegram(|t| {
        t.add_supergroup(70, "Group", GRACE);
        t.join(Peer::Channel(70), ADA);
        t.say(Peer::Channel(70), GRACE, "hello");
    });
    let mut chats: Vec<String> = (1_000..1_060).map(|id| id.to_string()).collect();
    chats.push(PeerId::channel(70).0.to_string());
    stage.rules(json!({ "chats": chats }));
    assert_eq!(stage.sweep().await.chats, 61);
    stage.scene.telegram(|t| t.leave(Peer::Channel(70), ADA, Role::Left));
    stage.forget_calls();
    let swept = stage.sweep().await;
    assert_eq!((swept.chats, swept.out_of_reach), (60, 1));
    let calls = stage.all_calls();
    assert!(calls <= 13, "{calls} calls: two for each time that sixty is halved");
    assert_eq!(stage.scene.calls("messages.getDialogs"), 0);
    stage.finish();
}

#[tokio::test]
async fn folders_choose_chats() {
    let mut stage = Stage::open().await;
    strangers(&stage, 3);
    stage.scene.grace_says(1);
    stage.scene.telegram(|t| t.add_folder(ADA, 3, "Friends", &[Peer::User(GRACE)]));
    stage.rules(json!({ "types": [], "include": ["folder:Friends"] }));
    let swept = stage.sweep().await;
    assert_eq!((swept.chats, swept.chosen, swept.new), (4, 1, 1));
    let folders = stage.store.folders(stage.key(WITH_GRACE).account).await.unwrap();
    assert_eq!(folders.iter().map(|folder| folder.title.as_str()).collect::<Vec<_>>(), ["Friends"]);
    stage.finish();
}

#[tokio::test]
async fn archived_chats_are_captured_and_marked() {
    let stage = Stage::open().await;
    stage.scene.grace_says(2);
    stage.scene.telegram(|t| t.mailbox(ADA).talks.entry(Peer::User(GRACE)).or_default().folder = 1);
    assert_eq!(stage.sweep().await.new, 2);
    let stored = stage.store.chat(stage.key(WITH_GRACE)).await.unwrap().unwrap();
    assert!(stored.is_archived);
    stage.finish();
}

#[tokio::test]
async fn priority_chats_come_first() {
    let mut stage = Stage::open().await;
    stage.scene.grace_says(1);
    strangers(&stage, 4);
    stage.rules(json!({ "priority": ["1002", "@nobody", GRACE.to_string()] }));
    stage.sweep().await;
    let changes = stage.store.changes(0, 100).await.unwrap();
    let mut order: Vec<i64> = Vec::new();
    for change in changes.iter().filter(|change| change.ids.is_some()) {
        if order.last() != Some(&change.chat.0) {
            order.push(change.chat.0);
        }
    }
    assert_eq!(order[..2], [1_002, GRACE]);
    stage.finish();
}

/// The halves of a group that moved are both read when only one is named.
#[tokio::test]
async fn groups_that_moved_are_followed() {
    for (follows, expected) in [(true, vec!["old"]), (false, vec![])] {
        let mut stage = Stage::open().await;
        stage.scene.telegram(|t| {
            t.add_group(7, "Group", &[GRACE, ADA]);
            t.say(Peer::Group(7), GRACE, "old");
            t.add_supergroup(70, "Group", GRACE);
            t.join(Peer::Channel(70), ADA);
            let from = tapedeck_sim::telegram::tl::types::MessageActionChannelMigrateFrom {
                title: "Group".into(),
                chat_id: 7,
            };
            t.happen(Peer::Channel(70), GRACE, from.into());
            t.say(Peer::Channel(70), GRACE, "new");
        });
        stage.rules(json!({ "chats": [PeerId::channel(70).0.to_string()], "follow_migrations": follows }));
        stage.sweep().await;
        assert!(stage.texts(PeerId::channel(70)).await.contains(&"new".to_owned()));
        assert_eq!(stage.texts(PeerId::group(7)).await, expected);
        // There is nothing left to follow.
        stage.forget_calls();
        stage.sweep().await;
        assert_eq!(stage.scene.calls("messages.getHistory"), 0);
        stage.finish();
    }
}
