//! What search looks at and what people type, as words that both engines can keep. No SQL in here.
//!
//! - [`Tokens`] of a message: folded words, the pairs of letters of scripts that write without spaces,
//!   emoji, hashtags, and filters that no text can look like.
//! - [`Search`] is what somebody typed: which tokens must be there, which parts of words have to be looked up
//!   in the vocabulary first, and whether a message that was found really says it.
//!
//! The index may find too much and never too little: whoever asks it checks each message with
//! [`Search::is_in`], which knows order and places.

mod fold;
mod lookup;
mod parse;
mod said;
mod tokens;
mod trigram;
mod words;

pub(crate) use fold::fold;
pub(crate) use lookup::{Anchor, Clause, Fragment, Token};
pub(crate) use parse::Search;
pub(crate) use tokens::{Filter, Tokens, has_link};
pub(crate) use trigram::trigrams;

/// Of the rules by which texts become tokens. An index of another version has to be made anew.
pub(crate) const VERSION: u32 = 1;

/// What tokens may hold besides letters and digits. Words hold none of these.
#[cfg(test)]
pub(crate) const TOKEN_SIGNS: &str = "#$:_-";

/// A part of a word stands for so many words at most. One that is in more is so common that going through
/// the messages, the newest first, finds it sooner.
pub(crate) const MOST_WORDS: usize = 400;

/// Messages that are looked at for one page, or a few more. Who wants to know what else there is asks for the next page.
pub(crate) const MOST_LOOKS: usize = 1_000;

#[cfg(test)]
mod tests;
