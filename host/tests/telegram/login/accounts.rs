use grammers_session::{Session as _, types::DcOption};
use tapedeck::{
    model::{AccountState, LoginMethod, LoginState},
    telegram::{AccountError, Farewell, client::Health},
};
use tapedeck_sim::telegram::Silence;

use crate::support::{
    accounts::{ANN, BOB, Deck},
    option, soon,
};

#[tokio::test]
async fn login_survives_a_restart() {
    let mut deck = Deck::start().await;
    deck.log_in("main", ANN).await;
    deck.restart().await;
    assert_eq!(deck.state("main").await, AccountState::Idle);
    assert_eq!(deck.whose("main").await, Some(ANN));
    assert_eq!(deck.devices(ANN), 1);
    deck.finish().await;
}

#[tokio::test]
async fn restart_in_the_middle_leaves_nothing() {
    let mut deck = Deck::start().await;
    let id = deck.begin("main", LoginMethod::Phone).await.id;
    deck.named_step(id, "code").await;
    deck.restart().await;
    assert_eq!(deck.state("main").await, AccountState::LoggedOut);
    assert_eq!(deck.devices(ANN), 0);
    deck.log_in("main", ANN).await;
    deck.finish().await;
}

#[tokio::test]
async fn another_user_is_refused_without_replace() {
    let deck = Deck::start().await;
    deck.log_in("main", ANN).await;
    let id = deck.begin("main", LoginMethod::Qr).await.id;
    let link = deck.link(id).await;
    deck.telegram(|t| t.scan(&link, BOB)).unwrap();
    let end = deck.end(id).await;
    assert!(
        matches!(&end, LoginState::OtherUser { before, now } if (before.id, now.id) == (ANN, BOB)),
        "{end:?}"
    );
    assert_eq!((deck.whose("main").await, deck.devices(BOB)), (Some(ANN), 0), "Bob's login is ended again");

    let id = deck.begin_replacing("main").await.id;
    let link = deck.link(id).await;
    deck.telegram(|t| t.scan(&link, BOB)).unwrap();
    assert!(matches!(deck.end(id).await, LoginState::Done { .. }));
    assert_eq!((deck.whose("main").await, deck.devices(ANN)), (Some(BOB), 0), "Ann's login is ended");
    deck.finish().await;
}

#[tokio::test]
async fn failed_attempt_harms_no_login() {
    let deck = Deck::start().await;
    deck.log_in("main", ANN).await;
    deck.telegram(|t| t.account(ANN).unwrap().is_banned = true);
    let id = deck.begin("main", LoginMethod::Phone).await.id;
    assert!(matches!(deck.end(id).await, LoginState::Failed { .. }));
    assert_eq!((deck.whose("main").await, deck.devices(ANN)), (Some(ANN), 1));
    deck.finish().await;
}

#[tokio::test]
async fn logging_in_again_leaves_one_device() {
    let mut deck = Deck::start().await;
    deck.log_in("main", ANN).await;
    deck.log_in("main", ANN).await;
    assert_eq!((deck.whose("main").await, deck.devices(ANN)), (Some(ANN), 1));
    // The same when the login before was made by another process.
    deck.restart().await;
    deck.log_in("main", ANN).await;
    assert_eq!((deck.whose("main").await, deck.devices(ANN)), (Some(ANN), 1));
    deck.finish().await;
}

#[tokio::test]
async fn accounts_do_not_mix() {
    let deck = Deck::start().await;
    deck.log_in("main", ANN).await;
    deck.log_in("work", BOB).await;
    assert_eq!((deck.whose("main").await, deck.whose("work").await), (Some(ANN), Some(BOB)));
    let names: Vec<String> =
        deck.accounts.list().await.unwrap().accounts.iter().map(|view| view.name.to_string()).collect();
    assert_eq!(names, ["main", "work"]);
    deck.finish().await;
}

#[tokio::test]
async fn log_out_ends_it_at_telegram_too() {
    let mut deck = Deck::start().await;
    deck.log_in("main", ANN).await;
    let main = "main".parse().unwrap();
    deck.accounts.log_out(&main, Farewell::Needed).await.unwrap();
    assert_eq!((deck.devices(ANN), deck.state("main").await), (0, AccountState::LoggedOut));
    let again = deck.accounts.log_out(&main, Farewell::Needed).await;
    assert!(matches!(again, Err(AccountError::NotLoggedIn { .. })));
    deck.restart().await;
    assert_eq!(deck.state("main").await, AccountState::LoggedOut);
    deck.finish().await;
}

#[tokio::test]
async fn unreachable_telegram_keeps_a_login_unless_forgotten() {
    let deck = Deck::start().await;
    deck.log_in("main", ANN).await;
    let main = "main".parse().unwrap();
    deck.telegram(|t| t.faults.silent = (1..=5).map(|dc| (dc, Silence::Refuses)).collect());
    deck.server.drop_connections().await;
    let asked = deck.accounts.log_out(&main, Farewell::Needed).await;
    assert!(matches!(asked, Err(AccountError::LogOut { .. })), "{asked:?}");
    assert_ne!(deck.state("main").await, AccountState::LoggedOut);
    deck.accounts.log_out(&main, Farewell::Tried).await.unwrap();
    assert_eq!(deck.state("main").await, AccountState::LoggedOut);
    deck.finish().await;
}

#[tokio::test]
async fn login_that_was_ended_elsewhere_is_seen() {
    let deck = Deck::start().await;
    deck.log_in("main", ANN).await;
    deck.telegram(|t| {
        let hash = t.logins_of(ANN).next().unwrap().hash;
        t.end_login(hash);
    });
    assert_eq!(deck.whose("main").await, None);
    let state = deck.state("main").await;
    assert!(matches!(state, AccountState::Revoked { .. }), "{state:?}");
    deck.log_in("main", ANN).await;
    assert_eq!(deck.whose("main").await, Some(ANN));
    deck.finish().await;
}

/// As the library does when a data centre says that it does not know the key.
#[tokio::test]
async fn refused_key_is_seen_on_the_account() {
    let deck = Deck::start().await;
    deck.log_in("main", ANN).await;
    let client = deck.accounts.client(&"main".parse().unwrap()).await.unwrap();
    let session = client.session();
    let other = DcOption { auth_key: Some([7; 256]), ..option(session, 4) };
    let mut health = client.health();
    session.set_dc_option(&other).await.unwrap_err();
    soon(health.wait_for(|health| matches!(health, Health::KeyUnknown { .. }))).await.unwrap();
    let state = deck.state("main").await;
    assert!(
        matches!(&state, AccountState::Unreachable { reason } if reason.contains("`tapedeck login telegram`")),
        "{state:?}"
    );
    assert_eq!(deck.whose("main").await, Some(ANN), "the key is kept");
    assert_eq!(deck.state("main").await, AccountState::Connected);
    deck.finish().await;
}
