//! Our own words as they stand in columns.

use serde::{Serialize, de::DeserializeOwned};

use super::{
    error::damaged,
    text::{json_from_column, json_to_column},
};
use crate::archive::{StoreError, row};

/// The one word of an enum: `web-page`.
pub(super) fn word<T: Serialize>(value: &T) -> String {
    row::json(value).trim_matches('"').to_owned()
}

/// For a column of the type json.
pub(super) fn json<T: Serialize>(value: &T) -> String {
    json_to_column(row::json(value))
}

pub(super) fn from_word<T: DeserializeOwned>(what: &str, word: &str) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).map_err(|error| damaged(what, error))
}

pub(super) fn from_json<T: DeserializeOwned>(what: &str, column: String) -> Result<T, StoreError> {
    serde_json::from_str(&json_from_column(column)).map_err(|error| damaged(what, error))
}
