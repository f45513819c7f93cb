use std::fmt;

use super::error::FieldProblem;

/// One of the fields of an expression: its name, its numbers and its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Second,
    Minute,
    Hour,
    DayOfMonth,
    Month,
    DayOfWeek,
}

/// What one entry of a field's list means. Sets are bit masks: bit `n` stands for value `n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Values(u64),
    /// `L` as a day of month.
    LastDay,
    /// `LW`: the last day from Monday to Friday.
    LastWeekday,
    /// `15W`: the day from Monday to Friday nearest the 15th.
    Nearest(i8),
    /// `MON#2`: the second Monday.
    Nth {
        days: u64,
        nth: usize,
    },
    /// `FRIL`: the last Friday.
    LastOf(u64),
}

/// A value as it was written; an answer with a fix in it keeps to names when the user did.
#[derive(Clone, Copy)]
struct Value {
    number: i8,
    named: bool,
}

impl Field {
    pub(super) fn parse(self, text: &str) -> Result<Vec<Entry>, FieldProblem> {
        text.split(',').map(|entry| self.entry(entry)).collect()
    }

    const fn least(self) -> i8 {
        match self {
            Self::Second | Self::Minute | Self::Hour | Self::DayOfWeek => 0,
            Self::DayOfMonth | Self::Month => 1,
        }
    }

    const fn most(self) -> i8 {
        match self {
            Self::Second | Self::Minute => 59,
            Self::Hour => 23,
            Self::DayOfMonth => 31,
            Self::Month => 12,
            Self::DayOfWeek => 7,
        }
    }

