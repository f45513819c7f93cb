//! Which local dates and times an expression names, before any time zone. Sets are bit masks: bit `n` stands for
//! value `n`.

use std::iter;

use jiff::civil::{Date, DateTime, Time};

use super::field::Entry;

/// Repeats a first week five times.
const WEEKS: u64 = 1 | 1 << 7 | 1 << 14 | 1 << 21 | 1 << 28;

#[derive(Debug, Clone)]
pub(super) struct Times {
    pub(super) seconds: u64,
    pub(super) minutes: u64,
    pub(super) hours: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Days {
    pub(super) of_month: DaysOfMonth,
    pub(super) months: u64,
    pub(super) of_week: DaysOfWeek,
}

#[derive(Debug, Clone, Default)]
pub(super) struct DaysOfMonth {
    /// The field starts with `*`.
    pub(super) starred: bool,
    pub(super) numbers: u64,
    pub(super) nearest: u64,
    pub(super) last: bool,
    pub(super) last_weekday: bool,
}

#[derive(Debug, Clone, Default)]
pub(super) struct DaysOfWeek {
    pub(super) starred: bool,
    pub(super) every: u64,
    /// The first to the fifth of their kind in the month.
    pub(super) nth: [u64; 5],
    pub(super) last: u64,
}

/// A month as far as days need it: its length, and the weekday of its first day, 0 for Sunday.
#[derive(Clone, Copy)]
struct Month {
    length: i8,
    first: i8,
}

impl Times {
    fn at_or_after(&self, time: Time) -> Option<Time> {
        let (hour, minute, second) = (time.hour(), time.minute(), time.second());
        let this_hour = has(self.hours, hour);
        let in_minute = || {
            let second =
                at_or_above(self.seconds, second).filter(|_| this_hour && has(self.minutes, minute))?;
            Some((hour, minute, second))
        };
        let in_hour = || {
            let minute = at_or_above(self.minutes, minute + 1).filter(|_| this_hour)?;
            Some((hour, minute, lowest(self.seconds)))
        };
        let later = || Some((at_or_above(self.hours, hour + 1)?, lowest(self.minutes), lowest(self.seconds)));
        let (hour, minute, second) = in_minute().or_else(in_hour).or_else(later)?;
        Time::new(hour, minute, second, 0).ok()
    }

    fn earliest(&self) -> Time {
        self.at_or_after(Time::midnight()).expect("every field names a value")
    }
}

impl Days {
    /// The first local time at or after `from`, a whole second; `None` only where the calendar ends, in 9999.
    pub(super) fn next_match(&self, times: &Times, from: DateTime) -> Option<DateTime> {
        let date = from.date();
        if has(self.in_month(date.year(), date.month()), date.day())
            && let Some(time) = times.at_or_after(from.time())
        {
            return Some(date.to_datetime(time));
        }
        let mut unseen = u64::MAX << (date.day() + 1);
        let months = iter::successors(Some(date.first_of_month()), |month| next_month(*month));
        months.into_iter().find_map(|month| {
            let days = self.in_month(month.year(), month.month()) & unseen;
            unseen = u64::MAX;
            let day = at_or_above(days, 1)?;
            Some(Date::new(month.year(), month.month(), day).ok()?.to_datetime(times.earliest()))
        })
    }

    /// Years 2000 to 2027 start on every weekday, as common and as leap years: no other year has another shape.
    pub(super) fn never_fire(&self) -> bool {
        (2000..2028).all(|year| (1..=12).all(|month| self.in_month(year, month) == 0))
    }

