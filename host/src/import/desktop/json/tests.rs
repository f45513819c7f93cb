use std::fs;

use serde_json::{Value, json};

use super::JsonExport;
use crate::{
    import::{
        error::ImportError,
        folder::Found,
        source::{Asked, Source as _, Told, ToldMessage, Unreadable},
        tests::told,
    },
    model::{
        Blob, Chat, ChatKind, Detail, EntityKind, MediaKind, Message, MessageId, PeerId, Reaction, User,
    },
};

/// Told in this order: who spoke, and what was said.
struct Export {
    _folder: tempfile::TempDir,
    outcome: Result<Vec<Told>, ImportError>,
}

impl Export {
    fn of(json: &Value) -> Self {
        Self::with(json.to_string().as_bytes(), Asked::default())
    }

    fn with(json: &[u8], asked: Asked) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("photos")).unwrap();
        fs::write(folder.path().join("photos/a.jpg"), b"a picture").unwrap();
        fs::write(folder.path().join("result.json"), json).unwrap();
        let mut source = JsonExport::open(folder.path(), asked).unwrap();
        let outcome = told(&mut |hear| source.read(hear));
        Self { _folder: folder, outcome }
    }

    fn chat(&self) -> &Chat {
        let mut chats = self.all().iter().filter_map(|it| match it {
            Told::Chat(chat) => Some(&**chat),
            _ => None,
        });
        chats.next().expect("a chat")
    }

    fn all(&self) -> &[Told] {
        self.outcome.as_ref().expect("an export that can be read")
    }

    fn messages(&self) -> Vec<&ToldMessage> {
        let messages = self.all().iter().filter_map(|it| match it {
            Told::Message(told) => Some(&**told),
            _ => None,
        });
        messages.collect()
    }

    fn users(&self) -> Vec<&User> {
        let users = self.all().iter().filter_map(|it| match it {
            Told::User(user) => Some(&**user),
            _ => None,
        });
        users.collect()
    }

    fn unreadable(&self) -> Vec<&Unreadable> {
        let unreadable = self.all().iter().filter_map(|it| match it {
            Told::Unreadable(unreadable) => Some(unreadable),
            _ => None,
        });
        unreadable.collect()
    }

    fn failure(self) -> String {
        self.outcome.expect_err("a failure").to_string()
    }
}

fn chat(kind: &str, messages: &Value) -> Value {
    json!({ "name": "Talk", "type": kind, "id": 42, "messages": messages })
}

fn one(message: Value) -> ToldMessage {
    let mut message = message;
    for (name, value) in
        [("id", json!(7)), ("type", json!("message")), ("date_unixtime", json!("1552844023"))]
    {
        if message.get(name).is_none() {
            message[name] = value;
        }
    }
    let export = Export::of(&chat("private_supergroup", &json!([message])));
    let messages = export.messages();
    assert_eq!(messages.len(), 1, "{:?}", export.unreadable());
    messages[0].clone()
}

/// What the model has no field for.
fn rest(message: &Message, name: &str) -> Value {
    let import = message.extra.get(Message::IMPORT).expect("imported");
    import.get("rest").and_then(|rest| rest.get(name)).cloned().unwrap_or_default()
}

