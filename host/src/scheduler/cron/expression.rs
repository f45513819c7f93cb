use jiff::{Timestamp, tz::TimeZone};

use super::calendar::{Days, DaysOfMonth, DaysOfWeek, Times};
use super::error::CronError;
use super::field::{Entry, Field};
use super::{next, words};

const LONGEST_TEXT: usize = 256;

/// A cron expression that was understood and does fire. The module says how it is read.
#[derive(Debug, Clone)]
pub(crate) struct CronExpression {
    pub(super) times: Times,
    pub(super) days: Days,
    /// Follows the clock on the wall through its changes, instead of running each named time once.
    pub(super) is_interval: bool,
}

impl CronExpression {
    pub(crate) fn parse(text: &str) -> Result<Self, CronError> {
        if text.len() > LONGEST_TEXT {
            return Err(CronError::TooLong { length: text.len(), limit: LONGEST_TEXT });
        }
        if let Some(character) = text.chars().find(|character| !character.is_ascii()) {
            return Err(CronError::NotAscii { character });
        }
        let [second, minute, hour, day_of_month, month, day_of_week] = split(expand_nickname(text.trim())?)?;
        let times = Times {
            seconds: values(&parse_field(Field::Second, second)?),
            minutes: values(&parse_field(Field::Minute, minute)?),
            hours: values(&parse_field(Field::Hour, hour)?),
        };
        let days = Days {
            of_month: DaysOfMonth::new(
                is_starred(day_of_month),
                &parse_field(Field::DayOfMonth, day_of_month)?,
            ),
            months: values(&parse_field(Field::Month, month)?),
            of_week: DaysOfWeek::new(is_starred(day_of_week), &parse_field(Field::DayOfWeek, day_of_week)?),
        };
        if days.never_fire() {
            return Err(CronError::NeverFires { text: text.trim().to_owned() });
        }
        let is_interval = [second, minute, hour].into_iter().any(is_starred);
        Ok(Self { times, days, is_interval })
    }

    /// The first fire strictly after a moment; `None` when there is none in the next 400 years.
    pub(crate) fn next_after(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        next::next_after(self, after, zone)
    }

    /// In English, to be read after "runs": "every day at 08:30".
    pub(crate) fn in_words(&self) -> String {
        words::describe(self)
    }
}

fn expand_nickname(text: &str) -> Result<&str, CronError> {
    if !text.starts_with('@') {
        return Ok(text);
    }
    let (nickname, rest) =
        text.split_once(|character: char| character.is_ascii_whitespace()).unwrap_or((text, ""));
    match (nickname.to_ascii_lowercase().as_str(), rest.trim()) {
        ("@yearly" | "@annually", "") => Ok("0 0 1 1 *"),
        ("@monthly", "") => Ok("0 0 1 * *"),
        ("@weekly", "") => Ok("0 0 * * 0"),
        ("@daily" | "@midnight", "") => Ok("0 0 * * *"),
        ("@hourly", "") => Ok("0 * * * *"),
        ("@reboot", _) => Err(CronError::Reboot),
        ("@every", "") => Err(CronError::Every { interval: "10m".to_owned() }),
        ("@every", interval) => Err(CronError::Every { interval: interval.to_owned() }),
        _ => Err(CronError::UnknownNickname { nickname: text.to_owned() }),
    }
}

/// The six fields, seconds first; five written ones run at second 0.
fn split(text: &str) -> Result<[&str; 6], CronError> {
    let fields: Vec<&str> = text.split_ascii_whitespace().collect();
    if let Some((_, zone)) = fields.first().and_then(|first| first.split_once('=')) {
        return Err(CronError::ZoneInside { assignment: fields[0].to_owned(), zone: zone.to_owned() });
    }
    match fields[..] {
        [] => Err(CronError::Empty),
        [minute, hour, day_of_month, month, day_of_week] => {
            Ok(["0", minute, hour, day_of_month, month, day_of_week])
        }
        [second, minute, hour, day_of_month, month, day_of_week] => {
            Ok([second, minute, hour, day_of_month, month, day_of_week])
        }
        [_, _, _, _, _, _, _] => Err(CronError::YearField),
        _ if fields.len() < 5 => Err(CronError::TooFewFields { count: fields.len() }),
        _ => Err(CronError::TooManyFields { count: fields.len() }),
    }
}

