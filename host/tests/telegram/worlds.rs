//! Generated worlds, with every kind of message that the layer has, reach us as they are.

use std::sync::Arc;

use tapedeck::{
    model::{Fetched, PeerId, SelfView},
    telegram::{Client, convert, read},
};
use tapedeck_sim::telegram::{
    Peer,
    make::{Plan, Recipe, fill, peer_of},
};

use crate::support::{HOME, Scene, option, soon};

/// A world in which everything happens, and a client of its account.
pub(crate) fn generated(scene: &Scene, messages: usize) -> (Arc<Plan>, Client) {
    generated_in(scene, messages, 40)
}

pub(crate) fn generated_in(scene: &Scene, messages: usize, chats: usize) -> (Arc<Plan>, Client) {
    let recipe = Recipe { messages, chats, phone: "+15550009".into(), home_dc: HOME, ..Recipe::default() };
    let plan = scene.telegram(|t| fill(t, &recipe));
    let session = scene.strange_session();
    let home = option(&session, HOME).auth_key.unwrap();
    scene.telegram(|t| t.log_in_keys(&[(HOME, home)].into(), plan.me()));
    let me = SelfView { id: plan.me(), name: "Ann".into(), username: None, phone_masked: None };
    session.set_me(me).unwrap();
    (plan, scene.client_with(session))
}

async fn list(client: &Client) -> usize {
    let mut listed = 0;
    for folder in [read::Folder::Main, read::Folder::Archived] {
        let mut dialogs = read::Dialogs::new(client, folder);
        while let Some(page) = soon(dialogs.next_page()).await.unwrap() {
            listed += page.dialogs.len();
        }
    }
    listed
}

pub(crate) fn id_of(peer: Peer) -> PeerId {
    match peer {
        Peer::User(id) => PeerId::user(id),
        Peer::Group(id) => PeerId::group(id),
        Peer::Channel(id) => PeerId::channel(id),
    }
}

#[tokio::test]
async fn every_kind_of_message_arrives_whole() {
    let scene = Scene::open().await;
    let (plan, client) = generated(&scene, 4_000);
    assert_eq!(list(&client).await, plan.chats.len());
    let mut read = 0;
    for chat in &plan.chats {
        let peer = peer_of(chat);
        let mut history = read::history(&client, client.input_peer(id_of(peer)).await.unwrap());
        while let Some(page) = soon(history.next_page()).await.unwrap() {
            assert_eq!(page.quarantined, []);
            for message in page.messages {
                let kept = scene.telegram(|t| t.message(plan.me(), peer, message.id()));
                assert_eq!(Some(&message), kept.as_ref());
                let Fetched::Message(converted) = convert::fetched(message) else {
                    panic!("a message was lost")
                };
                assert_eq!(converted.chat, id_of(peer));
                read += 1;
            }
        }
    }
    assert_eq!(read, 4_000);
    scene.finish();
}