    const fn longest_step(self) -> i8 {
        match self {
            Self::Second | Self::Minute => 60,
            Self::Hour => 24,
            Self::DayOfMonth => 31,
            Self::Month => 12,
            Self::DayOfWeek => 7,
        }
    }

    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Month => {
                &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
            }
            Self::DayOfWeek => &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
            _ => &[],
        }
    }

    const fn allowed(self) -> &'static str {
        match self {
            Self::Second | Self::Minute => "a number from 0 to 59",
            Self::Hour => "a number from 0 to 23",
            Self::DayOfMonth => "a number from 1 to 31, or `L` for the last day of the month",
            Self::Month => "a number from 1 to 12, or a name from JAN to DEC",
            Self::DayOfWeek => "a number from 0 to 7 (both are Sunday), or a name from SUN to SAT",
        }
    }

    fn entry(self, token: &str) -> Result<Entry, FieldProblem> {
        if token.is_empty() {
            return Err(FieldProblem::EmptyEntry);
        }
        let special = match self {
            Self::DayOfMonth => self.special_day_of_month(token)?,
            Self::DayOfWeek => self.special_day_of_week(token)?,
            _ => None,
        };
        match special {
            Some(entry) => Ok(entry),
            None => self.values(token).map(Entry::Values),
        }
    }

    fn special_day_of_month(self, token: &str) -> Result<Option<Entry>, FieldProblem> {
        if token.eq_ignore_ascii_case("L") {
            return Ok(Some(Entry::LastDay));
        }
        if token.eq_ignore_ascii_case("LW") {
            return Ok(Some(Entry::LastWeekday));
        }
        if token.contains(['L', 'l']) {
            return Err(FieldProblem::LastWithMore);
        }
        match token.strip_suffix(['W', 'w']) {
            Some(day) => Ok(Some(Entry::Nearest(self.value(day)?.number))),
            None => Ok(None),
        }
    }

    fn special_day_of_week(self, token: &str) -> Result<Option<Entry>, FieldProblem> {
        if token.eq_ignore_ascii_case("L") {
            return Err(FieldProblem::LastOfWhichDay);
        }
        let (days, which) = match (token.split_once('#'), token.strip_suffix(['L', 'l'])) {
            (Some(parts), _) => parts,
            (None, Some(days)) => (days, "L"),
            (None, None) => return Ok(None),
        };
        // `*#2` and `MON/2#2` would have a meaning, but nobody has ever meant it.
        if days.is_empty() || days.contains(['*', '?', '/']) {
            return Err(FieldProblem::NthOutOfRange);
        }
        let days = self.values(days)?;
        match which {
            "L" | "l" => Ok(Some(Entry::LastOf(days))),
            "1" | "2" | "3" | "4" | "5" => {
                Ok(Some(Entry::Nth { days, nth: usize::from(which.as_bytes()[0] - b'0') }))
            }
            _ => Err(FieldProblem::NthOutOfRange),
        }
    }

    /// `*`, `5`, `5-9`, `*/2` and `5-9/2`.
    fn values(self, token: &str) -> Result<u64, FieldProblem> {
        let (range, step) = match token.split_once('/') {
            Some((range, step)) => (range, Some(self.step(step)?)),
            None => (token, None),
        };
        let (from, to) = match (range, range.split_once('-')) {
            ("*", _) => (self.least(), self.most()),
            ("?", _) if matches!(self, Self::DayOfMonth | Self::DayOfWeek) => (self.least(), self.most()),
            ("?", _) => return Err(FieldProblem::QuestionMark),
            (_, Some((from, to))) => self.range(range, from, to, step)?,
            ("", None) => {
                let instead = format!("*{token}");
                return Err(FieldProblem::StepWithoutRange { instead });
            }
            (_, None) => {
                let value = self.value(range)?;
                if let Some(step) = step {
                    let instead = format!("{range}-{}/{step}", self.show(self.most(), value.named));
                    return Err(FieldProblem::StepWithoutRange { instead });
                }
                (value.number, value.number)
            }
        };
        Ok(self.mask((from..=to).step_by(step.unwrap_or(1))))
    }

    fn range(self, range: &str, from: &str, to: &str, step: Option<usize>) -> Result<(i8, i8), FieldProblem> {
        let (from, mut to) = (self.value(from)?, self.value(to)?);
        // A week that is written by name may end on its Sunday.
        if self == Self::DayOfWeek && to.named && to.number == 0 && from.number > 0 {
            to.number = 7;
        }
        if from.number <= to.number {
            return Ok((from.number, to.number));
        }
        Err(FieldProblem::Backwards { range: range.to_owned(), instead: self.unwrapped(from, to, step) })
    }

    /// What a range that wraps around must have meant, as a list.
    fn unwrapped(self, from: Value, to: Value, step: Option<usize>) -> String {
        let named = from.named && to.named;
        // After 7 the week goes on with Monday: its Sunday has been counted.
        let restart = if self == Self::DayOfWeek { 1 } else { self.least() };
        if let Some(step) = step {
            let values = (from.number..=self.most()).chain(restart..=to.number).step_by(step);
            return values.map(|value| self.show(value, named)).collect::<Vec<_>>().join(",");
        }
        let part = |from: i8, to: i8| match (self.show(from, named), self.show(to, named)) {
            (from, to) if from == to => from,
            (from, to) => format!("{from}-{to}"),
        };
        let head = part(from.number, self.most());
        if to.number < restart { head } else { format!("{head},{}", part(restart, to.number)) }
    }

    fn step(self, token: &str) -> Result<usize, FieldProblem> {
        let most = self.longest_step();
        if !is_number(token) {
            return Err(FieldProblem::NotAStep { token: token.to_owned(), most });
        }
        match token.parse::<u8>() {
            Ok(0) => Err(FieldProblem::NotAStep { token: token.to_owned(), most }),
            Ok(step) if i16::from(step) <= i16::from(most) => Ok(usize::from(step)),
            _ => Err(FieldProblem::StepTooLong { step: token.to_owned(), most }),
        }
    }

    fn value(self, token: &str) -> Result<Value, FieldProblem> {
        let names = (self.least()..).zip(self.names());
        if let Some((number, _)) = names.into_iter().find(|(_, name)| name.eq_ignore_ascii_case(token)) {
            return Ok(Value { number, named: true });
        }
        if !is_number(token) {
            return Err(FieldProblem::NotAValue { token: token.to_owned(), allowed: self.allowed() });
        }
        match token.parse::<i8>() {
            Ok(number) if (self.least()..=self.most()).contains(&number) => {
                Ok(Value { number, named: false })
            }
            _ => Err(FieldProblem::OutOfRange { token: token.to_owned(), allowed: self.allowed() }),
        }
    }

    fn show(self, number: i8, named: bool) -> String {
        let index = usize::try_from(number - self.least()).expect("values are not below the least");
        match self.names() {
            names if named && !names.is_empty() => names[index % names.len()].to_owned(),
            _ => number.to_string(),
        }
    }

    fn mask(self, values: impl Iterator<Item = i8>) -> u64 {
        values.fold(0, |mask, value| mask | 1 << if self == Self::DayOfWeek { value % 7 } else { value })
    }
}

impl fmt::Display for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::DayOfMonth => "day of month",
            Self::Month => "month",
            Self::DayOfWeek => "day of week",
        })
    }
}

/// Stricter than `parse`, which takes `+5`.
fn is_number(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit())
}
