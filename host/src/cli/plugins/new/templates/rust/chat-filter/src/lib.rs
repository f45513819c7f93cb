//! Drops or blacks out messages by their words.

use schemars::JsonSchema;
use serde::Deserialize;
use tapedeck_plugin::{ChatFilter, Error, Fold, Messages, Verdicts};

/// What the operator may write under `[plugins.{{name}}.settings]`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// Messages with one of these words are dropped, whether in capitals or not.
    words: Vec<String>,
    /// Keep such messages, with the words blacked out.
    redact: bool,
}

struct Plugin {
    /// In small letters, as what they are looked for in.
    words: Vec<String>,
    redact: bool,
    fold: Fold,
}

impl ChatFilter for Plugin {
    type Settings = Settings;

    fn new(settings: Settings) -> Result<Self, Error> {
        if settings.words.iter().any(String::is_empty) {
            return Err(Error::settings("`words`: an empty word is in every text"));
        }
        let fold = Fold::new();
        let words = settings.words.iter().map(|word| fold.folded(word));
        Ok(Self {
            words: words.collect(),
            redact: settings.redact,
            fold,
        })
    }

    fn judge(&mut self, messages: &Messages<'_>, verdicts: &mut Verdicts) -> Result<(), Error> {
        for message in messages.iter() {
            let text = self.fold.folded(message.text());
            let mut found = self.words.clone();
            found.retain(|word| text.contains(word));
            if found.is_empty() {
                continue;
            }
            let reason = match self.redact {
                true => verdicts.redact_all(&message, places(&text, &found)),
                false => verdicts.drop(&message),
            };
            reason.because(format!("contains {}", found.join(", ")));
        }
        Ok(())
    }
}

tapedeck_plugin::export!(Plugin: ChatFilter, settings: "settings.schema.json");

/// Where the words stand in the text, in bytes. Folding moved nothing: they stand there in the message too.
fn places(text: &str, words: &[String]) -> Vec<std::ops::Range<usize>> {
    let places = |word| {
        text.match_indices(word)
            .map(|(start, found)| start..start + found.len())
    };
    words.iter().map(String::as_str).flat_map(places).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tapedeck_plugin::testing::{Filtering, Judged, message};

    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn finds_no_word_that_is_not_there() {
        assert!(places("good morning", &words(&["spam"])).is_empty());
    }

    #[test]
    fn finds_every_place_in_every_script() {
        let places = places("цена: spam, spam", &words(&["spam", "цена"]));
        assert_eq!(places, [10..14, 16..20, 0..8]);
    }

    #[test]
    fn drops_messages_with_a_word() {
        let mut filter = Filtering::<Plugin>::new(json!({ "words": ["Spam"] })).unwrap();
        let judged = filter.judge([message("Buy SPAM!"), message("good morning")]);
        assert_eq!(judged, [Judged::Dropped, Judged::Kept]);
    }

    #[test]
    fn blacks_out_where_that_is_asked_for() {
        let settings = json!({ "words": ["spam", "цена"], "redact": true });
        let mut filter = Filtering::<Plugin>::new(settings).unwrap();
        let judged = filter.judge([message("ЦЕНА: spam, Spam!")]);
        assert_eq!(judged, [Judged::Redacted("███: ███, ███!".into())]);
    }

    #[test]
    fn refuses_an_empty_word() {
        assert!(Filtering::<Plugin>::new(json!({ "words": [""] })).is_err());
    }
}
