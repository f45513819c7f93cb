//! Opens sled and looks at what it holds before anybody works with it.
//!
//! sled can panic, report corruption late, or come up shorter without a word. So all of that
//! happens here, once, where a panic is caught and every entry that matters is decoded.

use std::{
    cell::Cell,
    fs::{self, DirBuilder, Permissions},
    io,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Once,
    time::Duration,
};

use super::{
    StateError,
    error::Unreadable,
    guard,
    known::{KNOWN, KnownTree},
};

const CACHE_BYTES: u64 = 8 * 1024 * 1024;

/// Opens `<folder>/state` and checks it. Says the generation that it is at.
pub(super) fn open_checked(folder: &Path) -> Result<(sled::Db, u64), StateError> {
    let state = folder.join("state");
    calmly(&state, || {
        let db = open(&state)?;
        let generation = guard::check(&db, folder)?;
        KNOWN.iter().filter(|tree| tree.is_checked).try_for_each(|tree| check_tree(&db, &state, tree))?;
        Ok((db, generation))
    })
}

/// Tries for two seconds: whoever calls holds the folder's own lock, so a file that is still locked
/// belongs to a state that this process has just closed. sled's background threads let go of it a
/// moment after its last handle is gone.
pub(super) fn open(state: &Path) -> Result<sled::Db, StateError> {
    prepare(state).map_err(|source| StateError::Folder { folder: state.to_owned(), source })?;
    let config = sled::Config::new().path(state).cache_capacity(CACHE_BYTES).flush_every_ms(None);
    for _ in 0..200 {
        match config.open() {
            Err(error) if is_still_locked(&error) => std::thread::sleep(Duration::from_millis(10)),
            opened => return opened.map_err(|error| StateError::of_reading(state, error)),
        }
    }
    config.open().map_err(|error| StateError::of_reading(state, error))
}

/// Makes the folder its owner's alone: sled makes files that all may read. Then removes what a process had not finished
/// that was killed while it opened the state, and sets aside what is damaged beside the log: sled would take either for
/// damage of the whole. Nothing is lost with it: a snapshot is an extract of the log, and the configuration is that of
/// any state.
fn prepare(state: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(state)?;
    if fs::metadata(state)?.permissions().mode() & 0o077 != 0
        && let Err(error) = fs::set_permissions(state, Permissions::from_mode(0o700))
    {
        tracing::warn!(%error, folder = %state.display(), "Other users may read the state, which holds hashes of passwords");
    }
    for entry in fs::read_dir(state)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let (is_snapshot, is_conf) = (name.starts_with("snap."), name == "conf");
        if name.ends_with(".generating") || is_conf && !state.join("db").try_exists()? {
            fs::remove_file(&path)?;
        } else if is_snapshot && !is_whole(&path, SNAPSHOT_END)? || is_conf && !is_whole(&path, CONF_END)? {
            let aside = state.join(format!("damaged.{name}"));
            tracing::warn!(file = %path.display(), aside = %aside.display(), "A damaged file of the state is set aside and made anew");
            fs::rename(&path, aside)?;
        }
    }
    Ok(())
}

/// What follows the content: its length and its checksum, or the checksum alone.
const SNAPSHOT_END: usize = 12;
const CONF_END: usize = 4;

fn is_whole(path: &Path, end: usize) -> io::Result<bool> {
    let bytes = fs::read(path)?;
    let content = bytes.len().checked_sub(end).filter(|length| *length > 0);
    let checksum = bytes.last_chunk().map(|last| u32::from_le_bytes(*last));
    Ok(content.is_some_and(|length| checksum == Some(crc32fast::hash(&bytes[..length]))))
}

/// sled says it in words only.
fn is_still_locked(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(error) if error.to_string().starts_with("could not acquire lock"))
}

fn check_tree(db: &sled::Db, state: &Path, known: &KnownTree) -> Result<(), StateError> {
    let failed = |error| StateError::of_reading(state, error);
    for entry in db.open_tree(known.name).map_err(failed)?.iter() {
        let (key, value) = entry.map_err(failed)?;
        known.check(&key, &value)?;
    }
    Ok(())
}

thread_local! {
    static IS_CALM: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work`; a panic of the storage engine becomes an error, and is not printed.
pub(super) fn calmly<T>(state: &Path, work: impl FnOnce() -> Result<T, StateError>) -> Result<T, StateError> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !IS_CALM.get() {
                others(panic);
            }
        }));
    });
    let before = IS_CALM.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    IS_CALM.set(before);
    outcome.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        let source = Unreadable::Panic(text.unwrap_or_else(|| "for an unknown reason".into()));
        Err(StateError::Open { folder: state.to_owned(), source })
    })
}

#[cfg(test)]
mod lock_tests {
    use super::*;

    #[test]
    fn waits_for_the_state_just_closed() {
        let folder = tempfile::tempdir().unwrap();
        let held = open(folder.path()).unwrap();
        let closing = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            drop(held);
        });
        open(folder.path()).unwrap();
        closing.join().unwrap();
    }
}
