//! What SQLite complains about, in the words of the archive.

use rusqlite::{Error, ErrorCode};

use crate::archive::StoreError;

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let reason = error.to_string();
        if is_full(&error) {
            return Self::Full { place: String::new() };
        }
        match error.sqlite_error_code() {
            Some(
                ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::OutOfMemory,
            ) => Self::Unavailable { reason },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged { reason },
            _ => Self::Failed { reason },
        }
    }
}

/// The index of the journal is a file of its own, which says so in another way.
fn is_full(error: &Error) -> bool {
    const NO_ROOM_FOR_THE_INDEX: i32 = rusqlite::ffi::SQLITE_IOERR_SHMSIZE;
    let Error::SqliteFailure(failure, _) = error else { return false };
    failure.code == ErrorCode::DiskFull || failure.extended_code == NO_ROOM_FOR_THE_INDEX
}

/// Text of ours in a column that does not say what it should.
pub(super) fn damaged(what: &str, error: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged { reason: format!("{what}: {error}") }
}
