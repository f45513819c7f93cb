//! What belongs to a chat besides its messages, and what changes in messages without an edit.

use tapedeck::{
    capture::{Recheck, Rechecked, Tell},
    model::{Detail, PeerId},
};
use tapedeck_sim::telegram::{Peer, Spot, blank, tl};

use super::stage::{Stage, WITH_GRACE};
use crate::support::{ADA, GRACE, soon};

const FORUM: PeerId = PeerId::channel(55);

async fn recheck(stage: &Stage, most_per_chat: Option<usize>, deletions: bool) -> Rechecked {
    let recheck = Recheck {
        capture: stage.capture(),
        chats: Vec::new(),
        newer_than: None,
        most_per_chat,
        deletions,
        tell: Tell::nobody(),
    };
    let (rechecked, ended) = soon(recheck.run()).await;
    ended.unwrap();
    rechecked
}

fn with_ada(id: i32) -> Spot {
    Spot::Box { owner: ADA, id }
}

#[tokio::test]
async fn topics_are_kept_and_new_ones_are_noticed() {
    let stage = Stage::open().await;
    stage.scene.telegram(|t| {
        t.add_forum(55, "Forum", GRACE);
        t.join(Peer::Channel(55), ADA);
        t.add_topic(55, GRACE, "Tapes");
    });
    let titles = async || {
        let topics = stage.store.topics(stage.key(FORUM)).await.unwrap();
        topics.into_iter().map(|topic| topic.title).collect::<Vec<_>>()
    };
    stage.sweep().await;
    assert!(titles().await.contains(&"Tapes".to_owned()), "{:?}", titles().await);
    stage.scene.telegram(|t| t.add_topic(55, GRACE, "Reels"));
    stage.sweep().await;
    assert!(titles().await.contains(&"Reels".to_owned()), "{:?}", titles().await);
    stage.finish();
}

#[tokio::test]
async fn pins_come_with_the_sweep_and_go_with_a_recheck() {
    let stage = Stage::open().await;
    stage.scene.grace_says(4);
    stage.scene.telegram(|t| t.pin(with_ada(2), true));
    stage.sweep().await;
    let pinned = async || {
        let stored = stage.stored(WITH_GRACE).await;
        stored.iter().filter(|it| it.message.marks.is_pinned).map(|it| it.message.id.0).collect::<Vec<_>>()
    };
    assert_eq!(pinned().await, [2]);
    stage.scene.telegram(|t| {
        t.pin(with_ada(2), false);
        t.pin(with_ada(3), true);
    });
    recheck(&stage, None, true).await;
    assert_eq!(pinned().await, [3]);
    stage.finish();
}

#[tokio::test]
async fn results_of_polls_are_brought_up_to_date() {
    let stage = Stage::open().await;
    let poll = stage.scene.telegram(|t| {
        let mut poll = blank::message(0, Peer::User(ADA), 0, "");
        let media = tl::types::MessageMediaPoll {
            poll: blank::poll(5, "Tea?", &["yes", "no"]).into(),
            results: blank::poll_results().into(),
            attached_media: None,
        };
        poll.media = Some(media.into());
        t.post(Peer::User(ADA), GRACE, poll.into())
    });
    stage.sweep().await;
    let total = async || {
        let stored = stage.stored(WITH_GRACE).await;
        match *stored[0].message.media.clone().unwrap().detail.unwrap() {
            Detail::Poll(poll) => poll.results.total.unwrap_or(0),
            other => panic!("it is {other:?}"),
        }
    };
    assert_eq!(total().await, 0);
    stage.scene.telegram(|t| t.vote(poll, GRACE, vec![b"0".to_vec()]));
    recheck(&stage, None, true).await;
    assert_eq!(total().await, 1);
    stage.finish();
}

#[tokio::test]
async fn a_refresh_looks_at_the_newest_and_deletes_nothing() {
    let stage = Stage::open().await;
    stage.scene.grace_says(10);
    stage.sweep().await;
    stage.scene.telegram(|t| {
        t.advance(60);
        t.delete(with_ada(9));
        t.edit(with_ada(2), "too old to be looked at");
        t.react(with_ada(10), GRACE, "👍");
    });
    let rechecked = recheck(&stage, Some(3), false).await;
    assert_eq!((rechecked.messages, rechecked.deleted), (3, 0), "{rechecked}");
    let stored = stage.stored(WITH_GRACE).await;
    assert!(stored.iter().all(|it| it.deleted.is_none()));
    assert!(stored[9].message.reactions.is_some());
    assert_ne!(stored[1].message.text, "too old to be looked at");
    stage.finish();
}