#[test]
fn one_chat_with_its_messages() {
    let export = Export::of(&chat(
        "private_supergroup",
        &json!([
            { "id": 1, "type": "message", "date": "2019-03-17T18:33:43", "date_unixtime": "1552844023",
              "edited": "2019-03-17T18:40:00", "edited_unixtime": "1552844400",
              "from": "Ana", "from_id": "user5", "text": "hi", "text_entities": [{ "type": "plain", "text": "hi" }] },
            { "id": 2, "type": "message", "date_unixtime": "1552844024", "from": null, "from_id": "user6",
              "reply_to_message_id": 1, "author": "Ed", "via_bot": "@gif", "text": "" },
        ]),
    ));
    let chat = export.chat();
    assert_eq!(
        (chat.id, chat.kind, chat.title.as_str()),
        (PeerId(-1_000_000_000_042), ChatKind::Supergroup, "Talk")
    );
    assert!(chat.is_partial);
    let messages = export.messages();
    let (first, second) = (messages[0], messages[1]);
    assert_eq!((first.message.id, first.message.chat), (MessageId(1), chat.id));
    assert_eq!(
        (first.message.date.as_second(), first.message.edited.unwrap().as_second()),
        (1_552_844_023, 1_552_844_400)
    );
    assert_eq!((first.message.sender, first.sender_name.as_deref()), (Some(PeerId(5)), Some("Ana")));
    assert_eq!(first.message.text, "hi");
    assert_eq!(first.message.import_source(), Some("telegram-desktop"));
    assert!(first.message.extra.get(Message::IMPORT).unwrap().get("rest").is_none());
    // A deleted account has no name.
    assert_eq!((second.message.sender, second.sender_name.as_deref()), (Some(PeerId(6)), None));
    assert_eq!(second.message.reply.as_ref().unwrap().message, Some(MessageId(1)));
    assert_eq!(second.message.signature.as_deref(), Some("Ed"));
    assert_eq!(rest(&second.message, "via_bot"), "@gif");
    assert_eq!(export.users().iter().map(|it| it.name()).collect::<Vec<_>>(), ["Ana"]);
}

#[test]
fn whole_account_with_chats_under_sections() {
    let message = |id: i64, from: &str| json!({ "id": id, "type": "message", "date_unixtime": "1552844023", "from": "x", "from_id": from, "text": "t" });
    let export = Export::of(&json!({
        "about": "Here is the data you requested.",
        "personal_information": { "user_id": 9, "first_name": "Me", "last_name": "", "phone_number": "+34 600", "username": "@me" },
        "contacts": { "about": "", "list": [{ "user_id": 5, "first_name": "Ana", "last_name": "B", "phone_number": "00341" }, { "first_name": "no account" }] },
        "stories": { "list": [[[[["anything"]]]]] },
        "chats": { "about": "", "list": [
            { "name": "Ana", "type": "personal_chat", "id": 5, "messages": [message(1, "user5"), message(2, "user9")] },
            { "type": "saved_messages", "id": 9, "messages": [message(3, "user9")] },
            { "name": "G", "type": "private_group", "id": 77, "messages": [message(4, "user9")] },
        ] },
        "left_chats": { "list": [{ "name": "C", "type": "public_channel", "id": 88, "messages": [message(5, "channel88")] }] },
    }));
    let chats: Vec<(i64, ChatKind, bool)> = export
        .all()
        .iter()
        .filter_map(|it| match it {
            Told::Chat(chat) => Some((chat.id.0, chat.kind, chat.is_left)),
            _ => None,
        })
        .collect();
    assert_eq!(
        chats,
        [
            (5, ChatKind::Private, false),
            (9, ChatKind::Private, false),
            (-77, ChatKind::Group, false),
            (-1_000_000_000_088, ChatKind::Channel, true),
        ]
    );
    let outgoing: Vec<bool> = export.messages().iter().map(|it| it.message.marks.is_outgoing).collect();
    assert_eq!(outgoing, [false, true, true, true, false]);
    let me = export.users().into_iter().find(|it| it.is_self).unwrap();
    assert_eq!((me.name(), me.last_name.as_ref()), ("Me".into(), None), "an empty name is none");
    assert_eq!(
        (me.id, me.phone.as_deref(), me.usernames.as_slice()),
        (PeerId(9), Some("34600"), &["me".to_owned()][..])
    );
    assert!(export.users().iter().any(|it| it.is_contact && it.id == PeerId(5) && it.name() == "Ana B"));
}

