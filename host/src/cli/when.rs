//! Moments and lengths of time, for people.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};

use crate::model::Period;

pub(super) fn local(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// "14:03:20 (212 s)", with its day when that is another one.
pub(super) fn pause(until: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let [end, today] = [until, now].map(|at| at.to_zoned(zone.clone()));
    let shape = if end.date() == today.date() { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
    let left_s = (until.as_millisecond() - now.as_millisecond()).max(0).unsigned_abs().div_ceil(1000);
    format!("{} ({left_s} s)", end.strftime(shape))
}

/// "in 3 min", "5 min ago", "now".
pub(super) fn relative(at: Timestamp, now: Timestamp) -> String {
    let ms = at.as_millisecond() - now.as_millisecond();
    match ms {
        -999..=999 => "now".into(),
        1_000.. => format!("in {}", rough(ms)),
        _ => format!("{} ago", rough(-ms)),
    }
}

/// The largest unit that is at least one, cut off.
fn rough(ms: i64) -> String {
    match ms / 1000 {
        secs @ ..60 => format!("{secs} s"),
        secs @ 60..3_600 => format!("{} min", secs / 60),
        secs @ 3_600..86_400 => format!("{} h {} min", secs / 3_600, secs % 3_600 / 60),
        secs => format!("{} d", secs / 86_400),
    }
}

/// How long something took: "0.2 s", "12 s", "3 min 5 s", "1 h 2 min".
pub(super) fn length(ms: i64) -> String {
    match ms {
        ..10_000 => format!("{}.{} s", ms.max(0) / 1000, ms.max(0) % 1000 / 100),
        10_000..60_000 => format!("{} s", ms / 1000),
        60_000..3_600_000 => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1000),
        _ => format!("{} h {} min", ms / 3_600_000, ms % 3_600_000 / 60_000),
    }
}

/// A moment that somebody writes, or how long ago.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum When {
    At(civil::DateTime),
    Exactly(Timestamp),
    Ago(Duration),
}

impl std::str::FromStr for When {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(exactly) = text.parse() {
            return Ok(Self::Exactly(exactly));
        }
        if let Ok(at) = text.parse::<civil::DateTime>() {
            return Ok(Self::At(at));
        }
        let ago = text.parse::<Period>().map(|period| Self::Ago(period.0));
        ago.map_err(|_| "write 2026-05-01, 2026-05-01T18:30, or 3h and 7d for so long ago".to_owned())
    }
}

impl When {
    pub(super) fn moment(self, now: Timestamp, zone: &TimeZone) -> Timestamp {
        match self {
            Self::Exactly(at) => at,
            Self::At(at) => zone.to_ambiguous_timestamp(at).compatible().unwrap_or(now),
            Self::Ago(ago) => {
                let ago = SignedDuration::try_from(ago).unwrap_or(SignedDuration::MAX);
                now.saturating_sub(ago).unwrap_or(Timestamp::MIN)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_far_away() {
        let now: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
        for (at, words) in [
            ("2026-01-01T12:00:00.4Z", "now"),
            ("2026-01-01T12:03:10Z", "in 3 min"),
            ("2026-01-01T11:59:30Z", "30 s ago"),
            ("2026-01-01T14:05:00Z", "in 2 h 5 min"),
            ("2025-12-25T12:00:00Z", "7 d ago"),
        ] {
            assert_eq!(relative(at.parse().unwrap(), now), words);
        }
    }

    #[test]
    fn says_how_long() {
        for (ms, words) in [
            (230, "0.2 s"),
            (12_700, "12 s"),
            (185_000, "3 min 5 s"),
            (3_720_000, "1 h 2 min"),
            (-5, "0.0 s"),
        ] {
            assert_eq!(length(ms), words);
        }
    }

    #[test]
    fn says_when_a_pause_ends() {
        let zone = TimeZone::get("Europe/Madrid").unwrap();
        let now: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
        for (until, words) in [
            ("2026-01-01T12:03:32.5Z", "13:03:32 (213 s)"),
            ("2026-01-01T23:30:00Z", "2026-01-02 00:30:00 (41400 s)"),
            ("2026-01-01T11:59:00Z", "12:59:00 (0 s)"),
        ] {
            assert_eq!(pause(until.parse().unwrap(), now, &zone), words);
        }
    }

    #[test]
    fn shows_the_readers_zone() {
        let at = "2026-07-01T12:00:00Z".parse().unwrap();
        assert_eq!(local(at, &TimeZone::get("Europe/Madrid").unwrap()), "2026-07-01 14:00:00");
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        let now: Timestamp = "2026-05-08T12:00:00Z".parse().unwrap();
        let moment = |text: &str| {
            let zone = TimeZone::get("Europe/Madrid").unwrap();
            text.parse::<When>().unwrap().moment(now, &zone).to_string()
        };
        assert_eq!(moment("2026-05-01"), "2026-04-30T22:00:00Z");
        assert_eq!(moment("2026-05-01T18:30"), "2026-05-01T16:30:00Z");
        assert_eq!(moment("2026-05-01T18:30:00Z"), "2026-05-01T18:30:00Z");
        assert_eq!(moment("7d"), "2026-05-01T12:00:00Z");
        assert!("last week".parse::<When>().is_err());
    }
}
