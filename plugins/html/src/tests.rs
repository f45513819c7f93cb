use std::collections::BTreeMap;

use serde_json::json;
use tapedeck_plugin::testing::{Draft, Exporting, message};

use super::*;

const GROUP: i64 = -1_000_000_000_001;

fn group(title: &str) -> Chat {
    Chat { id: GROUP, kind: "supergroup".into(), title: title.into(), ..Chat::default() }
}

fn ana() -> Person {
    Person { id: 1001, name: "Ana".into(), ..Person::default() }
}

fn export(
    settings: serde_json::Value,
    is_single: bool,
    chats: Vec<(Chat, Vec<Draft>)>,
) -> BTreeMap<String, String> {
    let options = Options { parameters: "{}".into(), is_single_chat: is_single, ..Options::default() };
    let mut export = Exporting::<HtmlExport>::open(settings, options).unwrap();
    for (chat, messages) in chats {
        export.begin_chat(&chat, &[]).unwrap();
        export.introduce(vec![ana()]).unwrap();
        // In small batches, as albums and pages go over their ends.
        for batch in messages.chunks(3) {
            export.push(batch.to_vec()).unwrap();
        }
    }
    let files = export.finish().unwrap();
    files.into_iter().map(|(path, bytes)| (path, String::from_utf8(bytes).unwrap())).collect()
}

fn page(messages: Vec<Draft>) -> String {
    export(json!({}), true, vec![(group("Tea"), messages)]).remove("messages.html").unwrap()
}

fn photo(id: i64, album: i64) -> Draft {
    message("")
        .id(id)
        .album(album)
        .media(MediaKind::Photo, 9)
        .extra("media", &json!({ "kind": "photo", "file": { "id": id } }).to_string())
        .extra("files", &json!([{ "id": id, "path": format!("media/p {id}.jpg") }]).to_string())
}