    fn in_month(&self, year: i16, month: i8) -> u64 {
        if !has(self.months, month) {
            return 0;
        }
        let first = Date::new(year, month, 1).expect("every month has a first day");
        let month = Month { length: first.days_in_month(), first: first.weekday().to_sunday_zero_offset() };
        let (of_month, of_week) = (self.of_month.in_month(month), self.of_week.in_month(month));
        if self.of_month.starred || self.of_week.starred { of_month & of_week } else { of_month | of_week }
    }
}

impl DaysOfMonth {
    pub(super) fn new(starred: bool, entries: &[Entry]) -> Self {
        let mut days = Self { starred, ..Self::default() };
        for entry in entries {
            match *entry {
                Entry::Values(values) => days.numbers |= values,
                Entry::Nearest(day) => days.nearest |= 1 << day,
                Entry::LastDay => days.last = true,
                Entry::LastWeekday => days.last_weekday = true,
                Entry::Nth { .. } | Entry::LastOf(_) => {}
            }
        }
        days
    }

    fn in_month(&self, month: Month) -> u64 {
        let nearest =
            bits(self.nearest & month.days()).fold(0, |mask, day| mask | 1 << month.nearest_weekday(day));
        let last = u64::from(self.last) << month.length;
        let last_weekday = u64::from(self.last_weekday) << month.last_weekday();
        self.numbers & month.days() | nearest | last | last_weekday
    }
}

impl DaysOfWeek {
    pub(super) fn new(starred: bool, entries: &[Entry]) -> Self {
        let mut days = Self { starred, ..Self::default() };
        for entry in entries {
            match *entry {
                Entry::Values(values) => days.every |= values,
                Entry::Nth { days: named, nth } => days.nth[nth - 1] |= named,
                Entry::LastOf(named) => days.last |= named,
                Entry::LastDay | Entry::LastWeekday | Entry::Nearest(_) => {}
            }
        }
        days
    }

    fn in_month(&self, month: Month) -> u64 {
        let last = month.all_weeks(self.last) & month.last_seven_days();
        let mut days = month.all_weeks(self.every) | last;
        for (week, named) in self.nth.into_iter().enumerate() {
            days |= month.first_week(named) << (7 * week);
        }
        days & month.days()
    }
}

impl Month {
    fn days(self) -> u64 {
        (2 << self.length) - 2
    }

    fn last_seven_days(self) -> u64 {
        self.days() & u64::MAX << (self.length - 6)
    }

    fn weekday(self, day: i8) -> i8 {
        (self.first + day - 1) % 7
    }

    /// The days from the 1st to the 7th that are such weekdays.
    fn first_week(self, weekdays: u64) -> u64 {
        let from_the_first = weekdays >> self.first | weekdays << (7 - self.first);
        (from_the_first & 0x7F) << 1
    }

    fn all_weeks(self, weekdays: u64) -> u64 {
        self.first_week(weekdays) * WEEKS
    }

    /// Never leaves the month: a Saturday goes back to Friday and a Sunday on to Monday, except at its ends.
    fn nearest_weekday(self, day: i8) -> i8 {
        match self.weekday(day) {
            0 if day == self.length => day - 2,
            0 => day + 1,
            6 if day == 1 => day + 2,
            6 => day - 1,
            _ => day,
        }
    }

    fn last_weekday(self) -> i8 {
        match self.weekday(self.length) {
            0 => self.length - 2,
            6 => self.length - 1,
            _ => self.length,
        }
    }
}

fn next_month(first: Date) -> Option<Date> {
    match first.month() {
        12 => Date::new(first.year().checked_add(1)?, 1, 1).ok(),
        month => Date::new(first.year(), month + 1, 1).ok(),
    }
}

pub(super) fn has(mask: u64, value: i8) -> bool {
    mask >> value & 1 == 1
}

/// The values of a set, in order.
pub(super) fn bits(mask: u64) -> impl Iterator<Item = i8> {
    iter::successors(Some(mask), |rest| Some(rest & rest.wrapping_sub(1)))
        .take_while(|rest| *rest != 0)
        .map(lowest)
}

fn at_or_above(mask: u64, value: i8) -> Option<i8> {
    let rest = mask & u64::MAX << value;
    (rest != 0).then(|| lowest(rest))
}

fn lowest(mask: u64) -> i8 {
    i8::try_from(mask.trailing_zeros()).expect("a mask has 64 bits")
}
