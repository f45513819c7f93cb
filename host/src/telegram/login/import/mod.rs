//! Logins of other programs: Telethon's and Pyrogram's session files, Telegram Desktop's folder.
//!
//! Reading changes nothing there. An imported key is the other program's own: used from two
//! places at once, Telegram ends the login of both.

pub mod tdata;
pub mod telethon;

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
};

use grammers_session::types::PeerInfo;

use crate::telegram::servers::AuthKey;

/// What another program knows of its login.
#[derive(Clone, PartialEq, Eq)]
pub struct ImportedLogin {
    /// The account's home.
    pub dc_id: i32,
    pub auth_key: AuthKey,
    pub user_id: Option<i64>,
    /// Keys of further data centres; the home is not among them.
    pub other_keys: BTreeMap<i32, AuthKey>,
    /// Users and channels that the program had met: they hold for this account only.
    pub peers: Vec<PeerInfo>,
}

/// Without the keys.
impl fmt::Debug for ImportedLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportedLogin")
            .field("dc_id", &self.dc_id)
            .field("user_id", &self.user_id)
            .field("other_dcs", &self.other_keys.keys().collect::<Vec<_>>())
            .field("peers", &self.peers.len())
            .finish_non_exhaustive()
    }
}

/// What was found at a path.
#[derive(Debug)]
pub enum Imported {
    /// A session file has one login.
    Session(Box<ImportedLogin>),
    /// Telegram Desktop can have several.
    Desktop(tdata::Tdata),
}

#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("there is nothing at {}: check the path, and that this machine and user can see it", path.display())]
    Missing { path: PathBuf },
    #[error("{} holds several sessions: name one of {}", folder.display(), names.join(", "))]
    Several { folder: PathBuf, names: Vec<String> },
    #[error(transparent)]
    Session(#[from] telethon::TelethonError),
    #[error(transparent)]
    Desktop(#[from] tdata::TdataError),
}

/// Reads whatever lies at `path`: a folder of Telegram Desktop, or a file of the others. Blocks.
pub fn read(path: &Path, passcode: Option<&str>) -> Result<Imported, ImportError> {
    if matches!(path.try_exists(), Ok(false)) {
        return Err(ImportError::Missing { path: path.to_owned() });
    }
    match tdata::find(path) {
        Some(folder) => Ok(Imported::Desktop(tdata::read(&folder, passcode)?)),
        None if path.is_dir() => match only_session(path)? {
            Some(file) => Ok(Imported::Session(Box::new(telethon::read_file(&file)?))),
            None => Err(tdata::TdataError::NotTdata { folder: path.to_owned() }.into()),
        },
        None => Ok(Imported::Session(Box::new(telethon::read_file(path)?))),
    }
}

/// Programs keep their sessions in folders, of which people know the name.
fn only_session(folder: &Path) -> Result<Option<PathBuf>, ImportError> {
    let is_session = |path: &PathBuf| path.extension().is_some_and(|it| it == "session") && path.is_file();
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_session).collect();
    found.sort();
    match found.as_slice() {
        [] | [_] => Ok(found.pop()),
        several => {
            let names = several.iter().filter_map(|path| path.file_name());
            let names = names.map(|name| name.to_string_lossy().into_owned()).collect();
            Err(ImportError::Several { folder: folder.to_owned(), names })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_with_one_session_is_that_session() {
        let folder = tempfile::tempdir().unwrap();
        let asked = || read(folder.path(), None).unwrap_err();
        assert!(matches!(asked(), ImportError::Desktop(tdata::TdataError::NotTdata { .. })));
        fs::write(folder.path().join("a.session"), "").unwrap();
        fs::write(folder.path().join("b.session-journal"), "").unwrap();
        assert!(matches!(asked(), ImportError::Session(telethon::TelethonError::Empty { .. })));
        fs::write(folder.path().join("b.session"), "").unwrap();
        assert!(asked().to_string().ends_with("name one of a.session, b.session"), "{}", asked());
        assert!(matches!(read(&folder.path().join("c"), None), Err(ImportError::Missing { .. })));
    }
}
