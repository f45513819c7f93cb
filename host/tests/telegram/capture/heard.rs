//! What the listener takes, of what it is told in part, twice, late or slowly, and what it leaves alone.

use std::time::Duration;

use serde_json::json;
use tapedeck::{
    archive::{Batch, BlockedKind, Source, Write},
    capture::{Decision, Fill, ListenRules, Prune, Tell, decide, guard::GuardSettings},
    model::{AccountName, Detail, MessageId, PeerId},
};
use tapedeck_sim::telegram::{Fault, Peer, Spot, blank, tl};

use super::{
    listen::{GROUP, deleted, eventually, pinned, says, stage, while_listening},
    stage::{Stage, WITH_GRACE},
};
use crate::support::{ADA, GRACE, soon};

/// Everything that could happen to a message is one too many.
fn closed() -> ListenRules {
    let guard = GuardSettings { threshold: 0, window: Duration::from_secs(600), ..GuardSettings::default() };
    ListenRules { guard, ..ListenRules::default() }
}

/// Of the message in the group.
async fn stored(stage: &Stage, spot: Spot) -> Option<tapedeck::archive::Stored> {
    stage.store.by_id(stage.key(GROUP), vec![MessageId(spot.id())]).await.unwrap().pop()
}

/// Until something that is said now was heard.
async fn heard_all(stage: &Stage) {
    says(stage, "that is all");
    eventually(stage, GROUP, |texts| texts.iter().any(|text| text == "that is all")).await;
}

/// A chat of which nobody knew comes into the archive while somebody listens. The short form of a message brings no people
/// along, so nobody but the archive can say who it is.
#[tokio::test]
async fn a_chat_that_a_sweep_has_found_is_heard_from_then_on() {
    const LIN: i64 = 3;
    let with_lin = PeerId::user(LIN);
    let stage = Stage::open().await;
    stage.scene.telegram(|t| {
        t.add_user(LIN, "Lin");
        t.add_supergroup(55, "Group", GRACE);
        t.join(Peer::Channel(55), ADA);
        t.say(Peer::Channel(55), GRACE, "first");
    });
    stage.sweep().await;
    stage.scene.telegram(|t| t.short_updates = true);
    while_listening(&stage, ListenRules::default(), async {
        let tells = |text: &str| stage.scene.telegram(|t| t.say(Peer::User(ADA), LIN, text));
        tells("one");
        heard_all(&stage).await;
        assert!(stage.texts(with_lin).await.is_empty(), "nobody knows who that is");
        Box::pin(stage.sweep()).await;
        tells("two");
        eventually(&stage, with_lin, |texts| texts == ["one", "two"]).await;
    })
    .await;
    let names: Vec<_> = stage.stored(with_lin).await.into_iter().map(|it| it.sender_name).collect();
    assert_eq!(names, [Some("Lin".to_owned()), Some("Lin".to_owned())]);
    stage.finish();
}

/// Ten messages, of which the older ones go.
async fn pruned(stage: &Stage, count: usize) -> Vec<Spot> {
    let spots = (0..10).map(|number| {
        stage.scene.telegram(|t| t.advance(60));
        says(stage, &format!("number {number}"))
    });
    let spots: Vec<Spot> = spots.collect();
    stage.sweep().await;
    let before = stored(stage, spots[count]).await.unwrap().message.date;
    let (capture, tell) = (stage.capture(), Tell::nobody());
    let prune = Prune { capture, chats: vec![GROUP], before, media: None, tell };
    let known = stage.ids(GROUP).await.len();
    let pruned = soon(prune.run()).await.unwrap();
    assert_eq!(stage.ids(GROUP).await.len(), 10 - count);
    assert_eq!(pruned.removed, (known + count - 10) as u64);
    spots
}

#[tokio::test]
async fn what_was_pruned_is_told_apart_from_what_never_was() {
    let stage = stage().await;
    let before = stage.certificate(GROUP).await;
    let spots = pruned(&stage, 4).await;
    let after = stage.certificate(GROUP).await;
    assert_eq!((before.removed, after.not_shown), (0, before.not_shown), "{after}");
    assert_eq!((after.share, after.held, after.removed), (1.0, 6, before.held + 4), "{after}");
    assert!(after.to_string().contains(" were removed here"), "{after}");
    // One that comes back by another way is here.
    let message = Box::new(stored(&stage, spots[9]).await.unwrap().message);
    let again = tapedeck::model::Message { id: MessageId(spots[0].id()), ..*message };
    let write = Write::Message { message: Box::new(again), sender_name: None };
    let at = jiff::Timestamp::UNIX_EPOCH;
    let batch = Batch { writes: vec![write], ..Batch::new(AccountName::main(), Source::Import, at) };
    stage.store.write(batch).await.unwrap();
    let again = stage.certificate(GROUP).await;
    assert_eq!((again.held, again.removed, again.not_shown), (7, after.removed - 1, after.not_shown));
    stage.finish();
}

