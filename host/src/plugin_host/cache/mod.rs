//! Keeps machine code, so that nothing is compiled twice.
//!
//! What is mapped from here runs as it stands: it is native code. So only this process's user may
//! write to the folder, every entry has a checksum of what we wrote, and no way leads from a file
//! that somebody gives us into it but through the compiler.

#[cfg(test)]
mod tests;

use std::{
    fs::{self, File},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use rustix::fs::{FlockOperation, Timespec, Timestamps, UTIME_NOW, flock, futimens};
use serde::{Deserialize, Serialize};
use wasmtime::component::Component;

use super::{
    engine::Engine,
    error::FileProblem,
    inspect::{Manifest, hex},
};

/// Entries that nobody has used for so long are removed.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
/// Of what an entry says. A manifest that an older version has kept was cleaned and checked by that one's rules: it is
/// asked for again.
const VERSION: u8 = 2;
const CODE: &str = "cwasm";
const NOTE: &str = "json";
/// Of what is being written.
const PART: &str = ".part";

#[derive(Clone, Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    /// Code of another version of wasmtime, or for other settings of it, is not ours; nor are older entries.
    engine: String,
}

/// What lies beside the code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Note {
    bytes: u64,
    crc32: u32,
    pub(crate) compile_ms: u64,
    /// What a file without a manifest answered when it was asked.
    pub(crate) described: Option<Manifest>,
}

impl Cache {
    /// Makes the folder, or checks that it is safe; tidies up.
    pub(crate) fn open(folder: &Path, engine: &Engine, now: Timestamp) -> Result<Self, FileProblem> {
        let failed = |source| FileProblem::Cache { path: folder.to_owned(), why: source };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        check_folder(folder)?;
        if !is_private(&fs::symlink_metadata(folder).map_err(failed)?) {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(failed)?;
        }
        let mut hasher = DefaultHasher::new();
        VERSION.hash(&mut hasher);
        engine.inner().precompile_compatibility_hash().hash(&mut hasher);
        let cache = Self { folder: folder.to_owned(), engine: format!("{:016x}", hasher.finish()) };
        // Who is at it now has tidied up before.
        if let Some(_held) = cache.hold(FlockOperation::NonBlockingLockExclusive) {
            cache.prune(now).map_err(failed)?;
        }
        Ok(cache)
    }

    /// The code for a component with this hash; anything wrong with it is as if it were not there.
    pub(crate) fn load(&self, engine: &Engine, sha256: &[u8]) -> Option<(Component, Note)> {
        let key = self.key(sha256);
        let held = self.hold(FlockOperation::LockShared);
        if let Ok(found) = self.try_load(engine, &key) {
            return found;
        }
        drop(held);
        let _held = self.hold(FlockOperation::LockExclusive);
        // Somebody else may have put it right between the two.
        match self.try_load(engine, &key) {
            Ok(found) => found,
            Err(reason) => {
                tracing::warn!(reason, entry = key, "Compiled code was damaged; it is compiled once more");
                self.remove(&key);
                None
            }
        }
    }

    fn try_load(&self, engine: &Engine, key: &str) -> Result<Option<(Component, Note)>, String> {
        let path = self.path(key, CODE);
        let note = match fs::read(self.path(key, NOTE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(|error| error.to_string())?,
        };
        let note = unsealed(&note).ok_or("the checksum of its note is another one")?;
        let note: Note = serde_json::from_slice(note).map_err(|error| error.to_string())?;
        let no_links = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).expect("open's flags fit");
        let opened = fs::OpenOptions::new().read(true).custom_flags(no_links).open(&path);
        let mut file = opened.map_err(|error| error.to_string())?;
        let about = file.metadata().map_err(|error| error.to_string())?;
        check_owner(&path, &about).map_err(|error| error.to_string())?;
        if about.len() != note.bytes || crc32(&mut file).map_err(|error| error.to_string())? != note.crc32 {
            return Err("its checksum is another one".into());
        }
        #[expect(unsafe_code, reason = "mapping native code is what makes a start take milliseconds")]
        // SAFETY: only this user can write to the folder and to the file, as was just checked; the
        // bytes are those that the compiler of this very engine gave, as their checksum says.
        let component = unsafe { Component::deserialize_file(engine.inner(), &path) };
        let component = component.map_err(|error| error.root_cause().to_string())?;
        // So that it is not taken for forgotten. If that fails, it will be compiled again one day.
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        let times = Timestamps { last_access: now, last_modification: now };
        let _ = futimens(&file, &times);
        let _ = File::open(self.path(key, NOTE)).map(|note| futimens(&note, &times));
        Ok(Some((component, note)))
    }

    /// Keeps the code. The note comes last: without it, there is no entry.
    pub(crate) fn store(&self, sha256: &[u8], code: &[u8], compile_time: Duration) -> io::Result<()> {
        let key = self.key(sha256);
        let _held = self.hold(FlockOperation::LockExclusive);
        let note = Note {
            bytes: code.len() as u64,
            crc32: crc32fast::hash(code),
            compile_ms: u64::try_from(compile_time.as_millis()).unwrap_or(u64::MAX),
            described: None,
        };
        self.remove(&key);
        self.write(&key, CODE, code)?;
        self.write(&key, NOTE, &sealed(&serde_json::to_vec(&note)?))
    }

