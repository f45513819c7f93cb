//! Seals what opens an account, with `age`.
//!
//! The key is found once per start; sealing needs only its public half, so writes stay cheap. A
//! passphrase protects a key of its own, kept beside, instead of sealing each record: then its
//! deliberate slowness is paid once.

use std::{fmt, io, path::PathBuf};

use age::{DecryptError, EncryptError, x25519};
use secrecy::SecretString;

use super::key::{self, Found};

/// Where the key may be.
#[derive(Clone, Debug)]
pub struct VaultSettings {
    /// `telegram.key_file`, or a credential of systemd.
    pub key_file: Option<PathBuf>,
    /// `telegram.passphrase`. With a key file, it is not asked for.
    pub passphrase: Option<SecretString>,
    /// The data folder, where the key is without a key file.
    pub folder: PathBuf,
}

/// Something that whoever keeps the key should know. Its text is for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VaultNotice {
    Created { path: PathBuf },
    OpenToOthers { path: PathBuf, mode: u32 },
    PlainBesideSealed { path: PathBuf },
}

impl fmt::Display for VaultNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Created { path } => write!(
                f,
                "a new key that seals your Telegram logins is in {}: back it up apart from the data folder. \
                 Without it the logins are lost; with it and the folder anyone is you",
                path.display()
            ),
            Self::OpenToOthers { path, mode } => write!(
                f,
                "the key {} can be read by other users (mode {mode:03o}): run `chmod 600 {0}`",
                path.display()
            ),
            Self::PlainBesideSealed { path } => write!(
                f,
                "the passphrase protects the key now, but {} still holds it in the open: delete that file",
                path.display()
            ),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("the key {path} {what}: {fix}")]
    Key {
        path: PathBuf,
        what: &'static str,
        fix: &'static str,
        #[source]
        source: Option<io::Error>,
    },
    #[error(
        "there are sealed Telegram logins, but their key {path} is gone: put it back from your backup; \
         without it, log in again with `tapedeck login telegram --replace`"
    )]
    Lost { path: PathBuf },
    #[error("the passphrase does not open {path}: correct `telegram.passphrase`")]
    WrongPassphrase { path: PathBuf },
    #[error(
        "the key in {path} is protected by a passphrase: set `telegram.passphrase` or `telegram.passphrase_file`"
    )]
    NeedsPassphrase { path: PathBuf },
    #[error(
        "the Telegram logins were sealed with another key than {origin}: put the old key back, \
         or log in again with `tapedeck login telegram --replace`"
    )]
    OtherKey { origin: String },
    #[error(
        "a sealed record is damaged: restore a backup of the data folder, or log in again with `tapedeck login telegram --replace`"
    )]
    Damaged(#[source] DecryptError),
    #[error("sealing failed")]
    Seal(#[source] EncryptError),
}

/// Seals and unseals with one key.
pub struct Vault {
    identity: x25519::Identity,
    recipient: x25519::Recipient,
    origin: String,
    notices: Vec<VaultNotice>,
}

impl Vault {
    /// Finds the key. When there is none, one is made, unless `is_in_use`: something is sealed
    /// already, and a new key would not open it. Blocks for up to a second with a passphrase.
    pub fn open(settings: &VaultSettings, is_in_use: bool) -> Result<Self, VaultError> {
        let Found { identity, origin, notices } = key::find(settings, is_in_use)?;
        Ok(Self { recipient: identity.to_public(), identity, origin, notices })
    }

    /// What to tell people, once.
    pub fn notices(&self) -> &[VaultNotice] {
        &self.notices
    }

    pub fn seal(&self, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        age::encrypt(&self.recipient, plain).map_err(VaultError::Seal)
    }

    pub fn unseal(&self, sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        age::decrypt(&self.identity, sealed).map_err(|error| match error {
            DecryptError::NoMatchingKeys => VaultError::OtherKey { origin: self.origin.clone() },
            error => VaultError::Damaged(error),
        })
    }
}

/// Without the key.
impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("origin", &self.origin).finish_non_exhaustive()
    }
}
