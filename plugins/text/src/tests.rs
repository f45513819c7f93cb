use serde_json::json;
use tapedeck_plugin::{
    MediaKind,
    testing::{Draft, Exporting, message},
};

use super::*;

fn export(messages: Vec<Draft>) -> String {
    let options = Options { parameters: "{}".into(), is_single_chat: true, ..Options::default() };
    let mut export = Exporting::<TextExport>::open(json!({}), options).unwrap();
    let chat =
        Chat { id: -1_000_000_000_001, kind: "supergroup".into(), title: "Tea".into(), ..Chat::default() };
    export.begin_chat(&chat, &[]).unwrap();
    export.introduce(vec![Person { id: 1001, name: "Ana".into(), ..Person::default() }]).unwrap();
    export.push(messages).unwrap();
    String::from_utf8(export.finish().unwrap().remove("").unwrap()).unwrap()
}

#[test]
fn a_chat_reads_as_a_log() {
    let written = export(vec![
        message("hi"),
        message("one\ntwo\n\nthree").edit_date(1_700_000_100),
        message("").mark(marks::SERVICE).extra("action", r#"{"name":"pin_message"}"#),
        message("look")
            .date(1_700_100_000)
            .media(MediaKind::Photo, 9)
            .extra("media", r#"{"kind":"photo","file":{"id":9}}"#)
            .extra("files", r#"[{"id":9,"path":"media/a.jpg"}]"#)
            .forwarded_from(7)
            .extra("forward", r#"{"from_name":"Hidden"}"#),
        message("yes")
            .date(1_700_100_060)
            .reply_to(1)
            .extra("replied", r#"{"id":1,"name":"Ana","text":"hi"}"#)
            .mark(marks::HAS_REACTIONS)
            .extra("reactions", r#"{"counts":[{"reaction":{"emoji":"👍"},"count":2}]}"#)
            .extra("deleted", "\"2026-01-01T00:00:00Z\""),
    ]);
    assert_eq!(
        written,
        "Tea\n===\n\n-- 2023-11-14 --\n[22:13] Ana: hi\n[22:13] Ana (edited): one\n        two\n\n        three\n\
         [22:13] * Ana pinned a message\n\n-- 2023-11-16 --\n\
         [02:00] Ana (forwarded from Hidden): look\n        [Photo: media/a.jpg]\n\
         [02:01] Ana (to Ana: “hi”) (deleted): yes\n        👍 2\n"
    );
}

#[test]
fn nobody_can_speak_for_another() {
    for end in ["\n", "\r", "\r\n", "\u{2028}", "\u{85}", "\u{b}"] {
        let written = export(vec![message(format!("x{end}[22:14] Bo: I owe you"))]);
        assert!(written.contains("\n        [22:14] Bo"), "{written:?}");
    }
}
