//! Reactions to a message.

use std::{borrow::Cow, fmt};

use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

use super::marks::next;
use crate::model::{PeerId, PeerReaction, Reaction, ReactionCount, Reactions, Reactor};

/// A list of counts, or an object when more than that is known.
pub(super) struct ShortReactions<'a>(Cow<'a, Reactions>);

impl<'a> ShortReactions<'a> {
    pub(super) fn of(reactions: &'a Reactions) -> Self {
        Self(Cow::Borrowed(reactions))
    }

    pub(super) fn into_cow(self) -> Cow<'a, Reactions> {
        self.0
    }
}

#[derive(Serialize, Deserialize)]
struct More {
    counts: Vec<Count>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recent: Option<Vec<Recent>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    top: Option<Vec<Reactor>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_partial: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    has_list: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    are_tags: bool,
}

impl Serialize for ShortReactions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Reactions { counts, recent, top, is_partial, has_list, are_tags } = &*self.0;
        let (is_partial, has_list, are_tags) = (*is_partial, *has_list, *are_tags);
        let counts: Vec<Count> = counts.iter().cloned().map(Count).collect();
        if recent.is_none() && top.is_none() && !is_partial && !has_list && !are_tags {
            return counts.serialize(serializer);
        }
        let recent = recent.as_ref().map(|recent| recent.iter().cloned().map(Recent).collect());
        More { counts, recent, top: top.clone(), is_partial, has_list, are_tags }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ShortReactions<'_> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadAll).map(|reactions| Self(Cow::Owned(reactions)))
    }
}

struct ReadAll;

impl<'de> Visitor<'de> for ReadAll {
    type Value = Reactions;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("reactions")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Reactions, A::Error> {
        let mut counts = Vec::new();
        while let Some(Count(count)) = list.next_element()? {
            counts.push(count);
        }
        Ok(Reactions { counts, ..Reactions::default() })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Reactions, A::Error> {
        let More { counts, recent, top, is_partial, has_list, are_tags } =
            More::deserialize(MapAccessDeserializer::new(map))?;
        let counts = counts.into_iter().map(|Count(count)| count).collect();
        let recent = recent.map(|recent| recent.into_iter().map(|Recent(it)| it).collect());
        Ok(Reactions { counts, recent, top, is_partial, has_list, are_tags })
    }
}

/// `[reaction, count]`, and the order of ours.
struct Count(ReactionCount);

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ReactionCount { reaction, count, chosen } = &self.0;
        match chosen {
            None => (Given(reaction.clone()), count).serialize(serializer),
            Some(chosen) => (Given(reaction.clone()), count, chosen).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ReadCount).map(Self)
    }
}

struct ReadCount;

impl<'de> Visitor<'de> for ReadCount {
    type Value = ReactionCount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a reaction and its count")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<ReactionCount, A::Error> {
        let Given(reaction) = next(&mut list)?;
        Ok(ReactionCount { reaction, count: next(&mut list)?, chosen: list.next_element()? })
    }
}

/// An emoji, the number of a custom one, null when it was paid, false when there is none.
struct Given(Reaction);

impl Serialize for Given {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Reaction::Emoji(emoji) => serializer.serialize_str(emoji),
            Reaction::Custom(document) => serializer.serialize_i64(*document),
            Reaction::Paid => serializer.serialize_unit(),
            Reaction::Empty => serializer.serialize_bool(false),
        }
    }
}

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadGiven).map(Self)
    }
}

struct ReadGiven;

impl Visitor<'_> for ReadGiven {
    type Value = Reaction;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a reaction")
    }

    fn visit_str<E: Error>(self, emoji: &str) -> Result<Reaction, E> {
        Ok(Reaction::Emoji(emoji.to_owned()))
    }

    fn visit_i64<E: Error>(self, document: i64) -> Result<Reaction, E> {
        Ok(Reaction::Custom(document))
    }

    fn visit_u64<E: Error>(self, document: u64) -> Result<Reaction, E> {
        i64::try_from(document).map(Reaction::Custom).map_err(E::custom)
    }

    fn visit_unit<E: Error>(self) -> Result<Reaction, E> {
        Ok(Reaction::Paid)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Reaction, E> {
        Ok(Reaction::Empty)
    }
}

/// `[who, reaction, when]`, when in Unix seconds, and what else is to be said: 1 it is a big one, 2 nobody has seen it,
/// 4 it is ours.
struct Recent(PeerReaction);

impl Serialize for Recent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let PeerReaction { peer, reaction, date, is_big, is_unread, is_ours } = &self.0;
        if date.subsec_nanosecond() != 0 {
            return self.0.serialize(serializer);
        }
        let flags = u8::from(*is_big) | u8::from(*is_unread) << 1 | u8::from(*is_ours) << 2;
        let given = Given(reaction.clone());
        match flags {
            0 => (peer, given, date.as_second()).serialize(serializer),
            flags => (peer, given, date.as_second(), flags).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Recent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadRecent).map(Self)
    }
}

struct ReadRecent;

impl<'de> Visitor<'de> for ReadRecent {
    type Value = PeerReaction;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("somebody's reaction")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<PeerReaction, A::Error> {
        let peer = PeerId(next(&mut list)?);
        let Given(reaction) = next(&mut list)?;
        let date = Timestamp::from_second(next(&mut list)?).map_err(A::Error::custom)?;
        let flags: u8 = list.next_element()?.unwrap_or(0);
        let has = |flag: u8| flags & flag != 0;
        Ok(PeerReaction { peer, reaction, date, is_big: has(1), is_unread: has(2), is_ours: has(4) })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<PeerReaction, A::Error> {
        PeerReaction::deserialize(MapAccessDeserializer::new(map))
    }
}
