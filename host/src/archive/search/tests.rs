//! The index and the check together, against the check alone.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{said::Said, *};
use crate::model::{Entity, EntityKind, Media, MediaKind, Message, MessageId, PeerId};

fn message(text: &str) -> Message {
    let text = serde_json::json!({ "id": 1, "chat": -5, "date": "2024-01-01T00:00:00Z", "text": text });
    serde_json::from_value(text).unwrap()
}

fn said(text: &str) -> Said {
    let mut said = Said::default();
    said.add(text);
    said
}

/// As an engine does it: a vocabulary, an index, and the check.
fn finds(search: &Search, message: &Message) -> bool {
    let tokens = Tokens::of(message, 1, 2);
    let expand = |fragment: &Fragment| {
        let wanted = fragment.trigrams();
        let has_all = |word: &&String| {
            let there = trigrams(word);
            wanted.iter().all(|it| there.contains(it))
        };
        let is_between = |word: &&String| {
            !wanted.is_empty() || (**word >= fragment.text && **word < fragment.end_of_beginning())
        };
        Some(
            tokens
                .words
                .iter()
                .filter(has_all)
                .filter(is_between)
                .filter(|it| fragment.is_in(it))
                .cloned()
                .collect(),
        )
    };
    let all: BTreeSet<&str> = tokens.iter().collect();
    let is_there = |token: &Token| match token {
        Token::Exact(token) => all.contains(token.as_str()),
        Token::Beginning(start) => all.iter().any(|token| token.starts_with(start)),
    };
    let is_candidate = search.clauses(expand).iter().all(|clause| clause.0.iter().any(is_there));
    is_candidate && search.is_in(message)
}

#[track_caller]
fn check(typed: &str, found: &[&str], not_found: &[&str]) {
    let search = Search::parse(typed);
    for text in found {
        assert!(finds(&search, &message(text)), "{typed:?} is in {text:?}: {search:?}");
    }
    for text in not_found {
        assert!(!finds(&search, &message(text)), "{typed:?} is not in {text:?}: {search:?}");
    }
}

#[test]
fn beginnings_of_filters_are_known() {
    let filters = [
        Filter::Account(1),
        Filter::Chat(2),
        Filter::Sender(PeerId(3)),
        Filter::Media(MediaKind::Photo),
        Filter::Link,
    ];
    for token in filters.map(Filter::token) {
        let name = token.split_inclusive(':').next().unwrap();
        assert!((1..=name.len()).all(|end| Filter::is_begun_by(&name[..end])), "{token}");
    }
    assert!(!Filter::is_begun_by("12") && !Filter::is_begun_by("chats"));
}

#[test]
fn words_are_found_in_every_script() {
    check("creme brulee", &["Crème BRÛLÉE!", "brulee, then creme"], &["creme", "brulee"]);
    check("елка", &["Ёлка зелёная", "две ЕЛКАМ"], &["ель"]);
    check("мой", &["это МОЙ дом"], &["это мои дома"]);
    check("محمد", &["مُحَمَّد", "مـحـمد هنا"], &["احمد"]);
    check("احمد", &["أحمد"], &["محمد"]);
    check("中国", &["我爱中国。", "中国"], &["国中", "中 国", "中文"]);
    check("国", &["我爱中国。", "国家", "国"], &["中文"]);
    check("すし", &["おすしを食べる"], &["すす し"]);
    check("한국", &["대한민국과 한국어"], &["한 국"]);
    check("ไทย", &["ฉันพูดไทยได้"], &["ไท"]);
    check("दुनिया", &["नमस्ते दुनिया"], &["नमस्ते"]);
    check("👍", &["ok👍🏽", "👍👍"], &["👎"]);
    check("🇪🇸", &["hola 🇪🇸🇫🇷"], &["🇫🇷"]);
}

#[test]
fn parts_of_words_are_found() {
    check("archive", &["Telegram-Archiver", "unarchived"], &["arch ive"]);
    check("примечат", &["достопримечательности"], &["примечание"]);
    check("ab", &["abstract", "x ab"], &["cab"]);
    check("a", &["an apple"], &["banana", "no"]);
    check("hell wor", &["a worship of shells"], &["hell", "wor"]);
}