#[test]
fn only_the_chat_that_is_asked_for() {
    let both = json!({ "chats": { "list": [
        { "name": "A", "type": "personal_chat", "id": 5, "messages": [{ "id": 1, "date_unixtime": "1", "text": "a" }] },
        { "name": "B", "type": "personal_chat", "id": 6, "messages": [{ "id": 2, "date_unixtime": "1", "text": "b" }] },
    ] } });
    let asked = Asked { chat: Some(PeerId(6)), ..Asked::default() };
    let export = Export::with(both.to_string().as_bytes(), asked);
    let ids: Vec<i32> = export.messages().iter().map(|it| it.message.id.0).collect();
    assert_eq!(ids, [2]);
}

#[test]
fn text_keeps_its_marks() {
    let told = one(
        json!({ "text": ["see ", { "type": "bold", "text": "this 🎵" }, { "type": "text_link", "text": "x", "href": "https://a.b" }] }),
    );
    assert_eq!(told.message.text, "see this 🎵x");
    let marks: Vec<_> = told.message.entities.iter().map(|it| (it.offset, it.length)).collect();
    assert_eq!(marks, [(4, 7), (11, 1)]);
    assert_eq!(told.message.entities[1].kind, EntityKind::TextUrl { url: "https://a.b".into() });
}

#[test]
fn every_kind_of_file() {
    for (fields, kind) in [
        (
            json!({ "file": "photos/a.jpg", "media_type": "sticker", "sticker_emoji": "🎵", "width": 512, "height": 512 }),
            MediaKind::Sticker,
        ),
        (
            json!({ "file": "photos/a.jpg", "media_type": "video_message", "duration_seconds": 3, "mime_type": "video/mp4" }),
            MediaKind::VideoNote,
        ),
        (
            json!({ "file": "photos/a.jpg", "media_type": "voice_message", "duration_seconds": 3 }),
            MediaKind::Voice,
        ),
        (
            json!({ "file": "photos/a.jpg", "media_type": "animation", "width": 1, "height": 2 }),
            MediaKind::Animation,
        ),
        (
            json!({ "file": "photos/a.jpg", "media_type": "video_file", "width": 1, "height": 2, "duration_seconds": 9 }),
            MediaKind::Video,
        ),
        (
            json!({ "file": "photos/a.jpg", "media_type": "audio_file", "performer": "P", "title": "T", "duration_seconds": 9 }),
            MediaKind::Audio,
        ),
        (
            json!({ "file": "photos/a.jpg", "file_name": "r.pdf", "file_size": 9, "mime_type": "application/pdf" }),
            MediaKind::Document,
        ),
        (
            json!({ "photo": "photos/a.jpg", "photo_file_size": 9, "width": 3, "height": 4, "media_spoiler": true }),
            MediaKind::Photo,
        ),
    ] {
        let told = one(fields.clone());
        let media = told.message.media.as_deref().unwrap_or_else(|| panic!("{fields}"));
        let file = media.file.as_deref().unwrap();
        assert_eq!((media.kind, file.size_bytes, file.id), (kind, 9, -1), "{fields}");
        assert!(file.is_imported());
        assert!(matches!(told.file, Some(Found::File { bytes: 9, .. })), "{fields}");
        assert!(told.message.extra.get(Message::IMPORT).unwrap().get("rest").is_none(), "{fields}");
        match kind {
            MediaKind::Photo => assert_eq!((media.is_spoiler, file.pixels().unwrap().height), (true, 4)),
            MediaKind::Audio => assert_eq!(file.audio.as_ref().unwrap().title.as_deref(), Some("T")),
            MediaKind::Document => {
                assert_eq!((file.name.as_deref(), file.mime.as_str()), (Some("r.pdf"), "application/pdf"))
            }
            MediaKind::Sticker => assert_eq!(file.sticker.as_ref().unwrap().emoji, "🎵"),
            MediaKind::VideoNote => assert!(file.video.as_ref().unwrap().is_round),
            MediaKind::Voice => assert!(file.audio.as_ref().unwrap().is_voice),
            MediaKind::Animation => assert!(file.is_animated),
            _ => assert_eq!(file.seconds(), Some(9.0)),
        }
    }
}

