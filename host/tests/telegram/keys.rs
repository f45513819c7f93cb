//! A server says that it does not know our key. The library would make a new one and write it over
//! the old, and the login would be gone.

use std::time::Duration;

use grammers_session::{Session as _, types::DcOption};
use grammers_tl_types::functions::updates::GetState;
use tapedeck::telegram::{Error, client::Health};
use tapedeck_sim::telegram::Fault;

use crate::support::{ADA, HOME, Scene, option, soon, until};

#[tokio::test]
async fn refused_key_is_kept_and_told() {
    let scene = Scene::open().await;
    let session = scene.session();
    let key = option(&session, HOME).auth_key;
    scene.telegram(|t| t.faults.add(Fault::key_unknown().on("updates.getState").strict()));
    let client = scene.client_with(session.clone());
    let error = soon(client.invoke(&GetState {})).await.unwrap_err();
    assert!(matches!(error, Error::KeyUnknown { dc: HOME }), "{error}");
    // From here on the server answers every message with it, the first of a connection too.
    for _ in 0..2 {
        let error = soon(client.invoke(&GetState {})).await.unwrap_err();
        assert!(error.is_temporary(), "{error}");
    }
    assert_eq!(*client.health().borrow(), Health::KeyUnknown { dc: HOME });
    assert!(option(&session, HOME).auth_key == key, "the key was given up");
    scene.finish();
}

#[tokio::test]
async fn refused_key_is_told_while_nobody_calls() {
    let mut scene = Scene::open().await;
    scene.limits.heartbeat = Duration::from_millis(50);
    let client = scene.client();
    soon(client.invoke(&GetState {})).await.unwrap();
    scene.telegram(|t| {
        for key in t.keys.of_user(ADA).collect::<Vec<_>>() {
            t.keys.forget(key);
        }
    });
    until(|| *client.health().borrow() == Health::KeyUnknown { dc: HOME }).await;
    scene.finish();
}

/// As the library does after such a word.
#[tokio::test]
async fn attempt_to_replace_a_key_is_told() {
    let scene = Scene::open().await;
    let session = scene.session();
    let client = scene.client_with(session.clone());
    soon(client.invoke(&GetState {})).await.unwrap();
    let other = DcOption { auth_key: Some([7; 256]), ..option(&session, HOME) };
    session.set_dc_option(&other).await.unwrap_err();
    until(|| *client.health().borrow() == Health::KeyUnknown { dc: HOME }).await;
    soon(client.invoke(&GetState {})).await.unwrap();
    assert_eq!(*client.health().borrow(), Health::Connected, "the key works after all");
    scene.finish();
}

#[tokio::test]
async fn ended_login_is_told_as_such() {
    let scene = Scene::open().await;
    scene.telegram(|t| t.faults.add(Fault::refuse(401, "SESSION_REVOKED").on("updates.getState").strict()));
    let client = scene.client();
    let error = soon(client.invoke(&GetState {})).await.unwrap_err();
    assert!(matches!(&error, Error::LoggedOut { reason } if reason == "SESSION_REVOKED"), "{error}");
    assert!(!error.is_temporary());
    assert_eq!(*client.health().borrow(), Health::LoggedOut { reason: "SESSION_REVOKED".into() });
    scene.finish();
}
