//! Texts with their marks. An address that could do more than lead somewhere stays words.

use tapedeck_messages::{Entity, Span, is_harmless, spans};

use crate::escape::{address, inline};

/// Paragraph after paragraph; ends with the end of a line.
pub(crate) fn write(out: &mut Vec<u8>, text: &str, entities: &[Entity]) {
    let mut page = Page { out, is_start: true, is_quote: false };
    for span in spans(text, entities) {
        page.span(&span);
    }
    page.out.push(b'\n');
}

struct Page<'a> {
    out: &'a mut Vec<u8>,
    is_start: bool,
    is_quote: bool,
}

impl Page<'_> {
    fn span(&mut self, span: &Span<'_>) {
        let has = |kind: &str| span.marks.iter().any(|mark| mark.kind == kind);
        if let Some(block) = span.marks.iter().find(|mark| mark.kind == "pre") {
            return self.block(span.text, &block.language);
        }
        let is_quote = has("blockquote");
        if is_quote != self.is_quote {
            self.is_quote = is_quote;
            self.paragraph();
        }
        for (place, line) in span.text.split('\n').enumerate() {
            if place > 0 {
                self.line_break();
            }
            self.piece(line.trim_end_matches('\r'), span);
        }
    }

    /// Marks hold no spaces at their ends, or they would not be read as marks.
    fn piece(&mut self, line: &str, span: &Span<'_>) {
        let core = line.trim();
        if core.is_empty() {
            if !self.is_start && !line.is_empty() {
                self.out.push(b' ');
            }
            return;
        }
        let lead = &line[..line.len() - line.trim_start().len()];
        let trail = &line[line.trim_end().len()..];
        self.words(lead);
        let has = |kind: &str| span.marks.iter().any(|mark| mark.kind == kind);
        let link = span.marks.iter().find(|mark| mark.kind == "text-url" && is_harmless(&mark.url));
        let mut signs: Vec<&str> = Vec::new();
        for (kind, sign) in [("bold", "**"), ("italic", "_"), ("strike", "~~")] {
            if has(kind) {
                signs.push(sign);
            }
        }
        if link.is_some() {
            self.raw("[");
        }
        signs.iter().for_each(|sign| self.raw(sign));
        if has("code") {
            self.code(core);
        } else {
            self.words(core);
        }
        signs.iter().rev().for_each(|sign| self.raw(sign));
        if let Some(link) = link {
            self.raw("](");
            address(self.out, &link.url);
            self.raw(")");
        }
        self.words(trail);
    }

    fn words(&mut self, text: &str) {
        if !text.is_empty() {
            inline(self.out, text, self.is_start);
            self.is_start = false;
        }
    }

    fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
        self.is_start = false;
    }

    /// Between more backticks than there are inside.
    fn code(&mut self, text: &str) {
        let fence = "`".repeat(longest_run(text) + 1);
        let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
        self.raw(&format!("{fence}{pad}{text}{pad}{fence}"));
    }

    fn block(&mut self, text: &str, language: &str) {
        self.is_quote = false;
        self.paragraph();
        let fence = "`".repeat((longest_run(text) + 1).max(3));
        let language: String =
            language.chars().filter(|c| c.is_ascii_alphanumeric() || "+-#".contains(*c)).collect();
        self.out.extend_from_slice(
            format!("{fence}{language}\n{}\n{fence}", text.trim_end_matches('\n')).as_bytes(),
        );
        self.is_start = false;
        self.paragraph();
    }

    fn line_break(&mut self) {
        // After an empty line a paragraph has begun already.
        if self.is_start {
            return self.paragraph();
        }
        self.out.extend_from_slice(b"\\\n");
        self.begin();
    }

    fn paragraph(&mut self) {
        let ends = |out: &[u8], end: &[u8]| out.ends_with(end);
        if ends(self.out, b"\\\n") {
            self.out.truncate(self.out.len() - 2);
            self.out.push(b'\n');
        }
        if ends(self.out, b"\\\n> ") {
            self.out.truncate(self.out.len() - 4);
            self.out.push(b'\n');
        }
        while !ends(self.out, b"\n\n") {
            self.out.push(b'\n');
        }
        self.begin();
    }

    fn begin(&mut self) {
        if self.is_quote {
            self.out.extend_from_slice(b"> ");
        }
        self.is_start = true;
    }
}

fn longest_run(text: &str) -> usize {
    text.split(|letter| letter != '`').map(str::len).max().unwrap_or(0)
}
