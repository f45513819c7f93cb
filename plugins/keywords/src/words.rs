//! All words of all rules, found in one walk over the texts of all messages.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};
use tapedeck_plugin::{Error, Fold, Messages};

use crate::settings::Rule;

/// A word that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    pub(crate) message: usize,
    /// The rule's place in the settings.
    pub(crate) rule: usize,
    /// Where it stands in the message's text.
    pub(crate) stretch: Range<usize>,
}

pub(crate) struct Words {
    fold: Fold,
    folded: Option<Search>,
    exact: Option<Search>,
    /// Kept from call to call for its memory.
    folded_text: Vec<u8>,
}

/// An automaton, and what each of its patterns belongs to.
struct Search {
    automaton: AhoCorasick,
    words: Vec<Word>,
}

struct Word {
    rule: usize,
    is_whole: bool,
}

impl Words {
    pub(crate) fn new(rules: &[Rule]) -> Result<Self, Error> {
        let fold = Fold::new();
        let folded = Search::new(rules, |rule| !rule.match_case, |word| fold.folded(word).into_bytes())?;
        let exact = Search::new(rules, |rule| rule.match_case, |word| word.as_bytes().to_vec())?;
        Ok(Self { fold, folded, exact, folded_text: Vec::new() })
    }

    /// Writes what was found in place of what was in `hits`, in the order of the messages.
    pub(crate) fn find(&mut self, messages: &Messages<'_>, hits: &mut Vec<Hit>) {
        hits.clear();
        let text = messages.whole_text();
        if let Some(search) = &self.folded {
            self.fold.text(text, &mut self.folded_text);
            search.find(messages, &self.folded_text, hits);
        }
        if let Some(search) = &self.exact {
            search.find(messages, text.as_bytes(), hits);
        }
        hits.sort_by_key(|hit| (hit.message, hit.stretch.start));
    }
}

impl Search {
    /// None if there is nothing to search for.
    fn new(
        rules: &[Rule],
        is_meant: impl Fn(&Rule) -> bool,
        form: impl Fn(&str) -> Vec<u8>,
    ) -> Result<Option<Self>, Error> {
        let mut words = Vec::new();
        let mut patterns = Vec::new();
        for (rule, settings) in rules.iter().enumerate().filter(|(_, settings)| is_meant(settings)) {
            for word in &settings.words {
                if word.trim().is_empty() {
                    return Err(Error::settings(format!("rules[{rule}].words has an empty word: remove it")));
                }
                words.push(Word { rule, is_whole: settings.whole_words });
                patterns.push(form(word.trim()));
            }
        }
        if words.is_empty() {
            return Ok(None);
        }
        // Leaping from one place where a word may begin to the next pays off for one word only: several begin so
        // often that it takes longer than to look at each byte.
        let automaton = AhoCorasickBuilder::new().prefilter(patterns.len() == 1).build(&patterns);
        let automaton =
            automaton.map_err(|error| Error::settings(format!("rules have too many words: {error}")))?;
        Ok(Some(Self { automaton, words }))
    }

    fn find(&self, messages: &Messages<'_>, searched: &[u8], hits: &mut Vec<Hit>) {
        for found in self.automaton.find_overlapping_iter(searched) {
            let Some(message) = messages.at(found.start()) else { continue };
            let place = message.text_range();
            let word = &self.words[found.pattern().as_usize()];
            if found.end() > place.end {
                continue; // it begins in one message and ends in the next
            }
            let stretch = found.start() - place.start..found.end() - place.start;
            if !word.is_whole || stands_alone(message.text(), &stretch) {
                hits.push(Hit { message: message.index(), rule: word.rule, stretch });
            }
        }
    }
}

fn stands_alone(text: &str, stretch: &Range<usize>) -> bool {
    let (before, word, after) = (&text[..stretch.start], &text[stretch.clone()], &text[stretch.end..]);
    is_border(before.chars().next_back(), word.chars().next())
        && is_border(word.chars().next_back(), after.chars().next())
}

/// Whether a word may end between these two.
fn is_border(one: Option<char>, two: Option<char>) -> bool {
    let (Some(one), Some(two)) = (one, two) else { return true };
    !(is_part_of_word(one) && is_part_of_word(two)) || has_no_spaces(one) || has_no_spaces(two)
}

fn is_part_of_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Scripts that put no spaces between words.
fn has_no_spaces(character: char) -> bool {
    matches!(u32::from(character),
        0x0e00..=0x0eff // Thai, Lao
        | 0x1000..=0x109f // Burmese
        | 0x1780..=0x17ff // Khmer
        | 0x3040..=0x30ff | 0x31f0..=0x31ff | 0xff66..=0xff9f // Japanese
        | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x2_0000..=0x3_ffff) // Chinese
}
