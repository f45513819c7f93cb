use std::{fs, path::Path};

use super::HtmlExport;
use crate::{
    import::{
        error::ImportError,
        folder::Found,
        source::{Asked, Source as _, Told, ToldMessage},
        tests::told,
    },
    model::{Detail, MediaKind, Message, MessageId, PeerId, Reaction},
};

const CHAT: PeerId = PeerId(-1_000_000_000_042);

fn page(body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html>\n <head>\n  <meta charset=\"utf-8\"/>\n<title>Exported Data</title>\n  <link href=\"css/style.css\" rel=\"stylesheet\"/>\n\
         <script src=\"js/script.js\" type=\"text/javascript\">\n</script>\n </head>\n <body onload=\"CheckLocation();\">\n  <div class=\"page_wrap\">\n\
         <div class=\"page_header\">\n<div class=\"content\">\n<div class=\"text bold\">\nTalk &amp; more\n</div>\n</div>\n</div>\n\
         <div class=\"page_body chat_page\">\n<div class=\"history\">\n{body}\n</div>\n</div>\n</div>\n </body>\n</html>\n"
    )
}

fn message(id: i32, class: &str, inside: &str) -> String {
    format!(
        "<div class=\"message default clearfix{class}\" id=\"message{id}\">\n<div class=\"body\">\n\
         <div class=\"pull_right date details\" title=\"17.03.2019 18:33:43 UTC+01:00\">\n18:33\n</div>\n{inside}\n</div>\n</div>\n"
    )
}

fn from(name: &str) -> String {
    format!("<div class=\"from_name\">\n{name} \n</div>\n")
}

fn text(html: &str) -> String {
    format!("<div class=\"text\">\n{html}\n       </div>\n")
}

fn export(folder: &Path, asked: Asked) -> Result<Vec<Told>, ImportError> {
    let mut source = HtmlExport::open(folder, asked)?;
    told(&mut |hear| source.read(hear))
}

fn asked() -> Asked {
    Asked { chat: Some(CHAT), ..Asked::default() }
}

fn pages(bodies: &[String]) -> Vec<Told> {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("photos")).unwrap();
    fs::write(folder.path().join("photos/a.jpg"), b"a picture").unwrap();
    for (number, body) in bodies.iter().enumerate() {
        let name = if number == 0 { "messages.html".into() } else { format!("messages{}.html", number + 1) };
        fs::write(folder.path().join(name), page(body)).unwrap();
    }
    export(folder.path(), asked()).unwrap()
}

fn messages(told: &[Told]) -> Vec<&ToldMessage> {
    let messages = told.iter().filter_map(|it| match it {
        Told::Message(told) => Some(&**told),
        _ => None,
    });
    messages.collect()
}

fn one(inside: &str) -> ToldMessage {
    let told = pages(&[message(7, "", &format!("{}{inside}", from("Ana")))]);
    messages(&told)[0].clone()
}

fn kept(message: &Message, name: &str) -> serde_json::Value {
    message.extra.get(Message::IMPORT).and_then(|it| it.get(name)).cloned().unwrap_or_default()
}

#[test]
fn joined_messages_keep_their_speaker() {
    let first = message(1, "", &format!("{}{}", from("Ana"), text("one")));
    let second = message(2, " joined", &text("two"));
    let third = message(3, " joined", &text("three"));
    let fourth = message(4, "", &format!("{}{}", from("Bo"), text("four")));
    let told = pages(&[first + &second, third + &fourth]);
    let Told::Chat(chat) = &told[0] else { panic!("a chat first") };
    assert_eq!((chat.id, chat.title.as_str()), (CHAT, "Talk & more"));
    let said: Vec<_> = messages(&told)
        .iter()
        .map(|it| (it.message.id.0, it.sender_name.clone().unwrap(), it.message.text.clone()))
        .collect();
    let wanted = [(1, "Ana", "one"), (2, "Ana", "two"), (3, "Ana", "three"), (4, "Bo", "four")];
    assert_eq!(said, wanted.map(|(id, name, text)| (id, name.to_owned(), text.to_owned())));
    assert_eq!(messages(&told)[0].message.date, "2019-03-17T17:33:43Z".parse().unwrap());
    assert_eq!(messages(&told)[0].message.import_source(), Some("telegram-desktop-html"));
}

#[test]
fn pages_are_read_in_the_order_of_their_numbers() {
    let bodies: Vec<String> = (1..=12).map(|id| message(id, "", &from("Ana"))).collect();
    let ids: Vec<i32> = messages(&pages(&bodies)).iter().map(|it| it.message.id.0).collect();
    assert_eq!(ids, (1..=12).collect::<Vec<_>>());
}

