use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, civil};

const NEVER: u32 = u32::MAX;
const DAY: i64 = 86_400;

/// What the clocks of a zone showed in every minute, or second, of a span.
pub(super) struct Clock {
    zone: TimeZone,
    unit: i64,
    start: i64,
    end: i64,
    /// Midnight of the first local day that may be asked for, in local seconds.
    base: i64,
    /// Per unit since `start`: the local unit since `base`.
    shown: Vec<u32>,
    /// Per local unit since `base`: the unit since `start` in which it was first shown.
    first: Vec<u32>,
    /// Local and real unit of times that were shown once more.
    again: Vec<(u32, u32)>,
    /// Local unit of a time that was never shown, and the first real unit after it.
    skipped: Vec<(u32, u32)>,
    changes: Vec<Timestamp>,
}

impl Clock {
    pub(super) fn of_year(zone: &str, year: i16) -> Self {
        let midnight = |year| civil::date(year, 1, 1).to_zoned(TimeZone::UTC).expect("in range").timestamp();
        Self::walk(zone, 60, midnight(year), midnight(year + 1))
    }

    pub(super) fn by_second(zone: &str, start: Timestamp, end: Timestamp) -> Self {
        Self::walk(zone, 1, start, end)
    }

    fn walk(zone: &str, unit: i64, start: Timestamp, end: Timestamp) -> Self {
        let zone = TimeZone::get(zone).expect("the system knows the zone");
        let (start, end) = (start.as_second(), end.as_second());
        let base = (start.div_euclid(DAY) - 2) * DAY;
        let mut clock = Self {
            first: vec![NEVER; ((end - base + 3 * DAY) / unit) as usize],
            zone,
            unit,
            start,
            end,
            base,
            shown: Vec::new(),
            again: Vec::new(),
            skipped: Vec::new(),
            changes: Vec::new(),
        };
        let mut before: Option<u32> = None;
        for real in 0..((end - start) / unit) as u32 {
            let second = start + i64::from(real) * unit;
            let instant = Timestamp::from_second(second).expect("in range");
            let shown = second + i64::from(clock.zone.to_offset(instant).seconds());
            let local = ((shown - base) / unit) as u32;
            clock.shown.push(local);
            match clock.first[local as usize] {
                NEVER => clock.first[local as usize] = real,
                _ => clock.again.push((local, real)),
            }
            let next = before.map_or(local, |before| before + 1);
            if next != local {
                clock.changes.push(instant);
            }
            clock.skipped.extend((next..local).map(|missing| (missing, real)));
            before = Some(local);
        }
        let first = &clock.first;
        clock.skipped.retain(|(missing, _)| first[*missing as usize] == NEVER);
        clock
    }

    pub(super) fn start(&self) -> Timestamp {
        Timestamp::from_second(self.start).expect("in range")
    }

    pub(super) fn end(&self) -> Timestamp {
        Timestamp::from_second(self.end).expect("in range")
    }

    pub(super) fn length(&self) -> SignedDuration {
        self.end().duration_since(self.start())
    }

    pub(super) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    pub(super) fn zone_name(&self) -> &str {
        self.zone.iana_name().expect("it has a name")
    }

    pub(super) fn changes(&self) -> &[Timestamp] {
        &self.changes
    }

    /// The first unit that does not start before `instant`.
    fn unit_at(&self, instant: Timestamp) -> u32 {
        let second = instant.as_second() + i64::from(instant.subsec_nanosecond() > 0);
        ((second.clamp(self.start, self.end) - self.start + self.unit - 1) / self.unit) as u32
    }

    /// All local units shown in a span, from the least to after the greatest.
    fn shown_in(&self, real: &Range<u32>) -> Range<usize> {
        let changes = self.changes.iter().map(|change| self.unit_at(*change)).filter(|at| real.contains(at));
        let starts = changes.clone().chain([real.start.min(real.end.saturating_sub(1))]);
        let ends = changes.chain([real.end]).map(|end| end.saturating_sub(1));
        let shown = |at: u32| self.shown[at as usize] as usize;
        starts.map(shown).min().unwrap_or(0)..ends.map(shown).max().unwrap_or(0) + 1
    }

