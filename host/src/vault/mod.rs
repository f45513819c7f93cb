//! Seals what opens an account, with `age`.
//!
//! The key is found once per start; sealing needs only its public half, so writes stay cheap. A
//! passphrase protects a key of its own, kept beside, instead of sealing each record: then its
//! deliberate slowness is paid once.

mod keeper;
mod key;

use std::{fmt, io, path::PathBuf};

use age::{DecryptError, EncryptError, x25519};
use secrecy::SecretString;

pub use keeper::Keeper;
use key::Found;

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
                "a new key that seals your logins is in {}: back it up apart from the data folder. \
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
        "there are sealed logins, but their key {path} is gone: put it back from your backup; \
         without it, log in again, at Telegram with `tapedeck login telegram --replace`"
    )]
    Lost { path: PathBuf },
    #[error("the passphrase does not open {path}: correct `telegram.passphrase`")]
    WrongPassphrase { path: PathBuf },
    #[error(
        "the key in {path} is protected by a passphrase: set `telegram.passphrase` or `telegram.passphrase_file`"
    )]
    NeedsPassphrase { path: PathBuf },
    #[error(
        "the logins were sealed with another key than {origin}: put the old key back, \
         or log in again, at Telegram with `tapedeck login telegram --replace`"
    )]
    OtherKey { origin: String },
    #[error(
        "a sealed record is damaged: restore a backup of the data folder, or log in again, at Telegram with `tapedeck login telegram --replace`"
    )]
    Damaged(#[source] DecryptError),
    #[error("the program ends")]
    Ending,
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

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

    use super::*;

    fn settings(folder: &Path, passphrase: Option<&str>) -> VaultSettings {
        let passphrase = passphrase.map(SecretString::from);
        VaultSettings { key_file: None, passphrase, folder: folder.to_owned() }
    }

    fn open(folder: &Path) -> Result<Vault, VaultError> {
        Vault::open(&settings(folder, None), false)
    }

    #[test]
    fn key_is_made_once_and_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("telegram.key");
        let first = open(folder.path()).unwrap();
        assert_eq!(first.notices(), [VaultNotice::Created { path: path.clone() }]);
        assert!(first.notices()[0].to_string().contains("back it up"));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        let sealed = first.seal(b"text").unwrap();
        assert!(!sealed.windows(4).any(|part| part == b"text"));
        let second = open(folder.path()).unwrap();
        assert_eq!((second.notices().len(), second.unseal(&sealed).unwrap()), (0, b"text".to_vec()));
    }

    #[test]
    fn key_made_by_age_keygen_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("elsewhere");
        let settings = VaultSettings { key_file: Some(path.clone()), ..settings(folder.path(), None) };
        let made = open(folder.path()).unwrap();
        let text = fs::read_to_string(folder.path().join("telegram.key")).unwrap();
        fs::write(&path, format!("# created: 2026\n# public key: age1\n\n{text}")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let named = Vault::open(&settings, true).unwrap();
        assert_eq!(named.notices(), [VaultNotice::OpenToOthers { path, mode: 0o640 }]);
        assert!(named.notices()[0].to_string().contains("chmod 600"));
        assert_eq!(named.unseal(&made.seal(b"text").unwrap()).unwrap(), b"text");
    }

    #[test]
    fn no_new_key_for_old_seals() {
        let folder = tempfile::tempdir().unwrap();
        let lost = Vault::open(&settings(folder.path(), None), true);
        assert!(matches!(lost, Err(VaultError::Lost { .. })), "{lost:?}");
        let lost = Vault::open(&settings(folder.path(), Some("open")), true);
        assert!(matches!(lost, Err(VaultError::Lost { .. })), "{lost:?}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_no_key_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("telegram.key");
        for wrong in ["", "# only a comment", "AGE-SECRET-KEY-1QQQ", "\u{0}\u{1}"] {
            fs::write(&path, wrong).unwrap();
            let error = open(folder.path()).unwrap_err();
            assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), wrong, "it is left alone");
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let error = open(folder.path()).unwrap_err();
        assert!(matches!(error, VaultError::Key { what: "cannot be read", .. }), "{error:?}");
    }

    #[test]
    fn other_key_and_damage_are_told_apart() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let sealed = open(one.path()).unwrap().seal(&[7; 1000]).unwrap();
        let error = open(two.path()).unwrap().unseal(&sealed).unwrap_err();
        assert!(matches!(error, VaultError::OtherKey { .. }), "{error:?}");
        let vault = open(one.path()).unwrap();
        for end in [0, 10, 100, sealed.len() - 1] {
            let error = vault.unseal(&sealed[..end]).unwrap_err();
            assert!(matches!(error, VaultError::Damaged(_)), "{end}: {error:?}");
        }
        for at in 0..sealed.len() {
            let mut sealed = sealed.clone();
            sealed[at] ^= 1;
            assert!(vault.unseal(&sealed).is_err(), "{at}");
        }
    }

    #[test]
    fn passphrase_protects_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let (plain, locked) = (folder.path().join("telegram.key"), folder.path().join("telegram.key.age"));
        let sealed = open(folder.path()).unwrap().seal(b"text").unwrap();
        let with = |passphrase| Vault::open(&settings(folder.path(), Some(passphrase)), true);
        let vault = with("correct horse").unwrap();
        assert_eq!(vault.notices(), [VaultNotice::PlainBesideSealed { path: plain.clone() }]);
        assert_eq!(vault.unseal(&sealed).unwrap(), b"text");
        fs::remove_file(&plain).unwrap();
        let vault = with("correct horse").unwrap();
        assert_eq!((vault.notices().len(), vault.unseal(&sealed).unwrap()), (0, b"text".to_vec()));
        assert!(matches!(with("wrong"), Err(VaultError::WrongPassphrase { path }) if path == locked));
        assert!(matches!(open(folder.path()), Err(VaultError::NeedsPassphrase { path }) if path == locked));
    }
}
