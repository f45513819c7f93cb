//! Text in pieces becomes text with marks.

use serde_json::Value;

use crate::{
    import::fields::Fields,
    model::{Entity, EntityKind, RichText},
};

use super::peer;

/// A string, or an array of strings and objects with `type` and `text`.
pub(super) fn rich_text(value: Value) -> Option<RichText> {
    match value {
        Value::String(text) => Some(RichText { text, entities: Vec::new() }),
        Value::Array(pieces) => {
            let mut whole = RichText::default();
            let mut units = 0;
            for piece in pieces {
                add(&mut whole, &mut units, piece)?;
            }
            Some(whole)
        }
        _ => None,
    }
}

/// `text_entities` tells everything that `text` does.
pub(super) fn take(fields: &mut Fields) -> RichText {
    let marked = fields.get("text_entities").filter(|value| value.is_array()).cloned().and_then(rich_text);
    let plain = fields.get("text").cloned().and_then(rich_text);
    if marked.is_some() {
        fields.take("text_entities");
    }
    if plain.is_some() {
        fields.take("text");
    }
    match (marked, plain) {
        // Versions differed in whether an empty list goes with every text.
        (Some(marked), Some(plain)) if marked.text.is_empty() => plain,
        (Some(marked), _) => marked,
        (None, plain) => plain.unwrap_or_default(),
    }
}

/// `units` counts UTF-16 as Telegram does.
fn add(whole: &mut RichText, units: &mut i32, piece: Value) -> Option<()> {
    let (text, kind) = match piece {
        Value::String(text) => (text, None),
        Value::Object(_) => {
            let mut piece = Fields::of(piece)?;
            let name = piece.text("type")?;
            let text = piece.text("text")?;
            (text, kind(&name, piece))
        }
        _ => return None,
    };
    let length = i32::try_from(text.encode_utf16().count()).ok()?;
    if let Some(kind) = kind.filter(|_| length > 0) {
        whole.entities.push(Entity { offset: *units, length, kind });
    }
    *units = units.checked_add(length)?;
    whole.text.push_str(&text);
    Some(())
}

fn kind(name: &str, mut piece: Fields) -> Option<EntityKind> {
    Some(match name {
        "plain" => return None,
        "unknown" => EntityKind::Unknown,
        "mention" => EntityKind::Mention,
        "hashtag" => EntityKind::Hashtag,
        "bot_command" => EntityKind::BotCommand,
        "link" => EntityKind::Url,
        "email" => EntityKind::Email,
        "bold" => EntityKind::Bold,
        "italic" => EntityKind::Italic,
        "code" => EntityKind::Code,
        "pre" => EntityKind::Pre { language: piece.text("language").unwrap_or_default() },
        "phone" => EntityKind::Phone,
        "cashtag" => EntityKind::Cashtag,
        "underline" => EntityKind::Underline,
        "strikethrough" => EntityKind::Strike,
        "blockquote" => EntityKind::Blockquote { is_collapsed: piece.flag("collapsed") },
        "bank_card" => EntityKind::BankCard,
        "spoiler" => EntityKind::Spoiler,
        "text_link" => match piece.text("href") {
            Some(url) => EntityKind::TextUrl { url },
            None => other(name, piece),
        },
        "mention_name" => match peer::take_peer(&mut piece, "user_id") {
            Some(user) => EntityKind::MentionName { user },
            None => other(name, piece),
        },
        "custom_emoji" => match piece.number("document_id") {
            Some(document) => EntityKind::CustomEmoji { document },
            None => other(name, piece),
        },
        _ => other(name, piece),
    })
}

fn other(name: &str, piece: Fields) -> EntityKind {
    let mut fields = piece.rest();
    fields.insert("type".into(), name.into());
    EntityKind::Other { entity: Value::Object(fields) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::PeerId;

    fn parsed(value: Value) -> RichText {
        rich_text(value).expect("a text")
    }

    #[test]
    fn offsets_count_utf16() {
        let text = parsed(
            json!(["🎵 a ", { "type": "bold", "text": "b𝄞" }, "c", { "type": "italic", "text": "é" }]),
        );
        assert_eq!(text.text, "🎵 a b𝄞cé");
        let marks: Vec<_> = text.entities.iter().map(|it| (it.offset, it.length)).collect();
        assert_eq!(marks, [(5, 3), (9, 1)]);
    }

    #[test]
    fn every_mark_is_known() {
        for (piece, wanted) in [
            (
                json!({ "type": "pre", "text": "x", "language": "rust" }),
                EntityKind::Pre { language: "rust".into() },
            ),
            (
                json!({ "type": "text_link", "text": "x", "href": "https://a.b" }),
                EntityKind::TextUrl { url: "https://a.b".into() },
            ),
            (
                json!({ "type": "mention_name", "text": "x", "user_id": 5 }),
                EntityKind::MentionName { user: PeerId(5) },
            ),
            (
                json!({ "type": "custom_emoji", "text": "x", "document_id": "5368324170671202286" }),
                EntityKind::CustomEmoji { document: 5_368_324_170_671_202_286 },
            ),
            (
                json!({ "type": "blockquote", "text": "x", "collapsed": true }),
                EntityKind::Blockquote { is_collapsed: true },
            ),
            (json!({ "type": "strikethrough", "text": "x" }), EntityKind::Strike),
            (json!({ "type": "link", "text": "x" }), EntityKind::Url),
            (
                json!({ "type": "hologram", "text": "x", "depth": 3 }),
                EntityKind::Other { entity: json!({ "depth": 3, "type": "hologram" }) },
            ),
            (
                json!({ "type": "custom_emoji", "text": "x", "document_id": "stickers/a.tgs" }),
                EntityKind::Other {
                    entity: json!({ "document_id": "stickers/a.tgs", "type": "custom_emoji" }),
                },
            ),
        ] {
            let text = parsed(json!([piece]));
            assert_eq!(text.entities, [Entity { offset: 0, length: 1, kind: wanted }], "{piece}");
        }
        let plain = [
            "bot_command",
            "phone",
            "cashtag",
            "underline",
            "bank_card",
            "spoiler",
            "code",
            "email",
            "mention",
            "hashtag",
            "unknown",
        ];
        for name in plain {
            let text = parsed(json!([{ "type": name, "text": "x" }]));
            assert!(!matches!(text.entities[0].kind, EntityKind::Other { .. }), "{name}");
        }
    }

    #[test]
    fn list_of_marks_wins_over_text() {
        let value = json!({ "text": "see", "text_entities": [{ "type": "plain", "text": "s" }, { "type": "bold", "text": "ee" }] });
        let mut fields = Fields::of(value).unwrap();
        let text = take(&mut fields);
        assert_eq!((text.text.as_str(), text.entities.len()), ("see", 1));
        assert!(fields.rest().is_empty());
    }

    #[test]
    fn text_of_the_wrong_type_stays_where_it_is() {
        let mut fields = Fields::of(json!({ "text": { "a": 1 }, "text_entities": [5] })).unwrap();
        assert_eq!(take(&mut fields), RichText::default());
        assert_eq!(fields.rest().len(), 2);
    }
}