/// Every tag that is opened is closed in its turn.
fn check_markup(page: &str) {
    let voids = ["meta", "img", "!doctype"];
    let mut open = Vec::new();
    let body = page.split("<style>").next().unwrap().to_owned() + page.split("</style>").nth(1).unwrap();
    for tag in body.split('<').skip(1) {
        let tag = &tag[..tag.find('>').unwrap_or_else(|| panic!("unclosed: {tag}"))];
        let name = tag.split([' ', '/']).find(|it| !it.is_empty()).unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{page}");
        } else if !voids.contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn pages_hold_a_number_of_messages_and_lead_on() {
    let messages = (1..=25).map(|id| message(format!("no {id}")).id(id)).collect();
    let files = export(json!({ "messages_per_page": 10 }), true, vec![(group("Tea"), messages)]);
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    assert_eq!(names, ["", "messages.html", "messages2.html", "messages3.html"]);
    let count = |name: &str| files[name].matches("class=\"row").count();
    assert_eq!([count("messages.html"), count("messages2.html"), count("messages3.html")], [10, 10, 5]);
    assert!(files["messages.html"].contains("href=\"messages2.html\">Later"));
    assert!(files["messages2.html"].contains("href=\"messages.html\">Earlier"));
    assert!(!files["messages3.html"].contains("Later"));
    assert!(
        files[""].contains("href=\"messages3.html\">3</a>") && files[""].contains("25 messages"),
        "{}",
        files[""]
    );
    files.values().for_each(|page| check_markup(page));
}

#[test]
fn answers_lead_to_the_page_of_what_they_answer() {
    let mut messages: Vec<Draft> = (1..=12).map(|id| message("x").id(id * 10)).collect();
    for (place, id) in [(10, 20), (11, 110)] {
        let reply = json!({ "message": id }).to_string();
        let replied = json!({ "id": id, "name": "Bo & co", "text": "so <b>" }).to_string();
        messages[place] =
            messages[place].clone().reply_to(id).extra("reply", &reply).extra("replied", &replied);
    }
    let files = export(json!({ "messages_per_page": 10 }), true, vec![(group("Tea"), messages)]);
    let second = &files["messages2.html"];
    assert!(second.contains("href=\"messages.html#m20\"") && second.contains("href=\"#m110\""), "{second}");
    assert!(second.contains("Bo &amp; co") && second.contains("so &lt;b&gt;"));
}

#[test]
fn albums_are_one() {
    let page = page(vec![
        message("before").id(1),
        photo(2, 5).date(1_700_000_000),
        photo(3, 5),
        photo(4, 5),
        photo(5, 5),
        message("after").id(6),
    ]);
    assert_eq!((page.matches("class=\"album\"").count(), page.matches("class=\"row").count()), (1, 3));
    assert_eq!(page.matches("<img ").count(), 4);
    assert!(page.contains("id=\"m4\""), "a link to each still leads there");
    assert!(page.contains("src=\"media/p%202.jpg\""));
    check_markup(&page);
}

#[test]
fn senders_are_named_once() {
    let page = page(vec![
        message("a").date(1_700_000_000),
        message("b").date(1_700_000_060),
        message("c").sender(7).date(1_700_000_070),
        message("d").date(1_700_000_080),
        message("e").date(1_700_050_000),
    ]);
    assert_eq!(page.matches(">Ana</div>").count(), 3);
    assert_eq!(page.matches(" joined").count(), 1);
    assert_eq!(page.matches("<section>\n<p class=\"day\"><span>").count(), 2, "days go with their messages");
    assert!(page.contains("14 November 2023"));
}

#[test]
fn nothing_that_people_write_is_markup() {
    let evil = "<script>alert(1)</script>\" onload=\"x' <!--";
    let said = message(evil)
        .mark(marks::HAS_ENTITIES)
        .extra("entities", r#"[{"offset":0,"length":8,"type":"text-url","url":"javascript:alert(1)"},{"offset":9,"length":3,"type":"text-url","url":"https://x.org/\"><script>"}]"#)
        .media(MediaKind::Document, 1)
        .extra("media", &json!({ "kind": "document", "file": { "id": 1, "name": evil } }).to_string())
        .extra("files", &json!([{ "id": 1, "path": "media/a\"><script>.exe" }]).to_string())
        .extra("signature", &json!(evil).to_string());
    let files = export(json!({}), true, vec![(group(evil), vec![said])]);
    for page in files.values() {
        assert!(
            !page.contains("<script") && !page.contains("javascript:") && !page.contains("\" onload"),
            "{page}"
        );
        check_markup(page);
    }
}

#[test]
fn nothing_is_fetched_from_anywhere() {
    let said = message("https://x.org/a.png")
        .mark(marks::HAS_ENTITIES)
        .extra("entities", r#"[{"offset":0,"length":19,"type":"url"}]"#);
    let page = page(vec![said]);
    assert!(page.contains("href=\"https://x.org/a.png\" target"));
    assert!(!page.contains("src=\"http") && !page.contains("url(") && page.contains("default-src 'none'"));
}

#[test]
fn chats_have_folders_of_their_own() {
    let files = export(
        json!({}),
        false,
        vec![(group("Tea"), vec![photo(1, 0)]), (Chat { id: -7, ..group("Empty") }, Vec::new())],
    );
    assert!(files["chats/1/messages.html"].contains("src=\"../../media/p%201.jpg\""));
    assert!(files["chats/2/messages.html"].contains("No messages"));
    assert!(files[""].contains("href=\"chats/1/messages.html\"") && files[""].contains("Empty"));
    files.values().for_each(|page| check_markup(page));
}

#[test]
fn every_kind_of_media_is_shown() {
    let kinds = [
        (
            MediaKind::Poll,
            json!({ "kind": "poll", "detail": { "poll": { "question": { "text": "Tea?" }, "answers": [{ "text": { "text": "Yes" }, "option": "AQ==" }], "results": { "total": 2, "votes": [{ "option": "AQ==", "voters": 1 }] } } } }),
            "50%",
        ),
        (
            MediaKind::Contact,
            json!({ "kind": "contact", "detail": { "contact": { "phone": "+1", "first_name": "Bo" } } }),
            "Bo",
        ),
        (
            MediaKind::Place,
            json!({ "kind": "place", "detail": { "place": { "latitude": 1.5, "longitude": 2.5 } } }),
            "1.5, 2.5",
        ),
        (
            MediaKind::WebPage,
            json!({ "kind": "web-page", "detail": { "web-page": { "url": "https://x.org", "title": "News" } } }),
            "News",
        ),
        (
            MediaKind::Voice,
            json!({ "kind": "voice", "file": { "id": 1, "audio": { "seconds": 65 } } }),
            "1:05",
        ),
        (
            MediaKind::Dice,
            json!({ "kind": "dice", "detail": { "dice": { "emoji": "🎲", "value": 6 } } }),
            "🎲 6",
        ),
        (MediaKind::Game, json!({ "kind": "game", "extra": { "game": { "title": "Chess" } } }), "Game Chess"),
        (
            MediaKind::Video,
            json!({ "kind": "video", "file": { "id": 2, "mime": "video/mp4", "video": { "pixels": { "width": 4, "height": 3 }, "seconds": 2.0 } } }),
            "larger than 5 MB",
        ),
    ];
    for (kind, media, shown) in kinds {
        let files =
            r#"[{"id":1,"path":"media/a"},{"id":2,"missing":"larger than 5 MB","absence":"too-large"}]"#;
        let page =
            page(vec![message("").media(kind, 1).extra("media", &media.to_string()).extra("files", files)]);
        assert!(page.contains(shown), "{shown}: {page}");
        check_markup(&page);
    }
}

#[test]
fn what_is_kept_does_not_grow_with_messages() {
    let options = Options { parameters: "{}".into(), is_single_chat: true, ..Options::default() };
    let mut export = HtmlExport::open(&Settings::default(), options, &mut Output::default()).unwrap();
    export.begin_chat(&group("Long"), &[], &mut Output::default()).unwrap();
    let batch: tapedeck_plugin::testing::Batch = (0..256).map(|_| message("again").album(4)).collect();
    for _ in 0..40 {
        export.push(&batch.messages(), &mut Output::default()).unwrap();
    }
    assert!(export.album.as_ref().is_some_and(|album| album.below.len() < 4_000));
}

/// What the host tells of an export that is added to.
fn adding(before: Option<&str>, anew: &serde_json::Value) -> Options {
    let fact = |name: &str, value: String| tapedeck_plugin::tracks::ExtraValue { name: name.into(), value };
    let mut extra = vec![fact("pages_file", "\".pages.json\"".into())];
    if let Some(before) = before {
        extra.push(fact("pages_before", before.into()));
        extra.push(fact("pages_anew", anew.to_string()));
    }
    Options {
        parameters: "{\"messages_per_page\": 10}".into(),
        is_single_chat: true,
        extra,
        ..Options::default()
    }
}

fn add(options: Options, chats: Vec<(Chat, Vec<Draft>)>) -> BTreeMap<String, String> {
    let mut export = Exporting::<HtmlExport>::open(json!({}), options).unwrap();
    for (chat, messages) in chats {
        export.begin_chat(&chat, &[]).unwrap();
        export.push(messages).unwrap();
    }
    let files = export.finish().unwrap();
    files.into_iter().map(|(path, bytes)| (path, String::from_utf8(bytes).unwrap())).collect()
}

fn numbers(ids: std::ops::RangeInclusive<i64>) -> Vec<Draft> {
    ids.map(|id| message(format!("no {id}")).id(id)).collect()
}

#[test]
fn pages_are_added_to() {
    let first = add(adding(None, &json!({})), vec![(group("Tea"), numbers(1..=25))]);
    let book = first[".pages.json"].clone();
    let told: serde_json::Value = serde_json::from_str(&book).unwrap();
    let firsts: Vec<i64> = told["chats"][GROUP.to_string()]["pages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|page| page["first"].as_i64().unwrap())
        .collect();
    assert_eq!(firsts, [1, 11, 21]);
    // The last page grows over its end; another chat is new.
    let other = Chat { id: -7, ..group("Cake") };
    let anew = json!({ GROUP.to_string(): [2] });
    let second =
        add(adding(Some(&book), &anew), vec![(group("Tea"), numbers(21..=32)), (other, numbers(1..=2))]);
    let names: Vec<_> = second.keys().map(String::as_str).collect();
    assert_eq!(names, ["", ".pages.json", "chats/2/messages.html", "messages3.html", "messages4.html"]);
    assert!(second["messages3.html"].contains("href=\"messages4.html\">Later"));
    assert!(
        second["messages4.html"].contains("href=\"messages3.html\">Earlier")
            && second["messages4.html"].contains("id=\"m32\"")
    );
    assert!(
        second[""].contains("32 messages")
            && second[""].contains("href=\"messages4.html\">4</a>")
            && second[""].contains("Cake")
    );
    second.values().filter(|page| page.starts_with("<!")).for_each(|page| check_markup(page));
    // As if all of it had been written at once.
    let whole = add(adding(None, &json!({})), vec![(group("Tea"), numbers(1..=32))]);
    for name in ["messages3.html", "messages4.html"] {
        assert_eq!(second[name], whole[name]);
    }
}

#[test]
fn pages_that_a_chat_has_no_more_are_blank() {
    let first = add(adding(None, &json!({})), vec![(group("Tea"), numbers(1..=40))]);
    let whole = add(adding(Some(&first[".pages.json"]), &json!({})), vec![(group("Tea"), numbers(1..=15))]);
    let names: Vec<_> = whole.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["", ".pages.json", "messages.html", "messages2.html", "messages3.html", "messages4.html"]
    );
    for name in ["messages3.html", "messages4.html"] {
        assert!(
            whole[name].contains("No messages") && !whole[name].contains("class=\"row"),
            "{}",
            whole[name]
        );
        check_markup(&whole[name]);
    }
    assert!(!whole["messages2.html"].contains("Later"), "nothing leads there");
    let book: serde_json::Value = serde_json::from_str(&whole[".pages.json"]).unwrap();
    assert_eq!(book["chats"][GROUP.to_string()]["pages"].as_array().unwrap().len(), 2);
    assert!(whole[""].contains("15 messages") && !whole[""].contains("messages3.html"));
}

#[test]
fn pages_in_the_middle_keep_their_places() {
    let book =
        add(adding(None, &json!({})), vec![(group("Tea"), numbers(1..=40))]).remove(".pages.json").unwrap();
    let anew = json!({ GROUP.to_string(): [0, 2] });
    let files = add(adding(Some(&book), &anew), vec![(group("Tea"), numbers(-3..=10))]);
    let names: Vec<_> = files.keys().map(String::as_str).collect();
    assert_eq!(names, ["", ".pages.json", "messages.html", "messages3.html"]);
    assert_eq!(
        files["messages.html"].matches("class=\"row").count(),
        14,
        "nothing goes over to the next page"
    );
    assert!(files["messages.html"].contains("href=\"messages2.html\">Later"));
    let blank = &files["messages3.html"];
    assert!(
        blank.contains("No messages") && blank.contains("messages2.html") && blank.contains("messages4.html")
    );
    assert!(files[""].contains("34 messages"), "{}", files[""]);
}
