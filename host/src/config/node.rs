//! The configuration as a tree in which every value knows where it was written.

use std::{collections::BTreeMap, sync::Arc};

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::Source;

/// What stands in for a secret wherever a person could see it.
pub(crate) const MASK: &str = "•••";

/// Where in the file, both from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: u32,
    pub(super) column: u32,
}

/// Which layer a value belongs to; later variants win over earlier ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    Environment(Arc<str>),
    File(Arc<str>),
    Override(Arc<str>),
}

impl Layer {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Environment(name) | Self::File(name) | Self::Override(name) => name,
        }
    }

    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Environment(_) => 0,
            Self::File(_) => 1,
            Self::Override(_) => 2,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) layer: Layer,
    pub(super) at: Option<Place>,
    pub(super) key_at: Option<Place>,
}

#[derive(Clone, Debug)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Datetime(String),
    List(Vec<Node>),
    Table(Table),
    /// A resolved secret: what was text or a reference before.
    Secret(SecretString),
}

pub(super) type Table = BTreeMap<String, Node>;

impl Value {
    /// In the words of TOML, with an article.
    pub(super) fn describe(&self) -> &'static str {
        match self {
            Self::Text(_) | Self::Secret(_) => "a text",
            Self::Integer(_) => "an integer",
            Self::Float(_) => "a number with a fraction",
            Self::Boolean(_) => "a boolean",
            Self::Datetime(_) => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

impl Node {
    pub(super) fn new(value: Value, layer: Layer) -> Self {
        Self { value, layer, at: None, key_at: None }
    }

    pub(super) fn as_table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.as_table()?.get(key)
    }

    /// Writes `upper` over this node: tables key by key, everything else whole.
    pub(super) fn lay_over(&mut self, upper: Node) {
        match (&mut self.value, upper.value) {
            (Value::Table(lower), Value::Table(table)) => {
                for (key, node) in table {
                    match lower.get_mut(&key) {
                        Some(below) => below.lay_over(node),
                        None => drop(lower.insert(key, node)),
                    }
                }
                (self.layer, self.at, self.key_at) = (upper.layer, upper.at, upper.key_at);
            }
            (_, value) => *self = Node { value, ..upper },
        }
    }

    pub(super) fn source(&self) -> Source {
        match &self.layer {
            Layer::Environment(name) => Source::Environment(name.clone()),
            Layer::Override(name) => Source::Override(name.clone()),
            Layer::File(file) => {
                let line = self.key_at.or(self.at).map_or(0, |place| place.line);
                Source::File { file: file.clone(), line }
            }
        }
    }

    /// With secrets: only for those who use the values.
    pub(super) fn reveal(&self) -> serde_json::Value {
        self.to_json(&|secret| secret.expose_secret().into(), &|text| text.into())
    }

    /// Without secrets: for people.
    pub(super) fn redact(&self) -> serde_json::Value {
        self.to_json(&|_| MASK.into(), &|text| redact_address(text).into())
    }

    fn to_json(
        &self,
        secret: &dyn Fn(&SecretString) -> serde_json::Value,
        text: &dyn Fn(&str) -> serde_json::Value,
    ) -> serde_json::Value {
        match &self.value {
            Value::Text(value) => text(value),
            Value::Secret(value) => secret(value),
            Value::Integer(number) => json!(number),
            Value::Float(number) => json!(number),
            Value::Boolean(is_set) => json!(is_set),
            Value::Datetime(date) => json!(date),
            Value::List(items) => items.iter().map(|item| item.to_json(secret, text)).collect(),
            Value::Table(table) => {
                table.iter().map(|(key, node)| (key.clone(), node.to_json(secret, text))).collect()
            }
        }
    }
}

/// Addresses can carry a password: `https://user:password@host/`.
fn redact_address(text: &str) -> String {
    if !text.contains("://") {
        return text.to_owned();
    }
    match url::Url::parse(text) {
        Ok(mut address) if address.password().is_some() => match address.set_password(Some("***")) {
            Ok(()) => address.into(),
            Err(()) => MASK.to_owned(),
        },
        _ => text.to_owned(),
    }
}

/// `parent.key`, quoted as TOML wants it when the key is not a plain word.
pub(super) fn join(parent: &str, key: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let key: String = match !key.is_empty() && key.chars().all(is_plain) && key.len() <= 100 {
        true => key.to_owned(),
        false => format!("\"{}\"", key.escape_debug().take(100).collect::<String>()),
    };
    if parent.is_empty() { key } else { format!("{parent}.{key}") }
}
