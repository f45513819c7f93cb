//! The search for the next fire, through the changes of a zone's clocks.

use std::iter;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::expression::CronExpression;

const SECOND: SignedDuration = SignedDuration::from_secs(1);

/// Local clocks are less than 26 hours from UTC either way, so no change older than this can still be felt.
const FELT: SignedDuration = SignedDuration::from_hours(52);

/// Calendar and zone rules repeat after 400 years: what has not fired by then never will.
const HORIZON: SignedDuration = SignedDuration::from_hours(146_097 * 24);

/// A stretch of time in which the zone keeps one offset.
struct Span {
    start: Timestamp,
    end: Timestamp,
    offset: Offset,
}

pub(super) fn next_after(cron: &CronExpression, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let from = first_second_after(after)?;
    if cron.is_interval { next_interval(cron, from, zone) } else { next_fixed_time(cron, from, zone) }
}

fn next_interval(cron: &CronExpression, from: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let horizon = from.checked_add(HORIZON).unwrap_or(Timestamp::MAX);
    let near = spans(zone, from).take_while(|span| span.start <= horizon);
    near.into_iter().find_map(|span| {
        let due = cron.days.next_match(&cron.times, span.offset.to_datetime(span.start))?;
        span.instant_of(due)
    })
}

fn next_fixed_time(cron: &CronExpression, from: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let due = cron.days.next_match(&cron.times, highest_local_before(from, zone))?;
    // No clock on earth shows `due` before this.
    let start = Offset::MAX.to_timestamp(due).map_or(from, |earliest| earliest.max(from));
    spans(zone, start).find_map(|span| {
        let skipped = due < span.offset.to_datetime(span.start);
        if skipped { Some(span.start) } else { span.instant_of(due) }
    })
}

/// The end, itself not shown yet, of the local times that clocks have shown before `from`.
fn highest_local_before(from: Timestamp, zone: &TimeZone) -> DateTime {
    let shown_until = |end: Timestamp| {
        let offset = zone.to_offset(end.checked_sub(SECOND).unwrap_or(end));
        offset.to_datetime(end)
    };
    let felt = zone
        .preceding(from)
        .map(|change| change.timestamp())
        .take_while(|at| from.duration_since(*at) <= FELT);
    felt.map(shown_until).fold(shown_until(from), DateTime::max)
}

fn spans(zone: &TimeZone, from: Timestamp) -> impl Iterator<Item = Span> {
    let mut changes = zone.following(from);
    let mut next = Some((from, zone.to_offset(from)));
    iter::from_fn(move || {
        let (start, offset) = next.take()?;
        next = changes.next().map(|change| (change.timestamp(), change.offset()));
        let end = next.map_or(Timestamp::MAX, |(at, _)| at);
        Some(Span { start, end, offset })
    })
}

impl Span {
    fn instant_of(&self, local: DateTime) -> Option<Timestamp> {
        self.offset.to_timestamp(local).ok().filter(|instant| *instant < self.end)
    }
}

