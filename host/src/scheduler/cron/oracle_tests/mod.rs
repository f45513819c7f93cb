//! Every fire of many expressions in many zones, against a slow reading of the same rules.
//!
//! The oracle shares no code with its subject: it reads fields its own way, asks jiff for the local time of every
//! single minute (or second) of its span, and only then looks which local times were shown once, twice or never.

mod oracle;
mod samples;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};

use super::{CronExpression, error::CronError};
use oracle::{Clock, Oracle};
use samples::Dice;

/// How many fires of a year are compared one and all; of more, those around changes of the clock and some others.
const DAILY: usize = 370;
const WEEKLY: usize = 55;
const REACH: SignedDuration = SignedDuration::from_mins(150);

const EASTERN: [(&str, i16); 8] = [
    ("UTC", 2026),
    ("Europe/Madrid", 2026),
    ("Europe/Dublin", 2026),
    ("Africa/Cairo", 2026),
    ("Africa/Casablanca", 2026),
    ("Asia/Beirut", 2026),
    ("Asia/Jerusalem", 2026),
    ("Asia/Kathmandu", 2026),
];

const WESTERN_AND_SOUTHERN: [(&str, i16); 8] = [
    ("America/New_York", 2026),
    ("America/St_Johns", 2026),
    ("America/Havana", 2026),
    ("America/Santiago", 2026),
    ("America/Nuuk", 2026),
    ("Australia/Lord_Howe", 2026),
    ("Pacific/Chatham", 2026),
    ("Antarctica/Troll", 2026),
];

const ODD_YEARS: [(&str, i16); 8] = [
    // Whole days that never were.
    ("Pacific/Apia", 2011),
    ("Pacific/Kiritimati", 1994),
    // Gaps at midnight, four changes in a year, half hours, and a zone that moves while its clocks do.
    ("America/Sao_Paulo", 2018),
    ("America/Asuncion", 2023),
    ("Asia/Gaza", 2011),
    ("Africa/Casablanca", 2018),
    ("Asia/Pyongyang", 2018),
    ("America/Scoresbysund", 2024),
];

#[test]
fn fires_match_oracle_in_eastern_zones() {
    compare_years(&EASTERN, DAILY);
}

#[test]
fn fires_match_oracle_in_western_zones() {
    compare_years(&WESTERN_AND_SOUTHERN, DAILY);
}

#[test]
fn fires_match_oracle_in_odd_years() {
    compare_years(&ODD_YEARS, WEEKLY);
}

#[test]
fn seconds_match_oracle_around_changes() {
    let samples = understood(samples::WITH_SECONDS.iter().map(|text| (*text).to_owned()));
    for (zone, year) in EASTERN.into_iter().chain(WESTERN_AND_SOUTHERN).chain(ODD_YEARS) {
        let start = civil::date(year, 1, 1).to_zoned(TimeZone::UTC).expect("in range").timestamp();
        let zoned = TimeZone::get(zone).expect("the system knows the zone");
        let changes = zoned.following(start).map(|change| change.timestamp());
        let changes =
            changes.take_while(|at| at.duration_since(start) < SignedDuration::from_hours(365 * 24));
        for change in changes {
            let hours = SignedDuration::from_hours;
            compare(&samples, &Clock::by_second(zone, change - hours(2), change + hours(2)), DAILY);
        }
    }
}

/// Run it after a change to `next.rs`: `make prove`.
#[test]
#[ignore = "minutes of work: every fire of dense expressions too"]
fn every_single_fire_matches_oracle() {
    let samples =
        understood(samples::REALISTIC.iter().map(|text| (*text).to_owned()).chain(samples::generated(1000)));
    for (zone, year) in EASTERN.into_iter().chain(WESTERN_AND_SOUTHERN).chain(ODD_YEARS) {
        compare(&samples, &Clock::of_year(zone, year), usize::MAX);
    }
}

#[test]
fn rare_days_match_a_walk_of_days() {
    let (from, until) = (civil::date(2026, 1, 1), civil::date(2110, 1, 1));
    for text in samples::RARE {
        let (cron, oracle) = (CronExpression::parse(text).expect(text), Oracle::new(text));
        let days =
            std::iter::successors(Some(from), |day| day.tomorrow().ok()).take_while(|day| *day < until);
        let expected: Vec<civil::Date> = days.filter(|day| oracle.is_due_on(*day)).collect();
        let fires = fires_between(&cron, &TimeZone::UTC, at(from) - SignedDuration::from_nanos(1), at(until));
        let found: Vec<civil::Date> =
            fires.into_iter().map(|fire| fire.to_zoned(TimeZone::UTC).date()).collect();
        assert_eq!(found, expected, "{text}");
        assert!(!expected.is_empty(), "{text}");
    }
}

