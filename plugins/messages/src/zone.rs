//! The zone in which dates are written: an offset from UTC, since a plugin knows no rules of zones.

use serde::Deserialize;
use tapedeck_plugin::Date;

/// `+02:00`, `-03:30`; UTC without one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Zone {
    seconds: i64,
}

impl TryFrom<String> for Zone {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
            .ok_or_else(|| format!("`{text}` is no offset from UTC: write `+02:00` or `-03:30`"))
    }
}

/// Of an export that may be asked for nothing else.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    utc_offset: String,
}

impl Zone {
    /// What the parameters of one export ask for, else what the operator has set.
    pub fn asked(parameters: &str, set: &str) -> Result<Self, String> {
        let asked: Asked = serde_json::from_str(parameters)
            .map_err(|error| format!("{error}; an export may say utc_offset = \"+02:00\""))?;
        let offset = if asked.utc_offset.is_empty() { set.to_owned() } else { asked.utc_offset };
        Self::try_from(offset)
    }

    pub fn parse(text: &str) -> Option<Self> {
        if matches!(text, "" | "Z" | "UTC") {
            return Some(Self::default());
        }
        let (sign, rest) = match text.split_at_checked(1)? {
            ("+", rest) => (1, rest),
            ("-", rest) => (-1, rest),
            _ => return None,
        };
        let (hours, minutes) = rest.split_once(':')?;
        let is_number = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        let (hours, minutes): (i64, i64) = (is_number(hours) && is_number(minutes))
            .then(|| Some((hours.parse().ok()?, minutes.parse().ok()?)))??;
        (hours <= 15 && minutes < 60).then_some(Self { seconds: sign * (hours * 3_600 + minutes * 60) })
    }

    /// As it stands on a clock there.
    pub fn date(self, seconds: i64) -> Date {
        Date::of(seconds.saturating_add(self.seconds))
    }

    /// Days since 1970 there: when it changes, a new day has begun.
    pub fn day(self, seconds: i64) -> i64 {
        seconds.saturating_add(self.seconds).div_euclid(86_400)
    }

    /// `Z`, `+02:00`: what goes behind a date that says its zone.
    pub fn suffix(self) -> String {
        match self.seconds {
            0 => "Z".to_owned(),
            seconds => {
                let minutes = seconds.abs() / 60;
                format!("{}{:02}:{:02}", if seconds < 0 { '-' } else { '+' }, minutes / 60, minutes % 60)
            }
        }
    }

    /// `UTC`, `UTC+02:00`: for people.
    pub fn name(self) -> String {
        if self.seconds == 0 { "UTC".to_owned() } else { format!("UTC{}", self.suffix()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_move_clocks_and_days() {
        let zone = Zone::parse("+05:30").unwrap();
        assert_eq!(zone.date(0).as_str(), "1970-01-01T05:30:00");
        assert_eq!((zone.day(-1), Zone::default().day(-1)), (0, -1));
        assert_eq!((zone.suffix(), zone.name()), ("+05:30".to_owned(), "UTC+05:30".to_owned()));
        assert_eq!(Zone::parse("-03:30").unwrap().suffix(), "-03:30");
    }

    #[test]
    fn what_is_no_offset_is_refused() {
        for text in ["2", "+2", "+2:00", "+aa:00", "+99:00", "+01:60", "Europe/Madrid", "ä"] {
            assert_eq!(Zone::parse(text), None, "{text}");
        }
    }
}