#[tokio::test]
async fn an_edit_brings_back_nothing_that_was_pruned() {
    for rules in [ListenRules::default(), closed()] {
        let stage = stage().await;
        let spots = pruned(&stage, 4).await;
        while_listening(&stage, rules, async {
            stage.scene.telegram(|t| {
                t.advance(60);
                assert!(t.edit(spots[0], "it was pruned"));
            });
            heard_all(&stage).await;
        })
        .await;
        assert!(!stage.texts(GROUP).await.iter().any(|text| text == "it was pruned"));
        assert!(stage.store.blocked(None).await.unwrap().is_empty(), "there is nothing to decide about");
        stage.finish();
    }
}

/// What was never read is only missing.
#[tokio::test]
async fn an_edit_fills_what_could_not_be_read() {
    let stage = stage().await;
    let spot = says(&stage, "nobody can read it");
    stage.scene.telegram(|t| t.faults.unreadable = [spot.id()].into());
    stage.sweep().await;
    says(&stage, "behind it");
    stage.sweep().await;
    stage.scene.telegram(|t| t.faults.unreadable.clear());
    assert!(stage.cursor(GROUP).await > spot.id() && stored(&stage, spot).await.is_none());
    while_listening(&stage, ListenRules::default(), async {
        stage.scene.telegram(|t| {
            t.advance(60);
            assert!(t.edit(spot, "everybody can read it"));
        });
        eventually(&stage, GROUP, |texts| texts.iter().any(|text| text == "everybody can read it")).await;
    })
    .await;
    stage.finish();
}

/// Telegram tells of reactions as of an edit. Nobody has to decide about them.
#[tokio::test]
async fn reactions_that_come_as_edits_are_never_held_back() {
    let stage = stage().await;
    let (edited, only) = (says(&stage, "as it was"), says(&stage, "liked"));
    stage.sweep().await;
    let heard = while_listening(&stage, closed(), async {
        stage.scene.telegram(|t| {
            t.advance(60);
            t.faults.lose_updates = true;
            t.react(edited, GRACE, "👍");
            t.react(only, GRACE, "👍");
            t.faults.lose_updates = false;
            assert!(t.edit(edited, "as it is") && t.edit(only, "liked"));
        });
        heard_all(&stage).await;
    })
    .await;
    let held = stage.store.blocked(None).await.unwrap();
    let held: Vec<_> = held.iter().map(|(_, it)| (it.kind, it.ids.clone())).collect();
    assert_eq!(held, [(BlockedKind::Edit, vec![MessageId(edited.id())])]);
    assert_eq!((heard.held_back, heard.edited), (1, 1), "{heard}");
    for (spot, text) in [(edited, "as it was"), (only, "liked")] {
        let stored = stored(&stage, spot).await.unwrap();
        assert_eq!((stored.message.text.as_str(), stored.versions), (text, 0));
        assert_eq!(stored.message.reactions.map_or(0, |it| it.counts.len()), 1, "{text}");
    }
    stage.finish();
}

/// A message of which only the listener knows, and an edit of it that is held back.
async fn held_back(stage: &Stage) -> Spot {
    let mut spot = None;
    while_listening(stage, closed(), async {
        let said = says(stage, "as it was");
        eventually(stage, GROUP, |texts| texts.iter().any(|text| text == "as it was")).await;
        edits(stage, said, "scribbled over");
        stage.until(async || stage.store.blocked(None).await.unwrap().len() == 1).await;
        spot = Some(said);
    })
    .await;
    spot.unwrap()
}

fn edits(stage: &Stage, spot: Spot, text: &str) {
    stage.scene.telegram(|t| {
        t.advance(60);
        assert!(t.edit(spot, text));
    });
}

/// Tells of reactions as Telegram does: as of the message's last edit.
fn likes(stage: &Stage, spot: Spot, text: &str) {
    stage.scene.telegram(|t| {
        t.advance(60);
        t.faults.lose_updates = true;
        t.react(spot, GRACE, "👍");
        t.faults.lose_updates = false;
        assert!(t.edit(spot, text));
    });
}

