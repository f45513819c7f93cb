//! Finds the key of the vault, or makes one.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use age::{scrypt, x25519};
use secrecy::{ExposeSecret as _, SecretString};

use super::{VaultError, VaultNotice, VaultSettings};

/// In the data folder.
const PLAIN: &str = "telegram.key";
const PROTECTED: &str = "telegram.key.age";

/// systemd says itself who may read these; its access list looks like a mode for the group.
const CREDENTIALS: &str = "/run/credentials";

const RESTORE: &str = "restore it from your backup";

/// Costs 64 MiB and a fraction of a second, once per start.
const WORK: u8 = 16;
/// What a key file made by the `age` tool may cost.
const MOST_WORK: u8 = 20;
/// Keys are shorter than 1 kB, with comments too.
const LARGEST: u64 = 1 << 16;

pub(super) struct Found {
    pub(super) identity: x25519::Identity,
    /// For messages.
    pub(super) origin: String,
    pub(super) notices: Vec<VaultNotice>,
}

pub(super) fn find(settings: &VaultSettings, is_in_use: bool) -> Result<Found, VaultError> {
    let (plain, protected) = (settings.folder.join(PLAIN), settings.folder.join(PROTECTED));
    match (&settings.key_file, &settings.passphrase) {
        (Some(path), _) => in_the_open(path, is_in_use),
        (None, Some(passphrase)) => with_passphrase(passphrase, &plain, &protected, is_in_use),
        (None, None) if protected.exists() && !plain.exists() => {
            Err(VaultError::NeedsPassphrase { path: protected })
        }
        (None, None) => in_the_open(&plain, is_in_use),
    }
}

fn in_the_open(path: &Path, is_in_use: bool) -> Result<Found, VaultError> {
    // Not `exists`: a folder that cannot be looked into is no reason to make a new key.
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        _ => return Ok(found(read_plain(path)?, path, open_to_others(path).into_iter().collect())),
    }
    if is_in_use {
        return Err(VaultError::Lost { path: path.to_owned() });
    }
    let identity = x25519::Identity::generate();
    let text = format!("{}\n", identity.to_string().expose_secret());
    create(path, text.as_bytes())?;
    Ok(found(identity, path, vec![VaultNotice::Created { path: path.to_owned() }]))
}

fn with_passphrase(
    passphrase: &SecretString,
    plain: &Path,
    protected: &Path,
    is_in_use: bool,
) -> Result<Found, VaultError> {
    if protected.exists() {
        let identity = unlock(&read(protected)?, passphrase, protected)?;
        let notices = plain.exists().then(|| VaultNotice::PlainBesideSealed { path: plain.to_owned() });
        return Ok(found(identity, protected, notices.into_iter().collect()));
    }
    // The key stays the same when a passphrase is added, so that what it has sealed still opens.
    let (identity, notice) = if plain.exists() {
        let notice = VaultNotice::PlainBesideSealed { path: plain.to_owned() };
        (read_plain(plain)?, notice)
    } else if is_in_use {
        return Err(VaultError::Lost { path: protected.to_owned() });
    } else {
        (x25519::Identity::generate(), VaultNotice::Created { path: protected.to_owned() })
    };
    create(protected, &lock(&identity, passphrase)?)?;
    Ok(found(identity, protected, vec![notice]))
}

fn found(identity: x25519::Identity, path: &Path, notices: Vec<VaultNotice>) -> Found {
    Found { identity, origin: path.display().to_string(), notices }
}

fn lock(identity: &x25519::Identity, passphrase: &SecretString) -> Result<Vec<u8>, VaultError> {
    let mut recipient = scrypt::Recipient::new(passphrase.clone());
    recipient.set_work_factor(WORK);
    age::encrypt(&recipient, identity.to_string().expose_secret().as_bytes()).map_err(VaultError::Seal)
}

fn unlock(sealed: &[u8], passphrase: &SecretString, path: &Path) -> Result<x25519::Identity, VaultError> {
    let mut identity = scrypt::Identity::new(passphrase.clone());
    identity.set_max_work_factor(MOST_WORK);
    let text = age::decrypt(&identity, sealed).map_err(|error| match error {
        age::DecryptError::DecryptionFailed | age::DecryptError::KeyDecryptionFailed => {
            VaultError::WrongPassphrase { path: path.to_owned() }
        }
        _ => not_a_key(path),
    })?;
    parse(&text).ok_or_else(|| not_a_key(path))
}

fn read_plain(path: &Path) -> Result<x25519::Identity, VaultError> {
    parse(&read(path)?).ok_or_else(|| not_a_key(path))
}

/// As `age-keygen` writes it: comments, then the key.
fn parse(bytes: &[u8]) -> Option<x25519::Identity> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.next()?.parse().ok().filter(|_| lines.next().is_none())
}

fn not_a_key(path: &Path) -> VaultError {
    VaultError::Key { path: path.to_owned(), what: "is no key of age", fix: RESTORE, source: None }
}

fn read(path: &Path) -> Result<Vec<u8>, VaultError> {
    let read = || {
        // Before opening: opening a pipe waits for somebody who writes.
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
        }
        let mut bytes = Vec::new();
        fs::File::open(path)?.take(LARGEST).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|source| VaultError::Key {
        path: path.to_owned(),
        what: "cannot be read",
        fix: "let the user that tapedeck runs as read it",
        source: Some(source),
    })
}

fn open_to_others(path: &Path) -> Option<VaultNotice> {
    if path.starts_with(CREDENTIALS) {
        return None;
    }
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then(|| VaultNotice::OpenToOthers { path: path.to_owned(), mode })
}

/// Whole on the disk or not there at all. The folder's lock keeps others from doing the same.
fn create(path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let written = || -> io::Result<()> {
        fs::create_dir_all(&folder)?;
        let beside = beside(path);
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        fs::File::open(&folder)?.sync_all()
    };
    written().map_err(|source| VaultError::Key {
        path: path.to_owned(),
        what: "cannot be written",
        fix: "make the data folder writable, or name a key with `telegram.key_file`",
        source: Some(source),
    })
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}
