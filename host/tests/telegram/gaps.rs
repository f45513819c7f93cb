//! What Telegram does not tell any more is told as a gap, with the place to read from.

use std::{collections::HashMap, sync::Arc};

use futures_util::FutureExt as _;
use grammers_session::{
    Session as _,
    types::{ChannelState, UpdateState, UpdatesState},
};
use tapedeck::{
    model::{MessageId, PeerId},
    telegram::{
        Client,
        session::AccountSession,
        updates::{NewestKnown, Updates},
    },
};
use tapedeck_sim::telegram::{Peer, tl};

use crate::{
    support::{ADA, GRACE, Scene, soon},
    updates::{expect, live},
};

fn known(newest: &[(PeerId, i32)]) -> NewestKnown {
    let newest: HashMap<PeerId, MessageId> =
        newest.iter().map(|(peer, id)| (*peer, MessageId(*id))).collect();
    Arc::new(move |peer| std::future::ready(newest.get(&peer).copied()).boxed())
}

async fn left_off(session: &AccountSession, pts: i32, channels: Vec<ChannelState>) {
    let state = UpdatesState { pts, qts: 0, date: 1, seq: 1, channels };
    session.set_update_state(UpdateState::All(state)).await.unwrap();
}

async fn first_gaps(client: &Client, newest: &[(PeerId, i32)]) -> (Updates, Vec<(PeerId, MessageId)>) {
    let mut updates = Updates::open(client, known(newest)).await.unwrap();
    loop {
        let batch = soon(updates.next()).await.unwrap();
        let gaps: Vec<_> = batch.updates.iter().filter_map(|update| update.gap()).collect();
        updates.ack(batch.token).await.unwrap();
        if !gaps.is_empty() {
            return (updates, gaps);
        }
    }
}

#[tokio::test]
async fn too_long_an_absence_is_a_gap_in_each_chat() {
    let scene = Scene::open().await;
    scene.grace_says(5);
    let session = scene.session();
    left_off(&session, 2, Vec::new()).await;
    scene.telegram(|t| {
        t.add_user(3, "Up to date");
        t.say(Peer::User(ADA), 3, "known");
        t.add_user(4, "Not kept");
        t.say(Peer::User(ADA), 4, "unknown");
        t.account(ADA).unwrap().log.clear();
    });
    let client = scene.client_with(session);
    let newest = [(PeerId::user(GRACE), 2), (PeerId::user(3), 6)];
    let (mut updates, gaps) = first_gaps(&client, &newest).await;
    assert_eq!(gaps, [(PeerId::user(GRACE), MessageId(2))]);
    scene.telegram(|t| t.say(Peer::User(ADA), GRACE, "live again"));
    expect(&mut updates, ["live again".into()]).await;
    scene.finish();
}

#[tokio::test]
async fn too_long_an_absence_from_a_channel_is_a_gap() {
    let scene = Scene::open().await;
    scene.telegram(|t| {
        t.add_supergroup(55, "Group", GRACE);
        t.join(Peer::Channel(55), ADA);
        for _ in 0..5 {
            t.say(Peer::Channel(55), GRACE, "missed");
        }
        t.channels.get_mut(&55).unwrap().trim_log(1);
    });
    let session = scene.session();
    let pts = scene.telegram(|t| t.account(ADA).unwrap().pts);
    left_off(&session, pts, vec![ChannelState { id: 55, pts: 2 }]).await;
    let client = scene.client_with(session);
    let (mut updates, gaps) = first_gaps(&client, &[(PeerId::channel(55), 3)]).await;
    assert_eq!(gaps, [(PeerId::channel(55), MessageId(3))]);
    scene.telegram(|t| t.say(Peer::Channel(55), GRACE, "live again"));
    expect(&mut updates, ["live again".into()]).await;
    scene.finish();
}

#[tokio::test]
async fn after_too_long_an_absence_each_channel_is_asked_what_was_missed() {
    let scene = Scene::open().await;
    scene.grace_says(5);
    scene.telegram(|t| {
        t.add_supergroup(55, "Group", GRACE);
        t.join(Peer::Channel(55), ADA);
        for number in 0..3 {
            t.say(Peer::Channel(55), GRACE, &format!("missed {number}"));
        }
        t.account(ADA).unwrap().log.clear();
    });
    let session = scene.session();
    left_off(&session, 2, vec![ChannelState { id: 55, pts: 3 }]).await;
    let client = scene.client_with(session);
    let mut updates = Updates::open(&client, known(&[])).await.unwrap();
    expect(&mut updates, ["missed 2".into()]).await;
    scene.finish();
}

/// The library would jump to the new place and call what lies before it done.
#[tokio::test]
async fn channel_said_to_be_too_long_is_asked_for_from_our_place() {
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
    scene.telegram(|t| {
        t.faults.lose_updates = false;
        let pts = t.channels[&55].pts;
        t.push(ADA, tl::types::UpdateChannelTooLong { channel_id: 55, pts: Some(pts) });
    });
    expect(&mut updates, ["lost".into()]).await;
    scene.finish();
}

#[tokio::test]
async fn first_start_compares_what_is_stored() {
    let scene = Scene::open().await;
    scene.grace_says(5);
    let client = scene.client();
    let (_, gaps) = first_gaps(&client, &[(PeerId::user(GRACE), 1)]).await;
    assert_eq!(gaps, [(PeerId::user(GRACE), MessageId(1))]);
    scene.finish();
}
