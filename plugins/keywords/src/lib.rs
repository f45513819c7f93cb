//! A chat filter that keeps, drops or blacks out messages by words and patterns.

mod pattern;
mod rule;
mod settings;
mod words;

#[cfg(test)]
mod tests;

pub use settings::Settings;

use rule::Rule;
use settings::{Action, Otherwise};
use tapedeck_plugin::{ChatFilter, Error, Message, Messages, Verdicts};
use words::{Hit, Words};

pub struct Keywords {
    rules: Vec<Rule>,
    words: Words,
    otherwise: Otherwise,
    /// Kept from call to call for their memory.
    hits: Vec<Hit>,
    may_match: Vec<bool>,
}

tapedeck_plugin::export!(Keywords: ChatFilter, settings: "settings.schema.json");

impl ChatFilter for Keywords {
    type Settings = Settings;

    fn new(settings: Settings) -> Result<Self, Error> {
        let words = Words::new(&settings.rules)?;
        let rules = settings.rules.into_iter().zip(1..).map(|(rule, number)| Rule::new(rule, number));
        let rules = rules.collect::<Result<Vec<_>, _>>()?;
        Ok(Self { rules, words, otherwise: settings.otherwise, hits: Vec::new(), may_match: Vec::new() })
    }

    fn judge(&mut self, messages: &Messages<'_>, verdicts: &mut Verdicts) -> Result<(), Error> {
        let (mut hits, mut may_match) = (std::mem::take(&mut self.hits), std::mem::take(&mut self.may_match));
        self.words.find(messages, &mut hits);
        may_match.clear();
        may_match.resize(messages.len(), false);
        self.rules.iter().for_each(|rule| rule.look_through(messages, &mut may_match));
        let mut rest = hits.as_slice();
        for (message, &may_match) in messages.iter().zip(&may_match) {
            let own = rest.iter().take_while(|hit| hit.message == message.index()).count();
            if own > 0 || may_match || self.otherwise == Otherwise::Drop {
                self.judge_one(&message, &rest[..own], may_match, verdicts);
                rest = &rest[own..];
            }
        }
        (self.hits, self.may_match) = (hits, may_match);
        Ok(())
    }
}

impl Keywords {
    /// Rules in their order: those that black out add up, the first that keeps or drops decides.
    fn judge_one(&self, message: &Message<'_>, hits: &[Hit], may_match: bool, verdicts: &mut Verdicts) {
        let mut is_matched = false;
        for (index, rule) in self.rules.iter().enumerate() {
            let found = rule.find(message, hits.iter().filter(|hit| hit.rule == index), may_match);
            if found.is_empty() {
                continue;
            }
            is_matched = true;
            match rule.action {
                Action::Keep => return,
                Action::Drop => return verdicts.drop(message).because(&rule.name),
                Action::Redact => {
                    let cuts = found.into_iter().map(|stretch| (stretch, rule.replacement.as_str()));
                    verdicts.replace(message, cuts).because(&rule.name);
                }
            }
        }
        if !is_matched && self.otherwise == Otherwise::Drop {
            verdicts.drop(message).because("no rule");
        }
    }
}