async fn dismisses_all(stage: &Stage) {
    let capture = stage.capture();
    for (_, held) in stage.store.blocked(None).await.unwrap() {
        decide(&capture.store, &capture.clock, held.number, Decision::Dismiss, &capture.section)
            .await
            .unwrap();
    }
}

/// What it says, and how many reactions it has.
async fn stands(stage: &Stage, spot: Spot) -> (String, usize) {
    let message = stored(stage, spot).await.unwrap().message;
    (message.text, message.reactions.map_or(0, |it| it.counts.len()))
}

/// The sweep reads what the listener has stored since the last one.
#[tokio::test]
async fn a_sweep_leaves_what_is_held_back() {
    let stage = stage().await;
    let spot = held_back(&stage).await;
    assert!(stage.cursor(GROUP).await < spot.id(), "no sweep has read it");
    stage.sweep().await;
    assert_eq!(stands(&stage, spot).await, ("as it was".to_owned(), 0), "nobody has decided");
    assert!(stage.cursor(GROUP).await >= spot.id(), "it was read all the same");
    assert_eq!(stage.certificate(GROUP).await.share, 1.0);
    stage.finish();
}

#[tokio::test]
async fn a_sweep_takes_no_words_of_what_was_dismissed() {
    let stage = stage().await;
    let spot = held_back(&stage).await;
    dismisses_all(&stage).await;
    stage.scene.telegram(|t| t.react(spot, GRACE, "👍"));
    stage.sweep().await;
    assert!(stage.cursor(GROUP).await >= spot.id());
    assert_eq!(stands(&stage, spot).await, ("as it was".to_owned(), 1), "reactions are no edit");
    stage.finish();
}

/// What was never stored is taken as Telegram shows it.
#[tokio::test]
async fn a_fill_leaves_what_is_held_back_and_stored() {
    let stage = stage().await;
    let spot = held_back(&stage).await;
    let new = stage.scene.telegram(|t| {
        t.faults.lose_updates = true;
        let new = t.say(Peer::Channel(55), GRACE, "nobody has heard it");
        t.faults.lose_updates = false;
        new
    });
    edits(&stage, new, "and it was edited");
    let chats = vec![GROUP];
    let fill = Fill { capture: stage.capture(), chats, min_ids: 1, tell: Tell::nobody() };
    soon(fill.run()).await.1.unwrap();
    assert_eq!(stands(&stage, spot).await.0, "as it was");
    stage.sweep().await;
    assert_eq!(stands(&stage, new).await.0, "and it was edited");
    stage.finish();
}

/// With reactions Telegram tells of the last edit again, when the guard lets everything pass.
#[tokio::test]
async fn the_listener_takes_no_words_of_what_waits_or_was_dismissed() {
    let stage = stage().await;
    let spot = held_back(&stage).await;
    while_listening(&stage, ListenRules::default(), async {
        likes(&stage, spot, "scribbled over");
        heard_all(&stage).await;
        assert_eq!(stands(&stage, spot).await, ("as it was".to_owned(), 1), "nobody has decided");
        assert_eq!(stage.store.blocked(None).await.unwrap().len(), 1, "it waits once");
        dismisses_all(&stage).await;
        likes(&stage, spot, "scribbled over");
        says(&stage, "and that too");
        eventually(&stage, GROUP, |texts| texts.iter().any(|text| text == "and that too")).await;
        assert_eq!(stands(&stage, spot).await.0, "as it was", "somebody has decided");
        edits(&stage, spot, "as it shall be");
        stage.until(async || stands(&stage, spot).await.0 == "as it shall be").await;
    })
    .await;
    assert!(stage.store.blocked(None).await.unwrap().is_empty());
    stage.finish();
}

/// Telegram tells the message as it is now, and its edit beside it.
#[tokio::test]
async fn an_edit_that_comes_with_its_message_is_never_held_back() {
    let stage = stage().await;
    stage.sweep().await;
    let heard = while_listening(&stage, closed(), async {
        stage.scene.telegram(|t| {
            t.faults.lose_updates = true;
            let spots: Vec<Spot> = ["one", "two"].map(|text| t.say(Peer::Channel(55), GRACE, text)).into();
            t.advance(60);
            assert!(spots.iter().all(|spot| t.edit(*spot, "thought over")));
            t.faults.lose_updates = false;
        });
        says(&stage, "and now?");
        heard_all(&stage).await;
    })
    .await;
    assert_eq!((heard.held_back, stage.store.blocked(None).await.unwrap().len()), (0, 0), "{heard}");
    assert_eq!(stage.texts(GROUP).await.iter().filter(|text| *text == "thought over").count(), 2);
    stage.finish();
}

