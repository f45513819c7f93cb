use serde_json::{Value, json};
use tapedeck_plugin::testing::{Draft, Exporting, message};

use super::*;

fn export(settings: Value, messages: Vec<Draft>) -> String {
    let options = Options { parameters: "{}".into(), is_single_chat: true, ..Options::default() };
    let mut export = Exporting::<CsvExport>::open(settings, options).unwrap();
    let chat = Chat {
        id: -1_000_000_000_001,
        kind: "supergroup".into(),
        title: "Tea, \"green\"".into(),
        ..Chat::default()
    };
    export.begin_chat(&chat, &[]).unwrap();
    export.introduce(vec![Person { id: 1001, name: "=Ana".into(), ..Person::default() }]).unwrap();
    export.push(messages).unwrap();
    String::from_utf8(export.finish().unwrap().remove("").unwrap()).unwrap()
}

/// As RFC 4180 says, by itself: fields and rows.
fn read(text: &str, separator: char) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field, mut is_quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => field.extend(letters.next()),
            '"' => is_quoted = !is_quoted,
            letter if is_quoted => field.push(letter),
            '\r' if letters.peek() == Some(&'\n') => {}
            '\n' => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            letter if letter == separator => row.push(std::mem::take(&mut field)),
            letter => field.push(letter),
        }
    }
    assert!(field.is_empty() && row.is_empty() && !is_quoted, "it ends in the middle");
    rows
}

#[test]
fn rows_are_read_back_as_they_were() {
    let text = "a \"b\",\r\nc; d\t🎵";
    let written = export(json!({}), vec![message(text).views(3).reply_to(2), message("")]);
    let rows = read(&written, ',');
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| row.len() == HEADER.len()), "{rows:?}");
    let cell = |name: &str| rows[1][HEADER.iter().position(|it| *it == name).unwrap()].as_str();
    assert_eq!((cell("text"), cell("chat"), cell("views")), (text, "Tea, \"green\"", "3"));
    assert_eq!(
        (cell("chat_id"), cell("date"), cell("reply_to")),
        ("-1000000000001", "2023-11-14T22:13:20Z", "2")
    );
}

#[test]
fn formulas_of_strangers_do_not_run() {
    for text in ["=1+1", "@SUM(A1)", "+1", "-1+2", "\t=1", "\r=1"] {
        let rows = read(&export(json!({}), vec![message(text)]), ',');
        let cell = |name: &str| rows[1][HEADER.iter().position(|it| *it == name).unwrap()].as_str();
        assert!(cell("text").starts_with('\''), "{text:?}");
        assert_eq!(cell("sender"), "'=Ana");
    }
}

#[test]
fn separators_and_marks_are_settings() {
    let written = export(json!({ "bom": true, "separator": "semicolon" }), vec![message("a;b")]);
    assert!(written.starts_with('\u{feff}'));
    assert_eq!(read(&written, ';')[1][6], "a;b");
    assert_eq!(read(&export(json!({ "separator": "tab" }), vec![message("a\tb")]), '\t')[1][6], "a\tb");
}

#[test]
fn service_messages_and_media_are_said() {
    let written = export(
        json!({ "utc_offset": "+02:00" }),
        vec![
            message("").mark(marks::SERVICE).extra("action", r#"{"name":"chat_edit_title","title":"Tea"}"#),
            message("see")
                .extra("media", r#"{"kind":"document","file":{"id":9,"name":"a.pdf","size_bytes":1200}}"#)
                .extra("files", r#"[{"id":9,"path":"media/a.pdf"}]"#)
                .mark(marks::HAS_REACTIONS)
                .extra("reactions", r#"{"counts":[{"reaction":{"emoji":"👍"},"count":2}]}"#),
        ],
    );
    let rows = read(&written, ',');
    assert_eq!((rows[1][6].as_str(), rows[1][7].as_str()), ("'=Ana changed the title to “Tea”", "service"));
    assert_eq!(
        (rows[2][8].as_str(), rows[2][9].as_str(), rows[2][16].as_str()),
        ("a.pdf, 1.2 KB", "media/a.pdf", "👍 2")
    );
    assert_eq!(rows[2][3], "2023-11-15T00:13:20+02:00");
}
