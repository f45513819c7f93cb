//! What PostgreSQL complains about, in the words of the archive.

use deadpool_postgres::PoolError;
use tokio_postgres::{Error, error::SqlState};

use crate::archive::StoreError;

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let reason = in_words(&error);
        match error.code() {
            Some(state) if *state == SqlState::DISK_FULL => Self::Full { place: reason },
            Some(state) if is_damage(state) => Self::Damaged { reason },
            Some(state) if is_temporary(state) => Self::Unavailable { reason },
            Some(_) => Self::Failed { reason },
            // Everything that is no word of the server's is a connection that broke, but for what never left us.
            None if is_ours(&error) => Self::Failed { reason },
            None => Self::Unavailable { reason },
        }
    }
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            error => Self::Unavailable { reason: error.to_string() },
        }
    }
}

/// Whoever asks again later may be answered.
fn is_temporary(state: &SqlState) -> bool {
    let code = state.code();
    // Connections, too few resources, an operator who stops the server, transactions that met.
    ["08", "53", "57", "58", "40"].iter().any(|class| code.starts_with(class))
        || *state == SqlState::LOCK_NOT_AVAILABLE
        || *state == SqlState::READ_ONLY_SQL_TRANSACTION
}

fn is_damage(state: &SqlState) -> bool {
    *state == SqlState::DATA_CORRUPTED || *state == SqlState::INDEX_CORRUPTED
}

fn is_ours(error: &Error) -> bool {
    let source = std::error::Error::source(error);
    !error.is_closed() && source.is_none_or(|source| !source.is::<std::io::Error>())
}

/// With what the server says, which the error itself keeps in its source.
pub(super) fn in_words(error: &Error) -> String {
    if let Some(said) = error.as_db_error() {
        let detail = said.detail().map(|detail| format!(" ({detail})")).unwrap_or_default();
        return format!("{}{detail}", said.message());
    }
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Text of ours in a column that does not say what it should.
pub(super) fn damaged(what: &str, error: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged { reason: format!("{what}: {error}") }
}
