use tapedeck::{
    event::Event,
    model::{AccountState, LoginAnswer, LoginMethod, LoginRefusal, LoginState},
};
use tapedeck_sim::telegram::Fault;

use crate::support::accounts::{ANN, BOB, Deck, WHO};

#[tokio::test]
async fn phone_scans_and_the_account_moves_home() {
    let deck = Deck::start().await;
    assert_eq!(deck.state("main").await, AccountState::LoggedOut);
    deck.log_in("main", ANN).await;
    assert_eq!(deck.whose("main").await, Some(ANN));
    assert_eq!(deck.state("main").await, AccountState::Connected);
    let list = deck.accounts.list().await.unwrap();
    assert_eq!((list.accounts[0].data_center, list.accounts[0].is_default), (Some(4), true));
    let user = list.accounts[0].user.clone().unwrap();
    assert_eq!((user.name.as_str(), user.phone_masked.as_deref()), ("Ann", Some("•••• 1222")));
    let device = deck.telegram(|t| t.logins_of(ANN).next().unwrap().device.clone());
    assert_eq!((device.model.as_str(), device.app_version.as_str()), ("Tapedeck", env!("CARGO_PKG_VERSION")));
    deck.finish().await;
}

#[tokio::test]
async fn account_at_home_needs_no_move() {
    let deck = Deck::start().await;
    deck.log_in("main", BOB).await;
    assert_eq!(deck.telegram(|t| t.calls.count("auth.importLoginToken")), 0);
    deck.finish().await;
}

#[tokio::test]
async fn expired_code_is_replaced() {
    let deck = Deck::start().await;
    let id = deck.begin("main", LoginMethod::Qr).await.id;
    let first = deck.link(id).await;
    deck.advance(31);
    let is_another = |state: &LoginState| matches!(state, LoginState::Qr { url, .. } if *url != first);
    let LoginState::Qr { url, .. } = deck.step(id, is_another).await else { panic!("a code") };
    assert!(deck.telegram(|t| t.scan(&first, ANN)).is_err());
    deck.telegram(|t| t.scan(&url, ANN)).unwrap();
    assert!(matches!(deck.end(id).await, LoginState::Done { .. }));
    deck.finish().await;
}

/// The word that a phone has accepted comes once and is not repeated.
#[tokio::test]
async fn lost_word_of_the_scan_is_made_up_for() {
    let deck = Deck::start().await;
    let id = deck.begin("main", LoginMethod::Qr).await.id;
    let link = deck.link(id).await;
    deck.telegram(|t| t.faults.lose_updates = true);
    deck.telegram(|t| t.scan(&link, ANN)).unwrap();
    deck.advance(31);
    assert!(matches!(deck.end(id).await, LoginState::Done { .. }));
    deck.finish().await;
}

#[tokio::test]
async fn dropped_connection_goes_on() {
    let deck = Deck::start().await;
    let id = deck.begin("main", LoginMethod::Qr).await.id;
    let link = deck.link(id).await;
    deck.server.drop_connections().await;
    deck.telegram(|t| t.scan(&link, ANN)).unwrap();
    assert!(matches!(deck.end(id).await, LoginState::Done { .. }));
    deck.finish().await;
}

#[tokio::test]
async fn wrong_application_is_explained() {
    let deck = Deck::start().await;
    deck.telegram(|t| {
        t.faults.add(Fault::refuse(400, "API_ID_INVALID").on("auth.exportLoginToken").strict())
    });
    let id = deck.begin("main", LoginMethod::Qr).await.id;
    let LoginState::Failed { fix, .. } = deck.end(id).await else { panic!("a failure") };
    assert!(fix.contains("my.telegram.org"), "{fix}");
    deck.finish().await;
}

#[tokio::test]
async fn given_up_login_leaves_nothing() {
    let deck = Deck::start().await;
    let id = deck.begin("main", LoginMethod::Qr).await.id;
    let link = deck.link(id).await;
    deck.answer(id, LoginAnswer::Cancel);
    assert!(matches!(deck.end(id).await, LoginState::Failed { .. }));
    drop(deck.telegram(|t| t.scan(&link, ANN)));
    assert_eq!(deck.state("main").await, AccountState::LoggedOut);
    let answer = deck.accounts.answer_login(id, WHO, LoginAnswer::Resend);
    assert_eq!(answer.unwrap_err(), LoginRefusal::IsOver);
    deck.finish().await;
}

#[tokio::test]
async fn only_its_creator_sees_a_login() {
    let deck = Deck::start().await;
    let id = deck.begin("main", LoginMethod::Qr).await.id;
    let link = deck.link(id).await;
    assert!(matches!(deck.accounts.login(id, "somebody else"), Err(LoginRefusal::Unknown(_))));
    let (replay, _events) = deck.bus.listen_since(0);
    let told = format!("{replay:?}");
    assert!(told.contains("Login") && !told.contains(&link), "{told}");
    deck.accounts.cancel_login(id, WHO).unwrap();
    assert!(deck.accounts.login(id, WHO).is_err());
    deck.finish().await;
}

#[tokio::test]
async fn who_begins_again_leaves_the_attempt_before() {
    let deck = Deck::start().await;
    let before = deck.begin("main", LoginMethod::Qr).await.id;
    let link = deck.link(before).await;
    let again = deck.begin("main", LoginMethod::Qr).await.id;
    assert!(matches!(deck.accounts.login(before, WHO), Err(LoginRefusal::Unknown(_))));
    assert_ne!(deck.link(again).await, link);
    deck.finish().await;
}

#[tokio::test]
async fn few_logins_go_on_at_once() {
    let deck = Deck::start().await;
    for account in ["a", "b", "c", "d"] {
        deck.begin(account, LoginMethod::Qr).await;
    }
    let more = |account: &str, who| {
        let request = serde_json::json!({ "account": account, "method": "qr" });
        deck.accounts.start_login(serde_json::from_value(request).unwrap(), who)
    };
    assert!(matches!(more("a", "somebody else").await, Err(LoginRefusal::Busy { .. })));
    assert!(matches!(more("e", WHO).await, Err(LoginRefusal::TooMany { .. })));
    let is_told = |event: &Event| matches!(event, Event::Login { .. });
    let tapedeck::event::Replay::Events(events) = deck.bus.listen_since(0).0 else { panic!("all are kept") };
    assert!(events.iter().any(|event| is_told(&event.event)));
    deck.finish().await;
}