#[tokio::test]
async fn edits_in_masses_are_held_back_and_applied() {
    let stage = stage().await;
    let spots: Vec<Spot> = (0..15).map(|number| says(&stage, &format!("number {number}"))).collect();
    stage.sweep().await;
    let guard = GuardSettings { window: Duration::from_secs(600), ..GuardSettings::default() };
    let heard = while_listening(&stage, ListenRules { guard, ..ListenRules::default() }, async {
        stage.scene.telegram(|t| {
            t.advance(60);
            assert!(spots.iter().all(|spot| t.edit(*spot, "scribbled over")));
        });
        heard_all(&stage).await;
    })
    .await;
    assert_eq!((heard.edited, heard.held_back), (10, 5), "{heard}");
    let scribbled = async || stage.texts(GROUP).await.iter().filter(|text| *text == "scribbled over").count();
    assert_eq!(scribbled().await, 10);
    let held = stage.store.blocked(None).await.unwrap();
    assert!(held.iter().all(|(_, it)| it.kind == BlockedKind::Edit && it.message.is_some()));
    let (capture, one) = (stage.capture(), &held[0].1);
    decide(&capture.store, &capture.clock, one.number, Decision::Apply, &capture.section).await.unwrap();
    assert_eq!(scribbled().await, 11);
    let versions = stage.store.versions(stage.key(GROUP), one.ids[0]).await.unwrap();
    assert_eq!(versions.iter().map(|it| it.text.as_str()).collect::<Vec<_>>(), ["number 10"]);
    assert_eq!(stage.store.blocked(None).await.unwrap().len(), 4);
    stage.finish();
}

#[tokio::test]
async fn each_kind_of_news_can_be_left_out() {
    let on = ListenRules::default;
    for (left_out, rules) in [
        (None, on()),
        (Some("new_messages"), ListenRules { new_messages: false, ..on() }),
        (Some("edits"), ListenRules { edits: false, ..on() }),
        (Some("deletions"), ListenRules { deletions: false, ..on() }),
        (Some("chat_actions"), ListenRules { chat_actions: false, ..on() }),
        (Some("reactions"), ListenRules { reactions: false, ..on() }),
    ] {
        let stage = stage().await;
        let [edited, gone, liked, last] = ["edited", "gone", "liked", "last"].map(|text| says(&stage, text));
        stage.sweep().await;
        let actions = async || {
            let all = stage.stored(GROUP).await.into_iter();
            all.filter(|it| it.message.action.as_ref().is_some_and(|it| it.name == "chat_edit_title")).count()
        };
        while_listening(&stage, rules, async {
            says(&stage, "new");
            stage.scene.telegram(|t| {
                t.advance(60);
                assert!(t.edit(edited, "edited later"));
                t.delete(gone);
                t.react(liked, GRACE, "👍");
                let title = tl::types::MessageActionChatEditTitle { title: "Another".into() };
                t.happen(Peer::Channel(55), GRACE, title.into());
            });
            pinned(&stage, last).await;
        })
        .await;
        let texts = stage.texts(GROUP).await;
        let is_there = |text: &str| texts.iter().any(|it| it == text);
        let liked = stored(&stage, liked).await.unwrap().message.reactions.is_some();
        for (kind, is_so) in [
            ("new_messages", is_there("new")),
            ("edits", is_there("edited later")),
            ("deletions", !deleted(&stage, GROUP).await.is_empty()),
            ("chat_actions", actions().await == 1),
            ("reactions", liked),
        ] {
            assert_eq!(is_so, left_out != Some(kind), "{kind} without {left_out:?}");
        }
        stage.finish();
    }
}

