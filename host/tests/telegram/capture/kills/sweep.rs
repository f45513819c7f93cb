//! A sweep of a private chat and a supergroup.

use std::time::Duration;

use tapedeck::capture::{Sweep, Tell};
use tapedeck_sim::telegram::Peer;

use super::{GROUP, On, Yard, capture, cursor, engine, ids, newest_change, say, stored, told};
use crate::{
    capture::stage::WITH_GRACE,
    support::{ADA, GRACE, Scene},
};

const MESSAGES: i32 = 1_500;
const CHATS: [tapedeck::model::PeerId; 2] = [WITH_GRACE, GROUP];

#[tokio::test(flavor = "multi_thread")]
async fn killed_sweeps_lose_and_double_nothing() {
    lose_and_double_nothing(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_sweeps_lose_and_double_nothing_in_postgres() {
    lose_and_double_nothing(On::Postgres).await;
}

async fn lose_and_double_nothing(on: On) {
    let scene = Scene::open().await;
    scene.telegram(|t| {
        t.add_supergroup(55, "Group", GRACE);
        t.join(Peer::Channel(55), ADA);
        for number in 0..MESSAGES {
            t.say(Peer::User(ADA), GRACE, &format!("number {number}"));
            t.say(Peer::Channel(55), GRACE, &format!("number {number}"));
        }
    });
    let world: [Vec<i32>; 2] = scene.telegram(|t| {
        [Peer::User(GRACE), Peer::Channel(55)]
            .map(|peer| t.history(ADA, peer).unwrap().ids_from(0).collect::<Vec<_>>())
    });
    let mut yard = Yard::open(&scene, on).await;
    let (mut cursors, mut sequence, mut seen) = ([0, 0], 0, 0);
    while yard.left > 0 {
        yard.left -= 1;
        let (words, after) = (yard.random.below(9), yard.random.below(9_000) as u64);
        let mut doomed = yard.start("capture::kills::sweep::sweeps_until_killed");
        tokio::task::block_in_place(|| {
            doomed.hear(words);
            doomed.kill(Duration::from_micros(after));
        });
        let store = yard.left_behind().await;
        for (at, chat) in CHATS.into_iter().enumerate() {
            let cursor = cursor(&store, chat).await;
            assert!(cursor >= cursors[at], "{cursor} after {}, seed {}", cursors[at], yard.random.seed);
            let ids = ids(&stored(&store, chat).await);
            let passed = world[at].partition_point(|id| *id <= cursor);
            assert_eq!(
                ids[..passed.min(ids.len())],
                world[at][..passed],
                "what the cursor has passed is there"
            );
            assert!(world[at].starts_with(&ids), "a page is there whole");
            cursors[at] = cursor;
            seen += passed;
        }
        let newest = newest_change(&store).await;
        assert!(newest >= sequence, "{newest} after {sequence}");
        sequence = newest;
        if cursors.iter().all(|cursor| *cursor >= MESSAGES) {
            // From the start again, in the same world.
            drop(store);
            yard.on.make_anew(yard.folder.path()).await;
            (cursors, sequence) = ([0, 0], 0);
        }
    }
    assert!(seen > 0, "the test has something to look at");
    let store = yard.left_behind().await;
    let sweep = Sweep { capture: capture(yard.login.client(), store.clone()), tell: Tell::nobody() };
    sweep.run().await.1.unwrap();
    for (at, chat) in CHATS.into_iter().enumerate() {
        assert_eq!(ids(&stored(&store, chat).await), world[at]);
    }
    assert_eq!(store.check().await.unwrap(), [""; 0]);
    sweep.capture.client.close();
    scene.finish();
}

#[tokio::test]
#[ignore = "it is the process that `killed_sweeps_lose_and_double_nothing` kills"]
async fn sweeps_until_killed() {
    let Some((folder, login)) = told() else { return };
    let tell = Tell::new(|_| say("page"), tokio_util::sync::CancellationToken::new());
    let sweep = Sweep { capture: capture(login.client(), engine::open(&folder).await), tell };
    drop(sweep.run().await);
}
