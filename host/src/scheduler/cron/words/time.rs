use super::list::{cycle, join, named, progression, values};
use crate::scheduler::cron::calendar::Times;

/// More times of day than this are no longer listed one by one.
const MOST_CLOCK_TIMES: u32 = 8;

pub(super) enum TimePhrase {
    /// `at 08:30 and 20:30`: moments of a day.
    Clock(String),
    /// `every 10 minutes`: complete without a day.
    Repeated(String),
}

pub(super) fn phrase(times: &Times) -> TimePhrase {
    let Some(second) = only(times.seconds) else { return TimePhrase::Repeated(many_seconds(times)) };
    let minute = only(times.minutes);
    let every_hour = cycle(times.hours, 24) == Some(1);
    if let (Some(minute), Some(step)) = (minute, cycle(times.hours, 24)) {
        let hours = if step == 1 { "every hour".to_owned() } else { format!("every {step} hours") };
        return repeated(format!("{hours}, at minute {minute}"), second);
    }
    if let (Some(minute), Some((first, last, step))) = (minute, progression(times.hours)) {
        let hours = if step == 1 { "every hour".to_owned() } else { format!("every {step} hours") };
        return TimePhrase::Repeated(format!(
            "{hours} from {} to {}",
            clock(first, minute, second),
            clock(last, minute, second)
        ));
    }
    if !every_hour && times.hours.count_ones() * times.minutes.count_ones() <= MOST_CLOCK_TIMES {
        let hours = values(times.hours).into_iter();
        let moments = hours.flat_map(|hour| {
            let minutes = values(times.minutes).into_iter();
            minutes.map(move |minute| clock(hour, minute, second))
        });
        return TimePhrase::Clock(format!("at {}", join(&moments.collect::<Vec<_>>(), "and")));
    }
    repeated(many_minutes(times), second)
}

fn many_minutes(times: &Times) -> String {
    let hours = named(times.hours, "hour", 24);
    let Some(step) = cycle(times.minutes, 60) else {
        return format!("at {} of {hours}", named(times.minutes, "minute", 60));
    };
    let minutes = if step == 1 { "every minute".to_owned() } else { format!("every {step} minutes") };
    let (first, last) = (lowest(times.hours), highest(times.hours));
    let unbroken = last - first + 1 == i8::try_from(times.hours.count_ones()).expect("a day has 24 hours");
    match (cycle(times.hours, 24), unbroken) {
        (Some(1), _) => minutes,
        (_, true) => format!("{minutes} from {first:02}:00 to {last:02}:{:02}", highest(times.minutes)),
        _ => format!("{minutes} of {hours}"),
    }
}

fn many_seconds(times: &Times) -> String {
    let (minutes, hours) = (named(times.minutes, "minute", 60), named(times.hours, "hour", 24));
    let seconds = match cycle(times.seconds, 60) {
        Some(1) => "every second".to_owned(),
        Some(step) => format!("every {step} seconds"),
        None => format!("at {}", named(times.seconds, "second", 60)),
    };
    match (minutes.as_str(), hours.as_str()) {
        ("every minute", "every hour") if seconds.starts_with("every") => seconds,
        ("every minute", "every hour") => format!("{seconds} of every minute"),
        _ => format!("{seconds} of {minutes} of {hours}"),
    }
}

fn repeated(minutes: String, second: i8) -> TimePhrase {
    TimePhrase::Repeated(match second {
        0 => minutes,
        _ => format!("{minutes}, at second {second}"),
    })
}

fn clock(hour: i8, minute: i8, second: i8) -> String {
    match second {
        0 => format!("{hour:02}:{minute:02}"),
        _ => format!("{hour:02}:{minute:02}:{second:02}"),
    }
}

fn only(mask: u64) -> Option<i8> {
    (mask.count_ones() == 1).then(|| lowest(mask))
}

fn lowest(mask: u64) -> i8 {
    values(mask)[0]
}

fn highest(mask: u64) -> i8 {
    values(mask)[values(mask).len() - 1]
}
