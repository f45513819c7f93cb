//! Session files of Telethon and Pyrogram, and the one-line texts that both can make of them.

use std::path::{Path, PathBuf};

use super::ImportedLogin;

#[derive(Debug, thiserror::Error)]
pub enum TelethonError {
    #[error("{path} cannot be read")]
    Unreadable {
        path: PathBuf,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Reads a `.session` file.
pub fn read_file(path: &Path) -> Result<ImportedLogin, TelethonError> {
    Err(TelethonError::Unreadable { path: path.to_owned(), source: "not a session file".into() })
}

/// Reads the text of a string session.
pub fn read_text(_text: &str) -> Result<ImportedLogin, TelethonError> {
    Err(TelethonError::Unreadable { path: PathBuf::new(), source: "not a session text".into() })
}
