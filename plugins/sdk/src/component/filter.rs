//! A chat filter's exports.

use std::marker::PhantomData;

use super::{Plugin, configure, unconfigured};
use crate::{
    ChatFilter, Error, Messages, Verdicts,
    bindings::{
        chat_filter::exports::tapedeck::plugin::chat_filter, host::tapedeck::plugin::messages::Batch,
    },
    chats::Chat,
};

#[derive(Debug)]
pub struct Filter<P>(PhantomData<P>);

impl<P: Plugin<Kept = P> + ChatFilter> chat_filter::Guest for Filter<P> {
    fn configure(settings: String) -> Result<(), String> {
        configure::<P, P::Settings>(&settings, P::new)
    }

    fn select_chat(chat: Chat) -> Result<bool, Error> {
        P::with(|filter| filter.as_ref().map(|filter| filter.select(&chat)).ok_or_else(unconfigured))
    }

    fn judge(batch: Batch) -> Result<Vec<chat_filter::Decision>, Error> {
        let messages = Messages::new(&batch)?;
        let mut verdicts = Verdicts::default();
        P::with(|filter| filter.as_mut().ok_or_else(unconfigured)?.judge(&messages, &mut verdicts))?;
        Ok(verdicts.into_decisions())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use chat_filter::Guest;
    use serde::Deserialize;

    use super::*;
    use crate::testing::message;

    #[derive(Deserialize, schemars::JsonSchema)]
    struct Settings {
        word: String,
    }

    struct Words(Settings);

    impl ChatFilter for Words {
        type Settings = Settings;

        fn new(settings: Settings) -> Result<Self, Error> {
            if settings.word.is_empty() { Err(Error::settings("word is empty")) } else { Ok(Self(settings)) }
        }

        fn select(&self, chat: &Chat) -> bool {
            chat.kind != "private"
        }

        fn judge(&mut self, messages: &Messages<'_>, verdicts: &mut Verdicts) -> Result<(), Error> {
            for message in messages.iter().filter(|message| message.text().contains(&self.0.word)) {
                verdicts.drop(&message);
            }
            Ok(())
        }
    }

    thread_local! {
        static KEPT: RefCell<Option<Words>> = const { RefCell::new(None) };
    }

    impl Plugin for Words {
        type Kept = Self;

        fn with<R>(use_it: impl FnOnce(&mut Option<Self>) -> R) -> R {
            KEPT.with_borrow_mut(use_it)
        }
    }

    fn batch() -> Batch {
        let batch: crate::testing::Batch = [message("one"), message("two")].into_iter().collect();
        batch.columns().clone()
    }

    #[test]
    fn calls_reach_the_filter_that_was_configured() {
        assert!(matches!(Filter::<Words>::judge(batch()), Err(Error::Permanent(_))), "not configured yet");
        assert_eq!(Filter::<Words>::configure(r#"{"word":"two"}"#.to_owned()), Ok(()));
        let decisions = Filter::<Words>::judge(batch()).expect("it judges");
        assert_eq!(decisions.iter().map(|it| it.index).collect::<Vec<_>>(), [1]);
        let chat = |kind: &str| Chat { kind: kind.to_owned(), ..Chat::default() };
        assert_eq!(Filter::<Words>::select_chat(chat("private")), Ok(false));
        assert_eq!(Filter::<Words>::select_chat(chat("channel")), Ok(true));
    }

    #[test]
    fn wrong_settings_are_told() {
        let told = |settings: &str| Filter::<Words>::configure(settings.to_owned()).expect_err("an error");
        assert_eq!(told(r#"{"word":""}"#), "word is empty");
        assert!(told("{}").contains("missing field `word`"));
        assert!(told("").contains("missing field `word`"));
    }
}
