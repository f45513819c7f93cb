//! Marked text as markup. An address that could do more than lead somewhere stays words.

use tapedeck_messages::{Entity, is_harmless, spans};

use crate::escaped;

pub(crate) fn write(out: &mut Vec<u8>, text: &str, entities: &[Entity]) {
    for span in spans(text, entities) {
        let mut closing: Vec<&str> = Vec::new();
        for mark in &span.marks {
            open(out, mark, span.text, &mut closing);
        }
        escaped(out, span.text);
        closing.iter().rev().for_each(|tag| out.extend_from_slice(tag.as_bytes()));
    }
}

fn open(out: &mut Vec<u8>, mark: &Entity, text: &str, closing: &mut Vec<&'static str>) {
    let (open, close) = match mark.kind.as_str() {
        "bold" => ("<b>", "</b>"),
        "italic" => ("<em>", "</em>"),
        "underline" => ("<u>", "</u>"),
        "strike" | "diff-delete" => ("<s>", "</s>"),
        "code" => ("<code>", "</code>"),
        "pre" => ("<code class=\"block\">", "</code>"),
        "spoiler" => ("<span class=\"spoiler\" tabindex=\"0\">", "</span>"),
        "blockquote" => ("<q>", "</q>"),
        "mention" | "mention-name" | "hashtag" | "cashtag" | "bot-command" | "bank-card" => {
            ("<span class=\"tag\">", "</span>")
        }
        "text-url" => return link(out, &mark.url, closing),
        "url" => {
            let address = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
            return link(out, &address, closing);
        }
        "email" => return link(out, &format!("mailto:{text}"), closing),
        "phone" => return link(out, &format!("tel:{text}"), closing),
        _ => return,
    };
    out.extend_from_slice(open.as_bytes());
    closing.push(close);
}

fn link(out: &mut Vec<u8>, address: &str, closing: &mut Vec<&'static str>) {
    // Links do not nest.
    if !is_harmless(address) || closing.contains(&"</a>") {
        return;
    }
    out.extend_from_slice(b"<a href=\"");
    escaped(out, address);
    out.extend_from_slice(b"\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">");
    closing.push("</a>");
}
