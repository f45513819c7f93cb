use std::fs;

use serde_json::{Value, json};

use super::JsonMessages;
use crate::{
    import::{
        error::ImportError,
        folder::Found,
        source::{Asked, Source as _, Told, ToldMessage},
        tests::told,
    },
    model::{Entity, EntityKind, MediaKind, MessageId, PeerId},
};

const GROUP: i64 = -1_000_000_000_001;

fn read(json: &Value, asked: Asked) -> Result<Vec<Told>, ImportError> {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("files")).unwrap();
    fs::write(folder.path().join("files/a.jpg"), b"a picture").unwrap();
    let path = folder.path().join("export.json");
    fs::write(&path, json.to_string()).unwrap();
    let mut source = JsonMessages::open(&path, asked)?;
    told(&mut |hear| source.read(hear))
}

fn messages(told: &[Told]) -> Vec<&ToldMessage> {
    let messages = told.iter().filter_map(|it| match it {
        Told::Message(told) => Some(&**told),
        _ => None,
    });
    messages.collect()
}

fn chat(id: i64) -> Value {
    json!({ "id": id, "type": "group", "title": "Talk", "username": "talk", "participants_count": 3, "is_forum": false })
}

fn message(id: i64) -> Value {
    json!({ "id": id, "date": "2026-03-01T12:30:00", "sender": { "name": "Ana", "username": "ana" }, "text": "hi", "is_outgoing": true, "reply_to": 3 })
}

#[test]
fn every_shape_is_read() {
    let flat = |id: i64, chat: i64| {
        let mut message = message(id);
        message["chat_id"] = chat.into();
        message
    };
    let known = Asked { chat: Some(PeerId(GROUP)), ..Asked::default() };
    for (json, asked, wanted) in [
        (
            json!({ "chat": chat(GROUP), "messages": [message(1), message(2)] }),
            Asked::default(),
            vec![(GROUP, 1), (GROUP, 2)],
        ),
        (
            json!([{ "chat": chat(GROUP), "messages": [message(1)] }, { "chat": chat(5), "messages": [message(2)] }]),
            Asked::default(),
            vec![(GROUP, 1), (5, 2)],
        ),
        (json!([message(1), message(2)]), known, vec![(GROUP, 1), (GROUP, 2)]),
        (json!([flat(1, GROUP), flat(2, 5)]), Asked::default(), vec![(GROUP, 1), (5, 2)]),
        (
            json!({ "export_date": "x", "filters": {}, "statistics": { "a": [1] }, "chats": [chat(GROUP), chat(5)], "messages": [flat(1, GROUP), flat(2, 5)] }),
            Asked::default(),
            vec![(GROUP, 1), (5, 2)],
        ),
        (json!({ "chat": null, "messages": [] }), Asked::default(), vec![]),
        (json!([]), Asked::default(), vec![]),
    ] {
        let told = read(&json, asked).unwrap();
        let found: Vec<_> = messages(&told).iter().map(|it| (it.message.chat.0, it.message.id.0)).collect();
        assert_eq!(found, wanted, "{json}");
    }
}

#[test]
fn what_every_export_says() {
    let told = read(&json!({ "chat": chat(GROUP), "messages": [message(1)] }), Asked::default()).unwrap();
    let messages = messages(&told);
    let said = messages[0];
    assert_eq!(
        (said.message.date, said.message.text.as_str()),
        ("2026-03-01T12:30:00Z".parse().unwrap(), "hi")
    );
    assert_eq!((said.sender_name.as_deref(), said.message.marks.is_outgoing), (Some("Ana"), true));
    assert_eq!(said.message.reply.as_ref().unwrap().message, Some(MessageId(3)));
}

