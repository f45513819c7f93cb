//! What somebody typed.

use super::{
    fold::fold,
    lookup::{Anchor, Clause, Fragment, Token},
    said::Said,
    tokens::{LONGEST, STEP, first_letters, pairs},
    words::{Piece, pieces, tags},
};
use crate::model::Message;

/// What is typed beyond these is not looked at.
const MOST_LETTERS: usize = 512;
const MOST_NEEDLES: usize = 24;

/// Parts of words are looked for anywhere in a word from this length on; shorter ones only begin words.
const SHORTEST_PART: usize = 3;

/// Everything that must be in a message. There is nothing that cannot be typed: what is no word is no condition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Search {
    needles: Vec<Needle>,
    /// Something was typed, and it holds nothing that can be looked for.
    is_vain: bool,
}

/// What must stand in a text as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Needle {
    /// In the form of [`Said`]; a space at an end stands for the end of a word.
    text: String,
    is_tag: bool,
    lookups: Vec<Lookup>,
}

/// How the index finds messages that may hold a needle: by all of these.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Lookup {
    Token(Token),
    Fragment(Fragment),
}

impl Search {
    /// `words and par "words in this order" #tag example.com`
    pub(crate) fn parse(typed: &str) -> Self {
        let mut needles = Vec::new();
        for chunk in chunks(first_letters(typed, MOST_LETTERS)) {
            needles.extend(match chunk {
                Chunk::Quoted(text) => phrase(text),
                Chunk::Open(text) => tag(text).or_else(|| fragments(text)),
            });
        }
        needles.truncate(MOST_NEEDLES);
        let is_vain = needles.is_empty() && !typed.trim().is_empty();
        Self { needles, is_vain }
    }

    /// Nothing was typed: every message will do.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.needles.is_empty() && !self.is_vain
    }

    /// What has to be looked up in the vocabulary before [`Self::clauses`], each once.
    pub(crate) fn fragments(&self) -> Vec<&Fragment> {
        let mut found: Vec<&Fragment> = self
            .lookups()
            .filter_map(|lookup| match lookup {
                Lookup::Fragment(fragment) => Some(fragment),
                Lookup::Token(_) => None,
            })
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// All of which must be fulfilled. `expand` gives the words of the vocabulary that hold a fragment, or `None`
    /// where these are too many: then the index does not help with it, and [`Self::is_in`] decides.
    pub(crate) fn clauses(&self, mut expand: impl FnMut(&Fragment) -> Option<Vec<String>>) -> Vec<Clause> {
        if self.is_vain {
            return vec![Clause(Vec::new())];
        }
        let mut clauses: Vec<Clause> = Vec::new();
        for lookup in self.lookups() {
            let any = match lookup {
                Lookup::Token(token) => Some(vec![token.clone()]),
                Lookup::Fragment(fragment) => {
                    expand(fragment).map(|words| words.into_iter().map(Token::Exact).collect())
                }
            };
            let clause = any.map(Clause).filter(|clause| !clauses.contains(clause));
            clauses.extend(clause);
        }
        clauses
    }

    /// Whether the message says all of it.
    pub(crate) fn is_in(&self, message: &Message) -> bool {
        if self.needles.is_empty() {
            return !self.is_vain;
        }
        self.is_said(&Said::of(message))
    }

    pub(super) fn is_said(&self, said: &Said) -> bool {
        let is_there = |needle: &Needle| {
            let place = if needle.is_tag { &said.tags } else { &said.words };
            place.contains(&needle.text)
        };
        !self.is_vain && self.needles.iter().all(is_there)
    }

    fn lookups(&self) -> impl Iterator<Item = &Lookup> {
        self.needles.iter().flat_map(|needle| &needle.lookups)
    }
}

