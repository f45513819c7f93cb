//! A chat filter that keeps, drops or blacks out messages by words and patterns.

mod fold;
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
    /// Kept from call to call for its memory.
    hits: Vec<Hit>,
}

tapedeck_plugin::export!(Keywords: ChatFilter, settings: "settings.schema.json");

impl ChatFilter for Keywords {
    type Settings = Settings;

    fn new(settings: Settings) -> Result<Self, Error> {
        let words = Words::new(&settings.rules)?;
        let rules = settings.rules.into_iter().zip(1..).map(|(rule, number)| Rule::new(rule, number));
        let rules = rules.collect::<Result<Vec<_>, _>>()?;
        Ok(Self { rules, words, otherwise: settings.otherwise, hits: Vec::new() })
    }

    fn judge(&mut self, messages: &Messages<'_>, verdicts: &mut Verdicts) -> Result<(), Error> {
        let mut hits = std::mem::take(&mut self.hits);
        self.words.find(messages, &mut hits);
        if self.looks_at_every_message() {
            let mut rest = hits.as_slice();
            for (index, message) in messages.iter().enumerate() {
                let own = rest.iter().take_while(|hit| hit.message == index).count();
                self.judge_one(&message, &rest[..own], verdicts);
                rest = &rest[own..];
            }
        } else {
            for own in hits.chunk_by(|one, two| one.message == two.message) {
                let message = messages.get(own[0].message).expect("words are found in messages");
                self.judge_one(&message, own, verdicts);
            }
        }
        self.hits = hits;
        Ok(())
    }
}

impl Keywords {
    /// Whether messages without any of the words matter too.
    fn looks_at_every_message(&self) -> bool {
        self.otherwise == Otherwise::Drop || self.rules.iter().any(Rule::has_patterns)
    }

    /// Rules in their order: those that black out add up, the first that keeps or drops decides.
    fn judge_one(&self, message: &Message<'_>, hits: &[Hit], verdicts: &mut Verdicts) {
        let mut is_matched = false;
        for (index, rule) in self.rules.iter().enumerate() {
            let found = rule.find(message, hits.iter().filter(|hit| hit.rule == index));
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
