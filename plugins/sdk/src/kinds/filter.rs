//! Chat filters, and what they say of messages.

use std::{iter::once, ops::Range};

use crate::{
    Error, Message, Messages, Settings, Wants,
    bindings::chat_filter::exports::tapedeck::plugin::chat_filter::{Cut, Decision},
    chats::Chat,
};

/// Judges messages before they are stored.
///
/// The host calls it from several threads, each with an instance of its own that it may replace at
/// any time: an answer must not depend on what was judged before.
pub trait ChatFilter: Sized + 'static {
    /// What the operator may set; [`NoSettings`](crate::NoSettings) for nothing.
    type Settings: Settings;

    /// What the filter asks the operator for.
    const WANTS: Wants = Wants::NOTHING;

    /// Facts that it reads with [`Message::extra`]: `mime`, `sender-name`, `json` and so on.
    const COLUMNS: &'static [&'static str] = &[];

    /// Begins, with settings that fit their schema: the place to compile patterns.
    fn new(settings: Self::Settings) -> Result<Self, Error>;

    /// Whether the messages of this chat are judged. Those of other chats are kept.
    fn select(&self, _chat: &Chat) -> bool {
        true
    }

    /// Judges some hundred messages. What `verdicts` is not told about is kept.
    fn judge(&mut self, messages: &Messages<'_>, verdicts: &mut Verdicts) -> Result<(), Error>;
}

/// What stands in place of a redacted stretch.
const BLACK: &str = "███";

const DROP: u8 = 1;
const CUT: u8 = 2;

/// What becomes of messages: they are kept, unless something else is said here.
#[derive(Debug, Default)]
pub struct Verdicts {
    /// In the order of the batch, one for each message.
    decisions: Vec<Decision>,
}

impl Verdicts {
    /// Drops the message: it is not stored.
    pub fn drop(&mut self, message: &Message<'_>) -> Reason<'_> {
        let decision = self.of(message);
        decision.verdict = DROP;
        decision.cuts.clear();
        Reason(decision)
    }

    /// Blacks out a stretch of the text, given in bytes as `str::find` and patterns say them; one that ends inside
    /// a character takes the whole of it. Further ones add up.
    pub fn redact(&mut self, message: &Message<'_>, stretch: Range<usize>) -> Reason<'_> {
        self.redact_all(message, once(stretch))
    }

    /// Blacks out several stretches, which may overlap and come in any order.
    pub fn redact_all(
        &mut self,
        message: &Message<'_>,
        stretches: impl IntoIterator<Item = Range<usize>>,
    ) -> Reason<'_> {
        self.replace(message, stretches.into_iter().map(|stretch| (stretch, BLACK)))
    }

    /// Puts other words in place of stretches of the text. Of stretches that overlap, the words of
    /// the first stand for all.
    pub fn replace<'a>(
        &mut self,
        message: &Message<'_>,
        stretches: impl IntoIterator<Item = (Range<usize>, &'a str)>,
    ) -> Reason<'_> {
        let decision = self.of(message);
        if decision.verdict != DROP {
            let cuts = stretches.into_iter().map(|(stretch, words)| cut(message.text(), &stretch, words));
            decision.cuts.extend(cuts.filter(|cut| cut.start < cut.end));
            join(&mut decision.cuts);
            decision.verdict = if decision.cuts.is_empty() { 0 } else { CUT };
        }
        Reason(decision)
    }

    /// The decision about this message, which keeps it if there was none yet.
    fn of(&mut self, message: &Message<'_>) -> &mut Decision {
        let index = message.index() as u32;
        let place = match self.decisions.last() {
            Some(last) if last.index >= index => self.decisions.binary_search_by_key(&index, |it| it.index),
            _ => Err(self.decisions.len()),
        };
        let place = place.unwrap_or_else(|place| {
            let decision = Decision { index, verdict: 0, cuts: Vec::new(), reason: String::new() };
            self.decisions.insert(place, decision);
            place
        });
        &mut self.decisions[place]
    }

    /// What the host is told.
    pub(crate) fn into_decisions(mut self) -> Vec<Decision> {
        self.decisions.retain(|decision| decision.verdict != 0);
        self.decisions
    }
}

/// The place to say why, for people who try a filter out.
#[derive(Debug)]
pub struct Reason<'a>(&'a mut Decision);

impl Reason<'_> {
    /// A few words, and none of the message's own: reasons are logged.
    pub fn because(self, reason: impl Into<String>) {
        self.0.reason = reason.into();
    }
}

/// A stretch made to lie inside the text, on borders of characters.
fn cut(text: &str, stretch: &Range<usize>, words: &str) -> Cut {
    let start = text.floor_char_boundary(stretch.start.min(text.len()));
    let end = text.ceil_char_boundary(stretch.end.min(text.len()));
    Cut { start: start as u32, end: end as u32, replacement: words.to_owned() }
}

/// Puts cuts in order and makes one of those that overlap.
fn join(cuts: &mut Vec<Cut>) {
    if cuts.is_sorted_by(|one, two| one.end <= two.start) {
        return;
    }
    cuts.sort_by_key(|cut| cut.start);
    cuts.dedup_by(|next, kept| {
        let overlaps = next.start < kept.end;
        if overlaps {
            kept.end = kept.end.max(next.end);
        }
        overlaps
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Batch, message};

    fn decisions(judge: impl FnOnce(&[Message<'_>], &mut Verdicts)) -> Vec<Decision> {
        let batch: Batch = [message("привет, мир"), message("two"), message("three")].into_iter().collect();
        let messages = batch.messages();
        let all: Vec<_> = messages.iter().collect();
        let mut verdicts = Verdicts::default();
        judge(&all, &mut verdicts);
        verdicts.into_decisions()
    }

    fn cuts(of: &Decision) -> Vec<(u32, u32, &str)> {
        of.cuts.iter().map(|cut| (cut.start, cut.end, cut.replacement.as_str())).collect()
    }

    #[test]
    fn decisions_come_in_order_once_each() {
        let decisions = decisions(|all, verdicts| {
            verdicts.drop(&all[2]).because("three");
            verdicts.redact(&all[0], 0..2);
            verdicts.redact_all(&all[1], []);
            verdicts.drop(&all[2]);
        });
        let told: Vec<_> = decisions.iter().map(|it| (it.index, it.verdict, it.reason.as_str())).collect();
        assert_eq!(told, [(0, CUT, ""), (2, DROP, "three")]);
    }

    #[test]
    fn dropping_beats_redacting() {
        let decisions = decisions(|all, verdicts| {
            verdicts.redact(&all[1], 0..1);
            verdicts.drop(&all[1]);
            verdicts.redact(&all[1], 1..2);
        });
        assert_eq!((decisions[0].verdict, decisions[0].cuts.len()), (DROP, 0));
    }

    #[test]
    fn stretches_join_on_whole_characters() {
        let decisions = decisions(|all, verdicts| {
            verdicts.replace(&all[0], [(14..99, "world"), (1..3, "a"), (2..5, "b")]);
        });
        assert_eq!(cuts(&decisions[0]), [(0, 6, "a"), (14, 20, "world")]);
    }
}
