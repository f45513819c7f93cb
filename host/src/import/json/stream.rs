//! Reads it as it comes: one message at a time is in memory.

use std::{collections::HashMap, fmt, path::Path};

use serde::de::{self, DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::message;
use crate::{
    import::{
        error::ImportError,
        fields::Fields,
        folder::Folder,
        limited::{self, Budget},
        source::{Asked, Told, Unreadable},
    },
    model::{ChatKind, PeerId},
};

type Hear<'a> = &'a mut dyn FnMut(Told) -> Result<(), ImportError>;

pub(super) fn read(file: &Path, folder: &Folder, asked: &Asked, hear: Hear<'_>) -> Result<(), ImportError> {
    let (reader, budget) = limited::open(file, &asked.meter)?;
    let mut state =
        State { file, folder, asked, hear, budget, chats: HashMap::new(), current: None, failure: None };
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    let outcome = deserializer.deserialize_any(Level { state: &mut state, is_top: true });
    let outcome = outcome.and_then(|()| deserializer.end());
    match (outcome, state.failure) {
        (_, Some(failure)) => Err(failure),
        (Ok(()), None) => Ok(()),
        (Err(error), None) => {
            let place = format!("line {}, column {}", error.line(), error.column());
            let text = error.to_string();
            let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason);
            Err(ImportError::damaged(file, place, reason))
        }
    }
}

struct State<'a> {
    file: &'a Path,
    folder: &'a Folder,
    asked: &'a Asked,
    hear: Hear<'a>,
    budget: Budget,
    chats: HashMap<PeerId, ChatKind>,
    /// Whose messages follow.
    current: Option<PeerId>,
    failure: Option<ImportError>,
}

impl State<'_> {
    fn hear<E: de::Error>(&mut self, told: Told) -> Result<(), E> {
        match (self.hear)(told) {
            Ok(()) => Ok(()),
            Err(failure) => Err(self.fail(failure)),
        }
    }

    fn fail<E: de::Error>(&mut self, failure: ImportError) -> E {
        self.failure = Some(failure);
        E::custom("stopped")
    }

    fn chat<E: de::Error>(&mut self, value: Value) -> Result<(), E> {
        // An export of nothing names no chat.
        let Some(told) = Fields::of(value).and_then(message::chat) else { return Ok(()) };
        self.current = Some(told.chat.id);
        if !self.asked.wants(told.chat.id) || self.chats.insert(told.chat.id, told.chat.kind).is_some() {
            return Ok(());
        }
        let id = told.chat.id;
        self.hear(Told::Chat(Box::new(told.chat)))?;
        for topic in told.topics {
            self.hear(Told::Topic { chat: id, topic: Box::new(topic) })?;
        }
        Ok(())
    }

    fn message<E: de::Error>(&mut self, fields: Map<String, Value>) -> Result<(), E> {
        self.budget.renew();
        let mut fields = Fields::of(Value::Object(fields)).unwrap_or_default();
        let number = fields.get("id").map(ToString::to_string).unwrap_or_default();
        let named = fields.number("chat_id").map(PeerId);
        let Some(chat) = named.or(self.current).or(self.asked.chat) else {
            let path = self.file.to_owned();
            return Err(self.fail(ImportError::Needed { path, what: "which chat it is", option: "--chat" }));
        };
        if !self.asked.wants(chat) {
            return Ok(());
        }
        let kind = self.chats.get(&chat).copied();
        match message::message(fields, chat, kind, self.folder) {
            Ok(told) => {
                if let Some(user) = told.user {
                    self.hear(Told::User(Box::new(user)))?;
                }
                self.hear(Told::Message(Box::new(told.message)))
            }
            Err(reason) => {
                let number: String = number.chars().take(20).collect();
                let place = format!("{}: message {number} of chat {chat}", self.file.display());
                self.hear(Told::Unreadable(Unreadable { place, reason: reason.into() }))
            }
        }
    }

    fn version<E: de::Error>(&mut self, value: Value) -> Result<(), E> {
        let Some((chat, id, version)) = Fields::of(value).and_then(message::version) else { return Ok(()) };
        let Some(chat) = chat.or(self.current).filter(|chat| self.asked.wants(*chat)) else { return Ok(()) };
        self.hear(Told::Version { chat, id, version: Box::new(version) })
    }
}

/// The whole, or one of its entries: a chat with messages, or a message.
struct Level<'s, 'a> {
    state: &'s mut State<'a>,
    is_top: bool,
}

impl<'de> DeserializeSeed<'de> for Level<'_, '_> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Level<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_top {
            "a list of messages, or an object with them"
        } else {
            "a message, or a chat with messages"
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.state.budget.renew();
        while list.next_element_seed(Level { state: &mut *self.state, is_top: false })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { state, is_top } = self;
        let mut fields = Map::new();
        let mut has_messages = is_top;
        state.budget.renew();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "chat" => {
                    has_messages = true;
                    let chat = map.next_value()?;
                    state.chat(chat)?;
                }
                "chats" if is_top => {
                    for chat in map.next_value::<Vec<Value>>()? {
                        state.chat(chat)?;
                    }
                    state.current = None;
                }
                "messages" => {
                    has_messages = true;
                    map.next_value_seed(Messages { state: &mut *state })?;
                }
                "message_versions" => {
                    has_messages = true;
                    map.next_value_seed(Versions { state: &mut *state })?;
                }
                _ if has_messages => {
                    state.budget.lift();
                    map.next_value::<IgnoredAny>()?;
                    state.budget.renew();
                }
                _ => drop(fields.insert(key, map.next_value()?)),
            }
        }
        if has_messages { Ok(()) } else { state.message(fields) }
    }
}

struct Messages<'s, 'a> {
    state: &'s mut State<'a>,
}

impl<'de> DeserializeSeed<'de> for Messages<'_, '_> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Messages<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.state.budget.renew();
        while let Some(fields) = list.next_element::<Map<String, Value>>()? {
            self.state.message(fields)?;
        }
        Ok(())
    }
}

struct Versions<'s, 'a> {
    state: &'s mut State<'a>,
}

impl<'de> DeserializeSeed<'de> for Versions<'_, '_> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Versions<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of earlier texts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.state.budget.renew();
        while let Some(value) = list.next_element::<Value>()? {
            self.state.version(value)?;
            self.state.budget.renew();
        }
        Ok(())
    }
}