#[test]
fn sentences_in_place_of_a_path() {
    for sentence in [
        "(File not included. Change data exporting settings to download.)",
        "(File exceeds maximum size. Change data exporting settings to download.)",
        "(File unavailable, please try again later)",
    ] {
        let told = one(
            json!({ "file": sentence, "file_name": "big.zip", "file_size": 5_000_000_000_i64, "thumbnail": sentence }),
        );
        let Some(Found::Nothing(why)) = told.file else { panic!("{sentence}") };
        assert_eq!(why, sentence.trim_matches(['(', ')']));
        let media = told.message.media.as_deref().unwrap();
        assert_eq!(media.file.as_ref().unwrap().size_bytes, 5_000_000_000);
        assert_eq!(rest(&told.message, "thumbnail"), sentence);
    }
}

#[test]
fn paths_that_climb_lead_nowhere() {
    for path in ["../../etc/passwd", "/etc/passwd", "photos/../../x", "photos"] {
        let told = one(json!({ "photo": path }));
        assert!(matches!(told.file, Some(Found::Nothing(_))), "{path}");
    }
}

#[test]
fn media_without_files() {
    let detail = |fields: Value| {
        let message = one(fields).message;
        let media = *message.media.expect("media");
        (media.kind, media.detail.map(|it| *it), media.extra)
    };
    let (kind, contact, _) = detail(
        json!({ "contact_information": { "first_name": "Ana", "last_name": "B", "phone_number": "+34" } }),
    );
    assert!(
        matches!((kind, contact), (MediaKind::Contact, Some(Detail::Contact(it))) if it.first_name == "Ana" && it.phone == "+34")
    );
    let (kind, place, _) =
        detail(json!({ "location_information": { "latitude": 40.5, "longitude": -3.25 } }));
    assert!(
        matches!((kind, place), (MediaKind::Place, Some(Detail::Place(it))) if it.latitude == 40.5 && it.venue.is_none())
    );
    let (kind, place, _) = detail(
        json!({ "location_information": { "latitude": 1.0, "longitude": 2.0 }, "live_location_period_seconds": 900 }),
    );
    assert!(
        matches!((kind, place), (MediaKind::LivePlace, Some(Detail::Place(it))) if it.live.unwrap().period_seconds == 900)
    );
    let (kind, place, _) = detail(
        json!({ "location_information": { "latitude": 1.0, "longitude": 2.0 }, "place_name": "Bar", "address": "Street" }),
    );
    assert!(
        matches!((kind, place), (MediaKind::Venue, Some(Detail::Place(it))) if it.venue.as_ref().unwrap().title == "Bar")
    );
    let (kind, poll, _) =
        detail(json!({ "poll": { "question": "Q?", "closed": true, "total_voters": 3, "answers": [
        { "text": "a", "voters": 2, "chosen": true }, { "text": "b", "voters": 1, "chosen": false },
    ] } }));
    let Some(Detail::Poll(poll)) = poll else { panic!("a poll") };
    assert_eq!(
        (kind, poll.question.text.as_str(), poll.is_closed, poll.results.total),
        (MediaKind::Poll, "Q?", true, Some(3))
    );
    assert_eq!(poll.votes(&Blob(vec![0])).unwrap().voters, Some(2));
    for (name, value, wanted) in [
        ("game_title", json!("Chess"), MediaKind::Game),
        ("invoice_information", json!({ "title": "T", "amount": 5 }), MediaKind::Invoice),
        ("giveaway_information", json!({ "quantity": 1 }), MediaKind::Giveaway),
        ("giveaway_results", json!({ "winners_count": 1 }), MediaKind::GiveawayResults),
        ("todo_list", json!({ "title": "T" }), MediaKind::ToDo),
        ("paid_stars_amount", json!(5), MediaKind::Paid),
    ] {
        let (kind, _, extra) = detail(json!({ name: value.clone() }));
        assert_eq!((kind, extra.get(name)), (wanted, Some(&value)), "{name}");
    }
    let unsupported = one(json!({ "type": "unsupported" })).message;
    assert_eq!(unsupported.media.unwrap().kind, MediaKind::Unsupported);
}

