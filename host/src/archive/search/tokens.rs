//! What the index keeps of a message.

use super::{
    fold::fold,
    said::each_text,
    words::{Piece, pieces, tags},
};
use crate::model::{EntityKind, MediaKind, Message, PeerId};

/// Longer words are kept as parts of this length; each begins [`STEP`] letters after the one before.
pub(super) const LONGEST: usize = 48;
pub(super) const STEP: usize = LONGEST / 2;

/// What Telegram lets a message say gives fewer. Further ones are not found.
const MOST_TOKENS: usize = 8192;

/// Each once, sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    /// Belong into the vocabulary, where a part of a word is looked up.
    pub(crate) words: Vec<String>,
    /// Pairs of letters, emoji, tags.
    pub(crate) signs: Vec<String>,
    pub(crate) filters: Vec<String>,
}

/// A condition on messages that is part of the index, as a token that is no word and no tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    /// By the store's own key.
    Account(i64),
    /// By the store's own key.
    Chat(i64),
    Sender(PeerId),
    Media(MediaKind),
    Link,
}

impl Filter {
    /// Whether some filter's token begins so.
    pub(crate) fn is_begun_by(text: &str) -> bool {
        ["account:", "chat:", "sender:", "media:", "has:"].iter().any(|name| name.starts_with(text))
    }

    pub(crate) fn token(self) -> String {
        match self {
            Self::Account(key) => format!("account:{key}"),
            Self::Chat(key) => format!("chat:{key}"),
            Self::Sender(sender) => format!("sender:{sender}"),
            Self::Media(kind) => format!("media:{}", kind.as_str()),
            Self::Link => "has:link".to_owned(),
        }
    }
}

impl Tokens {
    /// Of a message in a place that the store has given numbers to.
    pub(crate) fn of(message: &Message, account: i64, chat: i64) -> Self {
        let mut tokens = Self::default();
        each_text(message, &mut |text| tokens.add(text));
        let mut filters = vec![Filter::Account(account), Filter::Chat(chat)];
        filters.extend(message.sender.map(Filter::Sender));
        filters.extend(message.media.as_ref().map(|media| Filter::Media(media.kind)));
        filters.extend(has_link(message).then_some(Filter::Link));
        tokens.filters = filters.into_iter().map(Filter::token).collect();
        for list in [&mut tokens.words, &mut tokens.signs, &mut tokens.filters] {
            list.sort_unstable();
            list.dedup();
        }
        tokens
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.words.iter().chain(&self.signs).chain(&self.filters).map(String::as_str)
    }

    fn add(&mut self, text: &str) {
        let folded = fold(text);
        for piece in pieces(&folded) {
            if self.words.len() + self.signs.len() >= MOST_TOKENS {
                return;
            }
            match piece {
                Piece::Word(word) => self.words.extend(parts(word).map(str::to_owned)),
                Piece::Run(run) => self.signs.extend(pairs(run).map(str::to_owned)),
                Piece::Sign(sign) => self.signs.push(sign.to_owned()),
            }
        }
        if folded.contains(['#', '$']) {
            self.signs.extend(tags(&folded).map(|tag| first_letters(tag, LONGEST).to_owned()));
        }
    }
}

/// Somebody put a link into the text, or Telegram shows the preview of one.
pub(crate) fn has_link(message: &Message) -> bool {
    message.entities.iter().any(|entity| matches!(entity.kind, EntityKind::Url | EntityKind::TextUrl { .. }))
        || message.media.as_ref().is_some_and(|media| media.kind == MediaKind::WebPage)
}

pub(super) fn first_letters(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}

/// The word; of a long one, parts such that any [`STEP`] letters in a row are in one of them.
pub(super) fn parts(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(word);
    std::iter::from_fn(move || {
        let here = rest?;
        let part = first_letters(here, LONGEST);
        let next = here.char_indices().nth(STEP).map(|(at, _)| &here[at..]);
        rest = next.filter(|_| part.len() < here.len());
        Some(part)
    })
}

/// Every letter with the one behind it; the last one alone. So each letter begins one of them.
pub(super) fn pairs(run: &str) -> impl Iterator<Item = &str> {
    run.char_indices().map(|(at, _)| first_letters(&run[at..], 2))
}
