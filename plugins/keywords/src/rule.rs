//! One rule, ready to be tried.

use std::ops::Range;

use tapedeck_plugin::{Error, Message, Messages};

use crate::{
    pattern::Pattern,
    settings::{self, Action},
    words::Hit,
};

pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) action: Action,
    pub(crate) replacement: String,
    patterns: Vec<Pattern>,
    chats: Vec<i64>,
    except_chats: Vec<i64>,
}

impl Rule {
    pub(crate) fn new(rule: settings::Rule, number: usize) -> Result<Self, Error> {
        let place = format!("rules[{}]", number - 1);
        if rule.words.is_empty() && rule.patterns.is_empty() {
            return Err(Error::settings(format!("{place} matches nothing: give it words or patterns")));
        }
        let patterns = rule.patterns.iter().map(|pattern| {
            Pattern::new(pattern, !rule.match_case).map_err(|error| {
                Error::settings(format!("{place}.patterns: {pattern:?} is no pattern: {error}"))
            })
        });
        Ok(Self {
            patterns: patterns.collect::<Result<_, _>>()?,
            name: if rule.name.is_empty() { format!("rule {number}") } else { rule.name },
            action: rule.action,
            replacement: rule.replacement,
            chats: rule.chats,
            except_chats: rule.except_chats,
        })
    }

    /// Marks messages in which one of the patterns may be.
    pub(crate) fn look_through(&self, messages: &Messages<'_>, may_match: &mut [bool]) {
        self.patterns.iter().for_each(|pattern| pattern.look_through(messages, may_match));
    }

    /// What of this rule is in the message: words, and patterns if any of them may be. Unless it redacts, the first
    /// find is enough.
    pub(crate) fn find<'a>(
        &self,
        message: &Message<'_>,
        words: impl Iterator<Item = &'a Hit>,
        may_match: bool,
    ) -> Vec<Range<usize>> {
        if !self.is_for(message.chat_id()) {
            return Vec::new();
        }
        let enough = if self.action == Action::Redact { usize::MAX } else { 1 };
        let words = words.map(|hit| hit.stretch.clone());
        let patterns = if may_match { self.patterns.as_slice() } else { &[] };
        let matches = patterns.iter().flat_map(|pattern| pattern.find(message.text()));
        words.chain(matches).take(enough).collect()
    }

    fn is_for(&self, chat: i64) -> bool {
        (self.chats.is_empty() || self.chats.contains(&chat)) && !self.except_chats.contains(&chat)
    }
}
