//! Nothing is dropped: shown for every constructor of the layer, not for those we thought of.

mod scheme;

use std::collections::HashSet;

use grammers_tl_types::{Deserializable as _, enums as tl, types};
use serde_json::Value;

use self::scheme::{Flags, Maker, Node, Scheme};
use super::{fetched, json::json};
use crate::model::{Detail, EntityKind, Fetched, FileRole, MediaKind, Message, MessageId, PeerId, Reaction};

fn read(value: &Node) -> tl::Message {
    tl::Message::from_bytes(&value.bytes(Scheme::of_the_layer())).unwrap()
}

fn stored(value: &Node) -> String {
    serde_json::to_string(&fetched(read(value))).unwrap()
}

/// Changes one part of the value after the other: each time, what is stored changes.
fn assert_all_is_kept(value: &Node, mut maker: Maker<'_>) -> usize {
    let before = stored(value);
    let model: Fetched = serde_json::from_str(&before).unwrap();
    assert_eq!(model, fetched(read(value)), "read back from JSON");
    let variants = value.variants(&mut maker);
    for (what, changed) in &variants {
        assert_ne!(stored(changed), before, "`{what}` was dropped from {:#?}", read(value));
    }
    variants.len()
}

/// Every constructor of `of`, inside a message of the kind `message`.
fn assert_constructors_are_kept(of: &str, message: &str, around: &[(&str, &str)], depth: usize) {
    let scheme = Scheme::of_the_layer();
    let mut checked = 0;
    for name in scheme.constructors_of(of) {
        for (seed, flags) in [(1, Flags::On), (2, Flags::Off), (3, Flags::Some)] {
            let maker = || {
                let maker =
                    Maker::new(scheme, flags, depth, seed).forcing("Message", message).forcing(of, name);
                let maker = around.iter().fold(maker, |maker, (of, name)| maker.forcing(of, name));
                if of == "Message" { maker } else { maker.focused() }
            };
            checked += assert_all_is_kept(&maker().make("Message", 0), maker());
        }
    }
    assert!(checked > 50, "{checked}");
}

#[test]
fn messages_keep_every_field() {
    assert_constructors_are_kept("Message", "message", &[], 2);
}

#[test]
fn media_keep_every_field() {
    assert_constructors_are_kept("MessageMedia", "message", &[], 2);
}

#[test]
fn actions_keep_every_field() {
    assert_constructors_are_kept("MessageAction", "messageService", &[], 2);
}

#[test]
fn entities_keep_every_field() {
    assert_constructors_are_kept("MessageEntity", "message", &[], 2);
}

#[test]
fn headers_keep_every_field() {
    assert_constructors_are_kept("MessageReplyHeader", "message", &[], 3);
    assert_constructors_are_kept("MessageFwdHeader", "message", &[], 3);
}

#[test]
fn files_keep_every_field() {
    let document = [("MessageMedia", "messageMediaDocument"), ("Document", "document")];
    assert_constructors_are_kept("DocumentAttribute", "message", &document, 3);
    assert_constructors_are_kept("PhotoSize", "message", &document, 3);
    let photo = [("MessageMedia", "messageMediaPhoto"), ("Photo", "photo")];
    assert_constructors_are_kept("VideoSize", "message", &photo, 3);
}

#[test]
fn polls_keep_every_field() {
    assert_constructors_are_kept("PollAnswer", "message", &[("MessageMedia", "messageMediaPoll")], 3);
}

#[test]
fn pages_keep_every_field() {
    assert_constructors_are_kept("WebPage", "message", &[("MessageMedia", "messageMediaWebPage")], 3);
}

/// The values in JSON, sorted; the constructors' names among them.
fn leaves(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Null => {}
        Value::Bool(value) => found.push(value.to_string()),
        Value::Number(value) => found.push(value.to_string()),
        Value::String(value) => found.push(value.clone()),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| leaves(field, found)),
    }
}

#[test]
fn json_names_and_holds_everything() {
    let scheme = Scheme::of_the_layer();
    for seed in 0..60 {
        let value = Maker::new(scheme, Flags::Some, 5, seed).make("Message", 0);
        let mut found = Vec::new();
        leaves(&json(&read(&value)), &mut found);
        // An answer of no that is no option is left out like a flag.
        let mut expected = value.leaves(scheme);
        expected.retain(|leaf| leaf != "false");
        found.retain(|leaf| leaf != "false");
        found.sort();
        assert_eq!(found, expected, "seed {seed}");
    }
}

#[test]
fn kinds_of_media_have_names_of_their_own() {
    let scheme = Scheme::of_the_layer();
    let kinds: HashSet<MediaKind> = scheme
        .constructors_of("MessageMedia")
        .into_iter()
        .map(|name| {
            let mut maker = Maker::new(scheme, Flags::Off, 2, 1)
                .forcing("Message", "message")
                .forcing("MessageMedia", name);
            message(read(&maker.make("Message", 0))).media.unwrap().kind
        })
        .collect();
    assert_eq!(kinds.len(), scheme.constructors_of("MessageMedia").len());
    for kind in kinds {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
    }
}

fn message(source: tl::Message) -> Message {
    match fetched(source) {
        Fetched::Message(message) => *message,
        missing @ Fetched::Missing { .. } => panic!("{missing:?}"),
    }
}

/// A message with nothing in it; tests fill in what they are about.
fn plain() -> types::Message {
    let scheme = Scheme::of_the_layer();
    let bytes = Maker::new(scheme, Flags::Off, 1, 7).forcing("Message", "message").make("Message", 0);
    match read(&bytes) {
        tl::Message::Message(message) => message,
        _ => unreachable!("the constructor was forced"),
    }
}

