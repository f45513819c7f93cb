//! Telegram-Archive kept texts as Markdown, without escapes: what was a mark and what was written cannot always be told
//! apart. What looks like a mark is taken for one, and the message says that its text was rendered.

use crate::model::{Entity, EntityKind, PeerId, RichText};

/// Deeper marks are taken as text.
const DEEPEST: usize = 16;

pub(super) fn unrendered(markdown: &str) -> RichText {
    let mut builder = Builder::default();
    builder.all(markdown, 0);
    // The outer one first, as Telegram sends them.
    builder.entities.sort_by_key(|entity| (entity.offset, -entity.length));
    RichText { text: builder.text, entities: builder.entities }
}

#[derive(Default)]
struct Builder {
    text: String,
    /// The length of the text in UTF-16.
    units: i32,
    entities: Vec<Entity>,
}

/// The longer sign first.
static SIGNS: [(&str, EntityKind); 5] = [
    ("```", EntityKind::Pre { language: String::new() }),
    ("**", EntityKind::Bold),
    ("__", EntityKind::Italic),
    ("~~", EntityKind::Strike),
    ("`", EntityKind::Code),
];

impl Builder {
    fn all(&mut self, markdown: &str, depth: usize) {
        let mut rest = markdown;
        while let Some(at) = rest.find(['*', '_', '~', '`', '[']) {
            self.push(&rest[..at]);
            rest = &rest[at..];
            let taken = if depth < DEEPEST {
                self.link(rest, depth).or_else(|| self.sign(rest, depth))
            } else {
                None
            };
            let taken = taken.unwrap_or_else(|| {
                self.push(&rest[..1]);
                1
            });
            rest = &rest[taken..];
        }
        self.push(rest);
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.units =
            self.units.saturating_add(i32::try_from(text.encode_utf16().count()).unwrap_or(i32::MAX));
    }

    /// How much of it was a mark with its text.
    fn sign(&mut self, rest: &str, depth: usize) -> Option<usize> {
        let (sign, kind) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign))?;
        let inside = &rest[sign.len()..];
        let end = inside.find(sign).filter(|end| *end > 0)?;
        let is_code = matches!(kind, EntityKind::Code | EntityKind::Pre { .. });
        let offset = self.units;
        if is_code {
            self.push(&inside[..end]);
        } else {
            self.all(&inside[..end], depth + 1);
        }
        self.mark(offset, kind.clone());
        Some(sign.len() * 2 + end)
    }

    /// `[text](address)`
    fn link(&mut self, rest: &str, depth: usize) -> Option<usize> {
        let inside = rest.strip_prefix('[')?;
        let middle =
            inside.find("](").filter(|middle| *middle > 0 && !inside[..*middle].contains(['[', ']']))?;
        let address = &inside[middle + 2..];
        let end =
            address.find(')').filter(|end| *end > 0 && !address[..*end].contains(char::is_whitespace))?;
        let offset = self.units;
        self.all(&inside[..middle], depth + 1);
        let url = &address[..end];
        let user = url.strip_prefix("tg://user?id=").and_then(|id| id.parse().ok());
        let kind = match user {
            Some(id) => EntityKind::MentionName { user: PeerId(id) },
            None => EntityKind::TextUrl { url: url.to_owned() },
        };
        self.mark(offset, kind);
        Some(1 + middle + 2 + end + 1)
    }

    fn mark(&mut self, offset: i32, kind: EntityKind) {
        let length = self.units - offset;
        if length > 0 {
            self.entities.push(Entity { offset, length, kind });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn marks_are_taken_back() {
        let text = unrendered(
            "🎵 **bold __both__** `co*de*` [here](https://a.example/x) [Ana](tg://user?id=5) ~~no~~",
        );
        assert_eq!(text.text, "🎵 bold both co*de* here Ana no");
        let kinds: Vec<_> = text.entities.iter().map(|it| (it.offset, it.length, it.kind.clone())).collect();
        assert_eq!(
            kinds,
            [
                (3, 9, EntityKind::Bold),
                (8, 4, EntityKind::Italic),
                (13, 6, EntityKind::Code),
                (20, 4, EntityKind::TextUrl { url: "https://a.example/x".into() }),
                (25, 3, EntityKind::MentionName { user: PeerId(5) }),
                (29, 2, EntityKind::Strike),
            ]
        );
    }

    #[test]
    fn signs_alone_are_text() {
        for text in ["2 ** 3", "a_b", "[x] (y)", "snake__case", "**", "[](x)", "[a](b c)", "`"] {
            let plain = unrendered(text);
            assert_eq!((plain.text.as_str(), plain.entities.len()), (text, 0));
        }
    }

    proptest! {
        #[test]
        fn marks_lie_inside_the_text(markdown in "[a*_~`\\[\\]()🎵 ]{0,60}") {
            let text = unrendered(&markdown);
            let units = text.text.encode_utf16().count() as i32;
            for entity in &text.entities {
                prop_assert!(entity.offset >= 0 && entity.length > 0 && entity.offset + entity.length <= units);
            }
        }
    }
}
