use serde_json::{Value, json};
use tapedeck_plugin::testing::{
    Filtering,
    Judged::{Dropped, Kept, Redacted},
    message,
};

use super::*;

fn keywords(settings: Value) -> Filtering<Keywords> {
    Filtering::new(settings).expect("the settings fit")
}

/// Whether a rule with this one word finds it in the text.
fn finds(word: &str, text: &str) -> bool {
    let mut filter = keywords(json!({ "rules": [{ "action": "drop", "words": [word] }] }));
    filter.judge([message(text)]) == [Dropped]
}

fn refused(settings: Value) -> String {
    Filtering::<Keywords>::new(settings).err().expect("an error").message().to_owned()
}

#[test]
fn words_stand_by_themselves_in_every_script() {
    for (word, text) in [
        ("casino", "Best CASINO, now!"),
        ("казино", "лучшее Казино."),
        ("كازينو", "أفضل كازينو هنا"),
        ("赌场", "最好的赌场在这里"),
        ("カジノ", "最高のカジノです"),
        ("κόσμος", "ΚΌΣΜΟΣ"),
        ("free money", "get Free Money"),
        ("c++", "I like C++!"),
        ("vip", "vip"),
    ] {
        assert!(finds(word, text), "{word} in {text}");
    }
    for (word, text) in [
        ("cat", "concatenate"),
        ("кот", "которая"),
        ("نار", "منارة"),
        ("vip", "vip_room"),
        ("10", "2010"),
        ("赌场", "赌博场"),
    ] {
        assert!(!finds(word, text), "{word} in {text}");
    }
}

#[test]
fn words_do_not_reach_into_the_next_message() {
    let mut filter = keywords(json!({
        "rules": [{ "action": "drop", "words": ["two", "onetwo"], "whole_words": false }]
    }));
    assert_eq!(filter.judge([message("one"), message("tw"), message("o")]), [Kept, Kept, Kept]);
    assert_eq!(filter.judge([message("one"), message("two")]), [Kept, Dropped]);
}

#[test]
fn case_and_parts_of_words_are_a_rule_s_choice() {
    let rule = json!({ "action": "drop", "words": ["Cat"], "match_case": true, "whole_words": false });
    let mut filter = keywords(json!({ "rules": [rule] }));
    let texts = ["Catalogue", "catalogue", "CAT"];
    assert_eq!(filter.judge(texts.map(message)), [Dropped, Kept, Kept]);
}

#[test]
fn redactions_add_up_and_join() {
    let mut filter = keywords(json!({ "rules": [
        { "action": "redact", "words": ["Иван", "Иван Петров"] },
        { "action": "redact", "patterns": ["\\d{4}"], "replacement": "####" },
    ] }));
    let judged = filter.judge([message("это Иван Петров, 1234 5678"), message("nobody")]);
    assert_eq!(judged, [Redacted("это ███, #### ####".to_owned()), Kept]);
}

#[test]
fn the_first_rule_that_decides_ends_the_search() {
    let mut filter = keywords(json!({
        "rules": [
            { "name": "secrets", "action": "redact", "words": ["secret"] },
            { "name": "friends", "action": "keep", "words": ["friend"] },
            { "name": "spam", "action": "drop", "patterns": ["buy\\s+now"] },
        ],
        "otherwise": "drop",
    }));
    let texts = ["a secret friend: buy now", "friend, buy now", "BUY  NOW", "hello", "secret"];
    let judged = filter.judge(texts.map(message));
    let redacted = |text: &str| Redacted(text.to_owned());
    assert_eq!(judged, [redacted("a ███ friend: buy now"), Kept, Dropped, Dropped, redacted("███")]);
}

#[test]
fn rules_hold_in_their_chats_only() {
    let mut filter = keywords(json!({ "rules": [
        { "action": "drop", "words": ["one"], "chats": [-5] },
        { "action": "drop", "words": ["two"], "except_chats": [-5] },
    ] }));
    let texts = [("one", -5), ("one", -6), ("two", -5), ("two", -6)];
    let judged = filter.judge(texts.map(|(text, chat)| message(text).chat(chat)));
    assert_eq!(judged, [Dropped, Kept, Kept, Dropped]);
}

#[test]
fn patterns_know_scripts_and_case() {
    let mut filter = keywords(json!({ "rules": [
        { "action": "drop", "patterns": ["^привет\\b", "\\p{Han}{4}"] },
    ] }));
    let texts = ["ПРИВЕТ, мир", "приветы", "最好的赌场", "最好"];
    assert_eq!(filter.judge(texts.map(message)), [Dropped, Kept, Dropped, Kept]);
}

#[test]
fn wrong_settings_are_named() {
    let rule = |rule: Value| refused(json!({ "rules": [rule] }));
    assert!(rule(json!({ "action": "drop" })).contains("rules[0] matches nothing"));
    assert!(rule(json!({ "action": "drop", "words": [" "] })).contains("rules[0].words"));
    assert!(rule(json!({ "action": "drop", "patterns": ["("] })).contains("rules[0].patterns"));
    assert!(rule(json!({ "action": "drop", "patterns": ["(\\w{100}){100}"] })).contains("size limit"));
    assert!(rule(json!({ "action": "drop", "word": ["x"] })).contains("unknown field"));
}
