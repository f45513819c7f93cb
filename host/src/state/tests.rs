//! What becomes of a state whose files were cut short, replaced, taken or held by somebody else.

use std::{fs, path::Path};

use jiff::Timestamp;
use tempfile::TempDir;

use super::*;
use crate::model::{JobName, Run, RunId, Status, Trigger};

pub(super) fn run(number: u64) -> Run {
    let at = Timestamp::from_second(1_767_225_600 + i64::try_from(number).unwrap()).unwrap();
    let id = uuid::Builder::from_unix_timestamp_millis(u64::try_from(at.as_millisecond()).unwrap(), &[7; 10]);
    Run {
        id: RunId(id.into_uuid()),
        job: "backup".parse().unwrap(),
        kind: "command".into(),
        trigger: Trigger::Cron,
        params: std::collections::BTreeMap::new(),
        due: at,
        created: at,
        started: Some(at),
        ended: Some(at),
        status: Status::Succeeded,
        reason: None,
        waiting_until: None,
        waiting_for: None,
        attempt: 1,
        attempts: 1,
        progress: None,
        summary: None,
        error: None,
        covers: None,
        is_settled: false,
    }
}

/// A folder whose state holds `runs` runs and a schedule, closed cleanly.
pub(super) fn filled(runs: u64) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let state = State::open(folder.path()).unwrap();
    for number in 0..runs {
        state.runs.put(&run(number)).unwrap();
    }
    let job: JobName = "backup".parse().unwrap();
    let schedule = Schedule {
        decided_until: Timestamp::UNIX_EPOCH,
        anchor: Timestamp::UNIX_EPOCH,
        triggers: String::new(),
        suspended: None,
        abandoned: None,
    };
    state.schedules.put(&job, &schedule).unwrap();
    state.flusher.flush_blocking().unwrap();
    folder
}

fn count(state: &State) -> usize {
    state.runs.list(&RunFilter::default(), usize::MAX).unwrap().len()
}

fn cut(folder: &Path, length: u64) {
    fs::OpenOptions::new().write(true).open(folder.join("state/db")).unwrap().set_len(length).unwrap();
}

#[test]
fn keeps_what_was_flushed() {
    let folder = filled(100);
    for _ in 0..3 {
        assert_eq!(count(&State::open(folder.path()).unwrap()), 100);
    }
}

#[test]
fn killed_openers_keep_nobody_out() {
    let folder = filled(100);
    drop(State::open(folder.path()).unwrap());
    let state = folder.path().join("state");
    let names = || fs::read_dir(&state).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap());
    let snapshot = names().find(|name| name.starts_with("snap.")).expect("opening makes one");
    let bytes = fs::read(state.join(snapshot)).unwrap();
    for length in [0, 5, bytes.len() / 2, bytes.len() - 1] {
        // Newer than all that there are.
        fs::write(state.join("snap.0FFFFFFFFFFFFFFF.generating"), &bytes[..length]).unwrap();
        assert_eq!(count(&State::open(folder.path()).unwrap()), 100, "{length} bytes");
        assert!(!names().any(|name| name.ends_with(".generating")));
    }
}

#[test]
fn killed_makers_of_a_state_keep_nobody_out() {
    let conf = fs::read(filled(1).path().join("state/conf")).unwrap();
    for length in 0..conf.len() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("state")).unwrap();
        fs::write(folder.path().join("state/conf"), &conf[..length]).unwrap();
        assert_eq!(count(&State::open(folder.path()).unwrap()), 0, "{length} bytes");
    }
}

const CUTS: [i64; 7] = [0, 1, 63, 4096, -2, -4096, -1];

#[test]
fn cut_file_is_never_a_shorter_state() {
    CUTS.into_iter().for_each(|cut_to| check_cut(false, cut_to));
}

#[test]
fn cut_file_beside_a_snapshot_is_noticed() {
    CUTS.into_iter().for_each(|cut_to| check_cut(true, cut_to));
}

/// Whatever is cut off: all of it is there, or an error says what to do. With a snapshot sled
/// fails in other ways than without one.
fn check_cut(has_snapshot: bool, cut_to: i64) {
    let folder = filled(300);
    if has_snapshot {
        State::open(folder.path()).unwrap().flusher.flush_blocking().unwrap();
    }
    let whole = i64::try_from(fs::metadata(folder.path().join("state/db")).unwrap().len()).unwrap();
    let length = match cut_to {
        -2 => whole / 2,
        ..0 => whole + cut_to,
        _ => cut_to,
    };
    cut(folder.path(), u64::try_from(length).unwrap());
    let case = format!("cut to {length} of {whole}, snapshot: {has_snapshot}");
    match State::open(folder.path()) {
        Ok(state) => assert_eq!(count(&state), 300, "{case}"),
        Err(error) => {
            let text = error.to_string();
            assert!(text.contains("Copy the folder") && text.contains("state export"), "{case}: {text}");
            let again = State::open(folder.path()).unwrap_err();
            let is_left_alone = matches!(again, StateError::Suspect { .. } | StateError::LostData { .. });
            assert!(is_left_alone, "{case}: {again}");
        }
    }
}

