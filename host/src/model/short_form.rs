//! Values that are a text or, where there is more to say, a table.

use std::{fmt, marker::PhantomData, str::FromStr};

use schemars::Schema;
use serde::{Deserialize, de};

/// Reads the short form, a text, or the long one. Unlike an untagged enum it says what is wrong.
pub(super) struct ShortOrTable<S, F, T> {
    expected: &'static str,
    short: F,
    types: PhantomData<fn() -> (S, T)>,
}

impl<S, F, T> ShortOrTable<S, F, T> {
    pub(super) fn new(expected: &'static str, short: F) -> Self {
        Self { expected, short, types: PhantomData }
    }
}

impl<'de, S, F, T, G> de::Visitor<'de> for ShortOrTable<S, F, T>
where
    S: FromStr<Err: fmt::Display>,
    F: FnOnce(S) -> G,
    T: Deserialize<'de> + Into<G>,
{
    type Value = G;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<G, E> {
        text.parse().map(self.short).map_err(E::custom)
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<G, A::Error> {
        T::deserialize(de::value::MapAccessDeserializer::new(map)).map(Into::into)
    }
}

pub(super) fn either(short: Schema, table: Schema) -> Schema {
    schemars::json_schema!({ "anyOf": [short, table] })
}
