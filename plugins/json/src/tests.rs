use serde_json::{Value, json};
use tapedeck_plugin::testing::{Draft, Exporting, message};

use super::*;

const GROUP: i64 = -1_000_000_000_001;

fn options(parameters: &str, is_single_chat: bool) -> Options {
    let account = Person { id: 1, name: "Me".into(), usernames: vec!["me".into()], ..Person::default() };
    Options {
        chosen_format: "json".into(),
        parameters: parameters.into(),
        account: Some(account),
        is_single_chat,
        created: 0,
        extra: Vec::new(),
    }
}

fn chat(kind: &str, title: &str) -> Chat {
    let usernames = vec!["talk".into()];
    Chat {
        id: GROUP,
        kind: kind.into(),
        title: title.into(),
        usernames,
        participants: Some(3),
        ..Chat::default()
    }
}

fn export_text(settings: Value, parameters: &str, messages: Vec<Draft>) -> String {
    let mut export = Exporting::<JsonExport>::open(settings, options(parameters, true)).unwrap();
    export.begin_chat(&chat("supergroup", "Talk"), &[]).unwrap();
    let person = Person { id: 1001, name: "Ana".into(), usernames: vec!["ana".into()], ..Person::default() };
    export.introduce(vec![person]).unwrap();
    export.push(messages).unwrap();
    String::from_utf8(export.finish().unwrap().remove("").unwrap()).unwrap()
}

fn export(settings: Value, parameters: &str, messages: Vec<Draft>) -> Value {
    let text = export_text(settings, parameters, messages);
    serde_json::from_str(&text).expect(&text)
}

#[test]
fn object_is_what_the_replaced_tool_wrote() {
    let messages =
        vec![message("hi").date(1_772_368_200), message("re").sender(0).mark(marks::OUTGOING).reply_to(1)];
    let written = export(json!({}), "{}", messages);
    let wanted = json!({
        "chat": {
            "id": GROUP, "type": "group", "title": "Talk", "username": "talk", "participants_count": 3,
            "is_forum": false,
        },
        "messages": [
            {
                "id": 1, "date": "2026-03-01T12:30:00", "sender": { "name": "Ana", "username": "ana" },
                "text": "hi", "is_outgoing": false, "reply_to": null,
            },
            {
                "id": 2, "date": "2023-11-14T22:13:20", "sender": { "name": "Me", "username": "me" },
                "text": "re", "is_outgoing": true, "reply_to": 1,
            },
        ],
    });
    assert_eq!(written, wanted);
}

#[test]
fn array_is_what_it_wrote_before() {
    let written = export(json!({ "shape": "array" }), "{}", vec![message("a"), message("b")]);
    assert_eq!(written.as_array().unwrap().len(), 2);
    assert_eq!(written[1]["text"], "b");
}

#[test]
fn an_export_may_ask_for_another_shape() {
    let written = export(json!({ "shape": "array" }), r#"{"shape": "object"}"#, vec![message("a")]);
    assert_eq!(written["messages"][0]["text"], "a");
}

#[test]
fn unknown_parameters_are_refused() {
    let opened = Exporting::<JsonExport>::open(json!({}), options(r#"{"colour": true}"#, true));
    let error = opened.err().expect("a refusal");
    assert!(error.message().contains("colour") && error.message().contains("shape"), "{}", error.message());
}

#[test]
fn private_chats_are_between_two() {
    let mut export = Exporting::<JsonExport>::open(json!({ "shape": "array" }), options("{}", true)).unwrap();
    export.begin_chat(&chat("bot", "Deals"), &[]).unwrap();
    export.push([message("theirs").sender(0), message("mine").sender(0).mark(marks::OUTGOING)]).unwrap();
    let bytes = export.finish().unwrap().remove("").unwrap();
    let written: Value = serde_json::from_slice(&bytes).unwrap();
    let names: Vec<_> = written.as_array().unwrap().iter().map(|it| it["sender"]["name"].clone()).collect();
    assert_eq!(names, ["Deals", "Me"]);
}

#[test]
fn the_owner_has_a_name_in_groups() {
    let mine = message("mine").sender(1).mark(marks::OUTGOING);
    let written = export(json!({ "full": true }), "{}", vec![mine, message("theirs").sender(55)]);
    let first = &written["messages"][0];
    assert_eq!(first["sender"], json!({ "name": "Me", "username": "me" }));
    assert_eq!(first["sender_id"], 1);
    assert_eq!(written["messages"][1]["sender"], json!({ "name": null, "username": null }), "nobody knows");
}

#[test]
fn messages_of_several_chats_say_their_chat() {
    let mut export =
        Exporting::<JsonExport>::open(json!({ "shape": "array" }), options("{}", false)).unwrap();
    for id in [-1, -2] {
        export.begin_chat(&Chat { id, ..chat("group", "x") }, &[]).unwrap();
        export.push([message("m").chat(id)]).unwrap();
    }
    let bytes = export.finish().unwrap().remove("").unwrap();
    let written: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!((&written[0]["chat_id"], &written[1]["chat_id"]), (&json!(-1), &json!(-2)));
}

#[test]
fn full_exports_say_everything() {
    let media = r#"{"kind":"photo"}"#;
    let said = message("see").edit_date(1_772_368_200).mark(marks::PINNED).topic(40).album(7).views(9);
    let said = said.media(MediaKind::Photo, 100).extra("media", media).extra("signature", r#""Ed""#);
    let written = export(json!({ "full": true }), "{}", vec![said.clone(), message("plain")]);
    let first = &written["messages"][0];
    assert_eq!(first["edit_date"], "2026-03-01T12:30:00");
    assert_eq!(first["media"], json!({ "kind": "photo" }));
    assert_eq!((&first["topic_id"], &first["album_id"], &first["views"]), (&json!(40), &json!(7), &json!(9)));
    assert_eq!((&first["media_type"], &first["signature"]), (&json!("photo"), &json!("Ed")));
    assert_eq!(first["is_pinned"], true);
    assert!(written["messages"][1].get("media").is_none());
    let short = export(json!({}), "{}", vec![said]);
    assert!(short["messages"][0].get("edit_date").is_none());
}

#[test]
fn text_of_any_kind_stays_json() {
    let nasty = "\"\\\u{0}\u{7}\u{1f}\n\r\t\u{2028}\u{7f}<b>привет</b> 👩‍👩‍👧‍👦";
    let written = export(json!({}), "{}", vec![message(nasty)]);
    assert_eq!(written["messages"][0]["text"], nasty);
}

#[test]
fn any_length_is_written_as_it_comes() {
    let mut export = Exporting::<JsonExport>::open(json!({}), options("{}", true)).unwrap();
    export.begin_chat(&chat("group", "Long"), &[]).unwrap();
    for _ in 0..20 {
        export.push((0..500).map(|_| message("again"))).unwrap();
    }
    let bytes = export.finish().unwrap().remove("").unwrap();
    let written: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(written["messages"].as_array().unwrap().len(), 10_000);
}