#[test]
fn croner_agrees_on_plain_calendars() {
    let texts = samples::REALISTIC.iter().map(|text| (*text).to_owned()).chain(samples::generated(140));
    let mut agreed = 0;
    for (text, cron, oracle) in understood(texts) {
        // Where croner reads stars and the two kinds of last day in its own way.
        let Ok(peer) = text.parse::<croner::Cron>() else { continue };
        if oracle.has_stepped_star_day() || text.contains("L,") || text.contains(",L") {
            continue;
        }
        let mut local = civil::date(2026, 1, 1).at(0, 0, 0, 0);
        for _ in 0..40 {
            let expected = peer.find_next_occurrence(&local, false).expect("it fires");
            let after = TimeZone::UTC.to_timestamp(local).expect("in range");
            let found = cron.next_after(after, &TimeZone::UTC).expect("it fires");
            assert_eq!(found.to_zoned(TimeZone::UTC).datetime(), expected, "{text} after {local}");
            local = expected;
        }
        agreed += 1;
    }
    assert!(agreed >= 250, "only {agreed} expressions were comparable");
}

fn compare_years(zones: &[(&str, i16)], few: usize) {
    let samples =
        understood(samples::REALISTIC.iter().map(|text| (*text).to_owned()).chain(samples::generated(140)));
    assert!(samples.len() >= 300, "only {} expressions", samples.len());
    for (zone, year) in zones {
        compare(&samples, &Clock::of_year(zone, *year), few);
    }
}

/// Parses both ways; an expression that is refused must never fire by the oracle's word either.
fn understood(texts: impl Iterator<Item = String>) -> Vec<(String, CronExpression, Oracle)> {
    let parsed = texts.filter_map(|text| {
        let oracle = Oracle::new(&text);
        match CronExpression::parse(&text) {
            Ok(cron) => Some((text, cron, oracle)),
            Err(CronError::NeverFires { .. }) => {
                let mut days = civil::date(2000, 1, 1).series(jiff::Span::new().days(1)).take(28 * 366);
                assert!(!days.any(|day| oracle.is_due_on(day)), "{text} does fire");
                None
            }
            Err(error) => panic!("{text}: {error}"),
        }
    });
    parsed.collect()
}

fn compare(samples: &[(String, CronExpression, Oracle)], clock: &Clock, few: usize) {
    let mut dice = Dice::new(clock.start().as_second().unsigned_abs());
    for (text, cron, oracle) in samples {
        let place = format!("{text} in {}", clock.zone_name());
        let rate = oracle.rate(clock);
        for (from, until) in spans(clock, rate, few) {
            let expected = oracle.fires(clock, from, until);
            let found = fires_between(cron, clock.zone(), from - SignedDuration::from_nanos(1), until);
            assert_eq!(difference(&found, &expected), None, "{place}");
        }
        for after in probes(clock, &mut dice) {
            let until = clock.end().min(after + SignedDuration::from_hours(48));
            let expected = oracle.fires(clock, after, until).into_iter().find(|fire| *fire > after);
            let found = cron.next_after(after, clock.zone()).filter(|fire| *fire < until);
            assert_eq!(found, expected, "{place} after {after}");
        }
    }
}

/// Moments to ask from that are no fires: one anywhere, and one close to each change, maybe in a second pass.
fn probes(clock: &Clock, dice: &mut Dice) -> Vec<Timestamp> {
    let mut within =
        |length: SignedDuration| SignedDuration::from_nanos(dice.below(length.as_nanos() as u64) as i64);
    let anywhere = clock.start() + within(clock.length());
    let two_hours = SignedDuration::from_hours(2);
    let close = clock.changes().iter().map(|change| *change - two_hours + within(two_hours * 2));
    let close: Vec<Timestamp> = close.filter(|at| *at >= clock.start() && *at < clock.end()).collect();
    [anywhere].into_iter().chain(close).collect()
}

/// The whole of a clock for an expression that fires rarely; for others the hours around its changes, and some more.
fn spans(clock: &Clock, rate: usize, few: usize) -> Vec<(Timestamp, Timestamp)> {
    if rate <= few {
        return vec![(clock.start(), clock.end())];
    }
    let length = clock.length().as_secs();
    let reach = (length / 2 * few as i64 / rate as i64 / 3).max(REACH.as_secs().min(length / 20));
    let (reach, quiet) = (SignedDuration::from_secs(reach), clock.start() + clock.length() / 3);
    let places = clock.changes().iter().copied().chain([quiet]);
    places.map(|at| (clock.start().max(at - reach), clock.end().min(at + reach))).collect()
}

/// All fires after one moment and before another.
fn fires_between(
    cron: &CronExpression,
    zone: &TimeZone,
    after: Timestamp,
    before: Timestamp,
) -> Vec<Timestamp> {
    let fires = std::iter::successors(cron.next_after(after, zone), |fire| cron.next_after(*fire, zone));
    fires.take_while(|fire| *fire < before).collect()
}

/// The first place where two lists part, which reads better than two lists of thousands.
fn difference(found: &[Timestamp], expected: &[Timestamp]) -> Option<(Option<Timestamp>, Option<Timestamp>)> {
    let length = found.len().max(expected.len());
    let pairs = (0..length).map(|index| (found.get(index).copied(), expected.get(index).copied()));
    pairs.into_iter().find(|(found, expected)| found != expected)
}

fn at(day: civil::Date) -> Timestamp {
    day.to_zoned(TimeZone::UTC).expect("in range").timestamp()
}
