//! Times of our own are milliseconds, those of Telegram seconds.

use jiff::Timestamp;

use super::error::damaged;
use crate::archive::StoreError;

pub(super) fn time(milliseconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(milliseconds).map_err(|error| damaged("a time", error))
}

/// SQLite knows no numbers without a sign.
pub(super) fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

pub(super) fn second(seconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_second(seconds).map_err(|error| damaged("a date", error))
}
