use std::os::unix::fs::symlink;

use super::*;

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|it| it.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn mark(series: &str, made: i64) -> Mark {
    Mark {
        reached: None,
        version: Mark::VERSION,
        series: series.into(),
        made: jiff::Timestamp::from_second(made).unwrap(),
        sequence: 1,
        parts: 1,
        from: None,
        question: serde_json::Value::Null,
    }
}

fn stage(goal: &Path, text: &str) -> Staging {
    let staging = Staging::begin(goal, "weekly").unwrap();
    fs::write(staging.folder().join("a.txt"), text).unwrap();
    staging
}

#[test]
fn the_new_one_takes_the_place_of_the_old_one_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let goal = folder.path().join("out");
    for text in ["one", "two"] {
        let staging = stage(&goal, text);
        mark("s", 1).write(staging.folder()).unwrap();
        staging.publish_folder().unwrap();
        assert_eq!(fs::read_to_string(goal.join("a.txt")).unwrap(), text);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn what_killed_exports_left_goes_though_its_name_does_not_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let written = Staging::begin(&at("weekly-2"), "weekly").unwrap();
    for name in [".weekly-1.part", ".monthly-1.part", "weekly-0.part"] {
        fs::create_dir(at(name)).unwrap();
        fs::write(at(name).join("half.csv"), "half").unwrap();
        fs::write(at(name).join(PART_MARK), PART_WORDS).unwrap();
    }
    for name in [".weekly-notes.part", ".weekly-empty.part"] {
        fs::create_dir(at(name)).unwrap();
    }
    fs::write(at(".weekly-notes.part/chapter.txt"), "years").unwrap();
    drop(Staging::begin(&at("weekly-3"), "weekly").unwrap());
    assert!(!at(".weekly-1.part").exists());
    assert!(at(".weekly-notes.part/chapter.txt").exists(), "nothing says that it is ours");
    assert!(at(".weekly-empty.part").exists(), "one may be about to be made there");
    assert!(written.folder().exists(), "it is being written");
    assert!(at(".monthly-1.part").exists() && at("weekly-0.part").exists(), "they are another's");
}

#[test]
fn what_fails_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    drop(stage(&folder.path().join("out"), "half"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn folders_of_others_are_not_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let goal = folder.path().join("thesis");
    fs::create_dir(&goal).unwrap();
    fs::write(goal.join("chapter.txt"), "years").unwrap();
    let refused = stage(&goal, "x").publish_folder().unwrap_err();
    assert!(matches!(refused, ExportError::Foreign { .. }), "{refused}");
    assert_eq!(fs::read_to_string(goal.join("chapter.txt")).unwrap(), "years");
}

#[test]
fn an_archive_in_an_export_is_not_removed() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    let goal = folder.path().join("a");
    mark("s", 1).write(&goal).unwrap();
    mark("s", 2).write(&folder.path().join("b")).unwrap();
    fs::write(goal.join(ARCHIVE_FILE), "years").unwrap();
    let refused = stage(&goal, "x").publish_folder().unwrap_err();
    assert!(matches!(refused, ExportError::Archive { .. }), "{refused}");
    assert_eq!(prune(&folder.path().join("b"), "s", 1).unwrap(), 0);
    assert_eq!(fs::read_to_string(goal.join(ARCHIVE_FILE)).unwrap(), "years");
}

#[test]
fn a_link_in_place_of_the_folder_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let thesis = folder.path().join("thesis");
    fs::create_dir(&thesis).unwrap();
    fs::write(thesis.join("chapter.txt"), "years").unwrap();
    for part in [".out.part", ".weekly-1.part"] {
        symlink(&thesis, folder.path().join(part)).unwrap();
    }
    // Not even if an export was made there once.
    fs::write(thesis.join(PART_MARK), PART_WORDS).unwrap();
    let refused = Staging::begin(&folder.path().join("out"), "weekly").unwrap_err();
    assert!(matches!(refused, ExportError::InTheWay { .. }) && !refused.is_temporary(), "{refused}");
    drop(Staging::begin(&folder.path().join("other"), "weekly").unwrap());
    assert_eq!(fs::read_to_string(thesis.join("chapter.txt")).unwrap(), "years");
}

#[test]
fn nothing_of_others_goes_from_where_an_export_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let part = folder.path().join(".out.part");
    fs::create_dir_all(part.join("notes")).unwrap();
    fs::write(part.join("notes/chapter.txt"), "years").unwrap();
    let refused = Staging::begin(&folder.path().join("out"), "weekly").unwrap_err();
    assert!(matches!(refused, ExportError::InTheWay { .. }) && !refused.is_temporary(), "{refused}");
    let words = refused.to_string();
    assert!(words.contains(part.to_str().unwrap()) && words.contains("remove it if"), "{words}");
    assert_eq!(fs::read_to_string(part.join("notes/chapter.txt")).unwrap(), "years");
    // As its owner has done with it.
    fs::remove_dir_all(part.join("notes")).unwrap();
    Staging::begin(&folder.path().join("out"), "weekly").unwrap();
}

