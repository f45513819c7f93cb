use tapedeck::model::{LoginAnswer, LoginMethod, LoginState, SentBy};
use tapedeck_sim::telegram::Fault;

use crate::support::accounts::{ANN, ANNS_PHONE, Deck, WHO};

#[tokio::test]
async fn code_logs_in_after_a_wrong_one() {
    let deck = Deck::start().await;
    let id = deck.begin("main", LoginMethod::Phone).await.id;
    let asked = deck.named_step(id, "code").await;
    let LoginState::Code { phone_masked, sent_by, length, wrong, .. } = asked else { panic!("{asked:?}") };
    assert_eq!((phone_masked.as_str(), sent_by, length, wrong), ("•••• 1222", SentBy::Sms, Some(5), false));
    let code = deck.last_code();
    let wrong_code = if code == "00000" { "00001" } else { "00000" };
    deck.answer_code(id, wrong_code);
    let asked = deck.named_step(id, "code").await;
    assert!(matches!(asked, LoginState::Code { wrong: true, expired: false, .. }), "{asked:?}");
    // People copy it with what stands between the digits.
    deck.answer_code(id, &format!(" {}-{} ", &code[..2], &code[2..]));
    assert!(matches!(deck.end(id).await, LoginState::Done { .. }));
    assert_eq!(deck.whose("main").await, Some(ANN));
    deck.finish().await;
}

#[tokio::test]
async fn code_can_be_sent_another_way() {
    let deck = Deck::start().await;
    let id = deck.begin("main", LoginMethod::Phone).await.id;
    let asked = deck.named_step(id, "code").await;
    assert!(matches!(asked, LoginState::Code { can_resend_at: Some(_), .. }), "{asked:?}");
    deck.answer(id, LoginAnswer::Resend);
    let asked = deck.named_step(id, "code").await;
    let LoginState::Code { sent_by: SentBy::Call, can_resend_at: None, .. } = asked else {
        panic!("{asked:?}")
    };
    assert!(deck.accounts.answer_login(id, WHO, LoginAnswer::Resend).is_err(), "there is no further way");
    deck.answer_code(id, &deck.last_code());
    assert!(matches!(deck.end(id).await, LoginState::Done { .. }));
    deck.finish().await;
}

#[tokio::test]
async fn old_code_is_replaced_by_another() {
    let deck = Deck::start().await;
    let id = deck.begin("main", LoginMethod::Phone).await.id;
    deck.named_step(id, "code").await;
    let old = deck.last_code();
    deck.telegram(|t| t.faults.add(Fault::refuse(400, "PHONE_CODE_EXPIRED").on("auth.signIn").strict()));
    deck.answer_code(id, &old);
    let asked = deck.named_step(id, "code").await;
    assert!(matches!(asked, LoginState::Code { expired: true, wrong: false, .. }), "{asked:?}");
    deck.answer_code(id, &deck.last_code());
    assert!(matches!(deck.end(id).await, LoginState::Done { .. }));
    deck.finish().await;
}

#[tokio::test]
async fn unknown_number_makes_no_account() {
    let deck = Deck::start().await;
    let request = serde_json::json!({ "account": "main", "method": "phone", "phone": "+1 202 555 0100" });
    let login = deck.accounts.start_login(serde_json::from_value(request).unwrap(), WHO).await.unwrap();
    deck.named_step(login.id, "code").await;
    let code = deck.telegram(|t| t.last_code("+12025550100")).unwrap();
    deck.answer_code(login.id, &code);
    assert_eq!(deck.end(login.id).await, LoginState::SignUpRequired);
    assert_eq!(deck.telegram(|t| t.calls.count("auth.signUp")), 0);
    deck.finish().await;
}

#[tokio::test]
async fn refusals_are_explained() {
    let deck = Deck::start().await;
    let request = serde_json::json!({ "account": "main", "method": "phone", "phone": "+1 2" });
    let login = deck.accounts.start_login(serde_json::from_value(request).unwrap(), WHO).await.unwrap();
    let LoginState::Failed { fix, .. } = deck.end(login.id).await else { panic!("a failure") };
    assert!(fix.contains("country code"), "{fix}");
    deck.telegram(|t| t.account(ANN).unwrap().is_banned = true);
    let id = deck.begin("main", LoginMethod::Phone).await.id;
    let LoginState::Failed { reason, .. } = deck.end(id).await else { panic!("a failure") };
    assert!(reason.contains("banned"), "{reason}");
    assert!(!reason.contains(ANNS_PHONE), "no number in texts");
    deck.finish().await;
}

#[tokio::test]
async fn short_pause_is_waited_for() {
    let deck = Deck::start().await;
    deck.telegram(|t| t.faults.add(Fault::flood(31).on("auth.sendCode").strict()));
    let id = deck.begin("main", LoginMethod::Phone).await.id;
    let waiting = deck.named_step(id, "waiting").await;
    assert!(matches!(waiting, LoginState::Waiting { .. }), "{waiting:?}");
    deck.advance(40);
    deck.named_step(id, "code").await;
    deck.answer_code(id, &deck.last_code());
    assert!(matches!(deck.end(id).await, LoginState::Done { .. }));
    deck.finish().await;
}

#[tokio::test]
async fn long_pause_ends_the_attempt() {
    let deck = Deck::start().await;
    deck.telegram(|t| t.faults.add(Fault::flood(86_400).on("auth.sendCode").strict()));
    let id = deck.begin("main", LoginMethod::Phone).await.id;
    let LoginState::Failed { reason, .. } = deck.end(id).await else { panic!("a failure") };
    assert!(reason.contains("until"), "{reason}");
    deck.finish().await;
}
