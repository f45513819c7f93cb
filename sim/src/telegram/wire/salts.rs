//! Salts: numbers that change every half hour, without which no message is heard.

use std::time::{SystemTime, UNIX_EPOCH};

use grammers_tl_types as tl;

use crate::telegram::state::{Secret, access_hash};

const PERIOD: i64 = 1800;
/// Each is good for one period more than its own.
const LASTS: i64 = 2 * PERIOD;

/// The machine's time in seconds, which is the wire's.
pub(super) fn wire_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

pub(super) fn current(secret: &Secret) -> i64 {
    salt(secret, wire_now() / PERIOD)
}

pub(super) fn is_good(secret: &Secret, given: i64) -> bool {
    let period = wire_now() / PERIOD;
    given == salt(secret, period) || given == salt(secret, period - 1)
}

/// The salts of the coming periods, at least two: a client with one left asks for more at once.
pub(super) fn future(secret: &Secret, wanted: i32) -> Vec<tl::types::FutureSalt> {
    let now = wire_now();
    (0..i64::from(wanted.clamp(2, 64)))
        .map(|n| {
            let period = now / PERIOD + n;
            let since = period * PERIOD;
            tl::types::FutureSalt {
                valid_since: i32::try_from(since).unwrap_or(i32::MAX),
                valid_until: i32::try_from(since + LASTS).unwrap_or(i32::MAX),
                salt: salt(secret, period),
            }
        })
        .collect()
}

fn salt(secret: &Secret, period: i64) -> i64 {
    // Never 0: that is what clients begin with.
    access_hash(secret.id, period ^ (i64::from(secret.generation()) << 40)) | 1
}
