//! Telegram Desktop's folder `tdata`.
//!
//! `key_data` holds the folder's own key, locked with the passcode or with none, and the list of
//! accounts. Each account's login lies in a file named after it, locked with that key. Folders
//! from before there were several accounts keep the key in the account's `map` instead.

mod authorization;
mod file;
mod local_key;
mod stream;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod writer;

use std::path::{Path, PathBuf};

pub use file::Flaw;

use super::ImportedLogin;
use file::TdfFile;
use local_key::LocalKey;
use stream::Stream;

/// Telegram Desktop allows six; its followers more.
const MOST_ACCOUNTS: i32 = 1000;
const SALT_LENGTH: usize = 32;

/// The accounts of a folder; there is at least one.
#[derive(Debug)]
pub struct Tdata {
    pub accounts: Vec<TdataAccount>,
    /// The index of the account that was in front.
    pub active: i32,
    /// Accounts that could not be read, by index. Those that nobody is logged in with are not here.
    pub unreadable: Vec<(i32, TdataError)>,
}

#[derive(Debug)]
pub struct TdataAccount {
    /// As Telegram Desktop counts, from 0.
    pub index: i32,
    pub login: ImportedLogin,
}

#[derive(Debug, thiserror::Error)]
pub enum TdataError {
    #[error("{} is no folder of Telegram Desktop: name the one called `tdata`, or the one that it lies in", folder.display())]
    NotTdata { folder: PathBuf },
    #[error(
        "the folder is protected by a local passcode: give the one that Telegram Desktop asks for at its start"
    )]
    NeedsPasscode,
    #[error("this is not the folder's local passcode")]
    WrongPasscode,
    #[error("nobody is logged in with Telegram Desktop in {}", folder.display())]
    NoAccounts { folder: PathBuf },
    #[error("the file {} cannot be used: copy the folder again while Telegram Desktop is closed", path.display())]
    File {
        path: PathBuf,
        #[source]
        source: Flaw,
    },
}

/// The folder that is meant: people name the one that it lies in, or something in it.
pub fn find(path: &Path) -> Option<PathBuf> {
    let below = ["tdata", "TelegramDesktop/tdata", "Telegram Desktop/tdata"].map(|name| path.join(name));
    // A lone session file beside a `tdata` is no part of it.
    let is_part = path.is_dir() || file::is_ours(path);
    let above = path.ancestors().skip(1).take(if is_part { 2 } else { 0 }).map(Path::to_owned);
    std::iter::once(path.to_owned()).chain(below).chain(above).find(|folder| is_tdata(folder))
}

/// Whether it has what only such a folder has, be it damaged.
fn is_tdata(folder: &Path) -> bool {
    let account = folder.join(account_name(0));
    TdfFile::exists(folder, "key_data")
        || TdfFile::exists(folder, &account_name(0))
        || TdfFile::exists(&account, "map")
}

/// Reads a folder `tdata`. Blocks for a moment with a passcode, which is slow to try on purpose.
pub fn read(folder: &Path, passcode: Option<&str>) -> Result<Tdata, TdataError> {
    let passcode = passcode.unwrap_or_default();
    let contents = match TdfFile::read(folder, "key_data") {
        Ok(file) => Contents::modern(&file, passcode)?,
        Err(Flaw::Missing) => Contents::legacy(folder, passcode)?,
        Err(flaw) => return Err(flaw.of(folder, "key_data")),
    };
    contents.read_accounts(folder)
}

/// The folder's key and list.
struct Contents {
    key: LocalKey,
    indices: Vec<i32>,
    active: i32,
}

impl Contents {
    fn modern(file: &TdfFile, passcode: &str) -> Result<Self, TdataError> {
        let cut = || file.flaw("it ends too early");
        let mut stream = Stream::new(&file.data);
        let salt = stream.bytes().ok_or_else(cut)?;
        let (locked, list) = (stream.bytes().ok_or_else(cut)?, stream.bytes().ok_or_else(cut)?);
        if salt.len() != SALT_LENGTH {
            return Err(file.flaw("its salt has a wrong length"));
        }
        let key = unlock(file, passcode, locked, |passcode| LocalKey::of_passcode(passcode, salt))?;
        let list = key.open(list).map_err(|what| file.flaw(what))?;
        let mut stream = Stream::new(&list);
        let count = stream.i32().filter(|count| (0..=MOST_ACCOUNTS).contains(count));
        let count = count.ok_or_else(|| file.flaw("its number of accounts makes no sense"))?;
        let indices: Option<Vec<i32>> = (0..count).map(|_| stream.i32()).collect();
        let mut indices = indices.ok_or_else(|| file.flaw("its list of accounts ends too early"))?;
        indices.retain(|index| (0..MOST_ACCOUNTS).contains(index));
        indices.sort_unstable();
        indices.dedup();
        let active = stream.i32().or(indices.first().copied()).unwrap_or_default();
        Ok(Self { key, indices, active })
    }

