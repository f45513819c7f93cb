//! A chat filter that keeps or drops messages by what they are.

mod kind;
mod settings;

#[cfg(test)]
mod tests;

pub use settings::Settings;

use kind::Kinds;
use serde::Deserialize;
use settings::Those;
use tapedeck_plugin::{ChatFilter, Error, Message, Messages, Verdicts, marks};

pub struct Types {
    settings: Settings,
    only: Kinds,
    drop: Kinds,
}

tapedeck_plugin::export!(Types: ChatFilter, settings: "settings.schema.json");

impl ChatFilter for Types {
    type Settings = Settings;

    const COLUMNS: &'static [&'static str] = &["action"];

    fn new(settings: Settings) -> Result<Self, Error> {
        let (only, drop) = (Kinds::of(&settings.only), Kinds::of(&settings.drop));
        if let Some(both) = settings.only.iter().find(|kind| drop.contains(**kind)) {
            return Err(Error::settings(format!(
                "{both:?} stands in both `only` and `drop`: remove it from one"
            )));
        }
        Ok(Self { settings, only, drop })
    }

    fn judge(&mut self, messages: &Messages<'_>, verdicts: &mut Verdicts) -> Result<(), Error> {
        for message in messages.iter() {
            if let Some(reason) = self.against(&message) {
                verdicts.drop(&message).because(reason);
            }
        }
        Ok(())
    }
}

impl Types {
    /// Why the message is not to be stored, if it is not.
    fn against(&self, message: &Message<'_>) -> Option<&'static str> {
        let Settings { chats, except_chats, forwarded, via_bots, .. } = &self.settings;
        let chat = message.chat_id();
        if except_chats.contains(&chat) || !(chats.is_empty() || chats.contains(&chat)) {
            return None;
        }
        let kinds = Kinds::of_message(message);
        if kinds.meet(self.drop) {
            return Some("its kind is dropped");
        }
        if !self.only.is_empty() && !kinds.meet(self.only) {
            return Some("its kind is not kept");
        }
        if !forwarded.includes(message.is(marks::FORWARDED)) {
            return Some(if *forwarded == Those::Only { "not forwarded" } else { "forwarded" });
        }
        if !via_bots.includes(message.via_bot_id().is_some()) {
            return Some(if *via_bots == Those::Only {
                "not sent through a bot"
            } else {
                "sent through a bot"
            });
        }
        self.against_file(message).or_else(|| self.against_action(message))
    }

    fn against_file(&self, message: &Message<'_>) -> Option<&'static str> {
        let Settings { min_file_bytes, max_file_bytes, max_seconds, .. } = self.settings;
        let size = message.media_size();
        if size > max_file_bytes.unwrap_or(u64::MAX) {
            return Some("its file is too large");
        }
        if size > 0 && size < min_file_bytes {
            return Some("its file is too small");
        }
        let seconds = message.media_duration().map_or(0, |duration| duration.as_secs());
        (seconds > max_seconds.unwrap_or(u64::MAX)).then_some("it plays too long")
    }

    fn against_action(&self, message: &Message<'_>) -> Option<&'static str> {
        /// The one fact of an action that is read here.
        #[derive(Deserialize)]
        struct Action {
            name: String,
        }

        let Settings { only_actions, drop_actions, .. } = &self.settings;
        if !message.is(marks::SERVICE) || (only_actions.is_empty() && drop_actions.is_empty()) {
            return None;
        }
        let action = message.extra("action").and_then(|action| serde_json::from_str::<Action>(action).ok());
        let name = action.map(|action| action.name).unwrap_or_default();
        let is_dropped =
            drop_actions.contains(&name) || !(only_actions.is_empty() || only_actions.contains(&name));
        is_dropped.then_some("its action is dropped")
    }
}
