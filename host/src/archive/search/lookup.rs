//! What the index and the vocabulary are asked.

use super::trigram::trigrams;

/// One of these must be there. One that is empty is never fulfilled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clause(pub(crate) Vec<Token>);

/// A token of the index, or the beginning of tokens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Token {
    Exact(String),
    Beginning(String),
}

/// Part of a word, which stands for all words of the vocabulary that hold it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Fragment {
    pub(crate) text: String,
    pub(crate) anchor: Anchor,
}

/// Where in the word it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Anchor {
    Anywhere,
    Start,
    End,
}

impl Fragment {
    pub(crate) fn is_in(&self, word: &str) -> bool {
        match self.anchor {
            Anchor::Anywhere => word.contains(&self.text),
            Anchor::Start => word.starts_with(&self.text),
            Anchor::End => word.ends_with(&self.text),
        }
    }

    /// Words that hold it have all of these. Fragments with fewer than three letters have none, and are
    /// beginnings of words.
    pub(crate) fn trigrams(&self) -> Vec<i64> {
        trigrams(&self.text)
    }

    /// Whether words that hold it begin with it.
    pub(crate) fn is_beginning(&self) -> bool {
        self.anchor == Anchor::Start || self.trigrams().is_empty()
    }

    /// Words that begin with it come before this, in the order of their bytes.
    pub(crate) fn end_of_beginning(&self) -> String {
        format!("{}{}", self.text, char::MAX)
    }
}
