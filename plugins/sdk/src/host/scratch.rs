//! A folder for the time of one call of a track backend, or one session of anything else; then it
//! is removed. Programs that [`run`](crate::run) starts and [`http`](crate::http) downloads use the same one.
//!
//! Needs `scratch_bytes` in the plugin's `WANTS`. Paths are relative, with `/` between names.

use super::call;
use crate::Error;
pub use crate::bindings::host::tapedeck::plugin::scratch::Entry;

/// How much is read at once.
const PIECE: u32 = 1 << 20;

/// All files, in folders too, sorted by path.
pub fn entries() -> Result<Vec<Entry>, Error> {
    call::scratch::entries()
}

/// A whole file.
pub fn read(path: &str) -> Result<Vec<u8>, Error> {
    let mut file = Vec::new();
    loop {
        let piece = call::scratch::read(path, file.len() as u64, PIECE)?;
        let is_last = piece.len() < PIECE as usize;
        file.extend(piece);
        if is_last {
            return Ok(file);
        }
    }
}

/// Writes a file, in place of what was there; makes folders as needed.
pub fn write(path: &str, content: impl AsRef<[u8]>) -> Result<(), Error> {
    call::scratch::write(path, content.as_ref())
}

/// Adds to the end of a file, which is made if it is not there.
pub fn append(path: &str, content: impl AsRef<[u8]>) -> Result<(), Error> {
    call::scratch::append(path, content.as_ref())
}

/// Removes a file, and says whether it was there.
pub fn remove(path: &str) -> Result<bool, Error> {
    call::scratch::remove(path)
}
