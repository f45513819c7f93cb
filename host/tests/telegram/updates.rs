//! Live updates: every message once it is stored, none lost, whatever breaks.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures_util::FutureExt as _;
use grammers_tl_types as tl;
use tapedeck::model::PeerId;
use tapedeck::telegram::{
    Client,
    updates::{Batch, NewestKnown, Update, Updates},
};
use tapedeck_sim::telegram::{Fault, Peer};

use crate::support::{ADA, GRACE, Scene, soon, until};

/// Nothing is stored yet.
pub(crate) fn nothing_known() -> NewestKnown {
    Arc::new(|_| std::future::ready(None).boxed())
}

pub(crate) async fn open(client: &Client) -> Updates {
    Updates::open(client, nothing_known()).await.unwrap()
}

/// Listens until it is live: what Telegram knows is known here.
pub(crate) async fn live(client: &Client) -> Updates {
    let mut updates = open(client).await;
    let batch = soon(updates.next()).await.unwrap();
    updates.ack(batch.token).await.unwrap();
    updates
}

pub(crate) fn texts(batch: &Batch) -> Vec<String> {
    let messages = batch.updates.iter().filter_map(|update| match update {
        Update::Telegram(update) | Update::Missed(update) => match &**update {
            tl::enums::Update::NewMessage(new) => Some(&new.message),
            tl::enums::Update::NewChannelMessage(new) => Some(&new.message),
            _ => None,
        },
        Update::Gap { .. } => None,
    });
    let texts = messages.filter_map(|message| match message {
        tl::enums::Message::Message(message) => Some(message.message.clone()),
        _ => None,
    });
    texts.collect()
}

/// Takes batches until all these have come; says nothing of the rest.
pub(crate) async fn expect(updates: &mut Updates, wanted: impl IntoIterator<Item = String>) {
    let mut wanted: BTreeSet<String> = wanted.into_iter().collect();
    while !wanted.is_empty() {
        let batch = match tokio::time::timeout(Duration::from_secs(8), updates.next()).await {
            Ok(batch) => batch.unwrap(),
            Err(_) => panic!("{} never came, {:?} for one", wanted.len(), wanted.first()),
        };
        for text in texts(&batch) {
            wanted.remove(&text);
        }
        updates.ack(batch.token).await.unwrap();
    }
}

fn says(scene: &Scene, text: &str) {
    scene.telegram(|t| t.say(Peer::User(ADA), GRACE, text));
}

#[tokio::test]
async fn messages_come_as_they_are_said() {
    let scene = Scene::open().await;
    let client = scene.client();
    let mut updates = live(&client).await;
    says(&scene, "one");
    let batch = soon(updates.next()).await.unwrap();
    assert_eq!(texts(&batch), ["one"]);
    assert!(batch.users.iter().any(|user| user.id() == GRACE));
    scene.finish();
}

#[tokio::test]
async fn what_was_not_stored_comes_again() {
    let scene = Scene::open().await;
    let session = scene.session();
    let client = scene.client_with(session.clone());
    let mut updates = live(&client).await;
    says(&scene, "stored");
    let stored = soon(updates.next()).await.unwrap();
    says(&scene, "received only");
    assert_eq!(texts(&soon(updates.next()).await.unwrap()), ["received only"]);
    updates.ack(stored.token).await.unwrap();
    drop(updates);
    client.close();
    says(&scene, "missed");
    let client = scene.client_with(session);
    let mut updates = open(&client).await;
    let batch = soon(updates.next()).await.unwrap();
    assert_eq!(texts(&batch), ["received only", "missed"]);
    scene.finish();
}

#[tokio::test]
async fn lost_updates_are_found_with_the_next() {
    let scene = Scene::open().await;
    let client = scene.client();
    let mut updates = live(&client).await;
    scene.telegram(|t| t.faults.lose_updates = true);
    says(&scene, "lost");
    scene.telegram(|t| t.faults.lose_updates = false);
    says(&scene, "seen");
    expect(&mut updates, ["lost".into(), "seen".into()]).await;
    scene.finish();
}

#[tokio::test]
async fn listener_without_a_state_reconnects() {
    let scene = Scene::open().await;
    let client = scene.client();
    let mut updates = live(&client).await;
    let listening = async {
        expect(&mut updates, ["while away".into(), "after".into()]).await;
    };
    let breaking = async {
        scene.server.restart().await;
        says(&scene, "while away");
        scene
            .world
            .wait_for_telegram(|t| t.connections.iter().any(|connection| connection.wants_updates))
            .await;
        says(&scene, "after");
    };
    soon(async { tokio::join!(listening, breaking) }).await;
    scene.finish();
}