fn first_second_after(after: Timestamp) -> Option<Timestamp> {
    let whole = after.as_nanosecond().div_euclid(1_000_000_000);
    Timestamp::from_second(i64::try_from(whole).ok()? + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The next fires in local time, or `never`.
    fn fires(text: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
        let cron = CronExpression::parse(text).expect(text);
        let zone = TimeZone::get(zone).expect("the system knows the zone");
        let mut after: Timestamp = after.parse().expect("a moment");
        let mut found = Vec::new();
        for _ in 0..count {
            let Some(next) = next_after(&cron, after, &zone) else {
                found.push("never".to_owned());
                break;
            };
            found.push(next.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string());
            after = next;
        }
        found
    }

    #[test]
    fn skipped_time_runs_after_gap() {
        let found = fires("30 2 * * *", "Europe/Madrid", "2026-03-28T12:00:00Z", 2);
        assert_eq!(found, ["2026-03-29 03:00:00 +02:00", "2026-03-30 02:30:00 +02:00"]);
        let found = fires("0,30 2,3 * * *", "Europe/Madrid", "2026-03-28T12:00:00Z", 3);
        assert_eq!(
            found,
            ["2026-03-29 03:00:00 +02:00", "2026-03-29 03:30:00 +02:00", "2026-03-30 02:00:00 +02:00"]
        );
    }

    #[test]
    fn interval_skips_the_gap() {
        let found = fires("*/30 2 * * *", "Europe/Madrid", "2026-03-28T12:00:00Z", 1);
        assert_eq!(found, ["2026-03-30 02:00:00 +02:00"]);
    }

    #[test]
    fn repeated_time_runs_once() {
        let found = fires("30 2 * * *", "Europe/Madrid", "2026-10-24T12:00:00Z", 2);
        assert_eq!(found, ["2026-10-25 02:30:00 +02:00", "2026-10-26 02:30:00 +01:00"]);
        // Asked in the second pass, the first has been.
        let found = fires("30 2 * * *", "Europe/Madrid", "2026-10-25T01:10:00Z", 1);
        assert_eq!(found, ["2026-10-26 02:30:00 +01:00"]);
    }

    #[test]
    fn interval_runs_in_both_passes() {
        let found = fires("30 * * * *", "Europe/Madrid", "2026-10-24T23:50:00Z", 3);
        assert_eq!(
            found,
            ["2026-10-25 02:30:00 +02:00", "2026-10-25 02:30:00 +01:00", "2026-10-25 03:30:00 +01:00"]
        );
    }

    #[test]
    fn skipped_day_runs_at_its_end() {
        let found = fires("0 8 30 * *", "Pacific/Apia", "2011-12-01T00:00:00Z", 2);
        assert_eq!(found, ["2011-12-31 00:00:00 +14:00", "2012-01-30 08:00:00 +14:00"]);
    }

    #[test]
    fn midnight_gap_keeps_its_day() {
        let found = fires("0 0 4 11 *", "America/Sao_Paulo", "2018-11-01T00:00:00Z", 1);
        assert_eq!(found, ["2018-11-04 01:00:00 -02:00"]);
    }

    #[test]
    fn leap_day_waits_over_2100() {
        let found = fires("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", 1);
        assert_eq!(found, ["2028-02-29 00:00:00 +00:00"]);
        let found = fires("0 0 29 2 *", "America/New_York", "2096-03-01T12:00:00Z", 1);
        assert_eq!(found, ["2104-02-29 00:00:00 -05:00"]);
        // A leap day that is a Sunday: once in 28 years, and 40 around 2100.
        let found = fires("0 0 29 2 */7", "UTC", "2026-01-01T00:00:00Z", 4);
        assert_eq!(found.iter().map(|fire| &fire[..4]).collect::<Vec<_>>(), ["2032", "2060", "2088", "2128"]);
    }

    #[test]
    fn interval_inside_every_gap_never_fires() {
        assert_eq!(fires("*/30 2 * 3 7L", "Europe/Madrid", "2026-01-01T00:00:00Z", 1), ["never"]);
    }

    #[test]
    fn next_is_strictly_after() {
        let found = fires("0 4 * * *", "UTC", "2026-01-01T04:00:00Z", 1);
        assert_eq!(found, ["2026-01-02 04:00:00 +00:00"]);
        let found = fires("0 4 * * *", "UTC", "2026-01-01T03:59:59.999999999Z", 1);
        assert_eq!(found, ["2026-01-01 04:00:00 +00:00"]);
        let found = fires("0 0 1 1 *", "UTC", "1969-12-31T23:59:59.5Z", 1);
        assert_eq!(found, ["1970-01-01 00:00:00 +00:00"]);
    }

    #[test]
    fn ends_of_time_do_not_panic() {
        for text in ["* * * * *", "0 0 * * *", "* * * * * *", "0 0 29 2 *", "30 2 * * 7L"] {
            let cron = CronExpression::parse(text).expect(text);
            for zone in ["UTC", "Pacific/Apia", "America/Nuuk", "Europe/Madrid"] {
                let zone = TimeZone::get(zone).expect("the system knows the zone");
                assert!(next_after(&cron, Timestamp::MIN, &zone).is_some(), "{text}");
                assert_eq!(next_after(&cron, Timestamp::MAX, &zone), None, "{text}");
                let nearly = Timestamp::MAX - SignedDuration::from_hours(30);
                assert!(next_after(&cron, nearly, &zone).is_none_or(|fire| fire > nearly), "{text}");
            }
        }
    }
}
