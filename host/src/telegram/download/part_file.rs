//! A file on its way, and the list of its parts that are whole.
//!
//! `name.part` holds the bytes, `name.parts` a checksum for each part that is there. A part is
//! written before its checksum, and at the next start only what matches its checksum counts: so
//! neither a kill nor a power cut makes a hole pass for data, whatever reached the disk first.
//! Syncing at intervals only limits what a power cut costs.

use std::{
    fs::{self, OpenOptions, TryLockError},
    io::{self, Read as _},
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{DownloadError, PART};

/// Far more than Telegram keeps. A longer list of parts would not fit into memory.
const LARGEST: u64 = 64 * 1024 * 1024 * 1024;
/// How much may be unsynced.
const SYNC_EVERY_BYTES: u64 = 32 * 1024 * 1024;
const MAGIC: &[u8; 8] = b"tdparts1";
const HEADER: usize = 32;
/// A byte that says *here*, and a CRC-32.
const MARK: usize = 5;

#[derive(Debug)]
pub(super) struct PartFile {
    path: PathBuf,
    part: PathBuf,
    list: PathBuf,
    file: fs::File,
    size: u64,
    marks: Mutex<Marks>,
}

#[derive(Debug)]
struct Marks {
    /// A file of one part needs no list.
    list: Option<fs::File>,
    is_here: Vec<bool>,
    unsynced_bytes: u64,
}

impl PartFile {
    /// Opens what an earlier attempt left, or makes it. Blocking, as everything here.
    pub(super) fn open(path: &Path, size: u64, fingerprint: u64) -> Result<Self, DownloadError> {
        if size > LARGEST {
            return Err(DownloadError::TooLarge { path: path.to_owned(), bytes: size, most: LARGEST });
        }
        let (part, list) = (with_end(path, ".part"), with_end(path, ".parts"));
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(disk(folder, "make the folder"))?;
        }
        let file = open(&part)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DownloadError::Busy { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(disk(&part, "lock")(source)),
        }
        let count = usize::try_from(size.div_ceil(u64::from(PART))).unwrap_or(usize::MAX);
        let marks = Marks { list: None, is_here: vec![false; count], unsynced_bytes: 0 };
        let this = Self { path: path.to_owned(), part, list, file, size, marks: Mutex::new(marks) };
        if count > 1 {
            this.open_list(fingerprint)?;
        } else if this.file.metadata().map_err(disk(&this.part, "look at"))?.len() > 0 {
            this.file.set_len(0).map_err(disk(&this.part, "empty"))?;
        }
        Ok(this)
    }

    fn open_list(&self, fingerprint: u64) -> Result<(), DownloadError> {
        let mut list = open(&self.list)?;
        let mut held = Vec::new();
        list.read_to_end(&mut held).map_err(disk(&self.list, "read"))?;
        let header = header(fingerprint, self.size);
        if held.get(..HEADER) != Some(&header) {
            list.set_len(0).and_then(|()| self.file.set_len(0)).map_err(disk(&self.list, "empty"))?;
            list.write_all_at(&header, 0).map_err(disk(&self.list, "write"))?;
            held.clear();
        }
        self.reserve()?;
        let mut marks = self.marks();
        for (index, mark) in held.get(HEADER..).unwrap_or_default().chunks_exact(MARK).enumerate() {
            if let (Some(is_here), [1, crc @ ..]) = (marks.is_here.get_mut(index), mark) {
                *is_here = self.read(index).is_ok_and(|bytes| crc32fast::hash(&bytes).to_le_bytes() == *crc);
            }
        }
        marks.list = Some(list);
        Ok(())
    }

    /// A full disk is found out before the first byte is fetched, where the file system can tell.
    fn reserve(&self) -> Result<(), DownloadError> {
        use rustix::fs::{FallocateFlags, fallocate};
        match fallocate(&self.file, FallocateFlags::KEEP_SIZE, 0, self.size) {
            Err(rustix::io::Errno::NOSPC | rustix::io::Errno::DQUOT) => {
                // Gives back what was reserved before the disk was full. The error that counts is the first.
                let length = self.file.metadata().map_or(0, |file| file.len());
                let _ = self.file.set_len(length);
                Err(disk(&self.part, "write")(io::ErrorKind::StorageFull.into()))
            }
            // Not every file system can reserve; then writing tells.
            Ok(()) | Err(_) => Ok(()),
        }
    }

    pub(super) fn missing(&self) -> Vec<usize> {
        let marks = self.marks();
        marks.is_here.iter().enumerate().filter(|(_, is_here)| !**is_here).map(|(index, _)| index).collect()
    }

    pub(super) fn done_bytes(&self) -> u64 {
        let marks = self.marks();
        let here = marks.is_here.iter().enumerate().filter(|(_, is_here)| **is_here);
        here.map(|(index, _)| self.length(index) as u64).sum()
    }

    /// How long this part must be.
    pub(super) fn length(&self, index: usize) -> usize {
        let left = self.size - offset(index).min(self.size);
        usize::try_from(left.min(u64::from(PART))).unwrap_or(PART as usize)
    }

    pub(super) fn write(&self, index: usize, bytes: &[u8]) -> Result<(), DownloadError> {
        self.file.write_all_at(bytes, offset(index)).map_err(disk(&self.part, "write"))?;
        let mut marks = self.marks();
        if let Some(list) = &marks.list {
            let mut mark = [1; MARK];
            mark[1..].copy_from_slice(&crc32fast::hash(bytes).to_le_bytes());
            list.write_all_at(&mark, mark_offset(index)).map_err(disk(&self.list, "write"))?;
        }
        marks.is_here[index] = true;
        marks.unsynced_bytes += bytes.len() as u64;
        if marks.unsynced_bytes >= SYNC_EVERY_BYTES {
            marks.unsynced_bytes = 0;
            self.file.sync_data().map_err(disk(&self.part, "sync"))?;
            if let Some(list) = &marks.list {
                list.sync_data().map_err(disk(&self.list, "sync"))?;
            }
        }
        Ok(())
    }

    /// Forgets a part that is not what it should be.
    pub(super) fn forget(&self, index: usize) -> Result<(), DownloadError> {
        let mut marks = self.marks();
        marks.is_here[index] = false;
        match &marks.list {
            Some(list) => {
                list.write_all_at(&[0; MARK], mark_offset(index)).map_err(disk(&self.list, "write"))
            }
            None => Ok(()),
        }
    }

    fn read(&self, index: usize) -> io::Result<Vec<u8>> {
        self.read_range(offset(index), self.length(index))
    }

    pub(super) fn read_range(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, offset)?;
        Ok(bytes)
    }

    pub(super) fn left_from(&self, offset: u64) -> usize {
        usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn part_path(&self) -> &Path {
        &self.part
    }

    /// Makes the file visible under its name. The length has been looked at.
    pub(super) fn finish(&self) -> Result<(), DownloadError> {
        let length = self.file.metadata().map_err(disk(&self.part, "look at"))?.len();
        if length != self.size {
            let source = io::Error::other(format!("{length} bytes long instead of {}", self.size));
            return Err(disk(&self.part, "finish")(source));
        }
        self.file.sync_all().map_err(disk(&self.part, "sync"))?;
        fs::rename(&self.part, &self.path).map_err(disk(&self.path, "make"))?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(disk(folder, "sync"))?;
        match fs::remove_file(&self.list) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(disk(&self.list, "remove")(source))
            }
            _ => Ok(()),
        }
    }

    fn marks(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes a file that came in one piece.
pub(super) fn write_whole(path: &Path, bytes: &[u8], fingerprint: u64) -> Result<(), DownloadError> {
    let file = PartFile::open(path, bytes.len() as u64, fingerprint)?;
    file.file.write_all_at(bytes, 0).map_err(disk(&file.part, "write"))?;
    file.finish()
}

pub(super) fn disk(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> DownloadError {
    let path = path.to_owned();
    move |source| DownloadError::Disk { path, action, source }
}

fn open(path: &Path) -> Result<fs::File, DownloadError> {
    let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    opened.map_err(disk(path, "write"))
}

pub(super) fn offset(index: usize) -> u64 {
    index as u64 * u64::from(PART)
}

fn mark_offset(index: usize) -> u64 {
    (HEADER + index * MARK) as u64
}

fn header(fingerprint: u64, size: u64) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(MAGIC);
    header[8..16].copy_from_slice(&fingerprint.to_le_bytes());
    header[16..24].copy_from_slice(&size.to_le_bytes());
    header[24..28].copy_from_slice(&PART.to_le_bytes());
    header
}

fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: u64 = 2 * PART as u64 + 100;

    fn part(index: usize, file: &PartFile) -> Vec<u8> {
        vec![index as u8 + 1; file.length(index)]
    }

    fn started() -> (tempfile::TempDir, PathBuf, PartFile) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deeper/film.mp4");
        let file = PartFile::open(&path, SIZE, 7).unwrap();
        (folder, path, file)
    }

    #[test]
    fn whole_parts_are_not_fetched_again() {
        let (_folder, path, file) = started();
        file.write(2, &part(2, &file)).unwrap();
        file.write(0, &part(0, &file)).unwrap();
        drop(file);
        let file = PartFile::open(&path, SIZE, 7).unwrap();
        assert_eq!(file.missing(), [1]);
        assert_eq!(file.done_bytes(), u64::from(PART) + 100);
        file.write(1, &part(1, &file)).unwrap();
        file.finish().unwrap();
        let whole = fs::read(&path).unwrap();
        assert_eq!(whole.len() as u64, SIZE);
        assert_eq!((whole[0], whole[PART as usize], whole[2 * PART as usize]), (1, 2, 3));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left over");
    }

    #[test]
    fn marks_ahead_of_their_bytes_do_not_count() {
        let (_folder, path, file) = started();
        file.write(0, &part(0, &file)).unwrap();
        file.write(1, &part(1, &file)).unwrap();
        // As after a power cut that kept the list and lost some bytes.
        file.file.write_all_at(&[0; 64], u64::from(PART) + 9).unwrap();
        drop(file);
        assert_eq!(PartFile::open(&path, SIZE, 7).unwrap().missing(), [1, 2]);
    }

    #[test]
    fn remains_of_another_file_do_not_count() {
        let (_folder, path, file) = started();
        file.write(0, &part(0, &file)).unwrap();
        drop(file);
        assert_eq!(PartFile::open(&path, SIZE, 8).unwrap().missing(), [0, 1, 2]);
        let file = PartFile::open(&path, SIZE + 1, 8).unwrap();
        assert_eq!(file.missing(), [0, 1, 2]);
    }

    #[test]
    fn list_without_its_file_does_not_count() {
        let (_folder, path, file) = started();
        file.write(0, &part(0, &file)).unwrap();
        fs::remove_file(with_end(&path, ".part")).unwrap();
        drop(file);
        assert_eq!(PartFile::open(&path, SIZE, 7).unwrap().missing(), [0, 1, 2]);
    }

    #[test]
    fn half_files_are_never_finished() {
        let (_folder, path, file) = started();
        file.write(0, &part(0, &file)).unwrap();
        assert!(file.finish().is_err());
        assert!(!path.exists());
    }

    #[test]
    fn two_writers_do_not_meet() {
        let (_folder, path, _file) = started();
        let error = PartFile::open(&path, SIZE, 7).unwrap_err();
        assert!(matches!(error, DownloadError::Busy { .. }), "{error}");
    }

    #[test]
    fn impossible_sizes_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = PartFile::open(&folder.path().join("film.mp4"), i64::MAX as u64, 7).unwrap_err();
        assert!(matches!(error, DownloadError::TooLarge { .. }) && !error.is_temporary(), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is made for it");
    }

    #[test]
    fn errors_name_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let occupied = folder.path().join("file");
        fs::write(&occupied, "").unwrap();
        let error = PartFile::open(&occupied.join("film.mp4"), SIZE, 7).unwrap_err();
        assert!(error.to_string().contains(&occupied.display().to_string()), "{error}");
    }

    #[test]
    fn full_disk_says_what_to_do() {
        let full = disk(Path::new("/media/film.mp4.part"), "write")(io::ErrorKind::StorageFull.into());
        assert_eq!(
            full.to_string(),
            "cannot write /media/film.mp4.part: the disk is full. Make room and run it again; what has come is kept"
        );
    }
}
