//! Telegram Desktop's folder `tdata`.

use std::path::Path;

use super::ImportedLogin;

/// The accounts of a folder.
#[derive(Debug)]
pub struct Tdata {
    pub accounts: Vec<TdataAccount>,
    /// The index of the account that was in front.
    pub active: Option<i32>,
}

#[derive(Debug)]
pub struct TdataAccount {
    /// As Telegram Desktop counts, from 0.
    pub index: i32,
    pub login: ImportedLogin,
}

#[derive(Debug, thiserror::Error)]
pub enum TdataError {
    #[error("the folder is protected by a local passcode: give it")]
    NeedsPasscode,
    #[error("the passcode is wrong")]
    WrongPasscode,
    #[error("no accounts in the folder")]
    NoAccounts,
}

/// Reads a folder `tdata`, or one that contains it.
pub fn read(_folder: &Path, _passcode: Option<&str>) -> Result<Tdata, TdataError> {
    Err(TdataError::NoAccounts)
}
