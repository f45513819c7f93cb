//! Servers that accept and say nothing, and connections that died without a word.

use std::time::{Duration, Instant};

use grammers_session::Session as _;
use grammers_tl_types::functions::{help::GetConfig, updates::GetState};
use tapedeck::telegram::{Client, Error, Lane};
use tapedeck_sim::telegram::Silence;

use crate::{
    support::{HOME, Scene, option, relay::Relay, soon, until},
    updates::{expect, live},
};

/// A client whose home is behind the relay.
async fn behind_a_relay(scene: &Scene) -> (Client, Relay) {
    let session = scene.session();
    let mut home = option(&session, HOME);
    let relay = Relay::to(home.ipv4.into()).await;
    let std::net::SocketAddr::V4(address) = relay.address else { unreachable!("it listens on IPv4") };
    home.ipv4 = address;
    session.set_dc_option(&home).await.unwrap();
    // The configuration that the server sends names its address too.
    scene.telegram(|t| {
        for center in t.data_centers.iter_mut().filter(|center| center.id == HOME) {
            center.address = address.into();
        }
    });
    (scene.client_with(session), relay)
}

#[tokio::test]
async fn silent_data_centre_blocks_nobody_else() {
    let mut scene = Scene::open().await;
    scene.limits.call = Duration::from_millis(600);
    scene.limits.tries = 2;
    scene.telegram(|t| t.faults.silent.insert(4, Silence::OnAccept));
    let client = scene.client();
    let started = Instant::now();
    let silent = client.invoke_in(Lane::Media(4), &GetConfig {});
    let others = async {
        // The silent one has been asked first.
        tokio::time::sleep(Duration::from_millis(50)).await;
        for lane in [Lane::Main, Lane::Media(1), Lane::Media(HOME)] {
            client.invoke_in(lane, &GetConfig {}).await.unwrap();
        }
        started.elapsed()
    };
    let (silent, others_after) = soon(async { tokio::join!(silent, others) }).await;
    assert!(matches!(silent, Err(Error::Timeout { .. })), "{silent:?}");
    assert!(others_after < Duration::from_millis(600), "{others_after:?}");
    scene.finish();
}

#[tokio::test]
async fn call_gets_through_when_the_silence_ends() {
    let mut scene = Scene::open().await;
    scene.limits.call = Duration::from_millis(150);
    scene.limits.ping = Duration::from_millis(50);
    scene.limits.tries = 20;
    scene.telegram(|t| t.faults.silent.insert(HOME, Silence::OnAccept));
    let client = scene.client();
    let call = client.invoke(&GetState {});
    let ending = async {
        tokio::time::sleep(Duration::from_millis(250)).await;
        scene.telegram(|t| t.faults.silent.clear());
    };
    let (answer, ()) = soon(async { tokio::join!(call, ending) }).await;
    answer.unwrap();
    scene.finish();
}

#[tokio::test]
async fn dead_connection_is_replaced_within_a_call() {
    let mut scene = Scene::open().await;
    scene.limits.call = Duration::from_millis(300);
    let (client, relay) = behind_a_relay(&scene).await;
    soon(client.invoke(&GetState {})).await.unwrap();
    relay.freeze();
    soon(client.invoke(&GetState {})).await.unwrap();
    assert_eq!(relay.accepted(), 2);
    scene.finish();
}

#[tokio::test]
async fn heartbeat_finds_dead_connections_that_nobody_uses() {
    let mut scene = Scene::open().await;
    scene.limits.heartbeat = Duration::from_millis(50);
    let (client, relay) = behind_a_relay(&scene).await;
    let _listening = client.listen();
    soon(client.invoke(&GetState {})).await.unwrap();
    assert_eq!(relay.accepted(), 1);
    relay.freeze();
    until(|| relay.accepted() == 2).await;
    scene.finish();
}

#[tokio::test]
async fn what_was_said_to_a_dead_line_comes() {
    let mut scene = Scene::open().await;
    scene.limits.heartbeat = Duration::from_millis(100);
    let (client, relay) = behind_a_relay(&scene).await;
    let mut updates = live(&client).await;
    relay.freeze();
    scene.grace_says(1);
    expect(&mut updates, ["number 1".into()]).await;
    assert_eq!(relay.accepted(), 2);
    scene.finish();
}
