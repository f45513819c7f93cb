use serde_json::{Value, json};
use tapedeck_plugin::{
    MediaKind,
    testing::{Draft, Exporting, message},
};

use super::*;

const GROUP: i64 = -1_000_000_000_001;

fn person(id: i64, name: &str) -> Person {
    Person { id, name: name.into(), usernames: vec![name.to_lowercase()], ..Person::default() }
}

fn group() -> Chat {
    Chat { id: GROUP, kind: "supergroup".into(), title: "Tea".into(), ..Chat::default() }
}

fn export(is_single: bool, chats: Vec<(Chat, Vec<Draft>)>) -> Value {
    let options = Options {
        parameters: "{}".into(),
        is_single_chat: is_single,
        account: Some(person(1, "Me")),
        ..Options::default()
    };
    let mut export = Exporting::<DesktopExport>::open(json!({}), options).unwrap();
    for (chat, messages) in chats {
        export.begin_chat(&chat, &[]).unwrap();
        export.introduce(vec![person(1001, "Ana"), person(7, "Bo"), person(9, "GifBot")]).unwrap();
        export.push(messages).unwrap();
    }
    let text = String::from_utf8(export.finish().unwrap().remove("").unwrap()).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn one(draft: Draft) -> Value {
    export(true, vec![(group(), vec![draft])])["messages"][0].clone()
}

#[test]
fn chats_that_were_left_have_a_list_of_their_own() {
    let left = |id| Chat { id, marks: 1 << 3, ..group() };
    let written = export(
        false,
        vec![(group(), vec![message("a")]), (left(-8), vec![message("b")]), (left(-9), Vec::new())],
    );
    let ids = |list: &str| -> Vec<i64> {
        written[list]["list"].as_array().unwrap().iter().map(|it| it["id"].as_i64().unwrap()).collect()
    };
    assert_eq!((ids("chats"), ids("left_chats")), (vec![1], vec![8, 9]));
    let written = export(false, vec![(left(-8), vec![message("b")])]);
    assert_eq!(
        (written.get("chats"), &written["left_chats"]["list"][0]["messages"][0]["text"]),
        (None, &json!("b"))
    );
}

#[test]
fn one_chat_is_an_object_of_its_own() {
    let written = export(
        true,
        vec![(
            group(),
            vec![message("hi").date(1_772_368_200), message("re").id(5).edit_date(1_772_368_260)],
        )],
    );
    let wanted = json!({
        "name": "Tea", "type": "private_supergroup", "id": 1,
        "messages": [
            {
                "id": 1, "type": "message", "date": "2026-03-01T12:30:00", "date_unixtime": "1772368200",
                "from": "Ana", "from_id": "user1001", "text": "hi",
                "text_entities": [{ "type": "plain", "text": "hi" }],
            },
            {
                "id": 5, "type": "message", "date": "2023-11-14T22:13:20", "date_unixtime": "1700000000",
                "edited": "2026-03-01T12:31:00", "edited_unixtime": "1772368260",
                "from": "Ana", "from_id": "user1001", "text": "re",
                "text_entities": [{ "type": "plain", "text": "re" }],
            },
        ],
    });
    assert_eq!(written, wanted);
}

#[test]
fn accounts_are_lists_of_chats() {
    let saved = Chat { id: 1, kind: "private".into(), title: "Me".into(), ..Chat::default() };
    let public =
        Chat { id: -1_000_000_000_002, kind: "channel".into(), usernames: vec!["news".into()], ..group() };
    let written = export(
        false,
        vec![
            (saved, vec![message("a").sender(0).chat(1)]),
            (public, Vec::new()),
            (group(), vec![message("b")]),
        ],
    );
    let list = written["chats"]["list"].as_array().unwrap();
    let kinds: Vec<_> = list.iter().map(|chat| chat["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["saved_messages", "public_channel", "private_supergroup"]);
    assert!(list[0].get("name").is_none() && list[1]["messages"] == json!([]));
    assert_eq!(export(false, Vec::new())["chats"]["list"], json!([]));
    assert_eq!(export(true, Vec::new())["messages"], json!([]));
}

#[test]
fn exports_of_an_account_say_whose_it_is() {
    let written = |is_single_chat: bool, account: Option<Person>| {
        let options = Options { parameters: "{}".into(), is_single_chat, account, ..Options::default() };
        let mut export = Exporting::<DesktopExport>::open(json!({}), options).unwrap();
        export.begin_chat(&group(), &[]).unwrap();
        let text = String::from_utf8(export.finish().unwrap().remove("").unwrap()).unwrap();
        let place = |name: &str| text.find(&format!("\"{name}\""));
        assert!(is_single_chat || place("personal_information") < place("chats"), "{text}");
        serde_json::from_str::<Value>(&text).unwrap().get("personal_information").cloned()
    };
    let me = Person {
        first_name: Some("Me".into()),
        last_name: Some("Myself".into()),
        phone: Some("34600".into()),
        ..person(1, "Me")
    };
    let wanted = json!({
        "user_id": 1, "first_name": "Me", "last_name": "Myself", "phone_number": "+34600", "username": "@me",
    });
    assert_eq!(written(false, Some(me.clone())), Some(wanted));
    let bare = Person { id: 1, ..Person::default() };
    let unnamed = json!({ "user_id": 1, "first_name": "", "last_name": "" });
    assert_eq!(written(false, Some(bare)), Some(unnamed));
    assert_eq!((written(false, None), written(true, Some(me))), (None, None));
}

#[test]
fn marked_text_is_a_list() {
    let entities = json!([
        { "offset": 0, "length": 4, "type": "bold" },
        { "offset": 5, "length": 2, "type": "text-url", "url": "https://x.org" },
        { "offset": 2, "length": 5, "type": "italic" },
    ]);
    let written =
        one(message("bold is so").mark(marks::HAS_ENTITIES).extra("entities", &entities.to_string()));
    let wanted = json!([
        { "type": "bold", "text": "bold" },
        { "type": "italic", "text": " " },
        { "type": "text_link", "text": "is", "href": "https://x.org" },
        " so",
    ]);
    assert_eq!(written["text"], wanted);
    let parts = written["text_entities"].as_array().unwrap();
    assert_eq!(parts.iter().map(|it| it["text"].as_str().unwrap()).collect::<String>(), "bold is so");
    assert_eq!(parts[3], json!({ "type": "plain", "text": " so" }));
}

#[test]
fn each_kind_of_mark_has_its_word() {
    let entities = json!([
        { "offset": 0, "length": 1, "type": "url" }, { "offset": 1, "length": 1, "type": "strike" },
        { "offset": 2, "length": 1, "type": "pre", "language": "rust" }, { "offset": 3, "length": 1, "type": "mention-name", "user": 7 },
        { "offset": 4, "length": 1, "type": "custom-emoji", "document": 77 }, { "offset": 5, "length": 1, "type": "blockquote", "is_collapsed": true },
        { "offset": 6, "length": 1, "type": "newer-than-this" },
    ]);
    let written = one(message("abcdefg").mark(marks::HAS_ENTITIES).extra("entities", &entities.to_string()));
    let wanted = json!([
        { "type": "link", "text": "a" }, { "type": "strikethrough", "text": "b" },
        { "type": "pre", "text": "c", "language": "rust" }, { "type": "mention_name", "text": "d", "user_id": 7 },
        { "type": "custom_emoji", "text": "e", "document_id": "77" }, { "type": "blockquote", "text": "f", "collapsed": true },
        { "type": "unknown", "text": "g" },
    ]);
    assert_eq!(written["text_entities"], wanted);
}

#[test]
fn empty_text_has_no_pieces() {
    let written = one(message(""));
    assert_eq!((&written["text"], &written["text_entities"]), (&json!(""), &json!([])));
}

#[test]
fn files_that_are_not_there_are_sentences() {
    let media = json!({ "kind": "document", "file": { "id": 9, "name": "a.pdf", "size_bytes": 1200, "mime": "application/pdf" } });
    for (files, begins) in [
        (json!([{ "id": 9, "path": "media/a.pdf" }]), "media/a.pdf"),
        (json!([]), "(File not included."),
        (json!([{ "id": 9, "missing": "x", "absence": "too-large" }]), "(File exceeds maximum size."),
        (json!([{ "id": 9, "missing": "x", "absence": "unavailable" }]), "(File unavailable"),
    ] {
        let draft = message("").media(MediaKind::Document, 1200).extra("media", &media.to_string());
        let written = one(draft.extra("files", &files.to_string()));
        assert!(written["file"].as_str().unwrap().starts_with(begins), "{written}");
        assert_eq!((&written["file_name"], &written["file_size"]), (&json!("a.pdf"), &json!(1200)));
    }
}

#[test]
fn media_have_their_fields() {
    let song = json!({ "kind": "audio", "file": { "id": 1, "mime": "audio/mpeg", "audio": { "seconds": 65, "title": "So", "performer": "Bo" } } });
    let poll = json!({ "kind": "poll", "detail": { "poll": { "question": { "text": "Tea?" }, "is_closed": true, "answers": [{ "text": { "text": "Yes" }, "option": "AQ==" }], "results": { "total": 2, "votes": [{ "option": "AQ==", "voters": 2, "is_chosen": true }] } } } });
    let venue = json!({ "kind": "venue", "detail": { "place": { "latitude": 1.5, "longitude": -2.25, "venue": { "title": "Bar", "address": "Here 1" } } } });
    let contact = json!({ "kind": "contact", "detail": { "contact": { "phone": "+1", "first_name": "Bo", "last_name": "B" } } });
    let said =
        |media: &Value| one(message("").media(MediaKind::Document, 1).extra("media", &media.to_string()));
    let song = said(&song);
    assert_eq!(
        (&song["media_type"], &song["performer"], &song["duration_seconds"]),
        (&json!("audio_file"), &json!("Bo"), &json!(65))
    );
    assert_eq!(
        said(&poll)["poll"],
        json!({ "question": "Tea?", "closed": true, "total_voters": 2, "answers": [{ "text": "Yes", "voters": 2, "chosen": true }] })
    );
    let venue = said(&venue);
    assert_eq!(
        (&venue["place_name"], &venue["location_information"]),
        (&json!("Bar"), &json!({ "latitude": 1.5, "longitude": -2.25 }))
    );
    assert_eq!(
        said(&contact)["contact_information"],
        json!({ "first_name": "Bo", "last_name": "B", "phone_number": "+1" })
    );
}

#[test]
fn actions_have_the_names_of_telegram_desktop() {
    let done = |action: Value| {
        one(message("").mark(marks::SERVICE).reply_to(3).extra("action", &action.to_string()))
    };
    let added = done(json!({ "name": "chat_add_user", "users": [7, 8] }));
    assert_eq!(
        (&added["type"], &added["action"], &added["members"]),
        (&json!("service"), &json!("invite_members"), &json!(["Bo", null]))
    );
    assert_eq!((&added["actor"], &added["actor_id"]), (&json!("Ana"), &json!("user1001")));
    assert!(added.get("from").is_none() && added["text"] == "");
    let pinned = done(json!({ "name": "pin_message" }));
    assert_eq!((&pinned["action"], &pinned["message_id"]), (&json!("pin_message"), &json!(3)));
    let call = done(
        json!({ "name": "phone_call", "extra": { "duration": 5, "reason": { "_": "phoneCallDiscardReasonHangup" } } }),
    );
    assert_eq!((&call["duration_seconds"], &call["discard_reason"]), (&json!(5), &json!("hangup")));
    for (ours, theirs) in [
        ("chat_create", "create_group"),
        ("chat_edit_title", "edit_group_title"),
        ("chat_delete_photo", "delete_group_photo"),
        ("chat_delete_user", "remove_members"),
        ("chat_joined_by_link", "join_group_by_link"),
        ("chat_migrate_to", "migrate_to_supergroup"),
        ("channel_migrate_from", "migrate_from_group"),
        ("history_clear", "clear_history"),
        ("screenshot_taken", "take_screenshot"),
        ("topic_create", "topic_created"),
        ("set_messages_ttl", "set_messages_ttl"),
        ("brand_new", "brand_new"),
    ] {
        assert_eq!(done(json!({ "name": ours, "title": "x" }))["action"], theirs);
    }
}

#[test]
fn origins_and_answers_are_told() {
    let written = one(message("fw")
        .forwarded_from(7)
        .extra("forward", r#"{"from":7,"saved_from_chat":1001}"#)
        .reply_to(3)
        .extra("reply", r#"{"message":3,"chat":-1000000000009}"#)
        .via_bot(9)
        .extra("signature", "\"Ed\""));
    assert_eq!(
        (&written["forwarded_from"], &written["forwarded_from_id"], &written["saved_from"]),
        (&json!("Bo"), &json!("user7"), &json!("Ana"))
    );
    assert_eq!(
        (&written["reply_to_message_id"], &written["reply_to_peer_id"]),
        (&json!(3), &json!("channel9"))
    );
    assert_eq!((&written["via_bot"], &written["author"]), (&json!("@gifbot"), &json!("Ed")));
    let hidden = one(message("fw").forwarded_from(0).extra("forward", r#"{"from_name":"Somebody"}"#));
    assert_eq!(hidden["forwarded_from"], "Somebody");
}

#[test]
fn reactions_and_buttons_are_told() {
    let reactions = json!({
        "counts": [{ "reaction": { "emoji": "👍" }, "count": 2 }, { "reaction": { "custom": 77 }, "count": 1 }],
        "recent": [{ "peer": 7, "reaction": { "emoji": "👍" }, "date": "2026-03-01T12:30:00Z" }],
    });
    let buttons = json!({ "reply_markup": { "rows": [{ "buttons": [{ "_": "keyboardButtonUrl", "text": "Go", "url": "https://x.org" }] }] } });
    let written = one(message("x")
        .mark(marks::HAS_REACTIONS)
        .extra("reactions", &reactions.to_string())
        .mark(marks::HAS_BUTTONS)
        .extra("extra", &buttons.to_string()));
    assert_eq!(
        written["reactions"],
        json!([
            { "type": "emoji", "count": 2, "emoji": "👍", "recent": [{ "from": "Bo", "from_id": "user7", "date": "2026-03-01T12:30:00" }] },
            { "type": "custom_emoji", "count": 1, "document_id": "77" },
        ])
    );
    assert_eq!(
        written["inline_bot_buttons"],
        json!([[{ "type": "url", "text": "Go", "data": "https://x.org" }]])
    );
}

#[test]
fn nameless_people_are_null() {
    let written = one(message("x").sender(55));
    assert_eq!((&written["from"], &written["from_id"]), (&Value::Null, &json!("user55")));
}
