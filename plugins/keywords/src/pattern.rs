//! A regular expression that stays fast in every script, and for hundreds of messages.
//!
//! To begin a search takes longer than to go through a message, so the texts of all are searched at once, and one by one
//! only those messages in which something was found. What looks at borders (`^`, `\b`) would see wrong ones there, so such
//! a pattern has a gate: itself without them, which finds all that the pattern finds and more.
//!
//! The engine runs an automaton over each byte, but has to fall back to a way that is ten times slower for `\b` in a
//! text that is not plain ASCII: there the gate comes first once more.

use std::ops::Range;

use regex::{Regex, RegexBuilder};
use regex_syntax::{
    ParserBuilder,
    hir::{Capture, Hir, HirKind, Repetition},
};
use tapedeck_plugin::Messages;

/// What one compiled pattern may take: a pattern of an operator must not fill the plugin's memory.
const MOST_BYTES: usize = 1 << 20;

pub(crate) struct Pattern {
    exact: Regex,
    /// Where it finds nothing, there is nothing. Never finds an empty text.
    gate: Option<Regex>,
    is_slow: bool,
}

impl Pattern {
    pub(crate) fn new(pattern: &str, ignores_case: bool) -> Result<Self, regex::Error> {
        let exact = compile(pattern, ignores_case)?;
        let parsed = ParserBuilder::new().case_insensitive(ignores_case).build().parse(pattern).ok();
        let looks = parsed.as_ref().map(|parsed| parsed.properties().look_set());
        let gate = match looks {
            Some(looks) if looks.is_empty() => Some(exact.clone()),
            _ => parsed.and_then(|parsed| compile(&without_borders(parsed).to_string(), false).ok()),
        };
        let gate = gate.filter(|gate| !gate.is_match(""));
        Ok(Self { exact, gate, is_slow: looks.is_none_or(|looks| looks.contains_word_unicode()) })
    }

    /// Marks messages in which the pattern may be.
    ///
    /// A find of the pattern is one of the gate. The gate, going through all texts from find to find, either takes that
    /// one or another that begins no later; and if it ends no later than where the message begins, goes on from there.
    pub(crate) fn look_through(&self, messages: &Messages<'_>, may_match: &mut [bool]) {
        let Some(gate) = &self.gate else { return may_match.fill(true) };
        for found in gate.find_iter(messages.whole_text()) {
            let [first, last] = [found.start(), found.end() - 1].map(|byte| messages.at(byte));
            if let (Some(first), Some(last)) = (first, last) {
                may_match[first.index()..=last.index()].fill(true);
            }
        }
    }

    /// Where the pattern is in the text, empty finds left out.
    pub(crate) fn find(&self, text: &str) -> impl Iterator<Item = Range<usize>> {
        let is_sure = !self.is_slow || text.is_ascii();
        let passes = is_sure || self.gate.as_ref().is_none_or(|gate| gate.is_match(text));
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
    use tapedeck_plugin::testing::{Batch, message};

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
            assert!(pattern.is_slow, "{source}");
            for text in texts {
                let exact: Vec<_> = pattern.exact.find_iter(text).map(|it| it.range()).collect();
                let found: Vec<_> = pattern.find(text).collect();
                let meant: Vec<_> = exact.into_iter().filter(|it| !it.is_empty()).collect();
                assert_eq!(found, meant, "{source} in {text}");
            }
        }
    }

    #[test]
    fn nothing_is_overlooked_among_others() {
        let texts = ["+34 600", "12", "", "кот", "котик", "a\nb", "12+3", "x", "4", "b"];
        let batch: Batch = texts.iter().map(|text| message(*text)).collect();
        for source in [
            r"\d+",
            r"\+\d",
            "^b$",
            r"\bкот\b",
            "(?s).+",
            "[^x]+",
            r"a|b|12\+3",
            "x?",
            r"(?m)^b$",
            r"2.*4",
            r"\z",
        ] {
            let pattern = Pattern::new(source, true).expect("a pattern");
            let mut may_match = vec![false; texts.len()];
            pattern.look_through(&batch.messages(), &mut may_match);
            for (text, may_match) in texts.iter().zip(may_match) {
                let is_there = pattern.exact.find_iter(text).any(|found| !found.is_empty());
                assert!(may_match || !is_there, "{source} in {text}");
            }
        }
    }

    #[test]
    fn most_messages_are_passed_over() {
        let batch: Batch = ["one", "+34 600", "three"].into_iter().map(message).collect();
        for source in [r"\+\d+", r"\b\d+\b", r"^\+"] {
            let mut may_match = vec![false; 3];
            Pattern::new(source, true).expect("a pattern").look_through(&batch.messages(), &mut may_match);
            assert_eq!(may_match, [false, true, false], "{source}");
        }
    }
}
