use serde_json::json;
use tapedeck_plugin::{
    MediaKind,
    testing::{Draft, Exporting, message},
};

use super::*;

fn export(messages: Vec<Draft>) -> String {
    let options = Options { parameters: "{}".into(), is_single_chat: true, ..Options::default() };
    let mut export = Exporting::<MarkdownExport>::open(json!({}), options).unwrap();
    let chat = Chat {
        id: -1_000_000_000_001,
        kind: "supergroup".into(),
        title: "Tea *club*".into(),
        ..Chat::default()
    };
    export.begin_chat(&chat, &[]).unwrap();
    export.introduce(vec![Person { id: 1001, name: "Ana".into(), ..Person::default() }]).unwrap();
    export.push(messages).unwrap();
    String::from_utf8(export.finish().unwrap().remove("").unwrap()).unwrap()
}

/// What stands behind the head of the message.
fn body(draft: Draft) -> String {
    let written = export(vec![draft]);
    written.split_once("22:13\n\n").unwrap_or_else(|| panic!("{written}")).1.to_owned()
}

fn marked(text: &str, entities: serde_json::Value) -> String {
    body(message(text).mark(marks::HAS_ENTITIES).extra("entities", &entities.to_string()))
}

#[test]
fn a_chat_reads_as_a_document() {
    let written = export(vec![
        message("hi"),
        message("yes").reply_to(1).extra("replied", r#"{"id":1,"name":"Ana","text":"hi"}"#),
        message("").mark(marks::SERVICE).extra("action", r#"{"name":"pin_message"}"#),
        message("see")
            .media(MediaKind::Photo, 9)
            .extra("media", r#"{"kind":"photo","file":{"id":9}}"#)
            .extra("files", r#"[{"id":9,"path":"media/a b.jpg"}]"#),
    ]);
    assert_eq!(
        written,
        "# Tea \\*club\\*\n\n## 2023-11-14\n\n<a id=\"m1-1\"></a>**Ana** 22:13\n\nhi\n\
         \n<a id=\"m1-2\"></a>**Ana** 22:13\n\n> [Ana](#m1-1) hi\n\nyes\n\
         \n<a id=\"m1-3\"></a>_Ana pinned a message_\n\
         \n<a id=\"m1-4\"></a>**Ana** 22:13\n\nsee\n\n![Photo](media/a%20b.jpg)\n"
    );
}

#[test]
fn what_people_wrote_makes_no_marks() {
    assert_eq!(body(message("*a* <b> [x](y) `c` 1. d")), "\\*a\\* \\<b\\> \\[x\\](y) \\`c\\` 1. d\n");
    assert_eq!(body(message("1. a\n- b\n# c\n    d")), "1\\. a\\\n\\- b\\\n\\# c\\\n\u{a0}   d\n");
}

#[test]
fn marks_of_telegram_become_marks() {
    assert_eq!(
        marked(
            "bold and code",
            json!([{ "offset": 0, "length": 5, "type": "bold" }, { "offset": 9, "length": 4, "type": "code" }])
        ),
        "**bold** and `code`\n"
    );
    assert_eq!(
        marked(
            "here",
            json!([{ "offset": 0, "length": 4, "type": "text-url", "url": "https://x.org/a(b)" }])
        ),
        "[here](https://x.org/a%28b%29)\n"
    );
    assert_eq!(
        marked("see\nlet x;\nend", json!([{ "offset": 4, "length": 6, "type": "pre", "language": "rust" }])),
        "see\n\n```rust\nlet x;\n```\n\nend\n"
    );
    assert_eq!(
        marked("q1\nq2\nmine", json!([{ "offset": 0, "length": 5, "type": "blockquote" }])),
        "> q1\\\n> q2\n\nmine\n"
    );
}

#[test]
fn addresses_that_do_something_are_no_links() {
    for url in ["javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", "javascript&colon;alert(1)"]
    {
        let entities = json!([{ "offset": 0, "length": 5, "type": "text-url", "url": url }]);
        assert_eq!(marked("click", entities), "click\n", "{url}");
    }
    let both = json!([
        { "offset": 0, "length": 5, "type": "text-url", "url": "javascript:x" },
        { "offset": 0, "length": 5, "type": "bold" },
    ]);
    assert_eq!(marked("click", both), "**click**\n");
}

#[test]
fn empty_lines_part_paragraphs() {
    assert_eq!(body(message("a\n\nb")), "a\n\nb\n");
}
