//! `scratch`: a folder for the time of one call or session, shared with the programs that the
//! plugin runs, and removed afterwards.

mod beneath;
mod host;

use std::{
    fs::{self, DirBuilder},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

pub(crate) use self::{
    beneath::{Contents, PathFault, Replacement},
    host::refusal,
};

use self::beneath::Beneath;
use crate::model::PluginName;

/// Files and folders in one room. More only serve to fill a disk's tables.
pub(crate) const MOST_ENTRIES: u64 = 10_000;

/// Where all rooms lie: `scratch/` in the data folder, which belongs to this process alone.
#[derive(Debug)]
pub(crate) struct ScratchRooms {
    folder: PathBuf,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ScratchFault {
    #[error(transparent)]
    Path(#[from] PathFault),
    #[error("{needed} bytes of files would be there, {quota} are granted")]
    Full { needed: u64, quota: u64 },
    #[error("there are more than {MOST_ENTRIES} files and folders")]
    TooMany,
    #[error("the scratch folder cannot be used")]
    Io(#[from] io::Error),
}

impl ScratchRooms {
    /// Removes what a process that was killed has left.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() && !path.is_symlink() {
                remove(&path);
            } else {
                fs::remove_file(&path)?;
            }
        }
        Ok(Self { folder: fs::canonicalize(folder)? })
    }

    /// An empty room of its own.
    pub(crate) fn make(&self, plugin: &PluginName) -> io::Result<Room> {
        let mut number = [0; 8];
        getrandom::fill(&mut number).map_err(io::Error::other)?;
        let path = self.folder.join(format!("{plugin}-{:016x}", u64::from_be_bytes(number)));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Room { beneath: Beneath::open(&path)?, path })
    }
}

/// One folder. It is removed when the room is dropped.
#[derive(Debug)]
pub(crate) struct Room {
    path: PathBuf,
    beneath: Beneath,
}

impl Room {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn contents(&self) -> io::Result<Contents> {
        self.beneath.contents(MOST_ENTRIES)
    }

    /// At most `length` bytes from `offset` on.
    pub(crate) fn read(&self, path: &str, offset: u64, length: u64) -> Result<Vec<u8>, ScratchFault> {
        let mut file = self.beneath.read(path)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut content = Vec::new();
        file.take(length).read_to_end(&mut content)?;
        Ok(content)
    }

    /// The whole file, to be read piece by piece.
    pub(crate) fn open(&self, path: &str) -> Result<fs::File, ScratchFault> {
        Ok(self.beneath.read(path)?)
    }

    pub(crate) fn write(&self, path: &str, content: &[u8], quota: u64) -> Result<(), ScratchFault> {
        let replaced = self.beneath.size(path)?.unwrap_or(0);
        self.reserve(content.len() as u64, replaced, quota)?;
        Ok(self.beneath.write(path, content)?)
    }

    pub(crate) fn append(&self, path: &str, content: &[u8], quota: u64) -> Result<(), ScratchFault> {
        self.reserve(content.len() as u64, 0, quota)?;
        Ok(self.beneath.append(path)?.write_all(content)?)
    }

    /// A new file that arrives piece by piece, and how many bytes it may have.
    pub(crate) fn replace(&self, path: &str, quota: u64) -> Result<(Replacement, u64), ScratchFault> {
        let contents = self.reserve(0, 0, quota)?;
        let replaced = self.beneath.size(path)?.unwrap_or(0);
        let left = quota.saturating_sub(contents.bytes.saturating_sub(replaced));
        Ok((self.beneath.replace(path)?, left))
    }

    pub(crate) fn remove(&self, path: &str) -> Result<bool, ScratchFault> {
        Ok(self.beneath.remove(path)?)
    }

