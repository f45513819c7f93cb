//! Where an export is made before it takes its place.

use std::{
    fs::{self, File, TryLockError},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};

use super::{
    error::{ExportError, disk},
    mark::Mark,
    place::resolved,
};
use crate::model::{ARCHIVE_FILE, EXPORT_MARK};

/// Lies in every folder that an export is being made in, from its beginning to its end: what a kill leaves is known by it.
const PART_MARK: &str = ".tapedeck-part";
const PART_WORDS: &str = "Tapedeck makes an export in this folder. If none is being made, it is what one has left, and may be removed.\n";

/// A folder beside the goal, of one export at a time. It goes with this.
#[derive(Debug)]
pub(super) struct Staging {
    folder: PathBuf,
    goal: PathBuf,
    /// Held until the end, whatever that is.
    lock: File,
}

impl Staging {
    /// Clears what killed exports of the series have left. Where the goal is a link, it is what that leads to.
    pub(super) fn begin(goal: &Path, series: &str) -> Result<Self, ExportError> {
        let goal = resolved(goal)?;
        let parent = goal.parent().unwrap_or(Path::new("/")).to_owned();
        let name = goal.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let folder = parent.join(format!(".{name}.part"));
        let lock = lock(&folder, &goal)?;
        check_left(&folder)?;
        let staging = Self { folder, goal, lock };
        staging.clear()?;
        clear_others(&parent, series);
        Ok(staging)
    }

    /// The mark comes before what it stands for goes.
    fn clear(&self) -> Result<(), ExportError> {
        let mark = self.folder.join(PART_MARK);
        if !has_part_mark(&self.folder) {
            let made = File::create_new(&mark).and_then(|mut file| file.write_all(PART_WORDS.as_bytes()));
            made.map_err(disk("write", &mark))?;
            sync_folder(&self.folder)?;
        }
        for entry in fs::read_dir(&self.folder).map_err(disk("read", &self.folder))? {
            let path = entry.map_err(disk("read", &self.folder))?.path();
            if path != mark {
                remove(&path).map_err(disk("remove", &path))?;
            }
        }
        Ok(())
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
        // From now on, the mark of a finished export says whose it is.
        let mark = self.folder.join(PART_MARK);
        fs::remove_file(&mark).map_err(disk("remove", &mark))?;
        sync_tree(&self.folder)?;
        // It will lie where exports are made, and nobody is to make one in it while it is being removed.
        let before = open_folder(&self.goal);
        if let Ok(before) = &before {
            let _ = before.try_lock();
        }
        replace(&self.folder, &self.goal)
    }

    /// One file alone.
    pub(super) fn publish_file(self, name: &str) -> Result<(), ExportError> {
        check_no_archive(&self.goal)?;
        fs::rename(self.folder.join(name), &self.goal).map_err(disk("write", &self.goal))?;
        sync_folder(self.goal.parent().unwrap_or(Path::new("/")))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // It may have taken its place, and another one may lie here; what cannot be removed is cleared by the next one.
        if is_still(&self.folder, &self.lock) {
            let _ = remove_ours(&self.folder);
        }
    }
}

/// Makes the folder, for this export alone.
fn lock(folder: &Path, goal: &Path) -> Result<File, ExportError> {
    loop {
        if fs::symlink_metadata(folder).is_ok_and(|facts| !facts.is_dir()) {
            return Err(ExportError::InTheWay { path: folder.to_owned() });
        }
        fs::create_dir_all(folder).map_err(disk("make", folder))?;
        let lock = match open_folder(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            opened => opened.map_err(disk("open", folder))?,
        };
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => ExportError::Busy { path: goal.to_owned() },
            TryLockError::Error(error) => disk("lock", folder)(error),
        })?;
        // Another one may have taken it for what was left by a killed one, and removed it.
        if is_still(folder, &lock) {
            return Ok(lock);
        }
    }
}

/// Whether what was opened lies there.
fn is_still(folder: &Path, opened: &File) -> bool {
    let identity = |facts: io::Result<fs::Metadata>| facts.map(|facts| (facts.dev(), facts.ino())).ok();
    identity(fs::symlink_metadata(folder)) == identity(opened.metadata())
}

