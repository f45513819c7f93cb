//! Connections break in all the ways they can; the caller does not notice, or hears it in time.

use std::time::Duration;

use grammers_tl_types::{
    enums::InputPeer,
    functions::{help, updates},
};
use tapedeck::telegram::{Error, client::Health, read};
use tapedeck_sim::telegram::{Fault, Peer};

use crate::support::{ADA, Scene, soon};

#[tokio::test]
async fn calls_survive_dropped_connections() {
    let scene = Scene::open().await;
    scene.telegram(|t| t.faults.add(Fault::close_before().on("updates.getState").times(2).strict()));
    let client = scene.client();
    soon(client.invoke(&updates::GetState {})).await.unwrap();
    assert_eq!(scene.calls("updates.getState"), 1, "the first two were not done");
    scene.finish();
}

#[tokio::test]
async fn calls_survive_a_restart_of_the_server() {
    let scene = Scene::open().await;
    let client = scene.client();
    soon(client.invoke(&updates::GetState {})).await.unwrap();
    scene.server.restart().await;
    soon(client.invoke(&updates::GetState {})).await.unwrap();
    scene.finish();
}

#[tokio::test]
async fn broken_connections_are_tried_so_often_and_no_more() {
    let scene = Scene::open().await;
    scene.telegram(|t| t.faults.add(Fault::close_before().on("updates.getState").always()));
    let client = scene.client();
    let error = soon(client.invoke(&updates::GetState {})).await.unwrap_err();
    assert!(matches!(error, Error::Connection { method: "updates.getState", .. }) && error.is_temporary());
    assert!(matches!(*client.health().borrow(), Health::Unreachable { .. }));
    scene.telegram(|t| t.faults.clear());
    soon(client.invoke(&updates::GetState {})).await.unwrap();
    assert_eq!(*client.health().borrow(), Health::Connected);
    scene.finish();
}

#[tokio::test]
async fn troubles_inside_telegram_pass() {
    let scene = Scene::open().await;
    scene.telegram(|t| {
        t.faults.add(Fault::refuse(500, "RPC_CALL_FAIL").on("updates.getState").times(2).strict())
    });
    scene.telegram(|t| t.faults.add(Fault::refuse(-503, "Timeout").on("updates.getState").strict()));
    let client = scene.client();
    soon(client.invoke(&updates::GetState {})).await.unwrap();
    scene.finish();
}

#[tokio::test]
async fn codes_are_never_asked_for_twice() {
    let scene = Scene::open().await;
    scene.telegram(|t| t.faults.add(Fault::close_after().on("auth.sendCode").strict()));
    let client = scene.client_with(scene.strange_session());
    let settings = grammers_tl_types::types::CodeSettings {
        allow_flashcall: false,
        current_number: false,
        allow_app_hash: false,
        allow_missed_call: false,
        allow_firebase: false,
        unknown_number: false,
        logout_tokens: None,
        token: None,
        app_sandbox: None,
    };
    let call = grammers_tl_types::functions::auth::SendCode {
        phone_number: "+15550001".into(),
        api_id: 1,
        api_hash: "hash".into(),
        settings: settings.into(),
    };
    let error = soon(client.invoke(&call)).await.unwrap_err();
    assert!(matches!(error, Error::Connection { .. }), "{error}");
    assert_eq!(scene.calls("auth.sendCode"), 1);
    scene.finish();
}

#[tokio::test]
async fn slow_calls_keep_their_connection() {
    let mut scene = Scene::open().await;
    scene.limits.call = Duration::from_millis(200);
    scene.limits.tries = 1;
    let client = scene.client();
    soon(client.invoke(&help::GetConfig {})).await.unwrap();
    scene.telegram(|t| t.faults.add(Fault::silent().on("updates.getState").strict()));
    let error = soon(client.invoke(&updates::GetState {})).await.unwrap_err();
    assert!(matches!(error, Error::Timeout { .. }) && error.is_temporary());
    soon(client.invoke(&updates::GetState {})).await.unwrap();
    let connections = scene.telegram(|t| t.connections.iter().count());
    assert_eq!(connections, 1, "the connection answered pings and stays");
    scene.finish();
}

/// A message of a mebibyte makes the connection panic, and with it the runner.
#[tokio::test]
async fn panic_of_a_connection_is_survived() {
    let scene = Scene::open().await;
    scene.telegram(|t| {
        t.plain_answers = true;
        for _ in 0..100 {
            t.say(Peer::User(ADA), ADA, &"long ".repeat(2400));
        }
    });
    let client = scene.client();
    soon(client.invoke(&updates::GetState {})).await.unwrap();
    let mut reader = read::history(&client, InputPeer::PeerSelf);
    let error = soon(reader.next_page()).await.unwrap_err();
    assert!(matches!(error, Error::Connection { .. }), "{error}");
    soon(client.invoke(&updates::GetState {})).await.unwrap();
    let mut reader = read::history(&client, InputPeer::PeerSelf).page_size(50);
    assert_eq!(soon(reader.next_page()).await.unwrap().unwrap().messages.len(), 50);
    scene.finish();
}