    fn instant(&self, real: u32) -> Timestamp {
        Timestamp::from_second(self.start + i64::from(real) * self.unit).expect("in range")
    }
}

/// An expression, read field by field into plain tables.
pub(super) struct Oracle {
    seconds: Vec<bool>,
    minutes: Vec<bool>,
    hours: Vec<bool>,
    months: Vec<bool>,
    days: (String, Vec<bool>),
    weekdays: (String, Vec<bool>),
    is_interval: bool,
    /// By the length of a unit: its moments of a day. By the start of a clock: its local days.
    moments: RefCell<HashMap<i64, Rc<[usize]>>>,
    due_days: RefCell<HashMap<i64, Rc<[bool]>>>,
}

impl Oracle {
    pub(super) fn new(text: &str) -> Self {
        let text = text.to_uppercase();
        let mut fields: Vec<&str> = text.split_whitespace().collect();
        if fields.len() == 5 {
            fields.insert(0, "0");
        }
        let [seconds, minutes, hours, days, months, weekdays] = fields[..] else { panic!("{text}") };
        Self {
            seconds: table(seconds, 0, 59),
            minutes: table(minutes, 0, 59),
            hours: table(hours, 0, 23),
            months: table(months, 1, 12),
            days: (days.to_owned(), table(days, 1, 31)),
            weekdays: (weekdays.to_owned(), table(weekdays, 0, 7)),
            is_interval: fields[..3].iter().any(|field| field.starts_with('*')),
            moments: RefCell::default(),
            due_days: RefCell::default(),
        }
    }

    pub(super) fn has_stepped_star_day(&self) -> bool {
        [&self.days.0, &self.weekdays.0].iter().any(|field| field.starts_with(['*', '?']) && field.len() > 1)
    }

    pub(super) fn is_due_on(&self, date: Date) -> bool {
        if !self.months[date.month() as usize] {
            return false;
        }
        let free = |field: &str| field.starts_with(['*', '?']);
        let day = self.days.1[date.day() as usize]
            || self.days.0.split(',').any(|token| is_special_day(token, date));
        let number = date.weekday().to_sunday_zero_offset() as usize;
        let weekday = self.weekdays.1[number]
            || number == 0 && self.weekdays.1[7]
            || self.weekdays.0.split(',').any(|token| is_special_weekday(token, date));
        if free(&self.days.0) || free(&self.weekdays.0) { day && weekday } else { day || weekday }
    }

    /// About how often it fires, by which a test chooses how much of it to compare.
    pub(super) fn rate(&self, clock: &Clock) -> usize {
        let days = self.due_days(clock).iter().filter(|due| **due).count();
        days * self.moments(clock.unit).len()
    }

    /// The fires from one moment until before another.
    pub(super) fn fires(&self, clock: &Clock, from: Timestamp, until: Timestamp) -> Vec<Timestamp> {
        let real = clock.unit_at(from)..clock.unit_at(until);
        let local = clock.shown_in(&real);
        let length = (DAY / clock.unit) as usize;
        let (moments, due) = (self.moments(clock.unit), self.due_days(clock));
        let mut fires = Vec::new();
        for day in (local.start / length..=local.end / length).filter(|day| due[*day]) {
            let midnight = day * length;
            let from = moments.partition_point(|moment| midnight + moment < local.start);
            let until = moments.partition_point(|moment| midnight + moment < local.end);
            fires.extend(moments[from..until].iter().map(|moment| clock.first[midnight + moment]));
        }
        for (local, real) in if self.is_interval { &clock.again } else { &clock.skipped } {
            let (day, moment) = (*local as usize / length, *local as usize % length);
            if due[day] && moments.binary_search(&moment).is_ok() {
                fires.push(*real);
            }
        }
        fires.retain(|at| *at != NEVER && real.contains(at));
        fires.sort_unstable();
        fires.dedup();
        fires.into_iter().map(|at| clock.instant(at)).collect()
    }

