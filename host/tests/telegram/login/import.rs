use std::collections::BTreeMap;

use tapedeck::{
    model::{LoginMethod, LoginState},
    telegram::login::import::ImportedLogin,
};

use crate::support::accounts::{ANN, Deck, WHO};

/// What another program knows that Ann is logged in with.
fn other_program(deck: &Deck) -> ImportedLogin {
    let keys = deck.telegram(|t| {
        let keys = t.new_keys();
        t.log_in_keys(&keys, ANN);
        keys
    });
    let other_keys: BTreeMap<_, _> =
        keys.iter().filter(|(dc, _)| **dc != 4).map(|(dc, key)| (*dc, *key)).collect();
    ImportedLogin { dc_id: 4, auth_key: keys[&4], user_id: Some(ANN), other_keys, peers: Vec::new() }
}

#[tokio::test]
async fn imported_login_accepts_ours_and_keeps_its_key() {
    let deck = Deck::start().await;
    let imported = other_program(&deck);
    let login = deck.begin("main", LoginMethod::Qr).await;
    let link = deck.link(login.id).await;
    deck.connector().accept(&login.account, &imported, &link).await.unwrap();
    assert!(matches!(deck.end(login.id).await, LoginState::Done { .. }));
    assert_eq!((deck.whose("main").await, deck.devices(ANN)), (Some(ANN), 2), "two programs, two keys");
    deck.finish().await;
}

#[tokio::test]
async fn taken_over_login_is_the_same_one() {
    let deck = Deck::start().await;
    let imported = other_program(&deck);
    for _ in 0..2 {
        let login = deck.accounts.take_over("main".parse().unwrap(), &imported, false, WHO).await.unwrap();
        let end = deck.end(login.id).await;
        assert!(matches!(end, LoginState::Done { .. }), "{end:?}");
        assert_eq!((deck.whose("main").await, deck.devices(ANN)), (Some(ANN), 1));
    }
    deck.finish().await;
}

#[tokio::test]
async fn dead_imports_are_explained() {
    let deck = Deck::start().await;
    let imported = other_program(&deck);
    deck.telegram(|t| {
        let hash = t.logins_of(ANN).next().unwrap().hash;
        t.end_login(hash);
    });
    let login = deck.begin("main", LoginMethod::Qr).await;
    let link = deck.link(login.id).await;
    let accepted = deck.connector().accept(&login.account, &imported, &link).await;
    assert!(accepted.unwrap_err().to_string().contains("does not know this login"));
    let login = deck.accounts.take_over("work".parse().unwrap(), &imported, false, WHO).await.unwrap();
    let end = deck.end(login.id).await;
    assert!(matches!(end, LoginState::Failed { .. }), "{end:?}");
    deck.finish().await;
}
