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