    fn moments(&self, unit: i64) -> Rc<[usize]> {
        let find =
            || (0..(DAY / unit) as usize).filter(|moment| self.is_due_at(*moment as i64 * unit)).collect();
        self.moments.borrow_mut().entry(unit).or_insert_with(find).clone()
    }

    fn due_days(&self, clock: &Clock) -> Rc<[bool]> {
        let days = clock.first.len() / (DAY / clock.unit) as usize;
        let base = civil::date(1970, 1, 1) + SignedDuration::from_secs(clock.base);
        let find =
            || base.series(jiff::Span::new().days(1)).take(days).map(|date| self.is_due_on(date)).collect();
        self.due_days.borrow_mut().entry(clock.base).or_insert_with(find).clone()
    }

    fn is_due_at(&self, second: i64) -> bool {
        self.hours[(second / 3600) as usize]
            && self.minutes[(second / 60 % 60) as usize]
            && self.seconds[(second % 60) as usize]
    }
}

/// Plain values of a field; entries with letters that are left over are for others to judge.
fn table(field: &str, least: usize, most: usize) -> Vec<bool> {
    let mut table = vec![false; most + 1];
    for entry in field.split(',') {
        let (range, step) = entry.split_once('/').unwrap_or((entry, "1"));
        let ends = match range.split_once('-') {
            _ if range == "*" || range == "?" => Some((least, most)),
            Some((from, to)) => number(from).zip(if to == "SUN" { Some(7) } else { number(to) }),
            None => number(range).map(|value| (value, value)),
        };
        let Some((from, to)) = ends else { continue };
        let mut value = from;
        while value <= to {
            table[value] = true;
            value += step.parse::<usize>().expect("a sample has good steps");
        }
    }
    table
}

fn number(text: &str) -> Option<usize> {
    let months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    let weekdays = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
    let month = months.iter().position(|name| *name == text).map(|index| index + 1);
    let weekday = weekdays.iter().position(|name| *name == text);
    text.parse().ok().or(month).or(weekday)
}

fn is_special_day(token: &str, date: Date) -> bool {
    if !token.ends_with(['L', 'W']) {
        return false;
    }
    let working: Vec<i8> = (1..=date.days_in_month())
        .filter(|day| {
            let weekday = date.with().day(*day).build().expect("a day of the month").weekday();
            !matches!(weekday, Weekday::Saturday | Weekday::Sunday)
        })
        .collect();
    match token {
        "L" => date == date.last_of_month(),
        "LW" => working.last() == Some(&date.day()),
        _ => match token.strip_suffix('W').map(|day| day.parse::<i8>().expect("a day")) {
            Some(wanted) if wanted <= date.days_in_month() => {
                working.into_iter().min_by_key(|day| (day - wanted).abs()) == Some(date.day())
            }
            _ => false,
        },
    }
}

fn is_special_weekday(token: &str, date: Date) -> bool {
    let (days, which) = match (token.split_once('#'), token.strip_suffix('L')) {
        (Some(parts), _) => parts,
        (None, Some(days)) => (days, "L"),
        (None, None) => return false,
    };
    let named = table(days, 0, 7);
    let number = date.weekday().to_sunday_zero_offset() as usize;
    if !(named[number] || number == 0 && named[7]) {
        return false;
    }
    let alike: Vec<Date> = (1..=date.days_in_month())
        .map(|day| date.with().day(day).build().expect("a day of the month"))
        .filter(|day| day.weekday() == date.weekday())
        .collect();
    match which {
        "L" => alike.last() == Some(&date),
        nth => alike.get(nth.parse::<usize>().expect("a place") - 1) == Some(&date),
    }
}