/// Not by a link: what lies in the folder that it leads to would be removed.
fn open_folder(folder: &Path) -> io::Result<File> {
    let no_links = (OFlags::NOFOLLOW | OFlags::DIRECTORY).bits();
    let no_links = i32::try_from(no_links).expect("open's flags fit");
    File::options().read(true).custom_flags(no_links).open(folder)
}

/// Fails for a folder in place of ours that somebody else put something into, also when that was an earlier version, which
/// did not mark what it left.
fn check_left(folder: &Path) -> Result<(), ExportError> {
    if holds_an_archive(folder) {
        return Err(ExportError::Archive { path: folder.to_owned() });
    }
    let is_empty = || fs::read_dir(folder).map(|mut entries| entries.next().is_none());
    if is_left(folder) || is_empty().map_err(disk("read", folder))? {
        return Ok(());
    }
    Err(ExportError::InTheWay { path: folder.to_owned() })
}

/// Whether an export was made here: before it was finished, or as what a finished one took the place of.
fn is_left(folder: &Path) -> bool {
    (has_part_mark(folder) || Mark::read(folder).is_some()) && !holds_an_archive(folder)
}

fn has_part_mark(folder: &Path) -> bool {
    fs::symlink_metadata(folder.join(PART_MARK)).is_ok_and(|facts| facts.is_file())
}

/// Names that tell the time never come again: what was to have one would stay for good. What cannot be removed is tried
/// again by the next.
fn clear_others(parent: &Path, series: &str) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    let begins = format!(".{series}-");
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_one = name.to_str().is_some_and(|name| name.starts_with(&begins) && name.ends_with(".part"));
        let path = entry.path();
        // One that has no mark yet is just being made: it is not to find its lock taken.
        if !is_one || !is_left(&path) {
            continue;
        }
        // Held by those that are being written.
        if let Ok(lock) = open_folder(&path)
            && lock.try_lock().is_ok()
            && is_still(&path, &lock)
            && is_left(&path)
        {
            let _ = remove_ours(&path);
        }
    }
}

/// Fails for a folder that somebody else made and put something into.
pub(super) fn check_ours(folder: &Path) -> Result<(), ExportError> {
    let foreign = || ExportError::Foreign { path: folder.to_owned() };
    if holds_an_archive(folder) {
        return Err(ExportError::Archive { path: folder.to_owned() });
    }
    if !folder.exists() || Mark::read(folder).is_some() {
        return Ok(());
    }
    let mut entries = fs::read_dir(folder).map_err(|_| foreign())?;
    if entries.next().is_none() { Ok(()) } else { Err(foreign()) }
}

/// Fails for the file of an archive: some exporter may write files with its ending.
pub(super) fn check_no_archive(file: &Path) -> Result<(), ExportError> {
    let is_one =
        file.file_name().is_some_and(|name| name == ARCHIVE_FILE) && fs::symlink_metadata(file).is_ok();
    if is_one { Err(ExportError::Archive { path: file.to_owned() }) } else { Ok(()) }
}

/// Somebody may have copied one into an export of ours.
fn holds_an_archive(folder: &Path) -> bool {
    fs::symlink_metadata(folder.join(ARCHIVE_FILE)).is_ok()
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
    let _ = remove_ours(new);
    Ok(())
}

/// Marks go last: what a kill leaves of it says still whose it is.
fn remove_ours(folder: &Path) -> io::Result<()> {
    let marks = [EXPORT_MARK, PART_MARK].map(|name| folder.join(name));
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if !marks.contains(&path) {
            remove(&path)?;
        }
    }
    for mark in marks {
        match fs::remove_file(mark) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::remove_dir(folder)
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
        let entry = entry.map_err(disk("read", folder))?;
        let path = entry.path();
        // A link to an export is not one more.
        if !entry.file_type().is_ok_and(|it| it.is_dir()) {
            continue;
        }
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let is_ours = |mark: &Mark| mark.series == series && !is_hidden && !holds_an_archive(&path);
        if let Some(mark) = Mark::read(&path).filter(is_ours) {
            ours.push((mark.made, path));
        }
    }
    ours.sort();
    let old = ours.len().saturating_sub(keep.max(1));
    let mut removed = 0;
    for (_, path) in ours.into_iter().take(old).filter(|(_, path)| path != newest) {
        remove_ours(&path).map_err(disk("remove", &path))?;
        removed += 1;
    }
    Ok(removed)
}

#[cfg(test)]
mod tests;
