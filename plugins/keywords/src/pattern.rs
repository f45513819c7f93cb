//! A regular expression that stays fast in every script.
//!
//! The engine runs an automaton over each byte, but has to fall back to a way that is ten times slower for
//! `\b` in a text that is not plain ASCII. So such a pattern has a gate: itself without what it
//! says of the borders of words, which finds all that the pattern finds and more. Only what passes
//! the gate is searched in earnest.

use std::ops::Range;

use regex::{Regex, RegexBuilder};
use regex_syntax::{
    ParserBuilder,
    hir::{Capture, Hir, HirKind, Repetition},
};

/// What one compiled pattern may take: a pattern of an operator must not fill the plugin's memory.
const MOST_BYTES: usize = 1 << 20;

pub(crate) struct Pattern {
    exact: Regex,
    gate: Option<Regex>,
}

impl Pattern {
    pub(crate) fn new(pattern: &str, ignores_case: bool) -> Result<Self, regex::Error> {
        let exact = compile(pattern, ignores_case)?;
        let parsed = ParserBuilder::new().case_insensitive(ignores_case).build().parse(pattern);
        let slow = parsed.ok().filter(|parsed| parsed.properties().look_set().contains_word_unicode());
        let gate = slow.and_then(|parsed| compile(&without_borders(parsed).to_string(), false).ok());
        Ok(Self { exact, gate })
    }

    /// Where the pattern is in the text, empty finds left out.
    pub(crate) fn find(&self, text: &str) -> impl Iterator<Item = Range<usize>> {
        let passes = text.is_ascii() || self.gate.as_ref().is_none_or(|gate| gate.is_match(text));
        let found = passes.then(|| self.exact.find_iter(text)).into_iter().flatten();
        found.map(|found| found.range()).filter(|stretch| !stretch.is_empty())
    }
}

fn compile(pattern: &str, ignores_case: bool) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern)
        .case_insensitive(ignores_case)
        .size_limit(MOST_BYTES)
        .dfa_size_limit(MOST_BYTES)
        .build()
}

fn without_borders(pattern: Hir) -> Hir {
    match pattern.into_kind() {
        HirKind::Look(_) | HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) => Hir::literal(literal.0),
        HirKind::Class(class) => Hir::class(class),
        HirKind::Repetition(repetition) => {
            let sub = Box::new(without_borders(*repetition.sub));
            Hir::repetition(Repetition { sub, ..repetition })
        }
        HirKind::Capture(capture) => {
            let sub = Box::new(without_borders(*capture.sub));
            Hir::capture(Capture { sub, ..capture })
        }
        HirKind::Concat(parts) => Hir::concat(parts.into_iter().map(without_borders).collect()),
        HirKind::Alternation(ways) => Hir::alternation(ways.into_iter().map(without_borders).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gate_lets_all_through_that_matters() {
        let texts = ["кот и кит", "скотный двор", "КОТ", "a кот_b", "12 34 кот", "дом cat", "кот\nкот"];
        for source in [
            r"\bкот\b",
            r"(?:^|\s)\b(кот|cat)\b",
            r"\Bкот",
            r"(\bк\w+\b ?)+",
            r"\b\d{2} \d{2}\b",
            r"(?m)^кот\b$",
            r"\b",
        ] {
            let pattern = Pattern::new(source, true).expect("a pattern");
            assert!(pattern.gate.is_some(), "{source}");
            for text in texts {
                let exact: Vec<_> = pattern.exact.find_iter(text).map(|it| it.range()).collect();
                let found: Vec<_> = pattern.find(text).collect();
                let meant: Vec<_> = exact.into_iter().filter(|it| !it.is_empty()).collect();
                assert_eq!(found, meant, "{source} in {text}");
            }
        }
    }

    #[test]
    fn fast_patterns_need_no_gate() {
        for source in [r"\d+", r"(?-u:\b)cat", "^a$"] {
            assert!(Pattern::new(source, true).expect("a pattern").gate.is_none(), "{source}");
        }
    }
}