#[test]
fn an_archive_where_an_export_is_made_is_not_removed() {
    let folder = tempfile::tempdir().unwrap();
    let part = folder.path().join(".out.part");
    fs::create_dir(&part).unwrap();
    fs::write(part.join(PART_MARK), PART_WORDS).unwrap();
    fs::write(part.join(ARCHIVE_FILE), "years").unwrap();
    let refused = Staging::begin(&folder.path().join("out"), "weekly").unwrap_err();
    assert!(matches!(refused, ExportError::Archive { .. }), "{refused}");
    assert_eq!(fs::read_to_string(part.join(ARCHIVE_FILE)).unwrap(), "years");
}

#[test]
fn what_an_export_took_the_place_of_is_cleared_if_it_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let part = folder.path().join(".out.part");
    fs::create_dir(&part).unwrap();
    mark("s", 1).write(&part).unwrap();
    fs::write(part.join("a.txt"), "one").unwrap();
    let staging = Staging::begin(&folder.path().join("out"), "weekly").unwrap();
    assert_eq!(names(staging.folder()), [PART_MARK]);
}

#[test]
fn finished_exports_do_not_hold_the_mark_of_unfinished_ones() {
    let folder = tempfile::tempdir().unwrap();
    let goal = folder.path().join("out");
    let staging = stage(&goal, "x");
    mark("s", 1).write(staging.folder()).unwrap();
    assert!(names(staging.folder()).contains(&PART_MARK.to_owned()));
    staging.publish_folder().unwrap();
    assert_eq!(names(&goal), [EXPORT_MARK, "a.txt"]);
}

#[test]
fn a_link_as_the_goal_stays_one() {
    let folder = tempfile::tempdir().unwrap();
    let (disk, link) = (folder.path().join("disk"), folder.path().join("out"));
    fs::create_dir_all(disk.join("exp")).unwrap();
    symlink("disk/exp", &link).unwrap();
    for text in ["one", "two"] {
        let staging = stage(&link, text);
        mark("s", 1).write(staging.folder()).unwrap();
        staging.publish_folder().unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(disk.join("exp/a.txt")).unwrap(), text);
    }
    assert_eq!((names(folder.path()), names(&disk)), (vec!["disk".into(), "out".into()], vec!["exp".into()]));
    let file = folder.path().join("chat.csv");
    fs::write(disk.join("real.csv"), "before").unwrap();
    symlink("disk/real.csv", &file).unwrap();
    stage(&file, "after").publish_file("a.txt").unwrap();
    assert!(file.is_symlink());
    assert_eq!(fs::read_to_string(disk.join("real.csv")).unwrap(), "after");
}

#[test]
fn what_another_one_makes_in_the_same_place_stays() {
    let folder = tempfile::tempdir().unwrap();
    let goal = folder.path().join("out");
    let first = stage(&goal, "one");
    mark("s", 1).write(first.folder()).unwrap();
    // As if it had been published, and another one had begun before the first one ended.
    fs::rename(first.folder(), &goal).unwrap();
    let second = stage(&goal, "two");
    drop(first);
    assert_eq!(fs::read_to_string(second.folder().join("a.txt")).unwrap(), "two");
}

#[test]
fn no_file_takes_the_place_of_an_archive() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(ARCHIVE_FILE);
    assert!(check_no_archive(&file).is_ok(), "there is none");
    fs::write(&file, "years").unwrap();
    assert!(matches!(check_no_archive(&file), Err(ExportError::Archive { .. })));
    fs::write(folder.path().join("chats.sqlite"), "last year's").unwrap();
    assert!(check_no_archive(&folder.path().join("chats.sqlite")).is_ok());
}

#[test]
fn two_do_not_write_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let goal = folder.path().join("out");
    let first = stage(&goal, "x");
    assert!(matches!(Staging::begin(&goal, "weekly"), Err(ExportError::Busy { .. })));
    drop(first);
    Staging::begin(&goal, "weekly").unwrap();
}

#[test]
fn remains_of_a_killed_export_are_cleared() {
    let folder = tempfile::tempdir().unwrap();
    let killed = std::mem::ManuallyDrop::new(stage(&folder.path().join("out"), "half"));
    fs::create_dir_all(killed.room(Some("media")).unwrap()).unwrap();
    killed.lock.unlock().unwrap();
    let staging = Staging::begin(&folder.path().join("out"), "weekly").unwrap();
    assert_eq!(names(staging.folder()), [PART_MARK]);
}

#[test]
fn only_old_exports_of_the_same_series_go() {
    let folder = tempfile::tempdir().unwrap();
    for (name, series, made) in [("a", "s", 1), ("b", "s", 2), ("c", "s", 3), ("d", "other", 0)] {
        let path = folder.path().join(name);
        fs::create_dir(&path).unwrap();
        mark(series, made).write(&path).unwrap();
    }
    fs::create_dir(folder.path().join("photos")).unwrap();
    symlink("c", folder.path().join("latest")).unwrap();
    assert_eq!(prune(&folder.path().join("c"), "s", 2).unwrap(), 1);
    assert_eq!(names(folder.path()), ["b", "c", "d", "latest", "photos"]);
}