enum Chunk<'a> {
    Quoted(&'a str),
    Open(&'a str),
}

/// What stands between spaces and quotation marks; a mark that is never closed reaches to the end.
fn chunks(typed: &str) -> Vec<Chunk<'_>> {
    let is_mark = |c: char| matches!(c, '"' | '\u{201c}'..='\u{201f}' | '«' | '»' | '「' | '」' | '\u{ff02}');
    let mut is_quoted = false;
    let mut found = Vec::new();
    for part in typed.split(is_mark) {
        match is_quoted {
            true => found.push(Chunk::Quoted(part)),
            false => found.extend(part.split_whitespace().map(Chunk::Open)),
        }
        is_quoted = !is_quoted;
    }
    found
}

/// The chunk is one hashtag.
fn tag(text: &str) -> Option<Needle> {
    let folded = fold(text);
    let tag = tags(&folded).next().filter(|tag| tag.len() == folded.len())?;
    let lookup = Lookup::Token(Token::Exact(first_letters(tag, LONGEST).to_owned()));
    Some(Needle { text: format!(" {tag} "), is_tag: true, lookups: vec![lookup] })
}

/// Whole words in this order.
fn phrase(text: &str) -> Option<Needle> {
    let folded = fold(text);
    let pieces: Vec<Piece<'_>> = pieces(&folded).collect();
    let lookups = pieces.iter().flat_map(|piece| exact(*piece)).collect();
    let start = if matches!(pieces.first()?, Piece::Run(_)) { "" } else { " " };
    let end = if matches!(pieces.last()?, Piece::Run(_)) { "" } else { " " };
    Some(Needle { text: format!("{start}{}{end}", joined(&pieces)), is_tag: false, lookups })
}

/// Something typed without spaces, such as `word`, `par`, `example.com`: the first and the last word of it may
/// be parts of words.
fn fragments(text: &str) -> Option<Needle> {
    let folded = fold(text);
    let pieces: Vec<Piece<'_>> = pieces(&folded).collect();
    let last = pieces.len().checked_sub(1)?;
    let mut lookups = Vec::new();
    // One half of a flag is not the flag.
    let mut start = if matches!(pieces[0], Piece::Sign(_)) { " " } else { "" };
    let end = if matches!(pieces[last], Piece::Sign(_)) { " " } else { "" };
    for (place, piece) in pieces.iter().enumerate() {
        let Piece::Word(word) = *piece else {
            lookups.extend(exact(*piece));
            continue;
        };
        let is_short = word.chars().nth(SHORTEST_PART - 1).is_none();
        if place == 0 && is_short {
            start = " ";
        }
        let anchor = match (place == 0, place == last) {
            (true, true) if !is_short => Some(Anchor::Anywhere),
            (true, false) if !is_short => Some(Anchor::End),
            (_, true) => Some(Anchor::Start),
            _ => None,
        };
        match anchor {
            Some(anchor) => lookups.push(Lookup::Fragment(fragment(word, anchor))),
            None => lookups.extend(exact(*piece)),
        }
    }
    Some(Needle { text: format!("{start}{}{end}", joined(&pieces)), is_tag: false, lookups })
}

fn joined(pieces: &[Piece<'_>]) -> String {
    let texts: Vec<&str> = pieces.iter().map(|piece| piece.as_str()).collect();
    texts.join(" ")
}

/// Of a long one, the beginning: it is in one of the parts that the word is kept in.
fn fragment(word: &str, anchor: Anchor) -> Fragment {
    let text = first_letters(word, STEP);
    let anchor = if anchor == Anchor::End && text.len() < word.len() { Anchor::Anywhere } else { anchor };
    Fragment { text: text.to_owned(), anchor }
}

/// The tokens of a whole piece.
fn exact(piece: Piece<'_>) -> Vec<Lookup> {
    let token = |text: &str| Lookup::Token(Token::Exact(text.to_owned()));
    match piece {
        Piece::Word(word) => vec![token(first_letters(word, LONGEST))],
        Piece::Sign(sign) => vec![token(sign)],
        // A single letter begins some pair, or is the last of its run.
        Piece::Run(run) if run.chars().nth(1).is_none() => {
            vec![Lookup::Token(Token::Beginning(run.to_owned()))]
        }
        Piece::Run(run) => pairs(run).filter(|pair| pair.chars().nth(1).is_some()).map(token).collect(),
    }
}
