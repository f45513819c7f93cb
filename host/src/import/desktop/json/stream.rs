//! Reads `result.json` as it comes: one message at a time is in memory.

use std::{fmt, path::Path};

use serde::de::{self, DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::{
    message::{self, Refusal},
    peer,
};
use crate::{
    import::{
        blank,
        error::ImportError,
        fields::Fields,
        folder::Folder,
        source::{Asked, Told},
        stream::{Hear, Telling, number},
    },
    model::{ChatKind, PeerId, User},
};

pub(super) fn read(file: &Path, folder: &Folder, asked: &Asked, hear: Hear<'_>) -> Result<(), ImportError> {
    let (telling, mut deserializer) = Telling::open(file, folder, asked, hear)?;
    let mut state = State { telling, owner: None };
    let outcome = deserializer.deserialize_map(Level { state: &mut state, place: Place::Top });
    state.telling.conclude(outcome.and_then(|()| deserializer.end()))
}

struct State<'a> {
    telling: Telling<'a>,
    /// Whose account was exported.
    owner: Option<PeerId>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// An account, or a single chat.
    Top,
    Chat {
        is_left: bool,
    },
}

/// An object with chats or messages in it.
struct Level<'s, 'a> {
    state: &'s mut State<'a>,
    place: Place,
}

impl<'de> DeserializeSeed<'de> for Level<'_, '_> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

#[derive(Default)]
struct Header {
    name: Option<String>,
    kind: Option<String>,
    id: Option<i64>,
}

impl<'de> Visitor<'de> for Level<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a chat or an account as Telegram Desktop exports it")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { state, place } = self;
        let mut header = Header::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "name" => header.name = state.telling.value(&mut map)?.as_str().map(str::to_owned),
                "type" => header.kind = state.telling.value(&mut map)?.as_str().map(str::to_owned),
                "id" => header.id = state.telling.value(&mut map)?.as_i64(),
                "messages" => {
                    let messages = Messages { header: &header, place, state: &mut *state };
                    map.next_value_seed(messages)?;
                }
                "personal_information" if place == Place::Top => {
                    let value = state.telling.value(&mut map)?;
                    owner(state, value)?;
                }
                "contacts" if place == Place::Top => {
                    let value = state.telling.value(&mut map)?;
                    contacts(state, value)?;
                }
                "chats" | "left_chats" if place == Place::Top => {
                    let is_left = key == "left_chats";
                    map.next_value_seed(Section { state: &mut *state, is_left })?;
                }
                _ => state.telling.ignore(&mut map)?,
            }
        }
        Ok(())
    }
}

fn owner<E: de::Error>(state: &mut State<'_>, value: Value) -> Result<(), E> {
    let Some(mut fields) = Fields::of(value) else { return Ok(()) };
    let Some(id) = fields.number("user_id").filter(|id| *id > 0) else { return Ok(()) };
    let mut user = named(&mut fields, id);
    user.is_self = true;
    let username = written(&mut fields, "username");
    user.usernames = username.map(|name| name.trim_start_matches('@').to_owned()).into_iter().collect();
    state.owner = Some(user.id);
    state.telling.hear(Told::User(Box::new(user)))
}

fn contacts<E: de::Error>(state: &mut State<'_>, value: Value) -> Result<(), E> {
    let list = Fields::of(value).and_then(|mut fields| fields.list("list")).unwrap_or_default();
    for mut contact in list.into_iter().filter_map(Fields::of) {
        let Some(id) = contact.number("user_id").filter(|id| *id > 0) else { continue };
        let mut user = named(&mut contact, id);
        user.is_contact = true;
        state.telling.hear(Told::User(Box::new(user)))?;
    }
    Ok(())
}

/// What is not known is an empty text there.
fn written(fields: &mut Fields, name: &str) -> Option<String> {
    fields.text(name).filter(|text| !text.is_empty())
}

fn named(fields: &mut Fields, id: i64) -> User {
    let (first, last) = (written(fields, "first_name"), written(fields, "last_name"));
    let phone = written(fields, "phone_number");
    let mut user = blank::user(PeerId::user(id), first, last);
    user.phone = phone.map(|phone| phone.chars().filter(char::is_ascii_digit).collect());
    user
}

