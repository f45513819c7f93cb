use super::list::{join, ordinal, progression, ranges, run, values};
use crate::scheduler::cron::calendar::{Days, DaysOfMonth, DaysOfWeek};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const PLACES: [&str; 5] = ["first", "second", "third", "fourth", "fifth"];

const ALL_DAYS: u64 = 0xFFFF_FFFE;
const ALL_WEEKDAYS: u64 = 0x7F;
const ALL_MONTHS: u64 = 0x1FFE;

pub(super) enum DayPhrase {
    /// Any day; `months` is empty or starts with a space.
    Any {
        months: String,
    },
    Some(String),
}

pub(super) fn phrase(days: &Days) -> DayPhrase {
    let any_of_month = days.of_month.numbers == ALL_DAYS;
    let any_of_week = days.of_week.every == ALL_WEEKDAYS;
    let must_agree = days.of_month.starred || days.of_week.starred;
    let of_month = || days_of_month(&days.of_month, days.months);
    let of_week = || days_of_week(&days.of_week, days.months);
    match (any_of_month, any_of_week) {
        (true, true) => DayPhrase::Any { months: in_months(days.months) },
        (true, false) | (false, true) if !must_agree => DayPhrase::Any { months: in_months(days.months) },
        (true, false) => DayPhrase::Some(of_week()),
        (false, true) => DayPhrase::Some(of_month()),
        (false, false) if must_agree => {
            DayPhrase::Some(format!("{}, if it is {}", of_month(), one_of(&days.of_week)))
        }
        (false, false) => DayPhrase::Some(format!("{} and {}", of_month(), of_week())),
    }
}

/// `on the 1st and the last day of each month`
fn days_of_month(days: &DaysOfMonth, months: u64) -> String {
    let mut parts: Vec<String> = match progression(days.numbers) {
        Some((first, last, step @ 2..)) => {
            vec![format!("every {} day from the {} to the {}", ordinal(step), ordinal(first), ordinal(last))]
        }
        _ => ranges(days.numbers).into_iter().map(ordinal_range).collect(),
    };
    parts.extend(
        values(days.nearest).into_iter().map(|day| format!("the working day nearest the {}", ordinal(day))),
    );
    parts.extend(days.last_weekday.then(|| "the last working day".to_owned()));
    parts.extend(days.last.then(|| "the last day".to_owned()));
    format!("on {} {}", join(&parts, "and"), of_months(months))
}

fn ordinal_range((first, last): (i8, i8)) -> String {
    match first == last {
        true => format!("the {}", ordinal(first)),
        false => format!("the {} to the {}", ordinal(first), ordinal(last)),
    }
}

/// `on Sundays in June and on the last Friday of June`
fn days_of_week(days: &DaysOfWeek, months: u64) -> String {
    let mut parts = Vec::new();
    if let Some((first, last)) = run(days.every, 0..7) {
        parts.push(format!("from {} to {}{}", weekday(first), weekday(last), in_months(months)));
    } else if days.every != 0 {
        let named: Vec<String> = monday_first(days.every).map(|day| format!("{}s", weekday(day))).collect();
        parts.push(format!("on {}{}", join(&named, "and"), in_months(months)));
    }
    let placed = placed(days);
    if !placed.is_empty() {
        parts.push(format!("on {} {}", join(&placed, "and"), of_months(months)));
    }
    join(&parts, "and")
}

/// `a Sunday or the second Monday of the month`
fn one_of(days: &DaysOfWeek) -> String {
    let every = monday_first(days.every).map(|day| format!("a {}", weekday(day)));
    let placed = placed(days).into_iter().map(|day| format!("{day} of the month"));
    join(&every.chain(placed).collect::<Vec<_>>(), "or")
}

/// `the second Monday`, `the last Friday`
fn placed(days: &DaysOfWeek) -> Vec<String> {
    let nth = PLACES.into_iter().zip(days.nth).chain([("last", days.last)]);
    nth.flat_map(|(place, named)| monday_first(named).map(move |day| format!("the {place} {}", weekday(day))))
        .collect()
}

fn of_months(months: u64) -> String {
    match (months == ALL_MONTHS, run(months, 1..13)) {
        (true, _) => "of each month".to_owned(),
        (false, Some((first, last))) => format!("of each month from {} to {}", month(first), month(last)),
        (false, None) => format!("of {}", month_list(months)),
    }
}

/// Empty for all months; else it starts with a space.
fn in_months(months: u64) -> String {
    match (months == ALL_MONTHS, run(months, 1..13)) {
        (true, _) => String::new(),
        (false, Some((first, last))) => format!(" in the months from {} to {}", month(first), month(last)),
        (false, None) => format!(" in {}", month_list(months)),
    }
}

fn month_list(months: u64) -> String {
    let named: Vec<String> = values(months).into_iter().map(|number| month(number).to_owned()).collect();
    join(&named, "and")
}

fn monday_first(days: u64) -> impl Iterator<Item = i8> {
    let (sunday, others): (Vec<i8>, Vec<i8>) = values(days).into_iter().partition(|day| *day == 0);
    others.into_iter().chain(sunday)
}

fn weekday(day: i8) -> &'static str {
    WEEKDAYS[usize::try_from(day).expect("weekdays count from 0")]
}

fn month(number: i8) -> &'static str {
    MONTHS[usize::try_from(number - 1).expect("months count from 1")]
}
