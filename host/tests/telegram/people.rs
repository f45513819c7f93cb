//! Users and chats: who can be called, and what lists must not overwrite.

use std::time::{Duration, Instant};

use grammers_tl_types as tl;
use tapedeck::{
    model::PeerId,
    telegram::{Error, read},
};
use tapedeck_sim::telegram::{Peer, blank};

use crate::{
    support::{ADA, GRACE, Scene, soon},
    updates::{expect, live, open},
};

fn user(id: i64, access_hash: i64, min: bool) -> tl::enums::User {
    let mut user: tl::types::User = blank();
    (user.id, user.access_hash, user.min) = (id, Some(access_hash), min);
    user.into()
}

#[tokio::test]
async fn users_without_a_hash_of_their_own_take_none_away() {
    let scene = Scene::open().await;
    let client = scene.client();
    client.learn(&[user(7, 1234, true)], &[]).await.unwrap();
    let error = client.input_user(PeerId::user(7)).await.unwrap_err();
    assert!(matches!(error, Error::UnknownPeer { peer } if peer == PeerId::user(7)), "{error}");
    client.learn(&[user(7, 99, false)], &[]).await.unwrap();
    client.learn(&[user(7, 1234, true)], &[]).await.unwrap();
    let tl::enums::InputUser::User(known) = client.input_user(PeerId::user(7)).await.unwrap() else {
        panic!("it is a user");
    };
    assert_eq!(known.access_hash, 99);
    scene.finish();
}

#[tokio::test]
async fn basic_groups_need_no_hash() {
    let scene = Scene::open().await;
    let peer = scene.client().input_peer(PeerId::group(5)).await.unwrap();
    assert_eq!(peer, tl::types::InputPeerChat { chat_id: 5 }.into());
    scene.finish();
}

#[tokio::test]
async fn peers_of_many_pages_cost_next_to_nothing() {
    let scene = Scene::open().await;
    let client = scene.client();
    let users: Vec<_> = (1..=20_000).map(|id| user(id, id, false)).collect();
    let started = Instant::now();
    for page in users.chunks(100) {
        client.learn(page, &[]).await.unwrap();
    }
    // A stock session takes half a minute for this.
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    scene.finish();
}

#[tokio::test]
async fn lists_of_chats_do_not_move_channels_on() {
    let scene = Scene::open().await;
    scene.telegram(|t| {
        t.add_supergroup(55, "Group", GRACE);
        t.join(Peer::Channel(55), ADA);
    });
    let session = scene.session();
    let client = scene.client_with(session.clone());
    let mut updates = live(&client).await;
    scene.telegram(|t| t.say(Peer::Channel(55), GRACE, "before"));
    expect(&mut updates, ["before".into()]).await;
    drop(updates);
    client.close();
    scene.telegram(|t| t.say(Peer::Channel(55), GRACE, "missed"));
    let client = scene.client_with(session);
    let mut updates = open(&client).await;
    let mut dialogs = read::Dialogs::new(&client, read::Folder::Main);
    while let Some(page) = soon(dialogs.next_page()).await.unwrap() {
        assert!(page.dialogs.iter().any(|dialog| dialog.pts.is_some()), "the list says where channels are");
        let chats: Vec<PeerId> = page.listed().iter().map(|listed| listed.chat.id).collect();
        soon(updates.learn_channels(&chats)).await.unwrap();
    }
    expect(&mut updates, ["missed".into()]).await;
    scene.finish();
}
