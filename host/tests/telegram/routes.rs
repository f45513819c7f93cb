//! Ways to a server other than the straight one.

use std::sync::atomic::Ordering;

use grammers_tl_types::functions::updates::GetState;
use tapedeck::telegram::Error;
use tapedeck_sim::telegram::Options;

use crate::support::{Scene, option, relay::Proxy, soon};

#[tokio::test]
async fn proxy_with_a_password_is_used() {
    let scene = Scene::open().await;
    let proxy = Proxy::open().await;
    let url = format!("socks5://me:secret@localhost:{}", proxy.address.port());
    let client = scene.client_of(scene.session(), |settings| settings.proxy = Some(url.into()));
    soon(client.invoke(&GetState {})).await.unwrap();
    assert_eq!(proxy.passed.load(Ordering::SeqCst), 1);
    scene.finish();
}

#[tokio::test]
async fn proxy_that_refuses_is_never_passed_by() {
    let scene = Scene::open().await;
    let proxy = Proxy::open().await;
    let url = format!("socks5://me:wrong@127.0.0.1:{}", proxy.address.port());
    let client = scene.client_of(scene.session(), |settings| settings.proxy = Some(url.into()));
    let error = soon(client.invoke(&GetState {})).await.unwrap_err();
    assert!(matches!(error, Error::Connection { .. }), "{error}");
    assert_eq!(scene.telegram(|t| t.connections.iter().count()), 0);
    scene.finish();
}

#[tokio::test]
async fn unknown_proxy_names_are_never_passed_by() {
    let scene = Scene::open().await;
    let url = "socks5://no-such-host.invalid:1080".to_owned();
    let client = scene.client_of(scene.session(), |settings| settings.proxy = Some(url.into()));
    let error = soon(client.invoke(&GetState {})).await.unwrap_err();
    assert!(matches!(error, Error::Connection { .. }), "{error}");
    assert_eq!(scene.telegram(|t| t.connections.iter().count()), 0);
    scene.finish();
}

#[tokio::test]
async fn ipv6_is_preferred_when_asked_for() {
    let scene = Scene::open_with(Options { ipv6: true, ..Options::default() }).await;
    let session = scene.session();
    let home = option(&session, 2);
    assert!(home.ipv6.ip().is_loopback(), "{home:?}");
    // Nobody listens there: only the other address can have been used.
    let client = scene.client_of(session, |settings| settings.ipv6 = true);
    soon(client.invoke(&GetState {})).await.unwrap();
    scene.finish();
}