#[test]
fn replies_forwards_and_signatures() {
    let told = one(&format!(
        "<div class=\"reply_to details\">\nIn reply to <a href=\"messages2.html#go_to_message5\">this message</a>\n</div>\n{}<div class=\"signature details\">\nEd\n</div>",
        text("<strong>so</strong> it is")
    ));
    assert_eq!(told.message.reply.as_ref().unwrap().message, Some(MessageId(5)));
    assert_eq!((told.message.text.as_str(), told.message.entities.len()), ("so it is", 1));
    assert_eq!(told.message.signature.as_deref(), Some("Ed"));

    let told = one(
        "<div class=\"pull_left forwarded userpic_wrap\">\n<div class=\"userpic\"></div></div>\n<div class=\"forwarded body\">\n\
        <div class=\"from_name\">\nCarla <span class=\"date details\" title=\"01.02.2018 03:04:05 UTC+00:00\">01.02.2018 03:04:05</span>\n</div>\n\
        <div class=\"text\">\nfrom afar\n</div>\n</div>",
    );
    let forward = told.message.forward.as_ref().unwrap();
    assert_eq!(
        (forward.from_name.as_deref(), forward.date),
        (Some("Carla"), "2018-02-01T03:04:05Z".parse().unwrap())
    );
    assert_eq!(told.message.text, "from afar");
    assert!(kept(&told.message, "forward_date").is_null());
}

#[test]
fn media_blocks() {
    let wrap =
        |block: &str| format!("<div class=\"media_wrap clearfix\">\n{block}\n</div>\n{}", text("caption"));
    let body = |title: &str, status: &str| {
        format!(
            "<div class=\"fill pull_left\"></div><div class=\"body\"><div class=\"title bold\">{title}</div><div class=\"status details\">{status}</div></div>"
        )
    };
    for (block, kind, seconds) in [
        ("<a class=\"photo_wrap clearfix pull_left\" href=\"photos/a.jpg\"><img class=\"photo\" src=\"photos/a_thumb.jpg\"/></a>".to_owned(), MediaKind::Photo, None),
        ("<a class=\"sticker_wrap clearfix pull_left\" href=\"photos/a.jpg\"><img class=\"sticker\" src=\"x\"/></a>".to_owned(), MediaKind::Sticker, None),
        ("<a class=\"animated_wrap clearfix pull_left\" href=\"photos/a.jpg\"><div class=\"video_play_bg\"><div class=\"gif_play\">GIF</div></div></a>".to_owned(), MediaKind::Animation, Some(0.0)),
        ("<a class=\"video_file_wrap clearfix pull_left\" href=\"photos/a.jpg\"><div class=\"video_play_bg\"></div><div class=\"video_duration\">01:05</div></a>".to_owned(), MediaKind::Video, Some(65.0)),
        (format!("<a class=\"media clearfix pull_left block_link media_voice_message\" href=\"photos/a.jpg\">{}</a>", body("Voice message", "00:03, 10.2 KB")), MediaKind::Voice, Some(3.0)),
        (format!("<a class=\"media clearfix pull_left block_link media_audio_file\" href=\"photos/a.jpg\">{}</a>", body("Song", "03:00, 1 MB")), MediaKind::Audio, Some(180.0)),
        (format!("<a class=\"media clearfix pull_left block_link media_file\" href=\"photos/a.jpg\">{}</a>", body("r.pdf", "10.2 KB")), MediaKind::Document, None),
    ] {
        let told = one(&wrap(&block));
        let media = told.message.media.as_deref().unwrap_or_else(|| panic!("{block}"));
        let file = media.file.as_deref().unwrap();
        assert_eq!((media.kind, file.seconds(), file.size_bytes), (kind, seconds, 9), "{block}");
        assert!(matches!(told.file, Some(Found::File { bytes: 9, .. })), "{block}");
        assert_eq!(told.message.text, "caption");
        if kind == MediaKind::Document {
            assert_eq!(file.name.as_deref(), Some("r.pdf"));
        }
    }
    let missing = one(&wrap(
        "<div class=\"media clearfix pull_left media_video\"><div class=\"fill pull_left\"></div><div class=\"body\"><div class=\"title bold\">Video file</div><div class=\"description\">Not included, change data exporting settings to download.</div><div class=\"status details\">00:10, 9.1 MB</div></div></div>",
    ));
    assert!(
        matches!(&missing.file, Some(Found::Nothing(why)) if why.starts_with("Not included")),
        "{:?}",
        missing.file
    );
    assert!(kept(&missing.message, "media").as_str().unwrap().contains("9.1 MB"));
    let place = one(&wrap(
        "<a class=\"media clearfix pull_left block_link media_location\" href=\"https://maps.google.com/maps?q=40.5,-3.25&amp;ll=40.5,-3.25&amp;z=16\"><div class=\"body\"><div class=\"title bold\">Location</div></div></a>",
    ));
    let Some(Detail::Place(place)) = place.message.media.unwrap().detail.map(|it| *it) else {
        panic!("a place")
    };
    assert_eq!((place.latitude, place.longitude), (40.5, -3.25));
    let contact = one(&wrap(
        "<div class=\"media clearfix pull_left media_contact\"><div class=\"body\"><div class=\"title bold\">Ana B</div><div class=\"status details\">+34 600</div></div></div>",
    ));
    let Some(Detail::Contact(contact)) = contact.message.media.unwrap().detail.map(|it| *it) else {
        panic!("a contact")
    };
    assert_eq!((contact.first_name.as_str(), contact.phone.as_str()), ("Ana B", "+34 600"));
}

