//! Session files of Telethon and Pyrogram, and the one-line texts that both can make of them.
//!
//! Addresses in them are left out: they grow old, and the number of the data centre is enough.

mod database;
mod text;

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
};

pub use text::read_text;

use super::ImportedLogin;

const SQLITE: &[u8] = b"SQLite format 3\0";
/// Texts have fewer than 400 characters.
const LONGEST_TEXT: u64 = 1 << 16;

/// Why a file or text gives no login. `origin` is the file, or "the text".
#[derive(Debug, thiserror::Error)]
pub enum TelethonError {
    #[error("{origin} cannot be read")]
    Unreadable {
        origin: String,
        #[source]
        source: io::Error,
    },
    #[error("{origin} is empty: log in with its program first, or choose another file")]
    Empty { origin: String },
    #[error(
        "{origin} is no session of Telethon or Pyrogram; of Telegram Desktop, name the folder `tdata` instead"
    )]
    NotASession { origin: String },
    #[error("{origin} is damaged, or was being written: stop its program and try again")]
    Damaged {
        origin: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("{origin} holds no login: nobody has logged in with it, or its program has logged out")]
    NoLogin { origin: String },
    #[error("{origin} belongs to Telegram's test servers, which have accounts of their own")]
    TestServers { origin: String },
}

/// Reads a `.session` file, or a file with a session's text. A program that uses the file is not
/// disturbed: what is read is a copy.
pub fn read_file(path: &Path) -> Result<ImportedLogin, TelethonError> {
    let origin = path.display().to_string();
    let unreadable = |source| TelethonError::Unreadable { origin: origin.clone(), source };
    // Before opening: opening a pipe waits for somebody who writes.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(TelethonError::NotASession { origin });
    }
    let mut start = Vec::new();
    let file = fs::File::open(path).map_err(unreadable)?;
    file.take(LONGEST_TEXT).read_to_end(&mut start).map_err(unreadable)?;
    if start.starts_with(SQLITE) {
        return database::read(path, &origin);
    }
    match std::str::from_utf8(&start) {
        Ok(text) if text.trim().is_empty() => Err(TelethonError::Empty { origin }),
        Ok(text) => text::read(text, origin),
        Err(_) => Err(TelethonError::NotASession { origin }),
    }
}

#[cfg(test)]
mod tests;
