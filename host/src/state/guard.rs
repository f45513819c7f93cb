//! Who owns the folder, and whether it is still whole.
//!
//! sled repairs a log that was cut short by going back to its last good point, in silence. So a
//! generation number is kept twice: inside sled, raised before each flush, and in a side file,
//! written after it. A folder whose inner number is behind the outer one has lost data.
//! sled's own flush leaves the data in the system's cache: we sync its file ourselves.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use rustix::{fs::FlockOperation, io::Errno};

use super::{StateError, error::Unreadable, flush::Flusher};

pub(super) const SCHEMA: u32 = 1;
const GENERATION: &str = "generation";
pub(super) const SEED: &str = "seed";
const SCHEMA_KEY: &str = "schema";

/// Shorter than any file that has been flushed: its header alone takes more.
const SHORTEST_FILE: u64 = 64;
/// [`is_held_by`] has the lock for an instant, which must not keep a daemon from starting.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(10);
const SUSPECT: &str = "suspect: ";

/// Holds the folder's lock until dropped, or until the process ends in any way.
#[derive(Debug)]
pub(super) struct Guard {
    _lock: File,
}

impl Guard {
    pub(super) fn lock(folder: &Path) -> Result<Self, StateError> {
        let failed = |source: io::Error| StateError::Folder { folder: folder.to_owned(), source };
        // What it will hold is nobody else's business.
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        let path = folder.join("lock");
        let is_there = fs::symlink_metadata(&path).is_ok();
        let no_file = |source: io::Error| match source.kind() {
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::StorageFull => failed(source),
            _ if is_there => StateError::File { file: path.clone(), source },
            _ => failed(source),
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(no_file)?;
        match lock_patiently(&file) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                let mut holder = String::new();
                let _ = file.read_to_string(&mut holder); // Only makes the message better.
                return Err(StateError::InUse { folder: folder.to_owned(), pid: holder.trim().parse().ok() });
            }
            Err(error) => return Err(failed(error.into())),
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| write!(file, "{}", std::process::id()))
            .map_err(failed)?;
        Ok(Self { _lock: file })
    }
}

fn lock_patiently(file: &File) -> Result<(), Errno> {
    let attempt = || rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive);
    for _ in 1..ATTEMPTS {
        match attempt() {
            Err(Errno::WOULDBLOCK) => thread::sleep(PAUSE),
            result => return result,
        }
    }
    attempt()
}

/// Whether this very process holds the folder's lock. Processes that ended hold nothing.
pub(super) fn is_held_by(folder: &Path, pid: u32) -> bool {
    let Ok(mut file) = File::open(folder.join("lock")) else { return false };
    let mut holder = String::new();
    if file.read_to_string(&mut holder).is_err() || holder.trim().parse() != Ok(pid) {
        return false;
    }
    matches!(rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared), Err(Errno::WOULDBLOCK))
}

pub(super) fn sidecar_of(folder: &Path) -> PathBuf {
    folder.join("state.generation")
}

/// What can be told without opening anything: opening alone may overwrite what is left.
pub(super) fn check_files(folder: &Path) -> Result<(), StateError> {
    let (state, sidecar) = (folder.join("state"), sidecar_of(folder));
    let noted = Sidecar::read(folder)?;
    if let Some(reason) = noted.suspect {
        let source = Unreadable::Earlier(reason);
        return Err(StateError::Suspect { folder: state, sidecar, source });
    }
    let length = match fs::metadata(state.join("db")) {
        Ok(file) => file.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(source) => return Err(StateError::Folder { folder: state, source }),
    };
    if noted.generation > 0 && length < SHORTEST_FILE {
        return Err(StateError::LostData { folder: state, sidecar, expected: noted.generation, found: 0 });
    }
    Ok(())
}

/// Notes why the state must not be opened again before somebody has looked at it.
pub(super) fn mark_suspect(folder: &Path, error: &StateError) {
    let reason = match error {
        StateError::Open { source, .. } => source.to_string(),
        StateError::LostData { expected, found, .. } => {
            format!("it was at generation {expected} when last seen whole and at {found} when opened")
        }
        other => other.to_string(),
    };
    let reason = reason.replace(|c: char| c.is_control(), " ");
    let generation = Sidecar::read(folder).map_or(0, |noted| noted.generation);
    // When this cannot be written either, the error at hand still says what to do.
    let _ = fs::write(sidecar_of(folder), format!("{generation:020}\n{SUSPECT}{reason}\n"));
}

/// Compares both generations and both schemas. Says the generation.
pub(super) fn check(db: &sled::Db, folder: &Path) -> Result<u64, StateError> {
    let state = folder.join("state");
    let meta = db.open_tree("meta").map_err(|error| StateError::of_reading(&state, error))?;
    check_schema(&meta, &state)?;
    let found = read_u64(&meta).map_err(|error| StateError::of_reading(&state, error))?;
    let expected = Sidecar::read(folder)?.generation;
    if found < expected {
        return Err(StateError::LostData { folder: state, sidecar: sidecar_of(folder), expected, found });
    }
    Ok(found)
}

/// Starts the flusher, which keeps both generations.
pub(super) fn watch(db: &sled::Db, folder: &Path, generation: u64) -> Result<Flusher, StateError> {
    let (state, sidecar) = (folder.join("state"), sidecar_of(folder));
    let meta = db.open_tree("meta").map_err(StateError::Write)?;
    let generation = AtomicU64::new(generation);
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
    let found = meta.get(SCHEMA_KEY).map_err(|error| StateError::of_reading(state, error))?;
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

/// What the state inside says.
pub(super) fn generation(db: &sled::Db) -> Result<u64, StateError> {
    db.open_tree("meta").and_then(|meta| read_u64(&meta)).map_err(StateError::Write)
}

fn read_u64(meta: &sled::Tree) -> sled::Result<u64> {
    let bytes = meta.get(GENERATION)?;
    Ok(bytes.and_then(|bytes| bytes.as_ref().try_into().ok().map(u64::from_be_bytes)).unwrap_or(0))
}

/// The file beside the state: the last generation that was seen whole, and whether something
/// was wrong since.
#[derive(Debug, Default)]
struct Sidecar {
    generation: u64,
    suspect: Option<String>,
}

impl Sidecar {
    fn read(folder: &Path) -> Result<Self, StateError> {
        let bytes = match fs::read(sidecar_of(folder)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(StateError::File { file: sidecar_of(folder), source }),
        };
        let text = String::from_utf8_lossy(&bytes);
        let mut lines = text.lines();
        // An unreadable number is no evidence of loss: the file is written without a sync.
        let generation = lines.next().and_then(|line| line.trim().parse().ok()).unwrap_or(0);
        let suspect = lines.next().and_then(|line| line.strip_prefix(SUSPECT)).map(str::to_owned);
        Ok(Self { generation, suspect })
    }
}

/// To what neither of the two is behind. What is suspect stays so until it is replaced.
pub(super) fn lower_sidecar(folder: &Path, other: &Path) -> io::Result<()> {
    let of = |folder| Sidecar::read(folder).map_err(|error| io::Error::other(error.to_string()));
    let (here, there) = (of(folder)?, of(other)?);
    if here.suspect.is_none() && there.generation < here.generation {
        fs::write(sidecar_of(folder), format!("{:020}", there.generation))?;
    }
    Ok(())
}

/// Not synced: after a power cut it may be behind, which is harmless, never ahead.
fn write_sidecar(sidecar: &PathBuf, generation: u64) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(sidecar)?;
    write!(file, "{generation:020}")
}
