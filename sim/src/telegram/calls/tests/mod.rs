//! What calls do, made one after the other on a world without a wire.

mod differences;
mod reading;
mod sending;

use std::collections::BTreeMap;

use grammers_tl_types::{self as tl, functions as f};

use super::*;
use crate::telegram::{Content, Peer, Role, Spot, blank, message};

const ADA: i64 = 1;
const GRACE: i64 = 2;
const BOB: i64 = 3;

/// Ada and Grace have accounts in data centre 1; Bob is only talked about.
fn world() -> Telegram {
    let mut t = Telegram::default();
    t.set_now(1_700_000_000);
    t.add_account(ADA, "Ada", "+15550001", 1);
    t.add_account(GRACE, "Grace", "+15550002", 1);
    t.add_user(BOB, "Bob");
    t
}

fn ada() -> Caller {
    Caller::of(ADA)
}

fn grace() -> Caller {
    Caller::of(GRACE)
}

fn send_text(
    t: &mut Telegram,
    me: i64,
    to: Peer,
    text: &str,
    random_id: i64,
) -> Result<tl::enums::Updates, Refusal> {
    let peer = inputs::of(t, me, to);
    let mut call: f::messages::SendMessage = blank_send(peer);
    call.message = text.to_owned();
    call.random_id = random_id;
    send::send_message(t, &Caller::of(me), call)
}

fn blank_send(peer: tl::enums::InputPeer) -> f::messages::SendMessage {
    f::messages::SendMessage {
        no_webpage: false,
        silent: false,
        background: false,
        clear_draft: false,
        noforwards: false,
        update_stickersets_order: false,
        invert_media: false,
        allow_paid_floodskip: false,
        peer,
        reply_to: None,
        message: String::new(),
        random_id: 0,
        reply_markup: None,
        entities: None,
        schedule_date: None,
        schedule_repeat_period: None,
        send_as: None,
        quick_reply_shortcut: None,
        effect: None,
        allow_paid_stars: None,
        suggested_post: None,
        rich_message: None,
    }
}

fn texts(t: &Telegram, viewer: i64, peer: Peer) -> Vec<String> {
    let history = t.history(viewer, peer).unwrap();
    let ids: Vec<i32> = history.ids_from(0).collect();
    ids.iter().map(|id| message::text_of(&history.get(*id).unwrap()).to_owned()).collect()
}

#[test]
fn same_random_id_sends_once() {
    let mut t = world();
    let sent = send_text(&mut t, ADA, Peer::User(GRACE), "once", 77).unwrap();
    assert!(
        matches!(sent, tl::enums::Updates::UpdateShortSentMessage(ref it) if it.out && it.pts_count == 1)
    );
    let again = send_text(&mut t, ADA, Peer::User(GRACE), "once", 77).unwrap_err();
    assert_eq!((again.code, again.name.as_ref()), (500, "RANDOM_ID_DUPLICATE"));
    assert_eq!(texts(&t, GRACE, Peer::User(ADA)), ["once"]);
    let empty = send_text(&mut t, ADA, Peer::User(GRACE), " ", 78).unwrap_err();
    assert_eq!(empty.name, "MESSAGE_EMPTY");
    send_text(&mut t, GRACE, Peer::User(ADA), "another's number", 77).unwrap();
}
