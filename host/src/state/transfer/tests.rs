//! There and back, and what must not be lost on the way.

use std::fs;

use jiff::Timestamp;

use super::*;
use crate::{
    model::Run,
    state::{RunFilter, tests::filled},
};

fn now() -> Timestamp {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

fn exported(folder: &Path) -> (Exported, String) {
    let mut bytes = Vec::new();
    let exported = export(folder, "0.1.0", now(), &mut bytes).unwrap();
    (exported, String::from_utf8(bytes).unwrap())
}

fn runs(folder: &Path) -> Vec<Run> {
    State::open(folder).unwrap().runs.list(&RunFilter::default(), 1000).unwrap()
}

fn read(folder: &Path, text: &str, is_forced: bool) -> Result<Imported, TransferError> {
    import(folder, &mut text.as_bytes(), is_forced, now())
}

#[test]
fn comes_back_as_it_was() {
    let (old, new) = (filled(20), tempfile::tempdir().unwrap());
    let (first, text) = exported(old.path());
    assert!(first.problems.is_empty(), "{:?}", first.problems);
    assert_eq!(read(new.path(), &text, false).unwrap().entries, first.entries);
    assert_eq!(runs(new.path()), runs(old.path()));
    let of_job = RunFilter { job: Some("backup".parse().unwrap()), ..RunFilter::default() };
    let state = State::open(new.path()).unwrap();
    assert_eq!(state.runs.list(&of_job, 1000).unwrap().len(), 20, "the index is made again");
    drop(state);
    assert_eq!(exported(new.path()).1, text);
}

#[test]
fn nothing_changes_on_a_bad_export() {
    let (old, new) = (filled(5), tempfile::tempdir().unwrap());
    let (_, text) = exported(old.path());
    let lines: Vec<_> = text.lines().collect();
    let without_end = lines[..lines.len() - 1].join("\n");
    let without_one = [&lines[..2], &lines[3..]].concat().join("\n");
    let half_a_line = &text[..text.len() / 2];
    let bad_value = text.replacen("\"status\":\"succeeded\"", "\"status\":\"splendid\"", 1);
    let newer = text.replacen("\"tapedeck_state\":1", "\"tapedeck_state\":2", 1);
    let foreign_books = text.replacen(
        "\"tree\":\"schedules\",\"key\":\"backup\"",
        "\"tree\":\"meta\",\"key\":\"generation\"",
        1,
    );
    assert_ne!(foreign_books, text);
    for bad in
        [&without_end, &without_one, half_a_line, &bad_value, &newer, &foreign_books, "", "{}", "\u{0}"]
    {
        let error = read(new.path(), bad, false).unwrap_err();
        assert!(!new.path().join("state").exists(), "{error}");
        let left = fs::read_dir(new.path()).unwrap().count();
        assert_eq!(left, 1, "only the lock: {error}");
    }
}

#[test]
fn filled_state_is_replaced_by_force_only() {
    let (old, new) = (filled(5), filled(7));
    let (_, text) = exported(old.path());
    let error = read(new.path(), &text, false).unwrap_err();
    assert!(matches!(error, TransferError::InTheWay { .. }), "{error}");
    assert_eq!(runs(new.path()).len(), 7);
    let imported = read(new.path(), &text, true).unwrap();
    assert_eq!(runs(new.path()).len(), 5);
    assert!(imported.moved_to.unwrap().join("db").exists(), "the old one is kept");
}

#[test]
fn killed_imports_leave_one_of_the_two_whole() {
    // The old one has been flushed more often than the new one, and the other way round.
    for (old, new) in [(3, 90), (90, 3)] {
        for done in 0..=4 {
            let (folder, other) = (filled(old), filled(new));
            let state = State::open(if old > new { folder.path() } else { other.path() }).unwrap();
            (0..5).for_each(|_| state.flusher.flush_blocking().unwrap());
            drop(state);
            let (beside, kept_as) = (folder.path().join("import-x"), folder.path().join("state.before"));
            fs::rename(other.path(), &beside).unwrap();
            let steps = super::import::steps(true, folder.path(), &beside, &kept_as);
            steps.into_iter().take(done).try_for_each(|step| step()).unwrap();
            let wanted = if done < 3 { old } else { new };
            assert_eq!(runs(folder.path()).len() as u64, wanted, "{done} steps from {old} to {new}");
            assert!(done < 2 || kept_as.join("db").exists(), "the other one is beside it");
        }
    }
}

#[test]
fn imports_in_the_same_second_keep_both() {
    let (old, new) = (filled(5), filled(7));
    let (_, text) = exported(old.path());
    fs::create_dir(new.path().join("import-dead")).unwrap();
    let moved: Vec<_> = (0..3).map(|_| read(new.path(), &text, true).unwrap().moved_to.unwrap()).collect();
    assert!(moved[0] != moved[1] && moved[1] != moved[2], "{moved:?}");
    assert!(moved.iter().all(|folder| folder.join("db").exists()));
    assert!(!new.path().join("import-dead").exists(), "what a killed one has left goes");
}

#[test]
fn empty_state_makes_room() {
    let (old, new) = (filled(5), tempfile::tempdir().unwrap());
    drop(State::open(new.path()).unwrap());
    assert_eq!(read(new.path(), &exported(old.path()).1, false).unwrap().moved_to, None);
    assert_eq!(runs(new.path()).len(), 5);
}

#[test]
fn damaged_entries_are_named_and_left_out() {
    let folder = filled(5);
    let state = State::open(folder.path()).unwrap();
    state.shared.db.open_tree("users").unwrap().insert("ada", "{").unwrap();
    state.flusher.flush_blocking().unwrap();
    drop(state);
    let error = State::open(folder.path()).unwrap_err();
    assert!(matches!(error, StateError::Damaged { .. }), "{error}");
    let (exported, text) = exported(folder.path());
    assert_eq!((exported.unreadable, exported.problems.len()), (1, 1));
    assert!(exported.problems[0].contains("users") && exported.problems[0].contains("ada"));
    assert!(matches!(read(folder.path(), &text, false), Err(TransferError::InTheWay { .. })));
    read(folder.path(), &text, true).unwrap();
    assert_eq!(runs(folder.path()).len(), 5);
}

#[test]
fn damaged_state_can_be_replaced() {
    let (old, new) = (filled(5), filled(300));
    let file = fs::OpenOptions::new().write(true).open(new.path().join("state/db")).unwrap();
    file.set_len(4096).unwrap();
    let text = exported(old.path()).1;
    assert!(matches!(read(new.path(), &text, false), Err(TransferError::InTheWay { .. })));
    read(new.path(), &text, true).unwrap();
    assert_eq!(runs(new.path()).len(), 5);
}

#[test]
fn exporting_does_not_touch_the_state() {
    let folder = filled(50);
    let file = folder.path().join("state/db");
    let (bytes, _) = (fs::read(&file).unwrap(), exported(folder.path()));
    assert_eq!(fs::read(&file).unwrap(), bytes);
}

/// sled cannot open what is left beside a snapshot, and takes it for new without one.
#[test]
fn hopeless_state_is_named_and_left_alone() {
    for has_snapshot in [false, true] {
        let folder = filled(300);
        if has_snapshot {
            State::open(folder.path()).unwrap().flusher.flush_blocking().unwrap();
        }
        let path = folder.path().join("state/db");
        fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(700).unwrap();
        let before = fs::read(&path).unwrap();
        let mut bytes = Vec::new();
        let error = export(folder.path(), "0.1.0", now(), &mut bytes).unwrap_err();
        assert!(matches!(error, TransferError::NothingReadable { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(folder.path().to_str().unwrap()) && !text.contains("state export"), "{text}");
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(!cause.contains("backtrace"), "{cause}");
        assert_eq!(fs::read(&path).unwrap(), before);
        let new = tempfile::tempdir().unwrap();
        assert!(
            import(new.path(), &mut bytes.as_slice(), true, now()).is_err(),
            "what was written is no export"
        );
    }
}
