//! A length of time as people write it: `90s`, `10m`, `1h 30m`, `7d`.

use std::{borrow::Cow, fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A non-negative length of time, written as `250ms`, `90s`, `10m`, `1h 30m`, `7d`, `2w`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, utoipa::ToSchema)]
#[schema(value_type = String, examples("90s", "1h 30m"))]
pub struct Period(pub Duration);

#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a duration: write a number and a unit, such as `90s`, `10m`, `1h 30m` or `7d`")]
pub struct InvalidDuration(String);

/// Longest period that we take: ten years. Longer ones are typing mistakes, and sums stay in range.
const LONGEST: Duration = Duration::from_secs(10 * 366 * 86_400);

const UNITS: [(&str, u64); 6] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000)];

impl Period {
    pub const fn from_secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
    }

    pub const fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    pub fn as_millis_u64(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }
}

impl FromStr for Period {
    type Err = InvalidDuration;

    fn from_str(text: &str) -> Result<Self, InvalidDuration> {
        let invalid = || InvalidDuration(text.chars().take(80).collect());
        let mut rest = text.trim();
        if rest.is_empty() || rest.len() > 64 {
            return Err(invalid());
        }
        let mut total = Duration::ZERO;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(invalid)?;
            let count: u64 = rest[..digits].parse().map_err(|_| invalid())?;
            rest = rest[digits..].trim_start();
            let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            let (_, millis) =
                *UNITS.iter().find(|(unit, _)| *unit == &rest[..letters]).ok_or_else(invalid)?;
            let part = Duration::from_millis(count.checked_mul(millis).ok_or_else(invalid)?);
            total = total.checked_add(part).ok_or_else(invalid)?;
            rest = rest[letters..].trim_start();
        }
        if total > LONGEST { Err(invalid()) } else { Ok(Self(total)) }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut millis = self.as_millis_u64();
        if millis == 0 {
            return f.write_str("0s");
        }
        let mut gap = "";
        for (unit, size) in UNITS.iter().rev().filter(|(unit, _)| *unit != "w") {
            if millis >= *size {
                write!(f, "{gap}{}{unit}", millis / size)?;
                millis %= size;
                gap = " ";
            }
        }
        Ok(())
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Period {
    fn schema_name() -> Cow<'static, str> {
        "Period".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "period", "examples": ["90s", "10m", "1h 30m", "7d"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, millis) in [
            ("250ms", 250),
            ("90s", 90_000),
            ("1h 30m", 5_400_000),
            ("1h30m", 5_400_000),
            ("7d", 604_800_000),
            ("2w", 1_209_600_000),
            ("0s", 0),
        ] {
            assert_eq!(text.parse::<Period>().unwrap().as_millis_u64(), millis, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_period() {
        for text in [
            "",
            "10",
            "m",
            "10 parsecs",
            "-5s",
            "1.5h",
            "99999999999999999999s",
            "11y",
            "ten minutes",
            "600000d",
            "５s",
        ] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }

    #[test]
    fn prints_what_it_reads() {
        for text in ["90s", "1h 30m", "7d", "1ms", "2d 3h 4m 5s 6ms"] {
            let period: Period = text.parse().unwrap();
            assert_eq!(period.to_string().parse::<Period>().unwrap(), period);
        }
        assert_eq!("90s".parse::<Period>().unwrap().to_string(), "1m 30s");
    }
}
