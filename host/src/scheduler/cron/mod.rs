//! Cron expressions: which moments they name, in a real time zone.
//!
//! Five fields (minute, hour, day of month, month, day of week) in cron's own numbers, where 0 and 7 are Sunday;
//! six only when six are written, and then seconds come first.
//!
//! **Days.** When day of month and day of week are both restricted, a day that satisfies either fires. A day field
//! that starts with `*` or `?` is not a restriction, even as `*/2`; then both fields must agree. This is Vixie cron.
//!
//! **Changes of the clock.** An expression is an *interval* when its minute, hour or written second field starts
//! with `*`; otherwise it names *fixed times*. Again Vixie cron, without its limit of three hours:
//!
//! - Fixed times follow the highest local time that the zone's clocks have shown. Times that a forward change skips
//!   run once, together, at the first instant after it, even if it skips a whole day. Times that a backward change
//!   repeats run at their first occurrence only.
//! - Intervals follow the clock on the wall: skipped times do not run, repeated times run in both passes.
//!
//! We match fields and search ourselves. croner 4 has other rules (a list of hours is an interval, `*/2` is a
//! restriction, no fire after a gap that crosses midnight) and its errors do not name the field; the tests hold our
//! reading of a plain calendar, with `L`, `W` and `#`, against it.

mod calendar;
mod error;
mod expression;
mod field;
mod next;
mod words;

#[cfg(test)]
mod oracle_tests;

pub(crate) use expression::CronExpression;
