//! Reads it as it comes: one message at a time is in memory.

use std::{collections::HashMap, fmt, path::Path};

use serde::de::{self, DeserializeSeed, Deserializer as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::message;
use crate::{
    import::{
        error::ImportError,
        fields::Fields,
        folder::Folder,
        source::{Asked, Told},
        stream::{Hear, Telling, number},
    },
    model::{ChatKind, PeerId},
};

pub(super) fn read(file: &Path, folder: &Folder, asked: &Asked, hear: Hear<'_>) -> Result<(), ImportError> {
    let (telling, mut deserializer) = Telling::open(file, folder, asked, hear)?;
    let mut state = State { telling, chats: HashMap::new(), current: None };
    let outcome = deserializer.deserialize_any(Level { state: &mut state, is_top: true });
    state.telling.conclude(outcome.and_then(|()| deserializer.end()))
}

struct State<'a> {
    telling: Telling<'a>,
    chats: HashMap<PeerId, ChatKind>,
    /// Whose messages follow.
    current: Option<PeerId>,
}

impl State<'_> {
    fn chat<E: de::Error>(&mut self, value: Value) -> Result<(), E> {
        // An export of nothing names no chat.
        let Some(told) = Fields::of(value).and_then(message::chat) else { return Ok(()) };
        self.current = Some(told.chat.id);
        if !self.telling.asked.wants(told.chat.id)
            || self.chats.insert(told.chat.id, told.chat.kind).is_some()
        {
            return Ok(());
        }
        let id = told.chat.id;
        self.telling.hear(Told::Chat(Box::new(told.chat)))?;
        for topic in told.topics {
            self.telling.hear(Told::Topic { chat: id, topic: Box::new(topic) })?;
        }
        Ok(())
    }

    fn message<E: de::Error>(&mut self, fields: Map<String, Value>) -> Result<(), E> {
        self.telling.budget.renew();
        let mut fields = Fields::of(Value::Object(fields)).unwrap_or_default();
        let number = number(fields.get("id"));
        let named = fields.number("chat_id").map(PeerId);
        let Some(chat) = named.or(self.current).or(self.telling.asked.chat) else {
            let path = self.telling.file.to_owned();
            return Err(self.telling.fail(ImportError::Needed {
                path,
                what: "which chat it is",
                option: "--chat",
            }));
        };
        if !self.telling.asked.wants(chat) {
            return Ok(());
        }
        let kind = self.chats.get(&chat).copied();
        match message::message(fields, chat, kind, self.telling.folder) {
            Ok(told) => {
                if let Some(user) = told.user {
                    self.telling.hear(Told::User(Box::new(user)))?;
                }
                self.telling.hear(Told::Message(Box::new(told.message)))
            }
            Err(reason) => self.telling.unreadable(&format!("message {number} of chat {chat}"), reason),
        }
    }

    fn version<E: de::Error>(&mut self, value: Value) -> Result<(), E> {
        let Some((chat, id, version)) = Fields::of(value).and_then(message::version) else { return Ok(()) };
        let wanted = |chat: &PeerId| self.telling.asked.wants(*chat);
        let Some(chat) = chat.or(self.current).filter(wanted) else { return Ok(()) };
        self.telling.hear(Told::Version { chat, id, version: Box::new(version) })
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
        self.state.telling.budget.renew();
        while list.next_element_seed(Level { state: &mut *self.state, is_top: false })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { state, is_top } = self;
        let mut fields = Map::new();
        let (mut has_messages, mut is_known) = (is_top, !is_top);
        state.telling.budget.renew();
        while let Some(key) = map.next_key::<String>()? {
            is_known |= matches!(key.as_str(), "chat" | "chats" | "messages" | "message_versions");
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
                _ if has_messages => state.telling.ignore(&mut map)?,
                _ => drop(fields.insert(key, map.next_value()?)),
            }
        }
        match (is_known, has_messages) {
            (false, _) => Err(de::Error::custom("this is no export: it has neither `chat` nor `messages`")),
            (_, true) => Ok(()),
            (_, false) => state.message(fields),
        }
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
        self.state.telling.budget.renew();
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
        self.state.telling.budget.renew();
        while let Some(value) = list.next_element::<Value>()? {
            self.state.version(value)?;
            self.state.telling.budget.renew();
        }
        Ok(())
    }
}