#[test]
fn quoted_words_stand_in_order() {
    check(
        "\"new york\"",
        &["in New York.", "NEW  york"],
        &["york new", "new yorkers", "renew york", "new, old york"],
    );
    check("\"new york", &["in new york"], &["york new"]);
    check("«новый год»", &["С Новым! Новый год."], &["год новый", "новый годик"]);
    check("\"爱中国\"", &["我爱中国人"], &["中国爱"]);
    check("\"foo 中\"", &["foo中国"], &["food中国"]);
    check("\"one\" \"two\"", &["two one"], &["one twofold"]);
}

#[test]
fn what_has_signs_inside_stands_in_order() {
    check("example.com", &["see https://example.com/x", "sample: myexample community"], &["com example"]);
    check("ample.co", &["https://example.com"], &["example and com"]);
    check("3.14", &["π = 3.14159"], &["14.3", "13.14"]);
    check("x-ray", &["X-rays"], &["max ray"]);
    check("don't", &["Don’t!", "dont"], &["do not"]);
    check("snake_case", &["my_snake_case_name"], &["case snake"]);
    check("iphone手机", &["新iPhone 手机"], &["手机iphone"]);
}

#[test]
fn hashtags_are_found_as_such() {
    check("#rust", &["I like #Rust!", "(#rust)"], &["rust", "#rusty", "C #  rust"]);
    check("#новый_год", &["С #Новый_Год"], &["новый год"]);
    check("rust", &["#rust"], &[]);
    check("$tsla", &["buy $TSLA"], &["tsla"]);
    check("\"love #rust lang\"", &["I love #rust lang"], &[]);
}

#[test]
fn nothing_that_is_typed_is_an_error() {
    for typed in ["\"", "\"\"", "!!!", "* OR NEAR(", "a\0b", "' OR 1=1 --", "\"\"\"", ":", "\u{301}", "٪"] {
        let search = Search::parse(typed);
        let _ = finds(&search, &message(typed));
    }
    assert!(!finds(&Search::parse("!!!"), &message("!!!")));
    assert!(!Search::parse("!!!").is_empty());
    assert!(Search::parse(" \n").is_empty());
    assert!(finds(&Search::parse(""), &message("anything")));
    check("a\0b", &["ab a b"], &["c"]);
}

#[test]
fn what_is_typed_has_an_end() {
    let long = Search::parse(&"word ".repeat(5000));
    assert!(long.fragments().len() == 1 && finds(&long, &message("word")));
    let many: String = (0..2000).map(|number| format!("w{number} ")).collect();
    assert!(Search::parse(&many).fragments().len() <= 24);
}

#[test]
fn long_words_are_found_by_any_part() {
    let word: String = (0..300_u32).map(|n| char::from_digit((n * n + n / 7) % 36, 36).unwrap()).collect();
    let whole = message(&format!("key {word}"));
    let longest = Tokens::of(&whole, 1, 1).words.iter().map(|it| it.chars().count()).max();
    assert_eq!(longest, Some(48));
    for start in 0..150 {
        for length in [3, 24, 25, 48, 60, 140] {
            let part = &word[start..start + length];
            assert!(finds(&Search::parse(part), &whole), "{start} {length}");
        }
    }
    assert!(finds(&Search::parse(&format!("\"{word}\"")), &whole));
    assert!(!finds(&Search::parse(&format!("\"{}\"", &word[..200])), &whole));
}

#[test]
fn what_a_message_carries_is_found() {
    let carrying = |media: serde_json::Value| {
        let mut message = message("");
        message.media = Some(serde_json::from_value(media).unwrap());
        message
    };
    let text = |text: &str| serde_json::json!({ "text": text });
    let poll = carrying(serde_json::json!({ "kind": "poll", "detail": { "poll": {
        "id": 1, "question": text("Wohin?"), "answers": [{ "text": text("Zürich"), "option": "AA==" }], "results": {}
    } } }));
    assert!(finds(&Search::parse("wohin zurich"), &poll));
    assert!(!finds(&Search::parse("\"wohin zurich\""), &poll));
    let file = serde_json::json!({ "role": "main", "form": "document", "id": 1, "access_hash": 1, "reference": "",
        "dc": 1, "date": "2024-01-01T00:00:00Z", "size_bytes": 1, "name": "Отчёт_2024.pdf",
        "audio": { "seconds": 1, "title": "Déjà Vu", "performer": "Beyoncé" } });
    let song = carrying(serde_json::json!({ "kind": "audio", "file": file }));
    assert!(finds(&Search::parse("отчет_2024.pdf beyonce \"deja vu\""), &song));
}

