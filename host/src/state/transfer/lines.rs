//! The lines of an export: a header, entries, an end.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::state::known::hex;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) tapedeck_state: u32,
    pub(super) schema: u32,
    pub(super) version: String,
    pub(super) exported_at: Timestamp,
    pub(super) note: String,
}

/// Text and JSON as they are; anything else in hexadecimal.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) tree: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key_hex: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub(super) value: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) value_hex: Option<String>,
}

/// `null` is a value too.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    pub(super) entries: u64,
    pub(super) unreadable: u64,
}

impl Entry {
    pub(super) fn of(tree: &str, key: &[u8], value: &[u8]) -> Self {
        let text = std::str::from_utf8(key).ok().map(str::to_owned);
        let json = serde_json::from_slice::<Value>(value).ok();
        // Only what comes back as the same bytes.
        let json = json.filter(|json| json.to_string().as_bytes() == value);
        Self {
            tree: tree.to_owned(),
            key_hex: text.is_none().then(|| hex(key)),
            key: text,
            value_hex: json.is_none().then(|| hex(value)),
            value: json,
        }
    }

    pub(super) fn key_bytes(&self) -> Option<Vec<u8>> {
        bytes_of(self.key.clone().map(String::into_bytes), self.key_hex.as_deref())
    }

    pub(super) fn value_bytes(&self) -> Option<Vec<u8>> {
        bytes_of(self.value.as_ref().map(|value| value.to_string().into_bytes()), self.value_hex.as_deref())
    }
}

fn bytes_of(plain: Option<Vec<u8>>, hex: Option<&str>) -> Option<Vec<u8>> {
    match (plain, hex) {
        (Some(plain), None) => Some(plain),
        (None, Some(hex)) => from_hex(hex),
        _ => None,
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| {
            u8::from_str_radix(std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?, 16).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_survive_a_line() {
        for (key, value) in
            [(&b"a"[..], &b"1"[..]), (&[0xff, 0], b"{\"b\": 1}"), (b"\n", b"null"), (b"", b"")]
        {
            let text = serde_json::to_string(&Entry::of("meta", key, value)).unwrap();
            let entry: Entry = serde_json::from_str(&text).unwrap();
            assert_eq!(
                (entry.key_bytes().unwrap(), entry.value_bytes().unwrap()),
                (key.to_vec(), value.to_vec()),
                "{text}"
            );
        }
    }
}
