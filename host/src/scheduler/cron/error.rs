use super::field::Field;

/// What is wrong with a cron expression, in which field, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CronError {
    #[error(
        "the cron expression is empty: write five fields, for example `0 4 * * *` for every day at 04:00"
    )]
    Empty,
    #[error(
        "the cron expression has {length} bytes, more than the {limit} allowed: split it into several jobs"
    )]
    TooLong { length: usize, limit: usize },
    #[error(
        "the cron expression contains {character:?}, which is not plain ASCII: type it again by keyboard"
    )]
    NotAscii { character: char },
    #[error("`@reboot` is not a time: write `at_start = true` instead")]
    Reboot,
    #[error("`@every` is not a cron expression: write `every = \"{interval}\"` instead")]
    Every { interval: String },
    #[error(
        "`{nickname}` is unknown: write @hourly, @daily, @midnight, @weekly, @monthly, @yearly or @annually, alone, \
         or five fields"
    )]
    UnknownNickname { nickname: String },
    #[error("`{assignment}` does not belong in a cron expression: write `timezone = \"{zone}\"` beside it")]
    ZoneInside { assignment: String, zone: String },
    #[error(
        "the cron expression has {count} of its five fields: write minute, hour, day of month, month and day of \
         week, with `*` for every"
    )]
    TooFewFields { count: usize },
    #[error("the cron expression has seven fields, but years are not supported: leave out the last field")]
    YearField,
    #[error(
        "the cron expression has {count} fields: write five (minute, hour, day of month, month, day of week), or \
         six with seconds first, and no command after them"
    )]
    TooManyFields { count: usize },
    #[error("the {field} field is `{text}`, but {problem}")]
    Field { field: Field, text: String, problem: FieldProblem },
    #[error(
        "`{text}` never fires: none of its months has such a day; write a day that exists, or `L` for the last day \
         of the month"
    )]
    NeverFires { text: String },
}

/// What is wrong inside one field; reads on from "the hour field is `25`, but".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FieldProblem {
    #[error("an entry of its list is empty: take out the comma too many")]
    EmptyEntry,
    #[error("`{token}` is not a value: write {allowed}")]
    NotAValue { token: String, allowed: &'static str },
    #[error("{token} is out of range: write {allowed}")]
    OutOfRange { token: String, allowed: &'static str },
    #[error("`?` stands only in the day fields: write `*`")]
    QuestionMark,
    #[error("the range `{range}` runs backwards: write `{instead}`")]
    Backwards { range: String, instead: String },
    #[error("`{token}` is not a step: write a number from 1 to {most} after the `/`")]
    NotAStep { token: String, most: i8 },
    #[error(
        "a step of {step} is longer than the field, so that only the first value would be left: write a step from \
         1 to {most}, or use `every` in place of `cron`"
    )]
    StepTooLong { step: String, most: i8 },
    #[error("a step needs a range: write `{instead}`")]
    StepWithoutRange { instead: String },
    #[error(
        "`#` needs a day before it and a number from 1 to 5 after it: write `MON#1` for the first Monday"
    )]
    NthOutOfRange,
    #[error(
        "`L` needs a day before it here: write `FRIL` for the last Friday of the month, or `SAT` for Saturdays"
    )]
    LastOfWhichDay,
    #[error(
        "`L` takes nothing beside it here: write `L` for the last day of the month or `LW` for its last weekday"
    )]
    LastWithMore,
}
