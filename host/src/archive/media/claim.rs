//! Who puts files in, and who removes those that nobody speaks of, take turns: also in two processes.
//!
//! A file is put where it belongs first, and spoken of a moment later. Whoever removes meanwhile would take it for one that
//! nobody wants, also when the same bytes have lain there for long.

use std::{
    fs::{File, TryLockError},
    io,
    path::Path,
};

use super::{MediaError, error::disk};

/// While it lives, nothing is removed that nobody speaks of. To be kept until the archive speaks of what was put.
#[derive(Debug)]
#[must_use = "without it, what is put may be removed again at once"]
pub struct Claim {
    _folder: File,
}

/// While it lives, nobody has a [`Claim`].
#[derive(Debug)]
pub struct Clearance {
    _folder: File,
}

/// Waits for who removes just now, which is soon done.
pub(super) fn claim(arriving: &Path) -> Result<Claim, MediaError> {
    let folder = File::open(arriving).map_err(disk(arriving, "open"))?;
    match folder.lock_shared() {
        Err(error) if !is_unknown(&error) => Err(disk(arriving, "lock")(error)),
        _ => Ok(Claim { _folder: folder }),
    }
}

/// None: somebody puts files in just now.
pub(super) fn clearance(arriving: &Path) -> Result<Option<Clearance>, MediaError> {
    let folder = File::open(arriving).map_err(disk(arriving, "open"))?;
    match folder.try_lock() {
        Ok(()) => Ok(Some(Clearance { _folder: folder })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) if is_unknown(&error) => Ok(Some(Clearance { _folder: folder })),
        Err(TryLockError::Error(error)) => Err(disk(arriving, "lock")(error)),
    }
}

/// Some file systems of other machines know no locks: nobody is to lose files over that.
fn is_unknown(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported
        || error.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error())
}
