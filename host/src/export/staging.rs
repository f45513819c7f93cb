//! Where an export is made before it takes its place.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::{
    error::{ExportError, disk},
    mark::Mark,
};

/// A folder beside the goal, of one export at a time. It goes with this.
#[derive(Debug)]
pub(super) struct Staging {
    folder: PathBuf,
    goal: PathBuf,
    /// Held until the end, whatever that is.
    _lock: File,
}

impl Staging {
    /// Clears what a killed export has left.
    pub(super) fn begin(goal: &Path) -> Result<Self, ExportError> {
        let goal = std::path::absolute(goal).map_err(disk("find", goal))?;
        let parent = goal.parent().unwrap_or(Path::new("/")).to_owned();
        let name = goal.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let folder = parent.join(format!(".{name}.part"));
        fs::create_dir_all(&folder).map_err(disk("make", &folder))?;
        let lock = File::open(&folder).map_err(disk("open", &folder))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => ExportError::Busy { path: goal.clone() },
            TryLockError::Error(error) => disk("lock", &folder)(error),
        })?;
        for entry in fs::read_dir(&folder).map_err(disk("read", &folder))? {
            let path = entry.map_err(disk("read", &folder))?.path();
            remove(&path).map_err(disk("remove", &path))?;
        }
        Ok(Self { folder, goal, _lock: lock })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn goal(&self) -> &Path {
        &self.goal
    }

    /// A folder inside, for one format or for all.
    pub(super) fn room(&self, name: Option<&str>) -> Result<PathBuf, ExportError> {
        let room = name.map_or_else(|| self.folder.clone(), |name| self.folder.join(name));
        fs::create_dir_all(&room).map_err(disk("make", &room))?;
        Ok(room)
    }

    /// Everything at once, in place of what was there.
    pub(super) fn publish_folder(self) -> Result<(), ExportError> {
        check_ours(&self.goal)?;
        sync_tree(&self.folder)?;
        replace(&self.folder, &self.goal)
    }

    /// One file alone.
    pub(super) fn publish_file(self, name: &str) -> Result<(), ExportError> {
        fs::rename(self.folder.join(name), &self.goal).map_err(disk("write", &self.goal))?;
        sync_folder(self.goal.parent().unwrap_or(Path::new("/")))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // Gone if it has taken its place; what cannot be removed is cleared by the next one.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Fails for a folder that somebody else made and put something into.
pub(super) fn check_ours(folder: &Path) -> Result<(), ExportError> {
    let foreign = || ExportError::Foreign { path: folder.to_owned() };
    if !folder.exists() || Mark::read(folder).is_some() {
        return Ok(());
    }
    let mut entries = fs::read_dir(folder).map_err(|_| foreign())?;
    if entries.next().is_none() { Ok(()) } else { Err(foreign()) }
}

/// Puts a folder in the place of another in one step; the other one is removed.
pub(super) fn replace(new: &Path, old: &Path) -> Result<(), ExportError> {
    if !old.exists() {
        fs::rename(new, old).map_err(disk("write", old))?;
    } else if renameat_with(CWD, new, CWD, old, RenameFlags::EXCHANGE).is_err() {
        // Some file systems cannot exchange: then there is a moment without either.
        let aside = new.with_extension("old");
        fs::rename(old, &aside).map_err(disk("replace", old))?;
        fs::rename(new, old).map_err(disk("write", old))?;
        let _ = fs::remove_dir_all(aside);
    }
    sync_folder(old.parent().unwrap_or(Path::new("/")))?;
    // What was there before, if it was exchanged. Should it stay, the next export clears it.
    let _ = fs::remove_dir_all(new);
    Ok(())
}

/// The files are on the disk already: now their names are, too.
pub(super) fn sync_tree(folder: &Path) -> Result<(), ExportError> {
    for entry in fs::read_dir(folder).map_err(disk("read", folder))? {
        let entry = entry.map_err(disk("read", folder))?;
        if entry.file_type().map_err(disk("read", entry.path()))?.is_dir() {
            sync_tree(&entry.path())?;
        }
    }
    sync_folder(folder)
}

pub(super) fn sync_folder(folder: &Path) -> Result<(), ExportError> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder).and_then(|file| file.sync_all()).map_err(disk("write", folder))
}

fn remove(path: &Path) -> std::io::Result<()> {
    if path.symlink_metadata()?.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }
}

/// Removes the oldest exports of a series beside the newest one, all but so many.
pub(super) fn prune(newest: &Path, series: &str, keep: usize) -> Result<usize, ExportError> {
    let Some(folder) = newest.parent() else { return Ok(0) };
    let mut ours = Vec::new();
    for entry in fs::read_dir(folder).map_err(disk("read", folder))? {
        let path = entry.map_err(disk("read", folder))?.path();
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if let Some(mark) = Mark::read(&path).filter(|mark| mark.series == series && !is_hidden) {
            ours.push((mark.made, path));
        }
    }
    ours.sort();
    let old = ours.len().saturating_sub(keep.max(1));
    let mut removed = 0;
    for (_, path) in ours.into_iter().take(old).filter(|(_, path)| path != newest) {
        fs::remove_dir_all(&path).map_err(disk("remove", &path))?;
        removed += 1;
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(series: &str, made: i64) -> Mark {
        Mark {
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
        let staging = Staging::begin(goal).unwrap();
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
    fn two_do_not_write_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let goal = folder.path().join("out");
        let first = stage(&goal, "x");
        assert!(matches!(Staging::begin(&goal), Err(ExportError::Busy { .. })));
        drop(first);
        Staging::begin(&goal).unwrap();
    }

    #[test]
    fn remains_of_a_killed_export_are_cleared() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join(".out.part/media")).unwrap();
        fs::write(folder.path().join(".out.part/old.txt"), "half").unwrap();
        let staging = Staging::begin(&folder.path().join("out")).unwrap();
        assert_eq!(fs::read_dir(staging.folder()).unwrap().count(), 0);
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
        assert_eq!(prune(&folder.path().join("c"), "s", 2).unwrap(), 1);
        let mut left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["b", "c", "d", "photos"]);
    }
}