    /// Adds what the component said of itself. Without an entry there is nothing to add it to.
    pub(crate) fn note(&self, sha256: &[u8], described: Manifest) -> io::Result<()> {
        let key = self.key(sha256);
        let _held = self.hold(FlockOperation::LockExclusive);
        let sealed_note = fs::read(self.path(&key, NOTE))?;
        let note = unsealed(&sealed_note).ok_or_else(|| io::Error::other("its note was damaged"))?;
        let note = Note { described: Some(described), ..serde_json::from_slice(note)? };
        self.write(&key, NOTE, &sealed(&serde_json::to_vec(&note)?))
    }

    fn write(&self, key: &str, ending: &str, bytes: &[u8]) -> io::Result<()> {
        let part = self.path(key, &format!("{ending}{PART}"));
        let result = (|| {
            let mut file =
                fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
            file.write_all(bytes)?;
            // No sync: after a power cut the checksum tells.
            fs::rename(&part, self.path(key, ending))
        })();
        if result.is_err() {
            let _ = fs::remove_file(&part); // The error that matters is on its way.
        }
        result
    }

    /// Removes what no later start would use, and what was never finished. What is not ours is not touched.
    fn prune(&self, now: Timestamp) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some((engine, ending)) = name.to_str().and_then(written_by_us) else { continue };
            let is_current = engine == self.engine && !ending.ends_with(PART);
            let used = entry.metadata().and_then(|about| about.modified()).map(Timestamp::try_from);
            let is_forgotten = matches!(used, Ok(Ok(used)) if used.duration_until(now) > KEPT);
            if !is_current || is_forgotten {
                let _ = fs::remove_file(entry.path()); // It only takes room; the next start tries again.
            }
        }
        Ok(())
    }

    /// Several daemons may share the folder: who reads an entry holds it with others, who changes one holds it alone,
    /// until this is dropped. `None`: not on this file system, where checksums alone tell what is whole.
    fn hold(&self, how: FlockOperation) -> Option<File> {
        let folder = File::open(&self.folder).ok()?;
        flock(&folder, how).ok().map(|()| folder)
    }

    fn remove(&self, key: &str) {
        for ending in [NOTE, CODE] {
            let _ = fs::remove_file(self.path(key, ending)); // It need not be there.
        }
    }

    fn key(&self, sha256: &[u8]) -> String {
        format!("{}-{}", hex(sha256), self.engine)
    }

    fn path(&self, key: &str, ending: &str) -> PathBuf {
        self.folder.join(format!("{key}.{ending}"))
    }
}

/// Whether code may be kept in this folder; one that is not there yet can be made. Changes nothing.
pub(crate) fn check_folder(folder: &Path) -> Result<(), FileProblem> {
    let failed = |source| FileProblem::Cache { path: folder.to_owned(), why: source };
    let about = match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        about => about.map_err(failed)?,
    };
    if !about.is_dir() {
        return Err(unsafe_folder(folder, "it is not a folder"));
    }
    check_owner(folder, &about)?;
    let names = fs::read_dir(folder).and_then(|entries| {
        entries.map(|entry| Ok(PathBuf::from(entry?.file_name()))).collect::<io::Result<Vec<PathBuf>>>()
    });
    let is_ours = |name: &PathBuf| name.to_str().is_some_and(|name| written_by_us(name).is_some());
    let (ours, others): (Vec<_>, Vec<_>) = names.map_err(failed)?.into_iter().partition(is_ours);
    // One that was made for it stays usable, whatever somebody has put beside the code.
    let was_made_for_it = is_private(&about) && !ours.is_empty();
    match others.into_iter().min() {
        Some(other) if !was_made_for_it => {
            Err(FileProblem::CacheAmongOthers { path: folder.to_owned(), other })
        }
        _ => Ok(()),
    }
}

/// Of a name that we give, and nobody else: whose engine's code it is of, and what of it.
fn written_by_us(name: &str) -> Option<(&str, &str)> {
    let (key, ending) = name.split_once('.')?;
    let (sha256, engine) = key.split_once('-')?;
    let is_hex = |text: &str, letters: usize| {
        text.len() == letters && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_known = [CODE, NOTE].contains(&ending.strip_suffix(PART).unwrap_or(ending));
    (is_hex(sha256, 64) && is_hex(engine, 16) && is_known).then_some((engine, ending))
}

/// Nobody but its owner may look into it.
fn is_private(about: &fs::Metadata) -> bool {
    about.mode() & 0o077 == 0
}

/// What a script said of itself stands in the note, so that has a checksum too: in its first line.
fn sealed(note: &[u8]) -> Vec<u8> {
    [format!("{:08x}\n", crc32fast::hash(note)).as_bytes(), note].concat()
}

fn unsealed(note: &[u8]) -> Option<&[u8]> {
    let (checksum, note) = note.split_at_checked(9)?;
    let expected = format!("{:08x}\n", crc32fast::hash(note));
    (checksum == expected.as_bytes()).then_some(note)
}

/// Nobody else may have written what we are about to run.
fn check_owner(path: &Path, about: &fs::Metadata) -> Result<(), FileProblem> {
    if about.uid() != rustix::process::geteuid().as_raw() {
        return Err(unsafe_folder(path, "it belongs to another user"));
    }
    if about.mode() & 0o022 != 0 {
        return Err(unsafe_folder(path, "others may write there; empty it and take that right away"));
    }
    Ok(())
}

fn unsafe_folder(path: &Path, reason: &str) -> FileProblem {
    FileProblem::UnsafeCache { path: path.to_owned(), reason: reason.into() }
}

fn crc32(file: &mut File) -> io::Result<u32> {
    let mut hasher = crc32fast::Hasher::new();
    let mut buffer = vec![0; 256 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finalize()),
            read => hasher.update(&buffer[..read]),
        }
    }
}