#[tokio::test]
async fn channels_catch_up_after_a_break() {
    let scene = Scene::open().await;
    scene.telegram(|t| {
        t.add_supergroup(55, "Group", GRACE);
        t.join(Peer::Channel(55), ADA);
    });
    let client = scene.client();
    let mut updates = live(&client).await;
    scene.telegram(|t| t.say(Peer::Channel(55), GRACE, "before"));
    expect(&mut updates, ["before".into()]).await;
    scene.telegram(|t| t.faults.lose_updates = true);
    scene.telegram(|t| t.say(Peer::Channel(55), GRACE, "lost"));
    scene.telegram(|t| t.faults.lose_updates = false);
    let listening = expect(&mut updates, ["lost".into()]);
    let breaking = scene.server.drop_connections();
    soon(async { tokio::join!(listening, breaking) }).await;
    scene.finish();
}

/// Channel 55 with Grace and Ada, and where its updates are.
async fn live_in_a_channel(scene: &Scene, client: &Client) -> Updates {
    scene.telegram(|t| {
        t.add_supergroup(55, "Group", GRACE);
        t.join(Peer::Channel(55), ADA);
    });
    let mut updates = live(client).await;
    scene.telegram(|t| t.say(Peer::Channel(55), GRACE, "before"));
    expect(&mut updates, ["before".into()]).await;
    updates
}

/// The library has one deadline for all gaps, and loses it when the first of them is filled.
#[tokio::test]
async fn second_gap_is_filled_after_the_first() {
    let scene = Scene::open().await;
    let client = scene.client();
    let mut updates = live_in_a_channel(&scene, &client).await;
    scene.telegram(|t| {
        t.faults.lose_updates = true;
        t.say(Peer::Channel(55), GRACE, "lost there");
        t.say(Peer::User(ADA), GRACE, "lost here");
        t.faults.lose_updates = false;
        t.say(Peer::Channel(55), GRACE, "seen there");
        t.faults.add(Fault::delay(Duration::from_millis(250)).on("help.getConfig").strict());
    });
    let wanted = ["lost there", "seen there", "lost here", "seen here"].map(str::to_owned);
    let second_gap = async {
        // It opens while the first one waits.
        client.invoke(&tl::functions::help::GetConfig {}).await.unwrap();
        says(&scene, "seen here");
    };
    soon(async { tokio::join!(expect(&mut updates, wanted), second_gap) }).await;
    scene.finish();
}

#[tokio::test]
async fn what_is_lost_without_a_trace_is_found() {
    let mut scene = Scene::open().await;
    scene.limits.look = Duration::from_millis(100);
    let client = scene.client();
    let mut updates = live_in_a_channel(&scene, &client).await;
    scene.telegram(|t| {
        t.faults.lose_updates = true;
        t.say(Peer::Channel(55), GRACE, "lost there");
        t.faults.lose_updates = false;
        // What is pushed later does not hide it.
        t.advance(5);
        t.say(Peer::User(ADA), GRACE, "seen here");
        t.faults.lose_updates = true;
        t.say(Peer::User(ADA), GRACE, "lost here");
    });
    expect(&mut updates, ["lost there", "seen here", "lost here"].map(str::to_owned)).await;
    scene.finish();
}

#[tokio::test]
async fn looking_for_what_was_lost_costs_one_call() {
    let mut scene = Scene::open().await;
    scene.limits.look = Duration::from_millis(20);
    scene.telegram(|t| t.channel_timeout = Some(0));
    let client = scene.client();
    let mut updates = live_in_a_channel(&scene, &client).await;
    scene.telegram(|t| {
        t.faults.lose_updates = true;
        t.say(Peer::Channel(55), GRACE, "found");
        t.faults.lose_updates = false;
    });
    expect(&mut updates, ["found".into()]).await;
    let before = ["updates.getDifference", "updates.getChannelDifference"].map(|name| scene.calls(name));
    let listening = async {
        loop {
            assert!(texts(&updates.next().await.unwrap()).is_empty());
        }
    };
    tokio::select! {
        () = listening => {}
        () = until(|| scene.calls("updates.getDifference") >= before[0] + 3) => {}
    }
    assert_eq!(scene.calls("updates.getChannelDifference"), before[1], "nothing was missing in the channel");
    scene.finish();
}