#[test]
fn fuller_exports_say_the_rest() {
    let mut full = message(1);
    let file = json!({ "role": "main", "form": "photo", "id": 777, "access_hash": 5, "reference": "", "dc": 2, "date": "2026-03-01T12:30:00Z", "size_bytes": 9 });
    for (name, value) in [
        ("sender_id", json!(5)),
        ("edit_date", json!("2026-03-01T13:00:00")),
        ("is_pinned", json!(true)),
        ("album_id", json!(7)),
        ("views", json!(9)),
        ("media_type", json!("photo")),
        ("signature", json!("Ed")),
        ("entities", json!([{ "offset": 0, "length": 2, "type": "bold" }])),
        ("media", json!({ "kind": "photo", "file": file })),
        ("files", json!([{ "id": 777, "path": "files/a.jpg" }])),
        ("novelty", json!("kept")),
    ] {
        full[name] = value;
    }
    let told = read(&json!({ "chat": chat(GROUP), "messages": [full] }), Asked::default()).unwrap();
    let messages = messages(&told);
    let message = &messages[0].message;
    assert_eq!(message.entities, [Entity { offset: 0, length: 2, kind: EntityKind::Bold }]);
    assert_eq!((message.sender, message.album, message.views), (Some(PeerId(5)), Some(7), Some(9)));
    assert_eq!(message.media.as_ref().unwrap().kind, MediaKind::Photo);
    assert!(matches!(messages[0].file, Some(Found::File { bytes: 9, .. })));
    let rest = message.extra.get(crate::model::Message::IMPORT).unwrap();
    assert_eq!(rest["rest"], json!({ "novelty": "kept" }));
    assert!(
        told.iter()
            .any(|it| matches!(it, Told::User(user) if user.id == PeerId(5) && user.usernames == ["ana"]))
    );
}

#[test]
fn full_exports_say_what_was_deleted_and_edited() {
    let mut full = message(1);
    full["deleted"] = json!("2026-03-02T00:00:00Z");
    full["versions"] =
        json!([{ "text": "before", "since": "2026-03-01T12:30:00Z", "captured": "2026-03-01T13:00:00Z" }]);
    let mut unclear = message(2);
    unclear["deleted"] = json!(true);
    let told = read(&json!({ "chat": chat(GROUP), "messages": [full, unclear] }), Asked::default()).unwrap();
    let messages = messages(&told);
    assert_eq!(messages[0].deleted, Some("2026-03-02T00:00:00Z".parse().unwrap()));
    let versions: Vec<&str> = messages[0].versions.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(versions, ["before"]);
    let rest =
        |told: &ToldMessage| told.message.extra.get(crate::model::Message::IMPORT).unwrap()["rest"].clone();
    assert_eq!(rest(messages[0]), Value::Null);
    assert_eq!((messages[1].deleted, rest(messages[1])), (None, json!({ "deleted": true })), "kept as it is");
}

#[test]
fn a_message_keeps_all_of_its_files() {
    let file = |id: i64, role: &str| json!({ "role": role, "form": "document", "id": id, "access_hash": 5, "reference": "", "dc": 2, "date": "2026-03-01T12:30:00Z", "size_bytes": 9 });
    let mut full = message(1);
    full["media"] = json!({ "kind": "video", "file": file(777, "main"), "more_files": [file(778, "cover")] });
    full["files"] =
        json!([{ "id": 778, "path": "files/a.jpg" }, { "id": 777, "missing": "larger than 5 MB" }]);
    let told = read(&json!({ "chat": chat(GROUP), "messages": [full] }), Asked::default()).unwrap();
    let messages = messages(&told);
    assert_eq!(messages[0].file, Some(Found::Nothing("larger than 5 MB".into())));
    assert!(matches!(messages[0].more_files[..], [(778, Found::File { bytes: 9, .. })]));
}

#[test]
fn earlier_texts_come_along() {
    let versions =
        json!([{ "chat_id": GROUP, "message_id": 1, "text": "before", "date": "2026-03-01T12:00:00" }]);
    let told = read(
        &json!({ "chat": chat(GROUP), "messages": [message(1)], "message_versions": versions }),
        Asked::default(),
    )
    .unwrap();
    assert!(
        told.iter().any(
            |it| matches!(it, Told::Version { id: MessageId(1), version, .. } if version.text == "before")
        )
    );
}

#[test]
fn messages_of_no_chat_ask_for_one() {
    let error = read(&json!([message(1)]), Asked::default()).unwrap_err().to_string();
    assert!(error.contains("--chat"), "{error}");
}

#[test]
fn what_is_wrong_is_said() {
    let told = read(
        &json!({ "chat": chat(GROUP), "messages": [message(1), { "id": "x" }, { "id": 2, "date": "soon" }] }),
        Asked::default(),
    )
    .unwrap();
    assert_eq!(told.iter().filter(|it| matches!(it, Told::Unreadable(_))).count(), 2);
    for json in [
        json!("text"),
        json!({ "chat": chat(GROUP), "messages": { "a": 1 } }),
        json!({ "chat": chat(GROUP), "messages": [5] }),
        json!({ "foo": 1 }),
        json!({}),
    ] {
        let error = read(&json, Asked::default()).unwrap_err().to_string();
        assert!(error.contains("export.json") && error.contains("line 1"), "{error}");
    }
}
