//! Text as Telegram Desktop cuts it: pieces that follow each other, each of one kind.

use tapedeck_messages::{Entity, Span, spans};
use tapedeck_plugin::json;

/// A piece, and the mark that it is known by.
struct Piece<'a> {
    text: &'a str,
    mark: Option<&'a Entity>,
}

/// Writes `text`, a string or a list, and `text_entities`, always a list.
pub(crate) fn write(object: &mut json::Object<'_>, text: &str, entities: &[Entity]) {
    let cut = spans(text, entities);
    let pieces = pieces(&cut, text);
    match pieces.as_slice() {
        [] => object.string("text", ""),
        [Piece { text, mark: None }] => object.string("text", text),
        pieces => object.array("text", |list| {
            for piece in pieces {
                match piece.mark {
                    None => list.string(piece.text),
                    Some(_) => list.object(|object| write_piece(object, piece)),
                }
            }
        }),
    }
    object.array("text_entities", |list| {
        for piece in &pieces {
            list.object(|object| write_piece(object, piece));
        }
    });
}

/// Stretches with the same mark before all others are one piece.
fn pieces<'a>(cut: &[Span<'a>], text: &'a str) -> Vec<Piece<'a>> {
    let mut pieces: Vec<Piece<'a>> = Vec::new();
    let mut from = 0;
    for span in cut {
        let mark = span.marks.iter().copied().min_by_key(|mark| rank(&mark.kind));
        let to = from + span.text.len();
        match pieces.last_mut() {
            Some(last) if is_same(last.mark, mark) => {
                let begin = from - last.text.len();
                last.text = &text[begin..to];
            }
            _ => pieces.push(Piece { text: span.text, mark }),
        }
        from = to;
    }
    pieces
}

fn is_same(one: Option<&Entity>, two: Option<&Entity>) -> bool {
    match (one, two) {
        (None, None) => true,
        (Some(one), Some(two)) => std::ptr::eq(one, two),
        _ => false,
    }
}

/// Where marks lie on each other only one can be told: what leads somewhere before what looks.
fn rank(kind: &str) -> u8 {
    match kind {
        "text-url" | "mention-name" | "custom-emoji" => 0,
        "url" | "email" | "phone" | "mention" | "hashtag" | "cashtag" | "bot-command" | "bank-card" => 1,
        "pre" | "code" => 2,
        "spoiler" => 3,
        "blockquote" => 5,
        _ => 4,
    }
}

fn write_piece(object: &mut json::Object<'_>, piece: &Piece<'_>) {
    let kind = piece.mark.map_or("plain", |mark| name(&mark.kind));
    object.string("type", kind);
    object.string("text", piece.text);
    let Some(mark) = piece.mark else { return };
    match kind {
        "text_link" => object.string("href", &mark.url),
        "mention_name" => object.integer("user_id", mark.user),
        "pre" => object.string("language", &mark.language),
        "custom_emoji" => object.string("document_id", &mark.document.to_string()),
        "blockquote" => object.boolean("collapsed", mark.is_collapsed),
        _ => {}
    }
}

/// Telegram Desktop's word for a kind of mark.
fn name(kind: &str) -> &'static str {
    match kind {
        "mention" => "mention",
        "hashtag" => "hashtag",
        "bot-command" => "bot_command",
        "url" => "link",
        "email" => "email",
        "bold" => "bold",
        "italic" => "italic",
        "code" => "code",
        "pre" => "pre",
        "text-url" => "text_link",
        "mention-name" => "mention_name",
        "phone" => "phone",
        "cashtag" => "cashtag",
        "underline" => "underline",
        "strike" => "strikethrough",
        "blockquote" => "blockquote",
        "bank-card" => "bank_card",
        "spoiler" => "spoiler",
        "custom-emoji" => "custom_emoji",
        _ => "unknown",
    }
}
