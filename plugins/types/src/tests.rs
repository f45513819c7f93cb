use std::time::Duration;

use serde_json::{Value, json};
use tapedeck_plugin::{
    MediaKind,
    testing::{
        Draft, Filtering,
        Judged::{Dropped, Kept},
        message,
    },
};

use super::*;

/// Which of the messages stay.
fn kept<const N: usize>(settings: Value, messages: [Draft; N]) -> [bool; N] {
    let mut filter = Filtering::<Types>::new(settings).expect("the settings fit");
    let judged = filter.judge(messages);
    assert!(judged.iter().all(|it| [Kept, Dropped].contains(it)));
    std::array::from_fn(|index| judged[index] == Kept)
}

fn service(action: &str) -> Draft {
    message("").mark(marks::SERVICE).extra("action", &json!({ "name": action }).to_string())
}

#[test]
fn every_kind_of_media_has_its_name() {
    for media in (1..=23).map(MediaKind::from_number) {
        let settings = json!({ "drop": [media.name()] });
        assert_eq!(kept(settings, [message("").media(media, 9)]), [false], "{}", media.name());
    }
}

#[test]
fn kinds_are_kept_or_dropped() {
    let all = || {
        [
            message("text"),
            message("https://example.com").media(MediaKind::WebPage, 0),
            message("caption").media(MediaKind::Photo, 9),
            message("").media(MediaKind::Sticker, 9),
            message("").media(MediaKind::Other(999), 9),
            service("pin_message"),
        ]
    };
    assert_eq!(kept(json!({}), all()), [true; 6]);
    assert_eq!(kept(json!({ "only": ["text", "photo"] }), all()), [true, true, true, false, false, false]);
    assert_eq!(
        kept(json!({ "drop": ["sticker", "service", "web-page"] }), all()),
        [true, false, true, false, true, false]
    );
    assert_eq!(kept(json!({ "only": ["other"] }), all()), [false, false, false, false, true, false]);
}

#[test]
fn service_messages_go_by_their_action() {
    let all = || [service("pin_message"), service("chat_add_user"), message("text")];
    assert_eq!(kept(json!({ "drop_actions": ["chat_add_user"] }), all()), [true, false, true]);
    assert_eq!(kept(json!({ "only_actions": ["chat_add_user"] }), all()), [false, true, true]);
}

#[test]
fn forwards_and_bots_are_told_apart() {
    let all = || [message("own"), message("forward").forwarded_from(5), message("bot").via_bot(6)];
    assert_eq!(kept(json!({ "forwarded": "drop" }), all()), [true, false, true]);
    assert_eq!(kept(json!({ "forwarded": "only" }), all()), [false, true, false]);
    assert_eq!(kept(json!({ "via_bots": "drop" }), all()), [true, true, false]);
}

#[test]
fn files_have_bounds() {
    let file = |bytes| message("").media(MediaKind::Voice, bytes);
    let settings = json!({ "max_file_bytes": 100, "min_file_bytes": 10, "max_seconds": 60 });
    let all = [
        file(100),
        file(101),
        file(9),
        message("text"),
        file(50).duration(Duration::from_secs(60)),
        file(50).duration(Duration::from_secs(61)),
    ];
    assert_eq!(kept(settings, all), [true, false, false, true, true, false]);
}

#[test]
fn other_chats_are_left_alone() {
    let all = || [message("").chat(-5), message("").chat(-6)];
    assert_eq!(kept(json!({ "drop": ["text"], "chats": [-5] }), all()), [false, true]);
    assert_eq!(kept(json!({ "drop": ["text"], "except_chats": [-5] }), all()), [true, false]);
}

#[test]
fn contradictions_are_refused() {
    let error = Filtering::<Types>::new(json!({ "only": ["photo"], "drop": ["photo"] })).err();
    assert_eq!(
        error.expect("an error").message(),
        "Photo stands in both `only` and `drop`: remove it from one"
    );
}