#[test]
fn forwards_say_whence() {
    let forward = |fields: Value| *one(fields).message.forward.expect("a forward");
    let named = forward(json!({ "forwarded_from": "Bo", "forwarded_from_id": "user8" }));
    assert_eq!((named.from, named.from_name.as_deref()), (Some(PeerId(8)), Some("Bo")));
    let gone = forward(json!({ "forwarded_from": null }));
    assert_eq!((gone.from, gone.from_name), (None, None));
    let saved = forward(json!({ "saved_from": "Talk", "forwarded_from": "Bo" }));
    assert_eq!(saved.saved_from_name.as_deref(), Some("Talk"));
}

#[test]
fn replies_to_elsewhere_name_the_chat() {
    let reply =
        *one(json!({ "reply_to_message_id": 3, "reply_to_peer_id": "channel99" })).message.reply.unwrap();
    assert_eq!((reply.message, reply.chat), (Some(MessageId(3)), Some(PeerId(-1_000_000_000_099))));
}

#[test]
fn reactions_are_counted() {
    let told = one(json!({ "reactions": [
        { "type": "emoji", "count": 2, "emoji": "❤", "recent": [{ "from": "Ana", "from_id": "user5", "date": "2019-03-17T18:33:43" }] },
        { "type": "custom_emoji", "count": 1, "document_id": "5368324170671202286" },
        { "type": "paid", "count": 50 },
    ] }));
    let counts: Vec<_> = told
        .message
        .reactions
        .as_ref()
        .unwrap()
        .counts
        .iter()
        .map(|it| (it.reaction.clone(), it.count))
        .collect();
    let wanted = [
        (Reaction::Emoji("❤".into()), 2),
        (Reaction::Custom(5_368_324_170_671_202_286), 1),
        (Reaction::Paid, 50),
    ];
    assert_eq!(counts, wanted);
    // Who it was is kept as it was told.
    assert_eq!(rest(&told.message, "reactions")[0]["recent"][0]["from"], "Ana");
}

#[test]
fn buttons_stay_as_they_are() {
    let buttons = json!([[{ "type": "url", "text": "Go", "data": "https://a.b" }]]);
    let told = one(json!({ "inline_bot_buttons": buttons, "something_new": { "deep": [1] } }));
    assert_eq!(rest(&told.message, "inline_bot_buttons"), buttons);
    assert_eq!(rest(&told.message, "something_new"), json!({ "deep": [1] }));
}

#[test]
fn service_messages_become_actions() {
    let action = |fields: Value| {
        let mut fields = fields;
        fields["type"] = "service".into();
        fields["actor"] = "Ana".into();
        fields["actor_id"] = "user5".into();
        let told = one(fields);
        assert_eq!((told.message.sender, told.sender_name.as_deref()), (Some(PeerId(5)), Some("Ana")));
        (told.message.action.clone().expect("an action"), told)
    };
    let (created, _) =
        action(json!({ "action": "create_group", "title": "Friends", "members": ["Ana", "Bo"] }));
    assert_eq!((created.name.as_str(), created.title.as_deref()), ("chat_create", Some("Friends")));
    assert_eq!(created.extra.get("members"), Some(&json!(["Ana", "Bo"])));
    let (_, pinned) = action(json!({ "action": "pin_message", "message_id": 3 }));
    assert_eq!(pinned.message.reply.unwrap().message, Some(MessageId(3)));
    let (photo, told) =
        action(json!({ "action": "edit_group_photo", "photo": "photos/a.jpg", "width": 1, "height": 1 }));
    assert!(photo.photo.is_some() && matches!(told.file, Some(Found::File { .. })));
    let (topic, _) = action(json!({ "action": "topic_edit", "new_title": "T", "new_icon_emoji_id": 5 }));
    assert_eq!(topic.title.as_deref(), Some("T"));
    let (near, _) = action(
        json!({ "action": "proximity_reached", "from": "A", "from_id": "user5", "to": "B", "to_id": "user6", "distance": 10 }),
    );
    assert_eq!(near.users, [PeerId(5), PeerId(6)]);
    let (call, _) =
        action(json!({ "action": "phone_call", "duration_seconds": 60, "discard_reason": "hangup" }));
    assert_eq!(call.extra.get("duration_seconds"), Some(&json!(60)));
    let (unknown, _) = action(json!({ "action": "teleport", "where": "Mars" }));
    assert_eq!((unknown.name.as_str(), unknown.extra.get("where")), ("teleport", Some(&json!("Mars"))));
    let (bot, _) = action(json!({ "action": "web_app_bot_allowed", "reason_app_name": "x" }));
    assert_eq!(
        (bot.name.as_str(), bot.extra.get("action")),
        ("bot_allowed", Some(&json!("web_app_bot_allowed")))
    );
}