    /// Counted anew each time: programs write here too.
    fn reserve(&self, added: u64, replaced: u64, quota: u64) -> Result<Contents, ScratchFault> {
        let contents = self.contents()?;
        if contents.entries >= MOST_ENTRIES {
            return Err(ScratchFault::TooMany);
        }
        let needed = contents.bytes.saturating_sub(replaced).saturating_add(added);
        if needed > quota && added > 0 { Err(ScratchFault::Full { needed, quota }) } else { Ok(contents) }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// Follows no link on its way. What cannot be removed now is removed at the next start.
fn remove(path: &Path) {
    let removed = fs::remove_dir_all(path).or_else(|_| {
        unlock(path)?;
        fs::remove_dir_all(path)
    });
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(folder = %path.display(), %error, "A scratch folder cannot be removed");
        }
        _ => {}
    }
}

/// A program may have locked folders against everybody, itself included.
fn unlock(folder: &Path) -> io::Result<()> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            unlock(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_room(test: impl FnOnce(&Room, &Path)) {
        let folder = tempfile::tempdir().unwrap();
        let rooms = ScratchRooms::open(&folder.path().join("scratch")).unwrap();
        let room = rooms.make(&"zero".parse().unwrap()).unwrap();
        test(&room, folder.path());
    }

    #[test]
    fn rooms_are_removed_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let rooms = ScratchRooms::open(&folder.path().join("scratch")).unwrap();
        let (one, other) =
            (rooms.make(&"zero".parse().unwrap()).unwrap(), rooms.make(&"zero".parse().unwrap()).unwrap());
        assert_ne!(one.path(), other.path());
        one.write("a/b", b"x", 10).unwrap();
        let path = one.path().to_owned();
        fs::set_permissions(path.join("a"), fs::Permissions::from_mode(0o000)).unwrap();
        drop(one);
        assert!(!path.exists());
        assert!(other.path().exists());
        std::mem::forget(other);
        ScratchRooms::open(&folder.path().join("scratch")).unwrap();
        assert_eq!(fs::read_dir(folder.path().join("scratch")).unwrap().count(), 0);
    }

    #[test]
    fn quota_counts_what_programs_wrote_too() {
        with_room(|room, _| {
            room.write("a", b"12345", 10).unwrap();
            fs::write(room.path().join("b"), b"123").unwrap();
            let error = room.write("c", b"123", 10).unwrap_err();
            assert!(matches!(error, ScratchFault::Full { needed: 11, quota: 10 }), "{error}");
            room.write("c", b"12", 10).unwrap();
            assert!(room.append("c", b"1", 10).is_err());
            // In place of what was there only the difference counts.
            room.write("a", b"54321", 10).unwrap();
            assert!(room.write("a", b"543210", 10).is_err());
            let (_, left) = room.replace("a", 10).unwrap();
            assert_eq!(left, 5);
        });
    }

    #[test]
    fn reading_takes_no_more_than_asked() {
        with_room(|room, _| {
            room.write("a", b"0123456789", 100).unwrap();
            assert_eq!(room.read("a", 3, 4).unwrap(), b"3456");
            assert_eq!(room.read("a", 8, u64::MAX).unwrap(), b"89");
            assert_eq!(room.read("a", 100, 4).unwrap(), b"");
        });
    }

    #[test]
    fn removing_a_room_follows_no_link() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("outside")).unwrap();
        fs::write(folder.path().join("outside/file"), "x").unwrap();
        let rooms = ScratchRooms::open(&folder.path().join("scratch")).unwrap();
        let room = rooms.make(&"zero".parse().unwrap()).unwrap();
        std::os::unix::fs::symlink(folder.path().join("outside"), room.path().join("link")).unwrap();
        drop(room);
        assert!(folder.path().join("outside/file").exists());
    }

    #[test]
    fn rooms_are_nobody_elses() {
        let folder = tempfile::tempdir().unwrap();
        let all = folder.path().join("scratch");
        fs::create_dir(&all).unwrap();
        fs::set_permissions(&all, fs::Permissions::from_mode(0o755)).unwrap();
        let room = ScratchRooms::open(&all).unwrap().make(&"zero".parse().unwrap()).unwrap();
        for path in [all.as_path(), room.path()] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
        }
    }
}