fn parse_field(field: Field, text: &str) -> Result<Vec<Entry>, CronError> {
    field.parse(text).map_err(|problem| CronError::Field { field, text: text.to_owned(), problem })
}

fn is_starred(field: &str) -> bool {
    field.starts_with(['*', '?'])
}

/// The plain values of a field; only day fields have other entries.
fn values(entries: &[Entry]) -> u64 {
    entries.iter().fold(0, |mask, entry| match entry {
        Entry::Values(values) => mask | values,
        _ => mask,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        CronExpression::parse(text).expect_err(text).to_string()
    }

    #[test]
    fn refusals_name_field_and_fix() {
        let expected = [
            ("", "is empty: write five fields"),
            (" \t\n ", "is empty: write five fields"),
            ("* * * *", "has 4 of its five fields"),
            ("0 0 0 * * * 2026", "years are not supported: leave out the last field"),
            ("0 4 * * * /bin/sh -c true", "has 8 fields: write five"),
            ("60 * * * *", "the minute field is `60`, but 60 is out of range: write a number from 0 to 59"),
            ("99999999999999999999 * * * *", "the minute field is"),
            ("0 24 * * *", "the hour field is `24`, but 24 is out of range: write a number from 0 to 23"),
            (
                "0 0 0 * *",
                "the day of month field is `0`, but 0 is out of range: write a number from 1 to 31",
            ),
            ("0 0 1 13 *", "the month field is `13`"),
            (
                "0 0 1 MON *",
                "the month field is `MON`, but `MON` is not a value: write a number from 1 to 12",
            ),
            ("0 0 * * 8", "the day of week field is `8`, but 8 is out of range: write a number from 0 to 7"),
            (
                "0 0 * * MONDAY",
                "`MONDAY` is not a value: write a number from 0 to 7 (both are Sunday), or a name",
            ),
            ("70 * * * * *", "the second field is `70`"),
            ("+5 * * * *", "`+5` is not a value"),
            ("-5 * * * *", "`` is not a value"),
            ("1-2-3 * * * *", "`2-3` is not a value"),
            ("1,,2 * * * *", "an entry of its list is empty: take out the comma too many"),
            (", * * * *", "an entry of its list is empty"),
            ("0 22-2 * * *", "the range `22-2` runs backwards: write `22-23,0-2`"),
            ("0 22-4/3 * * *", "the range `22-4` runs backwards: write `22,1,4`"),
            ("50-10 * * * *", "write `50-59,0-10`"),
            ("0 0 * * FRI-MON", "the range `FRI-MON` runs backwards: write `FRI-SUN,MON`"),
            ("0 0 * * 5-1", "write `5-7,1`"),
            ("0 0 * * 6-0", "write `6-7`"),
            ("0 0 * * 7-2", "write `7,1-2`"),
            ("0 0 * NOV-feb *", "the range `NOV-feb` runs backwards: write `NOV-DEC,JAN-FEB`"),
            ("*/0 * * * *", "`0` is not a step: write a number from 1 to 60 after the `/`"),
            ("*/ * * * *", "`` is not a step"),
            ("*/1/2 * * * *", "`1/2` is not a step"),
            ("*/90 * * * *", "a step of 90 is longer than the field"),
            ("0 */1000 * * *", "use `every` in place of `cron`"),
            ("5/10 * * * *", "a step needs a range: write `5-59/10`"),
            ("/10 * * * *", "a step needs a range: write `*/10`"),
            ("0 0 * * MON/2", "a step needs a range: write `MON-SUN/2`"),
            ("? * * * *", "`?` stands only in the day fields: write `*`"),
            ("0 0 L-3 * *", "`L` takes nothing beside it here"),
            ("0 0 15L * *", "`L` takes nothing beside it here"),
            (
                "0 0 WL * *",
                "`L` takes nothing beside it here: write `L` for the last day of the month or `LW`",
            ),
            ("0 0 W * *", "`` is not a value"),
            ("0 0 1-5W * *", "`1-5` is not a value"),
            ("0 0 * * L", "write `FRIL` for the last Friday of the month, or `SAT` for Saturdays"),
            ("0 0 * * MON#6", "a number from 1 to 5 after it"),
            ("0 0 * * #2", "`#` needs a day before it"),
            ("0 0 * * *#2", "`#` needs a day before it"),
            ("0 0 * * MON#", "a number from 1 to 5 after it"),
            ("L * * * *", "the minute field is `L`"),
            ("@reboot", "write `at_start = true`"),
            ("@every 10m", "write `every = \"10m\"`"),
            ("@every", "write `every = \"10m\"`"),
            ("@fortnightly", "`@fortnightly` is unknown: write @hourly"),
            ("@daily 5", "`@daily 5` is unknown"),
            ("CRON_TZ=Europe/Madrid 0 4 * * *", "write `timezone = \"Europe/Madrid\"` beside it"),
            ("0 4 * * \u{2217}", "contains '\u{2217}', which is not plain ASCII"),
            ("0\u{a0}4 * * *", "contains '\\u{a0}'"),
            ("0 0 30 2 *", "`0 0 30 2 *` never fires: none of its months has such a day"),
        ];
        for (text, part) in expected {
            let message = refusal(text);
            assert!(message.contains(part), "{text}: {message}");
        }
        assert!(refusal(&"* ".repeat(200)).contains("has 400 bytes, more than the 256 allowed"));
    }

    #[test]
    fn impossible_days_are_refused() {
        for text in [
            "0 0 30 2 *",
            "0 0 31 2 *",
            "0 0 30,31 FEB ?",
            "0 0 31 4,6 *",
            "0 0 31 4,6,9,11 *",
            "0 0 31W 2 *",
            "0 0 30W 2 *",
            "*/5 * 31 6 *",
            "0 0 */30 2 MON#3",
            "0 0 */31 * MON#2",
            "0 0 0 31 11 *",
        ] {
            assert!(matches!(CronExpression::parse(text), Err(CronError::NeverFires { .. })), "{text}");
        }
        for text in
            ["0 0 29 2 *", "0 0 31 2 MON", "0 0 30,31 2,3 *", "0 0 L 2 *", "0 0 LW 2 *", "0 0 29W 2 *"]
        {
            CronExpression::parse(text).expect(text);
        }
    }

    #[test]
    fn nicknames_stand_for_fields() {
        let zone = TimeZone::UTC;
        let start: Timestamp = "2026-03-04T05:06:07Z".parse().expect("a moment");
        for (nickname, fields) in [
            ("@yearly", "0 0 1 1 *"),
            ("@annually", "0 0 1 1 *"),
            ("@monthly", "0 0 1 * *"),
            ("@weekly", "0 0 * * 0"),
            ("@daily", "0 0 * * *"),
            ("@midnight", "0 0 * * *"),
            ("@hourly", "0 * * * *"),
            (" @Daily ", "0 0 * * *"),
        ] {
            let (nickname, fields) =
                (CronExpression::parse(nickname).unwrap(), CronExpression::parse(fields).unwrap());
            assert_eq!(nickname.next_after(start, &zone), fields.next_after(start, &zone), "{nickname:?}");
        }
        assert!(CronExpression::parse(" @Daily ").is_ok());
    }

    #[test]
    fn garbage_is_refused_without_panic() {
        let alphabet: Vec<char> = "0123456789*,-/?LW#@ SUNMOjanfeb+=.\0\u{7f}\u{e9}".chars().collect();
        let mut state = 7_u64;
        let mut roll = |limit: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % limit
        };
        let start: Timestamp = "2026-03-04T05:06:07Z".parse().expect("a moment");
        for _ in 0..20_000 {
            let length = roll(24);
            let text: String = (0..length).map(|_| alphabet[roll(alphabet.len())]).collect();
            match CronExpression::parse(&text) {
                Ok(cron) => assert!(cron.next_after(start, &TimeZone::UTC).is_some(), "{text}"),
                Err(error) => assert!(error.to_string().contains(['w', 't'])),
            }
        }
    }
}
