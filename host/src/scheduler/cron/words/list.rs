//! Sets of numbers as people list them.

use crate::scheduler::cron::calendar::{bits, has};

/// From here on a regular set reads better as a rule than as a list.
const LONG: usize = 4;

pub(super) fn values(mask: u64) -> Vec<i8> {
    bits(mask).collect()
}

/// `a, b and c`, for any joining word.
pub(super) fn join(items: &[String], word: &str) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} {word} {last}", first.join(", ")),
    }
}

/// The step of values that start at 0 and go round their unit evenly, like `*/15` in 60; more than one value.
pub(super) fn cycle(mask: u64, unit: i8) -> Option<i8> {
    let step = unit / i8::try_from(mask.count_ones()).ok().filter(|count| *count > 1)?;
    let even = (0..unit).step_by(usize::try_from(step).ok()?).fold(0, |mask, value| mask | 1_u64 << value);
    (even == mask && unit % step == 0).then_some(step)
}

/// First value, last value and step of a long set with equal distances.
pub(super) fn progression(mask: u64) -> Option<(i8, i8, i8)> {
    let values = values(mask);
    let (first, last) = (*values.first()?, *values.last()?);
    let step = values.get(1)? - first;
    let even = values.windows(2).all(|pair| pair[1] - pair[0] == step);
    (even && values.len() >= LONG).then_some((first, last, step))
}

/// First and last of at least three neighbours in a unit that comes round, like Friday to Monday.
pub(super) fn run(mask: u64, unit: std::ops::Range<i8>) -> Option<(i8, i8)> {
    let size = unit.end - unit.start;
    let before = |value: i8| if value == unit.start { unit.end - 1 } else { value - 1 };
    let mut starts = unit.clone().filter(|value| has(mask, *value) && !has(mask, before(*value)));
    let (Some(first), None, 3..) = (starts.next(), starts.next(), mask.count_ones()) else { return None };
    let length = i8::try_from(mask.count_ones()).ok()?;
    Some((first, unit.start + (first - unit.start + length - 1) % size))
}

/// Neighbours joined to pairs of first and last, where there are three or more of them.
pub(super) fn ranges(mask: u64) -> Vec<(i8, i8)> {
    let mut ranges: Vec<(i8, i8)> = Vec::new();
    for value in values(mask) {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == value => *last = value,
            _ => ranges.push((value, value)),
        }
    }
    let pairs = ranges.into_iter().flat_map(|(first, last)| match last - first {
        1 => vec![(first, first), (last, last)],
        _ => vec![(first, last)],
    });
    pairs.collect()
}

/// `minute 5`, `minutes 0, 5 and 10 to 15`, `every 7th minute from 0 to 56`, `every minute`.
pub(super) fn named(mask: u64, name: &str, unit: i8) -> String {
    if mask.count_ones() == u32::from(unit.unsigned_abs()) {
        return format!("every {name}");
    }
    if let Some((first, last, step @ 2..)) = progression(mask) {
        return format!("every {} {name} from {first} to {last}", ordinal(step));
    }
    let items = ranges(mask).into_iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first} to {last}"),
    });
    let plural = if mask.count_ones() == 1 { "" } else { "s" };
    format!("{name}{plural} {}", join(&items.collect::<Vec<_>>(), "and"))
}

pub(super) fn ordinal(number: i8) -> String {
    let ending = match (number % 10, number % 100) {
        (1..=3, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}
