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
    let used = std::fs::metadata(kept.cache.path(&kept.cache.key(SHA), CODE)).unwrap().modified().unwrap();
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