#[test]
fn messages_from_before_the_supergroup_go_home() {
    let messages = json!([
        { "id": -999_999_990, "date_unixtime": "1", "text": "old", "reply_to_message_id": -999_999_995 },
        { "id": 10, "date_unixtime": "2", "text": "new", "reply_to_message_id": -999_999_990 },
    ]);
    let json = chat("private_supergroup", &messages).to_string();
    let supergroup = PeerId(-1_000_000_000_042);
    let asked = Asked { former: [(supergroup, PeerId(-7))].into_iter().collect(), ..Asked::default() };
    let export = Export::with(json.as_bytes(), asked);
    let messages = export.messages();
    assert_eq!((messages[0].message.chat, messages[0].message.id), (PeerId(-7), MessageId(10)));
    let reply = messages[0].message.reply.as_ref().unwrap();
    assert_eq!((reply.message, reply.chat), (Some(MessageId(5)), None));
    let reply = messages[1].message.reply.as_ref().unwrap();
    assert_eq!((reply.message, reply.chat), (Some(MessageId(10)), Some(PeerId(-7))));
    // Nobody knows which group it was: they stay in the supergroup, below its own.
    let export = Export::with(json.as_bytes(), Asked::default());
    assert_eq!(export.messages()[0].message.id, MessageId(-999_999_990));
}

#[test]
fn local_dates_need_a_zone() {
    let json = chat("personal_chat", &json!([{ "id": 1, "type": "message", "date": "2019-07-17T18:33:43", "edited": "1970-01-01T01:00:00", "text": "x" }])).to_string();
    let failure = Export::with(json.as_bytes(), Asked::default()).failure();
    assert!(failure.contains("--timezone") && failure.contains("result.json"), "{failure}");
    let asked =
        Asked { timezone: Some(jiff::tz::TimeZone::get("Europe/Madrid").unwrap()), ..Asked::default() };
    let export = Export::with(json.as_bytes(), asked);
    let message = &export.messages()[0].message;
    assert_eq!((message.date, message.edited), ("2019-07-17T16:33:43Z".parse().unwrap(), None));
}

#[test]
fn one_bad_message_spoils_no_other() {
    let export = Export::of(&chat(
        "personal_chat",
        &json!([
            { "id": 1, "date_unixtime": "1", "text": "a" },
            { "id": "x", "date_unixtime": "1" },
            { "date_unixtime": "1" },
            "no object",
            { "id": 99_999_999_999_i64, "date_unixtime": "1" },
            { "id": 5, "date": "soon" },
            { "id": 6, "date_unixtime": 2, "text": 17, "media_type": 4, "photo": ["a"], "reactions": "many", "poll": [], "edited": 5 },
        ]),
    ));
    let ids: Vec<i32> = export.messages().iter().map(|it| it.message.id.0).collect();
    assert_eq!(ids, [1, 6]);
    let places: Vec<&str> = export.unreadable().iter().map(|it| it.reason.as_str()).collect();
    assert_eq!(places.len(), 5, "{places:?}");
    assert!(export.unreadable()[0].place.ends_with("message \"x\" of chat 42"), "{:?}", export.unreadable());
    let odd = &export.messages()[1].message;
    for name in ["text", "photo", "reactions", "poll", "media_type"] {
        assert!(!rest(odd, name).is_null(), "{name} was dropped");
    }
}