#[test]
fn paths_that_climb_lead_nowhere() {
    let told = one(
        "<div class=\"media_wrap clearfix\"><a class=\"photo_wrap\" href=\"../../../etc/passwd\"></a></div>",
    );
    assert!(
        matches!(&told.file, Some(Found::Nothing(why)) if why.contains("out of the folder")),
        "{:?}",
        told.file
    );
}

#[test]
fn reactions_are_counted() {
    let told = one(
        "<span class=\"reactions\"><span class=\"reaction active\"><span class=\"emoji\">❤</span><span class=\"userpics\"><div class=\"userpic\"></div><div class=\"userpic\"></div></span></span><span class=\"reaction\"><span class=\"emoji\">👍</span><span class=\"count\">12</span></span></span>",
    );
    let counts: Vec<_> =
        told.message.reactions.unwrap().counts.iter().map(|it| (it.reaction.clone(), it.count)).collect();
    assert_eq!(counts, [(Reaction::Emoji("❤".into()), 2), (Reaction::Emoji("👍".into()), 12)]);
}

#[test]
fn what_is_not_understood_is_kept() {
    let told = one(
        "<div class=\"hologram\">A <b>new</b> thing</div><table class=\"bot_buttons_table\"><tr><td>Go</td></tr></table>",
    );
    assert_eq!(kept(&told.message, "html"), serde_json::json!(["A new thing", "Go"]));
}

#[test]
fn service_lines_become_actions() {
    let service = |id: i32, inside: &str| {
        format!(
            "<div class=\"message service\" id=\"message{id}\">\n<div class=\"body details\">\n{inside}\n</div>\n</div>\n"
        )
    };
    let body = service(-1, "17 March 2019")
        + &service(1, "Ana created group &laquo;Friends&raquo; with members Bo")
        + &message(2, "", &from("Ana"))
        + &service(
            3,
            "Ana pinned <a href=\"#go_to_message2\" onclick=\"return GoToMessage(2)\">this message</a>",
        )
        + &service(4, "Ana did something new");
    let told = pages(&[body]);
    let messages = messages(&told);
    assert_eq!(messages.len(), 4);
    let action = |place: usize| messages[place].message.action.as_deref().expect("an action");
    assert_eq!((action(0).name.as_str(), action(0).title.as_deref()), ("chat_create", Some("Friends")));
    assert_eq!(messages[0].message.date, "2019-03-17T00:00:00Z".parse().unwrap());
    assert_eq!(action(2).name, "pin_message");
    assert_eq!(messages[2].message.reply.as_ref().unwrap().message, Some(MessageId(2)));
    assert_eq!(
        (messages[2].message.date, kept(&messages[2].message, "date")),
        (messages[1].message.date, "about".into())
    );
    assert_eq!(
        (action(3).name.as_str(), action(3).extra.get("message").unwrap()),
        ("custom_action", &"Ana did something new".into())
    );
}

#[test]
fn the_chat_has_to_be_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("messages.html"), page("")).unwrap();
    let error = export(folder.path(), Asked::default()).unwrap_err().to_string();
    assert!(error.contains("--chat"), "{error}");
}

#[test]
fn damaged_pages_name_the_place() {
    let folder = tempfile::tempdir().unwrap();
    let write = |bytes: &[u8]| fs::write(folder.path().join("messages.html"), bytes).unwrap();
    let failure = || export(folder.path(), asked()).unwrap_err().to_string();
    write(b"<html><body>nothing of the kind</body></html>");
    assert!(failure().contains("no history"), "{}", failure());
    write(b"<div class=\"history\">\xff\xfe");
    assert!(failure().contains("byte 21"), "{}", failure());
    write("<div>".repeat(1000).as_bytes());
    assert!(failure().contains("nested too deep"), "{}", failure());
    let undated = "<div class=\"message default\" id=\"message1\"><div class=\"body\"></div></div><div class=\"message default\"></div>";
    write(page(undated).as_bytes());
    let told = export(folder.path(), asked()).unwrap();
    assert_eq!(told.iter().filter(|it| matches!(it, Told::Unreadable(_))).count(), 2);
    let local = page(&message(1, "", "").replace(" UTC+01:00", ""));
    write(local.as_bytes());
    assert!(failure().contains("--timezone"), "{}", failure());
}

#[test]
fn links_in_place_of_pages_are_not_followed() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.html"), page(&message(9, "", ""))).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("messages.html"), page(&message(1, "", ""))).unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret.html"), folder.path().join("messages2.html"))
        .unwrap();
    let told = export(folder.path(), asked()).unwrap();
    assert_eq!(messages(&told).len(), 1);
}