/// `{"about": …, "list": […]}`
struct Section<'s, 'a> {
    state: &'s mut State<'a>,
    is_left: bool,
}

impl<'de> DeserializeSeed<'de> for Section<'_, '_> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Section<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a list of chats")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "list" => map.next_value_seed(Chats { state: &mut *self.state, is_left: self.is_left })?,
                _ => self.state.telling.ignore(&mut map)?,
            }
        }
        Ok(())
    }
}

struct Chats<'s, 'a> {
    state: &'s mut State<'a>,
    is_left: bool,
}

impl<'de> DeserializeSeed<'de> for Chats<'_, '_> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Chats<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of chats")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let place = Place::Chat { is_left: self.is_left };
        while list.next_element_seed(Level { state: &mut *self.state, place })?.is_some() {}
        Ok(())
    }
}

struct Messages<'s, 'h, 'a> {
    state: &'s mut State<'a>,
    header: &'h Header,
    place: Place,
}

impl<'de> DeserializeSeed<'de> for Messages<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Messages<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        let Some((id, kind)) = self.begin()? else {
            self.state.telling.budget.lift();
            while list.next_element::<IgnoredAny>()?.is_some() {}
            self.state.telling.budget.renew();
            return Ok(());
        };
        let chat = message::Chat {
            id,
            kind,
            former: self.state.telling.asked.former.get(&id).copied(),
            owner: self
                .state
                .owner
                .or(self.state.telling.asked.owner)
                .or_else(|| self.is_saved().then_some(id)),
            timezone: self.state.telling.asked.timezone.as_ref(),
            folder: self.state.telling.folder,
        };
        self.state.telling.budget.renew();
        while let Some(entry) = list.next_element::<Value>()? {
            entered(self.state, &chat, entry)?;
            self.state.telling.budget.renew();
        }
        Ok(())
    }
}

impl Messages<'_, '_, '_> {
    fn is_saved(&self) -> bool {
        self.header.kind.as_deref() == Some("saved_messages")
    }

    /// Tells of the chat; none when its messages are not wanted.
    fn begin<E: de::Error>(&mut self) -> Result<Option<(PeerId, ChatKind)>, E> {
        let Header { name, kind: Some(written), id: Some(bare) } = self.header else {
            return Err(E::custom("`id` and `type` of a chat have to come before its `messages`"));
        };
        let shown: String = name.as_deref().unwrap_or("without a name").chars().take(60).collect();
        let Some((id, kind)) = peer::chat(written, *bare) else {
            let reason = format!(
                "chats of type `{}` with the id {bare} are not known",
                written.chars().take(40).collect::<String>()
            );
            self.state.telling.unreadable(&format!("chat {shown}"), reason)?;
            return Ok(None);
        };
        if !self.state.telling.asked.wants(id) {
            return Ok(None);
        }
        let title = if self.is_saved() { "Saved Messages" } else { name.as_deref().unwrap_or_default() };
        let mut chat = blank::chat(id, kind, title);
        chat.is_left = self.place == Place::Chat { is_left: true };
        self.state.telling.hear(Told::Chat(Box::new(chat)))?;
        Ok(Some((id, kind)))
    }
}

fn entered<E: de::Error>(state: &mut State<'_>, chat: &message::Chat<'_>, entry: Value) -> Result<(), E> {
    let number = number(entry.get("id"));
    match message::message(entry, chat) {
        Ok((told, speaker)) => {
            if let Some((id, name)) = speaker.filter(|(id, name)| id.0 > 0 && !name.is_empty()) {
                state.telling.hear(Told::User(Box::new(blank::user(id, Some(name), None))))?;
            }
            state.telling.hear(Told::Message(Box::new(told)))
        }
        Err(Refusal::Unreadable(reason)) => {
            state.telling.unreadable(&format!("message {number} of chat {}", chat.id), reason)
        }
        Err(Refusal::NoTimezone) => {
            let path = state.telling.file.to_owned();
            Err(state.telling.fail(ImportError::Needed {
                path,
                what: "in which zone its dates are",
                option: "--timezone",
            }))
        }
    }
}
