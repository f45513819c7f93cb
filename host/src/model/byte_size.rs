//! A number of bytes as people write it: `512KiB`, `1MiB`, `100MB`.

use std::{borrow::Cow, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A number of bytes, written as `4096B`, `512KiB`, `1MiB`, `2GiB`, or with the units of a thousand, `kB`, `MB`, `GB`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, utoipa::ToSchema)]
#[schema(value_type = String, examples("512KiB", "1MiB"))]
pub struct ByteSize(pub u64);

#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a size: write a whole number and a unit, such as `512KiB`, `1MiB` or `100MB`")]
pub struct InvalidByteSize(String);

/// More is a typing mistake.
const LARGEST: u64 = 1 << 50;

/// The larger ones first, those of 1024 before those of 1000: how sizes are printed.
const UNITS: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("B", 1),
];

impl ByteSize {
    pub const fn from_kib(kib: u64) -> Self {
        Self(kib << 10)
    }

    pub const fn from_mib(mib: u64) -> Self {
        Self(mib << 20)
    }
}

impl FromStr for ByteSize {
    type Err = InvalidByteSize;

    fn from_str(text: &str) -> Result<Self, InvalidByteSize> {
        let invalid = || InvalidByteSize(text.chars().take(80).collect());
        let text = text.trim();
        let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(invalid)?;
        let count: u64 = text[..digits].parse().map_err(|_| invalid())?;
        let unit = text[digits..].trim_start();
        let (_, size) = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)).ok_or_else(invalid)?;
        match count.checked_mul(*size) {
            Some(bytes) if bytes <= LARGEST => Ok(Self(bytes)),
            _ => Err(invalid()),
        }
    }
}

/// Exact: what is printed reads as the same size.
impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |size: u64| self.0 >= size && self.0.is_multiple_of(size);
        let (unit, size) = UNITS.iter().find(|(_, size)| fits(*size)).unwrap_or(&("B", 1));
        write!(f, "{}{unit}", self.0 / size)
    }
}

/// For people, rounded: `2.2 MB`.
pub fn shown_bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let (mut size, mut unit) = (bytes as f64, 0);
    // What would be rounded to a thousand is one of the next unit.
    while size >= 999.95 && unit + 1 < UNITS.len() {
        size /= 1000.0;
        unit += 1;
    }
    let rounded = format!("{size:.1}");
    format!("{} {}", rounded.trim_end_matches(".0"), UNITS[unit])
}

impl Serialize for ByteSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Text, or a plain number of bytes: programs write those.
impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = ByteSize;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a size such as \"1MiB\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ByteSize, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_u64<E: de::Error>(self, bytes: u64) -> Result<ByteSize, E> {
                let invalid = || E::custom(InvalidByteSize(bytes.to_string()));
                Some(ByteSize(bytes)).filter(|size| size.0 <= LARGEST).ok_or_else(invalid)
            }

            fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<ByteSize, E> {
                let positive =
                    u64::try_from(bytes).map_err(|_| E::custom(InvalidByteSize(bytes.to_string())));
                self.visit_u64(positive?)
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

impl schemars::JsonSchema for ByteSize {
    fn schema_name() -> Cow<'static, str> {
        "ByteSize".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "byte-size", "examples": ["512KiB", "1MiB", "100MB"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, bytes) in [
            ("0B", 0),
            ("17 B", 17),
            ("512KiB", 524_288),
            ("1mib", 1_048_576),
            ("100MB", 100_000_000),
            ("2 GiB", 2_147_483_648),
        ] {
            assert_eq!(text.parse::<ByteSize>().unwrap(), ByteSize(bytes), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_size() {
        for text in ["", "1", "MiB", "1.5MiB", "-1MiB", "1TiB", "99999999999GiB", "18446744073709551616B"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
        assert!(serde_json::from_str::<ByteSize>("-5").is_err());
    }

    #[test]
    fn prints_what_it_reads() {
        for (bytes, text) in
            [(0, "0B"), (1000, "1kB"), (1024, "1KiB"), (1025, "1025B"), (100 << 20, "100MiB")]
        {
            assert_eq!(ByteSize(bytes).to_string(), text);
            assert_eq!(text.parse::<ByteSize>().unwrap(), ByteSize(bytes));
        }
    }

    #[test]
    fn people_see_rounded_sizes() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1 kB"),
            (2_183_451, "2.2 MB"),
            (999_960, "1 MB"),
            (12_300_000_000, "12.3 GB"),
            (u64::MAX, "18446744.1 TB"),
        ] {
            assert_eq!(shown_bytes(bytes), text);
        }
    }

    #[test]
    fn manifests_count_bytes() {
        assert_eq!(serde_json::from_str::<ByteSize>("1048576").unwrap(), ByteSize::from_mib(1));
        assert_eq!(serde_json::from_str::<ByteSize>("\"64KiB\"").unwrap(), ByteSize::from_kib(64));
    }
}
