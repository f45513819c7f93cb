//! Keeps machine code, so that nothing is compiled twice.
//!
//! What is mapped from here runs as it stands: it is native code. So only this process's user may
//! write to the folder, every entry has a checksum of what we wrote, and no way leads from a file
//! that somebody gives us into it but through the compiler.

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

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::plugin_host::{compile, guest::Guest};

    const SHA: &[u8] = &[7; 32];

    struct Kept {
        folder: tempfile::TempDir,
        engine: Engine,
        cache: Cache,
    }

    fn kept() -> Kept {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::build().unwrap();
        let cache = Cache::open(&folder.path().join("cache"), &engine, Timestamp::UNIX_EPOCH).unwrap();
        let wasm = Guest::plugin("a", "1.0.0", "chat-filter").component();
        let component = compile::compile(&engine, Path::new("x.wasm"), &wasm).unwrap().component;
        let code = component.serialize().unwrap();
        cache.store(SHA, &code, Duration::from_millis(5)).unwrap();
        Kept { folder, engine, cache }
    }

    impl Kept {
        fn is_there(&self) -> bool {
            self.cache.load(&self.engine, SHA).is_some()
        }

        fn code(&self) -> PathBuf {
            self.cache.path(&self.cache.key(SHA), CODE)
        }

        fn files(&self) -> usize {
            fs::read_dir(self.folder.path().join("cache")).unwrap().count()
        }

        fn reopen(&self, now: Timestamp) -> Result<Cache, FileProblem> {
            Cache::open(&self.folder.path().join("cache"), &self.engine, now)
        }
    }

    #[test]
    fn gives_back_what_was_compiled() {
        let kept = kept();
        let (_, note) = kept.cache.load(&kept.engine, SHA).unwrap();
        assert_eq!((note.compile_ms, note.described), (5, None));
        assert!(kept.cache.load(&kept.engine, &[8; 32]).is_none());
        let mode = fs::metadata(&kept.cache.folder).unwrap().mode() & 0o777;
        assert_eq!((mode, kept.files()), (0o700, 2));
    }

    #[test]
    fn what_scripts_say_of_themselves_is_kept_with_their_code() {
        let kept = kept();
        kept.cache.note(SHA, Manifest::nobody()).unwrap();
        let (_, note) = kept.cache.load(&kept.engine, SHA).unwrap();
        assert_eq!((note.compile_ms, note.described), (5, Some(Manifest::nobody())));
        assert!(kept.cache.note(&[8; 32], Manifest::nobody()).is_err(), "of no code");
    }

    #[test]
    fn damaged_code_is_never_run() {
        for damage in [
            (|code| code.truncate(code.len() / 2)) as fn(&mut Vec<u8>),
            |code| code.truncate(0),
            |code| *code.last_mut().unwrap() ^= 1,
            |code| {
                let middle = code.len() / 2;
                code[middle] ^= 0x80;
            },
            |code| code.extend([0; 16]),
        ] {
            let kept = kept();
            let mut code = fs::read(kept.code()).unwrap();
            damage(&mut code);
            fs::write(kept.code(), code).unwrap();
            assert!(!kept.is_there());
            assert_eq!(kept.files(), 0, "what is damaged goes");
        }
    }

    #[test]
    fn damaged_notes_are_no_notes() {
        for at in [0, 8, 9, 40] {
            let kept = kept();
            let note = kept.cache.path(&kept.cache.key(SHA), NOTE);
            let mut bytes = fs::read(&note).unwrap();
            bytes[at] ^= 1;
            fs::write(&note, bytes).unwrap();
            assert!(!kept.is_there(), "byte {at}");
        }
        let kept = kept();
        fs::write(kept.cache.path(&kept.cache.key(SHA), NOTE), "").unwrap();
        assert!(!kept.is_there());
    }

    #[test]
    fn code_of_other_engines_is_never_run() {
        let kept = kept();
        let wasm = Guest::plugin("a", "1.0.0", "chat-filter").component();
        // Its loops never look at the clock.
        let other = wasmtime::Engine::default().precompile_component(&wasm).unwrap();
        kept.cache.store(SHA, &other, Duration::ZERO).unwrap();
        assert!(!kept.is_there());
        assert_eq!(kept.files(), 0);
    }

    #[test]
    fn code_of_others_is_never_run() {
        let kept = kept();
        fs::set_permissions(kept.code(), fs::Permissions::from_mode(0o666)).unwrap();
        assert!(!kept.is_there(), "others could have written it");
    }

    #[test]
    fn links_are_not_followed() {
        let kept = kept();
        let elsewhere = kept.folder.path().join("elsewhere");
        fs::rename(kept.code(), &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, kept.code()).unwrap();
        assert!(!kept.is_there());
        assert!(elsewhere.exists());
    }

    #[test]
    fn folders_that_others_write_to_are_refused() {
        let kept = kept();
        fs::set_permissions(&kept.cache.folder, fs::Permissions::from_mode(0o777)).unwrap();
        let refused = kept.reopen(Timestamp::UNIX_EPOCH).unwrap_err().to_string();
        assert!(refused.contains("others may write there"), "{refused}");
        fs::set_permissions(&kept.cache.folder, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(kept.reopen(Timestamp::UNIX_EPOCH).is_ok());
        assert_eq!(fs::metadata(&kept.cache.folder).unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn stale_and_unfinished_entries_go() {
        let kept = kept();
        let at = |name: &str| kept.cache.folder.join(name);
        let other = format!("{}-0123456789abcdef", hex(&[1; 32]));
        for ending in ["cwasm", "json", "cwasm.part", "json.part"] {
            fs::write(at(&format!("{other}.{ending}")), "other engine").unwrap();
        }
        fs::write(kept.cache.path(&kept.cache.key(&[1; 32]), "cwasm.part"), "unfinished").unwrap();
        fs::write(at("notes.txt"), "somebody's").unwrap();
        let cache = kept.reopen(Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(kept.files(), 3);
        assert!(cache.load(&kept.engine, SHA).is_some());
        let written = Timestamp::try_from(fs::metadata(kept.code()).unwrap().modified().unwrap()).unwrap();
        kept.reopen(written + KEPT + SignedDuration::from_secs(1)).unwrap();
        assert_eq!(kept.files(), 1, "only what is not ours is left");
    }

    /// What a folder holds, and who may look into it.
    fn state_of(folder: &Path) -> (Vec<PathBuf>, u32) {
        let mut names: Vec<PathBuf> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into()).collect();
        names.sort();
        (names, fs::metadata(folder).unwrap().mode() & 0o777)
    }

    #[test]
    fn folders_with_other_files_are_refused_as_they_are() {
        let kept = kept();
        let key = kept.cache.key(SHA);
        let (sha, engine) = key.split_once('-').unwrap();
        let short = [&sha[1..], engine].join("-");
        for (mode, other) in [
            (0o755, "package.json"),
            (0o755, "a.part"),
            (0o755, "00.cwasm.part"),
            (0o700, "package.json"),
            (0o755, &*format!("{short}.cwasm")),
            (0o755, &*format!("{key}.cwasm.bak")),
            (0o755, &*format!("{}-{engine}.json", "AB".repeat(32))),
        ] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(other), "somebody's").unwrap();
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
            let before = state_of(folder.path());
            let refused = Cache::open(folder.path(), &kept.engine, Timestamp::UNIX_EPOCH).unwrap_err();
            assert!(matches!(refused, FileProblem::CacheAmongOthers { .. }), "{other}: {refused:?}");
            let told = format!("other files lie in it, such as {other}; name a folder of its own");
            assert!(refused.to_string().contains(&told), "{refused}");
            assert_eq!(state_of(folder.path()), before, "{other}");
        }
    }

    #[test]
    fn what_lies_beside_the_code_stays() {
        let kept = kept();
        let names = ["package.json", "a.part", "00.cwasm", "00-0123456789abcdef.cwasm", "notes.txt"];
        names.iter().for_each(|name| fs::write(kept.cache.folder.join(name), "somebody's").unwrap());
        kept.reopen(Timestamp::MAX).unwrap();
        assert!(names.iter().all(|name| kept.cache.folder.join(name).exists()));
        assert_eq!(kept.files(), names.len(), "of what is ours, nothing is needed any more");
    }

    #[test]
    fn who_may_look_into_it_may_so_still() {
        let kept = kept();
        fs::write(kept.cache.folder.join("notes.txt"), "somebody's").unwrap();
        kept.reopen(Timestamp::UNIX_EPOCH).unwrap();
        fs::set_permissions(&kept.cache.folder, fs::Permissions::from_mode(0o755)).unwrap();
        let before = state_of(&kept.cache.folder);
        let refused = kept.reopen(Timestamp::UNIX_EPOCH).unwrap_err();
        assert!(matches!(refused, FileProblem::CacheAmongOthers { .. }), "{refused:?}");
        assert_eq!(state_of(&kept.cache.folder), before);
    }

    #[test]
    fn a_folder_to_be_is_made_by_nobody_who_only_asks() {
        let kept = kept();
        let folder = kept.folder.path().join("later");
        check_folder(&folder).unwrap();
        assert!(!folder.exists());
    }

    #[test]
    fn daemons_may_share_it() {
        let kept = kept();
        let wasm = Guest::plugin("a", "1.0.0", "chat-filter").component();
        let compiled = compile::compile(&kept.engine, Path::new("x.wasm"), &wasm).unwrap();
        let code = compiled.component.serialize().unwrap();
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..40 {
                        kept.reopen(Timestamp::UNIX_EPOCH).unwrap();
                        kept.cache.store(SHA, &code, Duration::ZERO).unwrap();
                    }
                });
                scope.spawn(|| (0..80).for_each(|at| assert!(kept.is_there(), "look {at}")));
            }
        });
        assert_eq!(kept.files(), 2);
    }

    #[test]
    fn entries_without_a_note_are_none() {
        let kept = kept();
        fs::remove_file(kept.cache.path(&kept.cache.key(SHA), NOTE)).unwrap();
        assert!(!kept.is_there());
    }

    #[test]
    fn nobody_else_reads_what_is_kept() {
        let kept = kept();
        let folder = kept.folder.path().join("cache");
        let is_ours_alone = |path: &Path| fs::metadata(path).unwrap().mode() & 0o077 == 0;
        assert!(is_ours_alone(&kept.code()) && is_ours_alone(&folder));
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        kept.reopen(Timestamp::UNIX_EPOCH).unwrap();
        assert!(is_ours_alone(&folder));
    }

    #[test]
    fn a_link_is_no_folder() {
        let kept = kept();
        let at = |name: &str| kept.folder.path().join(name);
        std::os::unix::fs::symlink(at("cache"), at("link")).unwrap();
        let refused = Cache::open(&at("link"), &kept.engine, Timestamp::UNIX_EPOCH).unwrap_err().to_string();
        assert!(refused.contains("it is not a folder"), "{refused}");
    }

    #[test]
    fn what_belongs_to_others_is_refused() {
        // Root owns `/`; of root's own there is something that it can give away.
        let folder = tempfile::tempdir().unwrap();
        let theirs = if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(folder.path(), Some(1), None).unwrap();
            folder.path()
        } else {
            Path::new("/")
        };
        let about = fs::metadata(theirs).unwrap();
        let refused = check_owner(theirs, &about).unwrap_err().to_string();
        assert!(refused.contains("belongs to another user"), "{refused}");
        let opened = Cache::open(theirs, &Engine::build().unwrap(), Timestamp::UNIX_EPOCH);
        assert!(matches!(opened, Err(FileProblem::UnsafeCache { .. })), "{opened:?}");
    }

    #[test]
    fn code_of_another_length_is_never_run() {
        let kept = kept();
        let path = kept.cache.path(&kept.cache.key(SHA), NOTE);
        let mut note: Note = serde_json::from_slice(unsealed(&fs::read(&path).unwrap()).unwrap()).unwrap();
        note.bytes += 1;
        fs::write(&path, sealed(&serde_json::to_vec(&note).unwrap())).unwrap();
        assert!(!kept.is_there());
    }

    #[test]
    fn what_cannot_be_kept_leaves_nothing() {
        let kept = kept();
        fs::remove_file(kept.code()).unwrap();
        fs::create_dir(kept.code()).unwrap();
        assert!(kept.cache.store(SHA, b"code", Duration::ZERO).is_err());
        assert!(!kept.is_there());
        assert_eq!(kept.files(), 1, "only what stands in the way");
    }

    #[test]
    fn what_is_used_is_not_forgotten() {
        let kept = kept();
        for ending in [CODE, NOTE] {
            let file = File::open(kept.cache.path(&kept.cache.key(SHA), ending)).unwrap();
            file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        }
        assert!(kept.is_there());
        let used =
            std::fs::metadata(kept.cache.path(&kept.cache.key(SHA), CODE)).unwrap().modified().unwrap();
        assert!(used > std::time::SystemTime::UNIX_EPOCH);
        kept.reopen(Timestamp::try_from(used).unwrap()).unwrap();
        assert!(kept.is_there());
    }

    #[test]
    fn nobody_tidies_up_while_others_are_at_it() {
        let kept = kept();
        let half = kept.cache.path(&kept.cache.key(&[1; 32]), "cwasm.part");
        fs::write(half, "somebody's, half written").unwrap();
        let held = kept.cache.hold(FlockOperation::LockShared).unwrap();
        kept.reopen(Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(kept.files(), 3);
        drop(held);
        kept.reopen(Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(kept.files(), 2);
    }

    #[test]
    fn code_that_somebody_runs_is_not_written_to() {
        let kept = kept();
        let mapped = File::open(kept.code()).unwrap();
        kept.cache.store(SHA, b"other code", Duration::ZERO).unwrap();
        let now = fs::metadata(kept.code()).unwrap();
        assert_eq!(now.len(), 10);
        assert!(mapped.metadata().unwrap().len() > 10 && mapped.metadata().unwrap().ino() != now.ino());
    }
}