#[tokio::test]
async fn a_start_asks_only_channels_that_have_moved() {
    let scene = Scene::open().await;
    let channels: Vec<PeerId> = (100..130).map(PeerId::channel).collect();
    scene.telegram(|t| {
        for id in 100..130 {
            t.add_supergroup(id, "Group", GRACE);
            t.join(Peer::Channel(id), ADA);
            t.say(Peer::Channel(id), GRACE, "before");
        }
    });
    let session = scene.session();
    let client = scene.client_with(session.clone());
    let mut updates = open(&client).await;
    soon(updates.learn_channels(&channels)).await.unwrap();
    let batch = soon(updates.next()).await.unwrap();
    updates.ack(batch.token).await.unwrap();
    drop(updates);
    client.close();
    scene.telegram(|t| t.say(Peer::Channel(110), GRACE, "news"));
    let client = scene.client_with(session);
    let mut updates = open(&client).await;
    expect(&mut updates, ["news".into()]).await;
    assert_eq!(scene.calls("updates.getChannelDifference"), 1);
    scene.finish();
}

#[tokio::test]
async fn channel_is_asked_again_when_telegram_had_troubles() {
    let scene = Scene::open().await;
    let client = scene.client();
    let mut updates = live_in_a_channel(&scene, &client).await;
    scene.telegram(|t| {
        let troubles = Fault::refuse(-503, "Timeout").on("updates.getChannelDifference");
        t.faults.add(troubles.times(scene.limits.tries).strict());
        t.faults.lose_updates = true;
        t.say(Peer::Channel(55), GRACE, "lost");
        t.faults.lose_updates = false;
        t.say(Peer::Channel(55), GRACE, "seen");
    });
    expect(&mut updates, ["lost".into(), "seen".into()]).await;
    scene.finish();
}

/// A message of a mebibyte makes the connection panic, and with it the runner.
#[tokio::test]
async fn what_was_said_during_a_panic_comes() {
    let scene = Scene::open().await;
    scene.telegram(|t| {
        t.plain_answers = true;
        for _ in 0..100 {
            t.say(Peer::User(ADA), ADA, &"long ".repeat(2400));
        }
    });
    let client = scene.client();
    let mut updates = live(&client).await;
    scene.telegram(|t| {
        t.faults.lose_updates = true;
        t.say(Peer::User(ADA), GRACE, "meanwhile");
    });
    let mut reader = tapedeck::telegram::read::history(&client, tl::enums::InputPeer::PeerSelf);
    let listening = expect(&mut updates, ["meanwhile".into()]);
    let (page, ()) = soon(async { tokio::join!(reader.next_page(), listening) }).await;
    page.unwrap_err();
    scene.finish();
}

#[tokio::test]
async fn slow_listener_loses_nothing() {
    const MANY: usize = 5000;
    let scene = Scene::open().await;
    let client = scene.client();
    let mut updates = live(&client).await;
    for number in 0..MANY {
        says(&scene, &format!("number {number}"));
        // The lines are not to be blocked by this test.
        if number % 50 == 0 {
            tokio::task::yield_now().await;
        }
    }
    expect(&mut updates, (0..MANY).map(|number| format!("number {number}"))).await;
    scene.finish();
}

#[tokio::test]
async fn failing_differences_are_asked_for_with_pauses() {
    let mut scene = Scene::open().await;
    scene.limits.first_pause = Duration::from_millis(50);
    scene.limits.longest_pause = Duration::from_millis(50);
    let client = scene.client();
    let mut updates = live(&client).await;
    let fault = Fault::refuse(400, "INPUT_FETCH_FAIL").on("updates.getDifference").times(3).strict();
    scene.telegram(|t| t.faults.add(fault));
    scene.server.drop_connections().await;
    says(&scene, "missed");
    let started = std::time::Instant::now();
    let mut failures = 0;
    soon(async {
        loop {
            match updates.next().await {
                Ok(batch) if texts(&batch) == ["missed"] => break,
                Ok(_) => {}
                Err(_) => failures += 1,
            }
        }
    })
    .await;
    assert_eq!(failures, 3);
    assert!(started.elapsed() >= Duration::from_millis(150), "{:?}", started.elapsed());
    scene.finish();
}

#[tokio::test]
async fn channels_are_learnt_after_the_pause_of_a_failure() {
    let mut scene = Scene::open().await;
    scene.limits.first_pause = Duration::from_millis(50);
    scene.limits.longest_pause = Duration::from_millis(50);
    let client = scene.client();
    let mut updates = live(&client).await;
    let fault = Fault::refuse(400, "INPUT_FETCH_FAIL").on("updates.getDifference").strict();
    scene.telegram(|t| t.faults.add(fault));
    scene.server.drop_connections().await;
    soon(async { while updates.next().await.is_ok() {} }).await;
    let failed = std::time::Instant::now();
    soon(updates.learn_channels(&[])).await.unwrap();
    assert!(failed.elapsed() >= Duration::from_millis(40), "{:?}", failed.elapsed());
    scene.finish();
}
