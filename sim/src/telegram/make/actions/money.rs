//! Payments, and posts and messages that cost.

use grammers_tl_types::{
    enums::{MessageAction, PaymentCharge, StarsAmount},
    types,
};

use super::{super::scene::user, Scene};

fn charge(scene: &mut Scene<'_>) -> PaymentCharge {
    let (id, provider_charge_id) = (scene.dice.long().to_string(), scene.dice.long().to_string());
    types::PaymentCharge { id, provider_charge_id }.into()
}

fn price(scene: &mut Scene<'_>) -> StarsAmount {
    types::StarsAmount { amount: i64::from(scene.dice.between(1, 500)), nanos: 0 }.into()
}

pub(super) fn payment_sent_me(scene: &mut Scene<'_>) -> MessageAction {
    let address = types::PostAddress {
        street_line1: "Calle Mayor 12".into(),
        street_line2: String::new(),
        city: "Valladolid".into(),
        state: String::new(),
        country_iso2: "ES".into(),
        post_code: "47001".into(),
    };
    let info = types::PaymentRequestedInfo {
        name: Some("Ann".into()),
        phone: None,
        email: Some("ann@example.org".into()),
        shipping_address: Some(address.into()),
    };
    types::MessageActionPaymentSentMe {
        recurring_init: true,
        recurring_used: false,
        currency: "EUR".into(),
        total_amount: i64::from(scene.dice.between(100, 9_900)),
        payload: b"order".to_vec(),
        info: Some(info.into()),
        shipping_option_id: Some("post".into()),
        charge: charge(scene),
        subscription_until_date: Some(scene.date + 2_592_000),
    }
    .into()
}

pub(super) fn payment_sent(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionPaymentSent {
        recurring_init: false,
        recurring_used: false,
        currency: "EUR".into(),
        total_amount: i64::from(scene.dice.between(100, 9_900)),
        invoice_slug: Some("tape".into()),
        subscription_until_date: None,
    }
    .into()
}

pub(super) fn refunded(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionPaymentRefunded {
        peer: user(scene.from),
        currency: "XTR".into(),
        total_amount: 50,
        payload: Some(b"order".to_vec()),
        charge: charge(scene),
    }
    .into()
}

pub(super) fn paid_messages_refunded(_: &mut Scene<'_>) -> MessageAction {
    types::MessageActionPaidMessagesRefunded { count: 3, stars: 30 }.into()
}

pub(super) fn paid_messages_price(_: &mut Scene<'_>) -> MessageAction {
    types::MessageActionPaidMessagesPrice { broadcast_messages_allowed: true, stars: 10 }.into()
}

pub(super) fn post_approved(scene: &mut Scene<'_>) -> MessageAction {
    let rejected = scene.dice.one_in(2);
    types::MessageActionSuggestedPostApproval {
        rejected,
        balance_too_low: false,
        reject_comment: rejected.then(|| scene.say()),
        schedule_date: (!rejected).then_some(scene.date + 3_600),
        price: Some(price(scene)),
    }
    .into()
}

pub(super) fn post_paid(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionSuggestedPostSuccess { price: price(scene) }.into()
}

pub(super) fn post_refunded(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionSuggestedPostRefund { payer_initiated: scene.dice.one_in(2) }.into()
}

pub(super) fn gram_transfer(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionGramTransfer {
        comment_encrypted: false,
        amount: 1_500_000_000,
        peer_address: "UQBvI0aFLnw2QbZgjMPCLRdtRHxhUyinQudg6sdiohIwg5jL".into(),
        transaction_id: scene.dice.long().to_string(),
        comment: Some(scene.label()),
    }
    .into()
}

pub(super) fn wallet_request(scene: &mut Scene<'_>) -> MessageAction {
    types::MessageActionWalletTonConnectRequest {
        accepted: scene.dice.one_in(2),
        declined: false,
        session_id: scene.dice.long(),
        expires: scene.date + 300,
        topic: Some("transfer".into()),
        trace_id: None,
        dapp_name: Some("Tape shop".into()),
    }
    .into()
}
