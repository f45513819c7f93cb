//! Moments and lengths of time, for people.

use jiff::{Timestamp, tz::TimeZone};

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
}
