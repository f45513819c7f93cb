//! Who owns the folder, and whether it is still whole.
//!
//! sled repairs a log that was cut short by going back to its last good point, in silence. So a
//! generation number is kept twice: inside sled, raised before each flush, and in a side file,
//! written after it. A folder whose inner number is behind the outer one has lost data.
//! sled's own flush leaves the data in the system's cache: we sync its file ourselves.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use rustix::fs::FlockOperation;

use super::{StateError, flush::Flusher};

const SCHEMA: u32 = 1;
const GENERATION: &str = "generation";
const SEED: &str = "seed";
const SCHEMA_KEY: &str = "schema";

/// Holds the folder's lock until dropped, or until the process ends in any way.
#[derive(Debug)]
pub(super) struct Guard {
    _lock: File,
}

impl Guard {
    pub(super) fn lock(folder: &Path) -> Result<Self, StateError> {
        let failed = |source: io::Error| StateError::Folder { folder: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(failed)?;
        let path = folder.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(failed)?;
        if rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder); // Only makes the message better.
            return Err(StateError::InUse { folder: folder.to_owned(), pid: holder.trim().parse().ok() });
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| write!(file, "{}", std::process::id()))
            .map_err(failed)?;
        Ok(Self { _lock: file })
    }
}

/// Compares both generations, then starts the flusher that keeps them.
pub(super) fn check_and_watch(db: &sled::Db, folder: &Path) -> Result<Flusher, StateError> {
    let state = folder.join("state");
    let sidecar = folder.join("state.generation");
    let meta = db.open_tree("meta").map_err(StateError::Write)?;
    check_schema(&meta, &state)?;
    let found = read_u64(&meta)?;
    let expected = read_sidecar(&sidecar, folder)?;
    if found < expected {
        return Err(StateError::LostData { folder: state, sidecar, expected, found });
    }
    let generation = AtomicU64::new(found);
    let db = db.clone();
    let log = File::open(state.join("db")).map_err(|source| StateError::Folder { folder: state, source })?;
    Ok(Flusher::start(move || {
        let next = generation.fetch_add(1, Ordering::Relaxed) + 1;
        meta.insert(GENERATION, &next.to_be_bytes()).map_err(StateError::Write)?;
        db.flush().map_err(StateError::Write)?;
        log.sync_data().map_err(|error| StateError::Write(error.into()))?;
        write_sidecar(&sidecar, next).map_err(|source| StateError::Folder { folder: sidecar.clone(), source })
    }))
}

fn check_schema(meta: &sled::Tree, state: &Path) -> Result<(), StateError> {
    let found = meta.get(SCHEMA_KEY).map_err(StateError::Write)?;
    let found = found.and_then(|bytes| bytes.as_ref().try_into().ok().map(u32::from_be_bytes));
    match found {
        Some(found) if found > SCHEMA => {
            Err(StateError::TooNew { folder: state.to_owned(), found, known: SCHEMA })
        }
        Some(_) => Ok(()),
        None => {
            meta.insert(SCHEMA_KEY, &SCHEMA.to_be_bytes()).map_err(StateError::Write)?;
            Ok(())
        }
    }
}

pub(super) fn seed(db: &sled::Db) -> Result<u64, StateError> {
    let meta = db.open_tree("meta").map_err(StateError::Write)?;
    let known = meta.get(SEED).map_err(StateError::Write)?;
    if let Some(seed) = known.and_then(|bytes| bytes.as_ref().try_into().ok().map(u64::from_be_bytes)) {
        return Ok(seed);
    }
    // Without randomness all folders jitter alike, which is no reason not to start.
    let seed = getrandom::u64().unwrap_or_default();
    meta.insert(SEED, &seed.to_be_bytes()).map_err(StateError::Write)?;
    Ok(seed)
}

fn read_u64(meta: &sled::Tree) -> Result<u64, StateError> {
    let bytes = meta.get(GENERATION).map_err(StateError::Write)?;
    Ok(bytes.and_then(|bytes| bytes.as_ref().try_into().ok().map(u64::from_be_bytes)).unwrap_or(0))
}

fn read_sidecar(sidecar: &Path, folder: &Path) -> Result<u64, StateError> {
    match fs::read_to_string(sidecar) {
        // An unreadable number is no evidence of loss: the file is written without a sync.
        Ok(text) => Ok(text.trim().parse().unwrap_or(0)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(source) => Err(StateError::Folder { folder: folder.to_owned(), source }),
    }
}

/// Not synced: after a power cut it may be behind, which is harmless, never ahead.
fn write_sidecar(sidecar: &PathBuf, generation: u64) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(sidecar)?;
    write!(file, "{generation:020}")
}