#[test]
fn filters_are_what_the_message_is() {
    let mut linked = message("link chat:2 has:link #has:link");
    let plain = Tokens::of(&linked, 7, 12);
    assert_eq!(plain.filters, ["account:7", "chat:12"]);
    linked.sender = Some(PeerId(-1_001_234));
    linked.entities.push(Entity { offset: 0, length: 4, kind: EntityKind::Url });
    linked.media = Some(Box::new(Media {
        kind: MediaKind::VideoNote,
        file: None,
        more_files: Vec::new(),
        is_spoiler: false,
        ttl_seconds: None,
        detail: None,
        extra: Default::default(),
    }));
    let filters = Tokens::of(&linked, 7, 12).filters;
    assert_eq!(filters, ["account:7", "chat:12", "has:link", "media:video-note", "sender:-1001234"]);
    let wanted = [Filter::Sender(PeerId(-1_001_234)), Filter::Media(MediaKind::VideoNote), Filter::Link];
    assert!(wanted.iter().all(|filter| filters.contains(&filter.token())));
    assert_eq!(linked.id, MessageId(1));
}

#[test]
fn too_many_words_are_left_to_the_check() {
    let search = Search::parse("ing \"new york\"");
    let clauses = search.clauses(|_| None);
    assert_eq!(clauses.len(), 2);
    assert!(search.is_in(&message("singing in New York")));
}

/// Letters of many scripts, signs and spaces, often enough the same ones.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[ab c'éß]{1,6}",
        2 => "[еёийі́ ]{1,5}",
        2 => "[اأىيةـَ ]{1,5}",
        2 => "[中国文がカー]{1,5}",
        1 => "[한국어ไทยด้]{1,4}",
        1 => "[0-9.,#$_\"]{1,4}",
        1 => "[👍🏽❤\u{fe0f}🇪🇸\u{200d}]{1,3}",
        1 => "\\PC{1,3}",
        2 => Just(" ".to_owned()),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn the_index_never_hides_what_is_said(text in text(), typed in text(), start in 0..40_usize, length in 1..12_usize, quoted: bool) {
        let message = message(&text);
        let part: String = text.chars().skip(start).take(length).collect();
        let part = if quoted { format!("\"{part}\"") } else { part };
        for typed in [typed, part] {
            let search = Search::parse(&typed);
            let is_said = search.is_empty() || search.is_said(&said(&text));
            prop_assert_eq!(finds(&search, &message), is_said, "{:?}: {:?}", typed, search);
        }
    }

    #[test]
    fn a_folded_part_of_a_word_is_found(text in text(), start in 0..40_usize, length in 1..10_usize) {
        let folded = fold::fold(&text);
        let letters: Vec<char> = folded.chars().collect();
        let word: String = letters.iter().skip(start).take_while(|c| c.is_alphanumeric()).take(length).collect();
        let is_part = word.chars().count() >= 3 && fold::fold(&word) == word && words::pieces(&word).count() == 1;
        if is_part {
            prop_assert!(finds(&Search::parse(&word), &message(&text)), "{:?} in {:?}", word, folded);
        }
    }

    #[test]
    fn no_text_looks_like_a_filter(text in "[a-z:#$_ -]{0,20}|\\PC{0,20}") {
        let tokens = Tokens::of(&message(&format!("{text} chat:1 #chat:1 has:link")), 1, 2);
        for word in &tokens.words {
            prop_assert!(!word.chars().any(|c| c.is_ascii() && !c.is_ascii_lowercase() && !c.is_ascii_digit()), "{}", word);
        }
        prop_assert!(tokens.signs.iter().all(|sign| !sign.contains(':')));
        prop_assert!(tokens.iter().all(|token| !token.contains([' ', '\0', '"'])));
    }
}
