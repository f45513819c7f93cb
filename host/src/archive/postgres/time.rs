//! Times of our own are milliseconds, those of Telegram seconds.

use jiff::Timestamp;

use super::error::damaged;
use crate::archive::StoreError;

pub(super) fn time(milliseconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(milliseconds).map_err(|error| damaged("a time", error))
}

pub(super) fn second(seconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_second(seconds).map_err(|error| damaged("a date", error))
}
