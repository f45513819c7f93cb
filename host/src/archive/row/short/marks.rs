//! Marks on a text.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

use crate::model::{Entity, EntityKind, PeerId};

/// `[offset, length, kind]`, or as `model` spells it.
pub(super) struct Mark<'a>(Cow<'a, Entity>);

/// Kinds that carry nothing.
const PLAIN: [(EntityKind, &str); 16] = [
    (EntityKind::Unknown, "unknown"),
    (EntityKind::Mention, "mention"),
    (EntityKind::Hashtag, "hashtag"),
    (EntityKind::BotCommand, "bot-command"),
    (EntityKind::Url, "url"),
    (EntityKind::Email, "email"),
    (EntityKind::Bold, "bold"),
    (EntityKind::Italic, "italic"),
    (EntityKind::Code, "code"),
    (EntityKind::Phone, "phone"),
    (EntityKind::Cashtag, "cashtag"),
    (EntityKind::Underline, "underline"),
    (EntityKind::Strike, "strike"),
    (EntityKind::BankCard, "bank-card"),
    (EntityKind::Spoiler, "spoiler"),
    (EntityKind::TonAddress, "ton-address"),
];

const PRE: &str = "pre";
const TEXT_URL: &str = "text-url";
const MENTION_NAME: &str = "mention-name";
const CUSTOM_EMOJI: &str = "custom-emoji";
const BLOCKQUOTE: &str = "blockquote";

impl<'a> Mark<'a> {
    pub(super) fn of(entity: &'a Entity) -> Self {
        Self(Cow::Borrowed(entity))
    }
}

impl Mark<'_> {
    pub(super) fn into_entity(self) -> Entity {
        self.0.into_owned()
    }
}

impl Serialize for Mark<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Entity { offset, length, kind } = &*self.0;
        if let Some((_, name)) = PLAIN.iter().find(|(plain, _)| plain == kind) {
            return (offset, length, name).serialize(serializer);
        }
        match kind {
            EntityKind::Pre { language } => (offset, length, PRE, language).serialize(serializer),
            EntityKind::TextUrl { url } => (offset, length, TEXT_URL, url).serialize(serializer),
            EntityKind::MentionName { user } => (offset, length, MENTION_NAME, user).serialize(serializer),
            EntityKind::CustomEmoji { document } => {
                (offset, length, CUSTOM_EMOJI, document).serialize(serializer)
            }
            EntityKind::Blockquote { is_collapsed } => {
                (offset, length, BLOCKQUOTE, is_collapsed).serialize(serializer)
            }
            _ => self.0.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Mark<'_> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Read).map(|entity| Self(Cow::Owned(entity)))
    }
}

struct Read;

impl<'de> Visitor<'de> for Read {
    type Value = Entity;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mark")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Entity, A::Error> {
        let offset = next(&mut list)?;
        let length = next(&mut list)?;
        let name: String = next(&mut list)?;
        let kind = match name.as_str() {
            PRE => EntityKind::Pre { language: next(&mut list)? },
            TEXT_URL => EntityKind::TextUrl { url: next(&mut list)? },
            MENTION_NAME => EntityKind::MentionName { user: PeerId(next(&mut list)?) },
            CUSTOM_EMOJI => EntityKind::CustomEmoji { document: next(&mut list)? },
            BLOCKQUOTE => EntityKind::Blockquote { is_collapsed: next(&mut list)? },
            name => {
                let plain = PLAIN.iter().find(|(_, known)| *known == name);
                plain.ok_or_else(|| A::Error::custom(format!("no mark is called `{name}`")))?.0.clone()
            }
        };
        Ok(Entity { offset, length, kind })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Entity, A::Error> {
        Entity::deserialize(MapAccessDeserializer::new(map))
    }
}

pub(super) fn next<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(list: &mut A) -> Result<T, A::Error> {
    list.next_element()?.ok_or_else(|| A::Error::custom("the list is too short"))
}