    /// Before version 2.2: one account, and its `map` holds the key.
    fn legacy(folder: &Path, passcode: &str) -> Result<Self, TdataError> {
        let account = folder.join(account_name(0));
        let file = match TdfFile::read(&account, "map") {
            Ok(file) => file,
            // The accounts are there, and what opens them is not.
            Err(Flaw::Missing) if TdfFile::exists(folder, &account_name(0)) => {
                return Err(Flaw::Missing.of(folder, "key_data"));
            }
            Err(Flaw::Missing) => return Err(TdataError::NotTdata { folder: folder.to_owned() }),
            Err(flaw) => return Err(flaw.of(&account, "map")),
        };
        let cut = || file.flaw("it ends too early");
        let mut stream = Stream::new(&file.data);
        let (salt, locked) = (stream.bytes().ok_or_else(cut)?, stream.bytes().ok_or_else(cut)?);
        if salt.is_empty() {
            return Err(Flaw::Missing.of(folder, "key_data"));
        }
        if salt.len() != SALT_LENGTH {
            return Err(file.flaw("its salt has a wrong length"));
        }
        let key = unlock(&file, passcode, locked, |passcode| LocalKey::of_legacy_passcode(passcode, salt))?;
        Ok(Self { key, indices: vec![0], active: 0 })
    }

    fn read_accounts(self, folder: &Path) -> Result<Tdata, TdataError> {
        let mut tdata = Tdata { accounts: Vec::new(), active: self.active, unreadable: Vec::new() };
        for index in self.indices {
            match read_account(folder, index, &self.key) {
                Ok(Some(login)) => tdata.accounts.push(TdataAccount { index, login }),
                Ok(None) => {}
                Err(error) => tdata.unreadable.push((index, error)),
            }
        }
        if !tdata.accounts.is_empty() {
            return Ok(tdata);
        }
        let nobody = TdataError::NoAccounts { folder: folder.to_owned() };
        Err(tdata.unreadable.into_iter().next().map_or(nobody, |(_, error)| error))
    }
}

/// A passcode is given needlessly at times: the folder may have none.
fn unlock(
    file: &TdfFile,
    passcode: &str,
    locked: &[u8],
    key_of: impl Fn(&str) -> LocalKey,
) -> Result<LocalKey, TdataError> {
    let inner = match key_of(passcode).open(locked) {
        Err(local_key::WRONG_KEY) if passcode.is_empty() => return Err(TdataError::NeedsPasscode),
        Err(local_key::WRONG_KEY) => match key_of("").open(locked) {
            Err(local_key::WRONG_KEY) => return Err(TdataError::WrongPasscode),
            opened => opened,
        },
        opened => opened,
    };
    let inner = inner.map_err(|what| file.flaw(what))?;
    LocalKey::from_bytes(&inner).ok_or_else(|| file.flaw("its key has a wrong length"))
}

/// `None` when nobody is logged in.
fn read_account(folder: &Path, index: i32, key: &LocalKey) -> Result<Option<ImportedLogin>, TdataError> {
    let name = account_name(index);
    let file = match TdfFile::read(folder, &name) {
        Ok(file) => file,
        // An account that was only just added has no file yet.
        Err(Flaw::Missing) => return Ok(None),
        Err(flaw) => return Err(flaw.of(folder, &name)),
    };
    let locked = Stream::new(&file.data).bytes().ok_or_else(|| file.flaw("it ends too early"))?;
    let plain = key.open(locked).map_err(|what| file.flaw(what))?;
    authorization::read(&plain).map_err(|what| file.flaw(what))
}

/// The first eight bytes of the MD5 of `data`, `data#2`, `data#3`, …: each byte's lower half first.
fn account_name(index: i32) -> String {
    let name = if index == 0 { "data".to_owned() } else { format!("data#{}", index + 1) };
    let digest = md5::compute(name);
    digest[..8].iter().map(|byte| format!("{:X}{:X}", byte & 0xF, byte >> 4)).collect()
}