fn photo() -> tl::Photo {
    let size = types::PhotoSize { r#type: "m".into(), w: 320, h: 200, size: 9_000 };
    let steps = types::PhotoSizeProgressive { r#type: "y".into(), w: 1280, h: 800, sizes: vec![10, 70_000] };
    let stripped = types::PhotoStrippedSize { r#type: "i".into(), bytes: vec![1, 2] };
    let photo = types::Photo {
        has_stickers: false,
        id: 11,
        access_hash: 12,
        file_reference: vec![13],
        date: 14,
        sizes: vec![stripped.into(), size.into(), steps.into()],
        video_sizes: None,
        dc_id: 4,
    };
    photo.into()
}

#[test]
fn text_and_offsets_stay_as_they_came() {
    // Offsets count UTF-16 units, spaces at the ends stay, marks may lie outside the text.
    let text = " 🎞 привет\u{200b}\n";
    let bold = types::MessageEntityBold { offset: 1, length: 2 };
    let link = types::MessageEntityTextUrl { offset: 4, length: 900, url: "https://example.org".into() };
    let entities = Some(vec![bold.into(), link.into()]);
    let model = message(types::Message { message: text.into(), entities, ..plain() }.into());
    assert_eq!(model.text, text);
    assert_eq!((model.entities[0].offset, model.entities[0].length), (1, 2));
    assert_eq!(model.entities[1].kind, EntityKind::TextUrl { url: "https://example.org".into() });
    assert_eq!(model.entities[1].length, 900);
}

#[test]
fn plain_messages_build_no_json() {
    assert!(message(plain().into()).extra.is_empty());
}

#[test]
fn photo_is_as_large_as_its_largest_size() {
    let media = types::MessageMediaPhoto {
        spoiler: true,
        live_photo: false,
        photo: Some(photo()),
        ttl_seconds: None,
        video: None,
    };
    let model = message(types::Message { media: Some(media.into()), ..plain() }.into());
    let files = model.files();
    let [file] = files.as_slice() else { panic!("{files:?}") };
    assert_eq!((file.role, file.id, file.dc, file.size_bytes), (FileRole::Main, 11, 4, 70_000));
    assert_eq!(file.largest().unwrap().letter, "y");
    assert!(model.media.as_ref().unwrap().is_spoiler);
}

#[test]
fn photo_that_is_gone_is_still_media() {
    let gone = tl::Photo::Empty(types::PhotoEmpty { id: 5 });
    let media = types::MessageMediaPhoto {
        spoiler: false,
        live_photo: false,
        photo: Some(gone),
        ttl_seconds: Some(9),
        video: None,
    };
    let model = message(types::Message { media: Some(media.into()), ..plain() }.into());
    assert!(model.files().is_empty());
    let media = model.media.unwrap();
    assert_eq!((media.kind, media.ttl_seconds), (MediaKind::Photo, Some(9)));
    assert_eq!(media.extra.get("photo").unwrap()["id"], 5);
}

#[test]
fn files_inside_paid_albums_are_found() {
    let inside = types::MessageMediaPhoto {
        spoiler: false,
        live_photo: false,
        photo: Some(photo()),
        ttl_seconds: None,
        video: None,
    };
    let shown =
        tl::MessageExtendedMedia::Media(Box::new(types::MessageExtendedMedia { media: inside.into() }));
    let media = types::MessageMediaPaidMedia { stars_amount: 3, extended_media: vec![shown] };
    let model = message(types::Message { media: Some(media.into()), ..plain() }.into());
    assert_eq!(model.files().len(), 1);
    assert_eq!(model.files()[0].role, FileRole::Part);
}

#[test]
fn topics_are_read_from_replies() {
    let header = types::MessageReplyHeader {
        reply_to_scheduled: false,
        forum_topic: true,
        quote: false,
        reply_to_ephemeral: false,
        reply_to_msg_id: Some(30),
        reply_to_peer_id: None,
        reply_from: None,
        reply_media: None,
        reply_to_top_id: None,
        quote_text: None,
        quote_entities: None,
        quote_offset: None,
        todo_item_id: None,
        poll_option: None,
    };
    let deeper = types::MessageReplyHeader { reply_to_top_id: Some(20), ..header.clone() };
    let outside = types::MessageReplyHeader { forum_topic: false, ..deeper.clone() };
    let topic = |header: types::MessageReplyHeader| {
        message(types::Message { reply_to: Some(header.into()), ..plain() }.into()).topic()
    };
    assert_eq!(topic(header), Some(MessageId(30)));
    assert_eq!(topic(deeper), Some(MessageId(20)));
    assert_eq!(topic(outside), None);
}

#[test]
fn missing_messages_are_told_apart() {
    let peer_id = Some(types::PeerChannel { channel_id: 5 }.into());
    let missing = fetched(types::MessageEmpty { id: 3, peer_id }.into());
    assert_eq!(missing, Fetched::Missing { id: MessageId(3), chat: Some(PeerId(-1_000_000_000_005)) });
}

#[test]
fn reactions_become_words_for_a_column() {
    assert_eq!(Reaction::Emoji("👍".into()).to_string(), "👍");
    assert_eq!(Reaction::Custom(5).to_string(), "custom_5");
    assert_eq!(Reaction::Paid.to_string(), "paid");
}

#[test]
fn stories_keep_whose_they_are() {
    let media = types::MessageMediaStory {
        via_mention: true,
        peer: types::PeerUser { user_id: 8 }.into(),
        id: 4,
        story: None,
    };
    let model = message(types::Message { media: Some(media.into()), ..plain() }.into());
    let Some(Detail::Story(story)) = model.media.unwrap().detail.map(|detail| *detail) else { panic!() };
    assert_eq!((story.peer, story.id), (PeerId(8), 4));
}