#[tokio::test]
async fn votes_folders_and_archived_chats_are_heard() {
    let mut stage = stage().await;
    let poll = stage.scene.telegram(|t| {
        let mut poll = blank::message(0, Peer::Channel(55), 0, "");
        let media = tl::types::MessageMediaPoll {
            poll: blank::poll(5, "Tea?", &["yes", "no"]).into(),
            results: blank::poll_results().into(),
            attached_media: None,
        };
        poll.media = Some(media.into());
        t.post(Peer::Channel(55), GRACE, poll.into())
    });
    stage.rules(json!({ "include": ["folder:Friends"] }));
    stage.sweep().await;
    let votes = async || match *stored(&stage, poll).await.unwrap().message.media.unwrap().detail.unwrap() {
        Detail::Poll(poll) => poll.results.total.unwrap_or(0),
        other => panic!("it is {other:?}"),
    };
    let is_archived = async || stage.store.chat(stage.key(WITH_GRACE)).await.unwrap().unwrap().is_archived;
    let folders = async || stage.store.folders(AccountName::main()).await.unwrap().len();
    assert_eq!((votes().await, is_archived().await, folders().await), (0, false, 0));
    while_listening(&stage, ListenRules::default(), async {
        let moves = |folder_id| {
            let peer = Peer::User(GRACE).tl();
            let moved = tl::types::FolderPeer { peer, folder_id }.into();
            let update = tl::types::UpdateFolderPeers { folder_peers: vec![moved], pts: 0, pts_count: 1 };
            stage.scene.telegram(|t| t.push(ADA, update));
        };
        stage.scene.telegram(|t| t.vote(poll, GRACE, vec![b"0".to_vec()]));
        moves(1);
        stage.until(async || votes().await > 0 && is_archived().await).await;
        moves(0);
        stage.scene.telegram(|t| {
            t.add_folder(ADA, 3, "Friends", &[Peer::User(GRACE)]);
            t.push(ADA, tl::enums::Update::DialogFilters);
        });
        stage.until(async || !is_archived().await && folders().await > 0).await;
    })
    .await;
    stage.finish();
}

/// Whoever writes all the time, as a first sweep does, keeps no question from being answered.
#[tokio::test]
async fn a_slow_answer_is_waited_for_while_others_write() {
    let stage = stage().await;
    while_listening(&stage, ListenRules::default(), async {
        stage.scene.telegram(|t| {
            // Longer than the listener lets a change of the archive wait.
            let slow = Fault::delay(Duration::from_millis(1_500));
            t.faults.add(slow.on("updates.getChannelDifference").strict());
            t.faults.lose_updates = true;
            t.say(Peer::Channel(55), GRACE, "missed");
            t.faults.lose_updates = false;
            t.say(Peer::Channel(55), GRACE, "after it");
        });
        let before = stage.scene.calls("updates.getChannelDifference");
        let mut number = 0_i64;
        while !stage.texts(GROUP).await.iter().any(|text| text == "after it") {
            number += 1;
            let note = Write::Note { name: "elsewhere".into(), value: Some(number.into()) };
            let at = jiff::Timestamp::UNIX_EPOCH;
            let batch = Batch { writes: vec![note], ..Batch::new(AccountName::main(), Source::Sweep, at) };
            stage.store.write(batch).await.unwrap();
        }
        assert_eq!(stage.scene.calls("updates.getChannelDifference"), before + 1, "it was asked once");
    })
    .await;
    stage.finish();
}

/// Two who leave messages out of the same stretch, in turns: the listener and the sweep.
#[tokio::test]
async fn what_listener_and_sweep_leave_out_is_added_up() {
    let mut stage = Stage::open().await;
    let topic = stage.scene.telegram(|t| {
        t.add_supergroup(55, "Group", GRACE);
        t.join(Peer::Channel(55), ADA);
        t.say(Peer::Channel(55), GRACE, "first");
        t.add_forum(56, "Forum", GRACE);
        t.join(Peer::Channel(56), ADA);
        t.say(Peer::Channel(56), GRACE, "in the general one");
        t.add_topic(56, GRACE, "Noise")
    });
    let forum = PeerId::channel(56);
    stage.rules(json!({ "skip_topics": [format!("{}:{topic}", forum.0)] }));
    let noise = |text: &str| stage.scene.telegram(|t| t.answer(Peer::Channel(56), GRACE, topic, text));
    stage.sweep().await;
    let skipped = async || stage.certificate(forum).await.skipped.values().sum::<u64>();
    let (first, before) = (skipped().await, stage.certificate(forum).await);
    while_listening(&stage, ListenRules::default(), async {
        noise("one");
        heard_all(&stage).await;
        // The sweep alone hears of it: Telegram does not tell it any more.
        stage.scene.telegram(|t| t.faults.lose_updates = true);
        noise("two");
        stage.scene.telegram(|t| t.faults.lose_updates = false);
        Box::pin(stage.sweep()).await;
        stage.scene.telegram(|t| t.channels.get_mut(&56).unwrap().trim_log(0));
        noise("three");
        stage.until(async || skipped().await >= first + 3).await;
    })
    .await;
    let after = stage.certificate(forum).await;
    assert_eq!((after.not_shown, after.share), (before.not_shown, 1.0), "{after}");
    stage.finish();
}
