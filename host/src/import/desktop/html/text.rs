//! Marked-up text becomes text with marks.

use super::tree::{Element, Node};
use crate::model::{Entity, EntityKind, RichText};

pub(super) fn rich_text(element: &Element) -> RichText {
    let mut text = Builder::default();
    text.children(element);
    text.finish()
}

#[derive(Default)]
struct Builder {
    text: String,
    /// The length of the text in UTF-16.
    units: i32,
    entities: Vec<Entity>,
}

impl Builder {
    fn children(&mut self, element: &Element) {
        for child in &element.children {
            match child {
                Node::Text(text) => self.push(text),
                Node::Element(element) => self.element(element),
            }
        }
    }

    /// The export puts every text on lines of its own: what is in front of it is no part of it.
    fn push(&mut self, text: &str) {
        let text = if self.text.is_empty() { text.trim_start() } else { text };
        self.units += i32::try_from(text.encode_utf16().count()).unwrap_or(0);
        self.text.push_str(text);
    }

    fn element(&mut self, element: &Element) {
        if element.name == "br" {
            return self.push_break();
        }
        let (offset, start) = (self.units, self.text.len());
        self.children(element);
        let length = self.units - offset;
        let inside = self.text[start.min(self.text.len())..].to_owned();
        if let Some(kind) = kind(element, &inside).filter(|_| length > 0) {
            self.entities.push(Entity { offset, length, kind });
        }
    }

    /// Even the first character may be one.
    fn push_break(&mut self) {
        self.text.push('\n');
        self.units += 1;
    }

    fn finish(mut self) -> RichText {
        self.text.truncate(self.text.trim_end_matches([' ', '\n', '\t', '\r']).len());
        let units = i32::try_from(self.text.encode_utf16().count()).unwrap_or(i32::MAX);
        for entity in &mut self.entities {
            entity.length = entity.length.min(units - entity.offset);
        }
        self.entities.retain(|entity| entity.length > 0);
        // The outer one first, as Telegram sends them.
        self.entities.sort_by_key(|entity| (entity.offset, -entity.length));
        RichText { text: self.text, entities: self.entities }
    }
}

fn kind(element: &Element, inside: &str) -> Option<EntityKind> {
    Some(match element.name.as_str() {
        "strong" | "b" => EntityKind::Bold,
        "em" | "i" => EntityKind::Italic,
        "u" => EntityKind::Underline,
        "s" | "strike" | "del" => EntityKind::Strike,
        "code" => EntityKind::Code,
        "pre" => {
            EntityKind::Pre { language: element.attribute("data-language").unwrap_or_default().to_owned() }
        }
        "blockquote" => EntityKind::Blockquote { is_collapsed: element.has_class("collapsed") },
        "tg-emoji" => EntityKind::CustomEmoji { document: element.attribute("data-emoji-id")?.parse().ok()? },
        "span" if element.has_class("spoiler") => EntityKind::Spoiler,
        "a" => link(element, inside)?,
        _ => return None,
    })
}

fn link(element: &Element, inside: &str) -> Option<EntityKind> {
    let script = element.attribute("onclick").unwrap_or_default();
    for (call, kind) in [
        ("ShowHashtag", EntityKind::Hashtag),
        ("ShowCashtag", EntityKind::Cashtag),
        ("ShowBotCommand", EntityKind::BotCommand),
        ("ShowMentionName", EntityKind::Unknown),
        ("ShowSpoiler", EntityKind::Spoiler),
    ] {
        if script.contains(call) {
            return Some(kind);
        }
    }
    let url = element.attribute("href").filter(|url| !url.is_empty())?;
    let bare = |text: &str| {
        text.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/').to_lowercase()
    };
    Some(if url.strip_prefix("mailto:") == Some(inside) {
        EntityKind::Email
    } else if url.starts_with("tel:") {
        EntityKind::Phone
    } else if inside.strip_prefix('@').is_some_and(|name| bare(url) == bare(&format!("https://t.me/{name}")))
    {
        EntityKind::Mention
    } else if bare(url) == bare(inside) {
        EntityKind::Url
    } else {
        EntityKind::TextUrl { url: url.to_owned() }
    })
}

#[cfg(test)]
mod tests {
    use super::{super::tree, *};

    fn parsed(html: &str) -> RichText {
        rich_text(&tree::parse(html).unwrap())
    }

    #[test]
    fn marks_are_counted_in_utf16() {
        let text = parsed("\n🎵 <strong>bold <em>both</em></strong><br>&lt;end&gt; \n      ");
        assert_eq!(text.text, "🎵 bold both\n<end>");
        let bold = Entity { offset: 3, length: 9, kind: EntityKind::Bold };
        let italic = Entity { offset: 8, length: 4, kind: EntityKind::Italic };
        assert_eq!(text.entities, [bold, italic]);
    }

    #[test]
    fn links_say_what_they_are() {
        for (html, wanted) in [
            ("<a href=\"https://a.example/\">https://a.example</a>", EntityKind::Url),
            ("<a href=\"https://a.example/\">a.example</a>", EntityKind::Url),
            (
                "<a href=\"https://a.example/\">here</a>",
                EntityKind::TextUrl { url: "https://a.example/".into() },
            ),
            ("<a href=\"https://t.me/Ana\">@Ana</a>", EntityKind::Mention),
            ("<a href=\"mailto:a@b.example\">a@b.example</a>", EntityKind::Email),
            ("<a href=\"tel:+34600\">+34600</a>", EntityKind::Phone),
            ("<a href=\"\" onclick=\"return ShowHashtag(&quot;x&quot;)\">#x</a>", EntityKind::Hashtag),
            ("<a href=\"\" onclick=\"return ShowBotCommand(&quot;x&quot;)\">/x</a>", EntityKind::BotCommand),
            (
                "<span class=\"spoiler hidden\" onclick=\"ShowSpoiler(this)\"><span aria-hidden=\"true\">x</span></span>",
                EntityKind::Spoiler,
            ),
        ] {
            let text = parsed(html);
            assert_eq!(text.entities.iter().map(|it| &it.kind).collect::<Vec<_>>(), [&wanted], "{html}");
        }
    }

    #[test]
    fn marks_on_the_blank_end_are_cut() {
        assert_eq!(parsed("a<b> \n </b>").entities, []);
        assert_eq!(
            parsed("<b>a \n </b>").entities,
            [Entity { offset: 0, length: 1, kind: EntityKind::Bold }]
        );
    }
}