#[test]
fn chats_of_unknown_kinds_are_left_out_by_name() {
    let export = Export::of(&json!({ "chats": { "list": [
        { "name": "Odd", "type": "hologram", "id": 5, "messages": [{ "id": 1, "date_unixtime": "1", "text": "x" }] },
        { "name": "Fine", "type": "personal_chat", "id": 6, "messages": [{ "id": 2, "date_unixtime": "1", "text": "x" }] },
    ] } }));
    assert_eq!(export.messages().len(), 1);
    assert!(
        export.unreadable()[0].place.contains("Odd") && export.unreadable()[0].reason.contains("hologram")
    );
}

#[test]
fn damaged_files_name_the_place() {
    let whole = chat("personal_chat", &json!([{ "id": 1, "date_unixtime": "1", "text": "x" }])).to_string();
    let cut = &whole.as_bytes()[..whole.len() - 20];
    let deep = format!("{{\"messages\": {}", "[".repeat(100_000));
    let nested = format!(
        "{{\"name\":\"a\",\"type\":\"personal_chat\",\"id\":5,\"messages\":[{{\"id\":1,\"x\":{}",
        "[".repeat(100_000)
    );
    let early = json!({ "messages": [{ "id": 1 }], "id": 5, "type": "personal_chat" }).to_string();
    for (json, words) in [
        (cut, "EOF"),
        (deep.as_bytes(), "line 1"),
        (nested.as_bytes(), "recursion limit"),
        (b"[1, 2]" as &[u8], "a chat or an account"),
        (
            b"{\"name\": \"a\", \"type\": \"personal_chat\", \"id\": 5, \"messages\": {}}",
            "a list of messages",
        ),
        (b"{} trailing", "trailing"),
        (b"", "EOF"),
        (early.as_bytes(), "before its `messages`"),
    ] {
        let failure = Export::with(json, Asked::default()).failure();
        assert!(failure.contains("result.json") && failure.contains(words), "{words}: {failure}");
    }
}

#[test]
fn endless_values_are_refused() {
    let mut json =
        b"{\"name\":\"a\",\"type\":\"personal_chat\",\"id\":5,\"messages\":[{\"id\":1,\"text\":\"".to_vec();
    json.extend(std::iter::repeat_n(b'x', 33 << 20));
    json.extend(b"\"}]}");
    let failure = Export::with(&json, Asked::default()).failure();
    assert!(failure.contains("longer than 32 MiB"), "{failure}");
}

#[test]
fn the_mark_of_the_encoding_is_skipped() {
    let mut json = b"\xef\xbb\xbf".to_vec();
    json.extend(chat("personal_chat", &json!([])).to_string().bytes());
    assert_eq!(Export::with(&json, Asked::default()).chat().id, PeerId(42));
}

#[test]
fn what_was_told_before_the_damage_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let json = chat("personal_chat", &json!([{ "id": 1, "date_unixtime": "1", "text": "x" }, { "id": 2 }]))
        .to_string();
    fs::write(folder.path().join("result.json"), &json[..json.len() - 5]).unwrap();
    let mut source = JsonExport::open(folder.path(), Asked::default()).unwrap();
    let mut messages = 0;
    let outcome = source.read(&mut |told| {
        messages += usize::from(matches!(told, Told::Message(_)));
        Ok(())
    });
    assert!(matches!(outcome, Err(ImportError::Damaged { .. })));
    assert_eq!(messages, 1);
}
