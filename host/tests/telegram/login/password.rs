use tapedeck::model::{LoginMethod, LoginState};
use tapedeck_sim::telegram::Fault;

use crate::support::accounts::{ANN, Deck};

#[tokio::test]
async fn password_follows_the_code() {
    let deck = Deck::start().await;
    deck.protect(ANN, "correct horse", Some("four words"));
    let id = deck.begin("main", LoginMethod::Phone).await.id;
    deck.named_step(id, "code").await;
    deck.answer_code(id, &deck.last_code());
    let asked = deck.named_step(id, "password").await;
    assert_eq!(asked, LoginState::Password { hint: Some("four words".into()), wrong: false });
    deck.answer_password(id, "battery staple");
    let asked = deck.named_step(id, "password").await;
    assert!(matches!(asked, LoginState::Password { wrong: true, .. }), "{asked:?}");
    deck.answer_password(id, "correct horse");
    assert!(matches!(deck.end(id).await, LoginState::Done { .. }));
    assert_eq!(deck.whose("main").await, Some(ANN));
    deck.finish().await;
}

#[tokio::test]
async fn password_follows_the_scan() {
    let deck = Deck::start().await;
    deck.protect(ANN, "pässwörd", None);
    let id = deck.begin("main", LoginMethod::Qr).await.id;
    let link = deck.link(id).await;
    deck.telegram(|t| t.scan(&link, ANN)).unwrap();
    deck.named_step(id, "password").await;
    deck.answer_password(id, "pässwörd");
    assert!(matches!(deck.end(id).await, LoginState::Done { .. }));
    assert_eq!((deck.whose("main").await, deck.devices(ANN)), (Some(ANN), 1));
    deck.finish().await;
}

#[tokio::test]
async fn old_question_is_asked_anew() {
    let deck = Deck::start().await;
    deck.protect(ANN, "secret", None);
    let id = deck.begin("main", LoginMethod::Qr).await.id;
    let link = deck.link(id).await;
    deck.telegram(|t| t.scan(&link, ANN)).unwrap();
    deck.named_step(id, "password").await;
    deck.telegram(|t| t.faults.add(Fault::refuse(400, "SRP_ID_INVALID").on("auth.checkPassword").strict()));
    deck.answer_password(id, "secret");
    assert!(matches!(deck.end(id).await, LoginState::Done { .. }));
    deck.finish().await;
}