#[test]
fn missing_file_is_not_an_empty_state() {
    let folder = filled(3);
    fs::remove_dir_all(folder.path().join("state")).unwrap();
    let error = State::open(folder.path()).unwrap_err();
    assert!(matches!(error, StateError::LostData { .. }), "{error}");
    assert!(!folder.path().join("state").exists(), "nothing was made in its place");
    fs::remove_file(folder.path().join("state.generation")).unwrap();
    assert_eq!(count(&State::open(folder.path()).unwrap()), 0, "as the text says");
}

#[test]
fn older_copy_of_the_file_is_noticed() {
    let folder = filled(3);
    fs::copy(folder.path().join("state/db"), folder.path().join("old")).unwrap();
    let state = State::open(folder.path()).unwrap();
    state.runs.put(&run(3)).unwrap();
    state.flusher.flush_blocking().unwrap();
    drop(state);
    fs::rename(folder.path().join("old"), folder.path().join("state/db")).unwrap();
    let error = State::open(folder.path()).unwrap_err();
    assert!(error.is_damage() && error.to_string().contains("Copy the folder"), "{error}");
}

#[test]
fn second_opener_learns_who_is_first() {
    let folder = filled(1);
    let _first = State::open(folder.path()).unwrap();
    let error = State::open(folder.path()).unwrap_err();
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
}

#[test]
fn file_in_place_of_the_folder_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data");
    fs::write(&file, "").unwrap();
    let error = State::open(&file).unwrap_err();
    assert!(error.to_string().contains("is a folder"), "{error}");
    fs::create_dir(folder.path().join("other")).unwrap();
    fs::write(folder.path().join("other/state"), "").unwrap();
    let error = State::open(&folder.path().join("other")).unwrap_err();
    assert!(matches!(error, StateError::Folder { .. }), "{error:?}");
}

#[test]
fn newer_schema_is_refused_whole() {
    let folder = filled(1);
    let state = State::open(folder.path()).unwrap();
    let meta = state.shared.db.open_tree("meta").unwrap();
    meta.insert("schema", &99_u32.to_be_bytes()).unwrap();
    state.flusher.flush_blocking().unwrap();
    drop((meta, state));
    for _ in 0..2 {
        let error = State::open(folder.path()).unwrap_err();
        assert!(matches!(error, StateError::TooNew { found: 99, .. }), "{error}");
    }
}

#[test]
fn unreadable_sidecar_is_tolerated() {
    let folder = filled(3);
    for garbage in [&b""[..], b"\xff\xfe", b"many", b"0000"] {
        fs::write(folder.path().join("state.generation"), garbage).unwrap();
        assert_eq!(count(&State::open(folder.path()).unwrap()), 3);
    }
}

#[test]
fn panics_become_errors() {
    let error =
        engine::calmly(Path::new("/x"), || -> Result<(), StateError> { panic!("index out of bounds") });
    let error = error.unwrap_err();
    assert!(error.is_damage());
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("index out of bounds"));
}

#[test]
fn new_data_folder_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("data");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    drop(State::open(&folder).unwrap());
    assert_eq!(mode(&folder), 0o700);
    // Of one that was there before, the state is.
    for path in [&folder, &folder.join("state")] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    drop(State::open(&folder).unwrap());
    assert_eq!((mode(&folder), mode(&folder.join("state"))), (0o755, 0o700));
}

#[test]
fn what_is_damaged_beside_the_log_is_made_anew() {
    let folder = filled(100);
    let state = folder.path().join("state");
    let find = |begin: &str| {
        let names = fs::read_dir(&state).unwrap().map(|it| it.unwrap().path());
        names.into_iter().find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(begin)).unwrap()
    };
    for begin in ["snap.", "conf"] {
        for damage in ["empty", "half", "bit"] {
            let before = State::open(folder.path()).unwrap();
            before.flusher.flush_blocking().unwrap();
            drop(before);
            let path = find(begin);
            let mut bytes = fs::read(&path).unwrap();
            match damage {
                "empty" => bytes.clear(),
                "half" => bytes.truncate(bytes.len() / 2),
                _ => bytes[20] ^= 1,
            }
            fs::write(&path, &bytes).unwrap();
            assert_eq!(count(&State::open(folder.path()).unwrap()), 100, "{begin} {damage}");
            fs::remove_file(find("damaged.")).unwrap();
        }
    }
}

#[test]
fn files_that_are_none_are_named() {
    for name in ["lock", "state.generation"] {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(name)).unwrap();
        let error = State::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("/{name}:")) && error.contains("must be a file"), "{error}");
    }
}
