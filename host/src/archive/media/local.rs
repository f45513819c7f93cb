//! Blobs in a folder of this machine.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    ops::Range,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use bytes::Bytes;
use jiff::Timestamp;

use super::{
    Listed, MediaError, Placed, Verified, blocking,
    error::disk,
    links::{self, Form, is_folder_of_links, is_part, leads_to_blobs, part_of, remove_if_there},
};
use crate::archive::stored::BlobHash;

pub(crate) const BLOBS: &str = "blobs";
/// Files on their way. The point keeps it from being taken for a chat.
const ARRIVING: &str = ".arriving";

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct LocalMedia {
    places: Arc<Places>,
}

#[derive(Debug)]
struct Places {
    folder: PathBuf,
    arriving: PathBuf,
    form: Form,
}

impl LocalMedia {
    /// Makes the folder.
    pub fn open(folder: PathBuf) -> Result<Self, MediaError> {
        Self::open_with(folder, Form::Link)
    }

    /// Another archive's, to read it: nothing is made in it.
    pub fn open_source(folder: PathBuf) -> Self {
        let arriving = folder.join(ARRIVING);
        Self { places: Arc::new(Places { folder, arriving, form: Form::Link }) }
    }

    pub(super) fn open_with(folder: PathBuf, form: Form) -> Result<Self, MediaError> {
        let arriving = folder.join(ARRIVING);
        for made in [&folder.join(BLOBS), &arriving] {
            fs::create_dir_all(made).map_err(disk(made, "make the folder"))?;
        }
        sync_folder(&folder)?;
        Ok(Self { places: Arc::new(Places { folder, arriving, form }) })
    }

    pub(super) fn arriving(&self) -> &Path {
        &self.places.arriving
    }

    pub(super) fn blob(&self, hash: BlobHash) -> PathBuf {
        self.places.blob(hash)
    }

    pub(super) async fn put(&self, file: PathBuf) -> Result<Placed, MediaError> {
        let places = Arc::clone(&self.places);
        blocking(move || places.put(&file)).await
    }

    pub(super) async fn size(&self, hash: BlobHash) -> Result<Option<u64>, MediaError> {
        let path = self.blob(hash);
        blocking(move || match fs::metadata(&path) {
            Ok(found) => Ok(Some(found.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(disk(&path, "look at")(error)),
        })
        .await
    }

    pub(super) async fn read(&self, hash: BlobHash, range: Range<u64>) -> Result<Bytes, MediaError> {
        let path = self.blob(hash);
        blocking(move || {
            let file = open(&path, hash)?;
            let end = range.end.min(file.metadata().map_err(disk(&path, "look at"))?.len());
            let length = usize::try_from(end.saturating_sub(range.start)).unwrap_or(usize::MAX);
            let mut bytes = vec![0; length];
            file.read_exact_at(&mut bytes, range.start).map_err(disk(&path, "read"))?;
            Ok(bytes.into())
        })
        .await
    }

    pub(super) async fn copy_to(&self, hash: BlobHash, path: PathBuf) -> Result<(), MediaError> {
        let blob = self.blob(hash);
        blocking(move || {
            open(&blob, hash)?;
            copy_whole(&blob, &path)
        })
        .await
    }

    pub(super) async fn verify(&self, hash: BlobHash) -> Result<Verified, MediaError> {
        let path = self.blob(hash);
        blocking(move || verify(&path, hash)).await
    }

    pub(super) async fn remove(&self, hash: BlobHash) -> Result<bool, MediaError> {
        let path = self.blob(hash);
        blocking(move || remove_if_there(&path)).await
    }

    pub(super) async fn list(&self, after: Option<BlobHash>, most: usize) -> Result<Vec<Listed>, MediaError> {
        let places = Arc::clone(&self.places);
        blocking(move || places.list(after, most)).await
    }

    pub(super) async fn link(&self, link: String, hash: BlobHash) -> Result<(), MediaError> {
        let places = Arc::clone(&self.places);
        blocking(move || {
            let at = links::place(&places.folder, &link)?;
            links::make(&at, &places.blob(hash), &links::target(&hash.to_hex()), places.form)
        })
        .await
    }

    pub(super) async fn unlink(&self, link: String) -> Result<(), MediaError> {
        let at = links::place(&self.places.folder, &link)?;
        blocking(move || remove_if_there(&at).map(drop)).await
    }

    pub(super) async fn tidy(&self, before: Timestamp) -> Result<u64, MediaError> {
        let places = Arc::clone(&self.places);
        blocking(move || {
            Ok(places.tidy_links(before)?
                + places.tidy_shelves(before)?
                + tidy_arrived(&places.arriving, before)?)
        })
        .await
    }
}

impl Places {
    fn blob(&self, hash: BlobHash) -> PathBuf {
        let name = hash.to_hex();
        self.folder.join(BLOBS).join(&name[..2]).join(name)
    }

    fn put(&self, file: &Path) -> Result<Placed, MediaError> {
        let (hash, bytes) = hash_file(file)?;
        let blob = self.blob(hash);
        if matches!(verify(&blob, hash)?, Verified::Whole { .. }) {
            fs::remove_file(file).map_err(disk(file, "remove"))?;
            return Ok(Placed { hash, bytes, is_new: false });
        }
        let parent = blob.parent().unwrap_or(&self.folder);
        if !parent.exists() {
            fs::create_dir_all(parent).map_err(disk(parent, "make the folder"))?;
            sync_folder(&self.folder.join(BLOBS))?;
        }
        let opened = File::open(file).map_err(disk(file, "read"))?;
        opened.sync_all().map_err(disk(file, "sync"))?;
        match fs::rename(file, &blob) {
            Ok(()) => sync_folder(parent)?,
            Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
                copy_whole(file, &blob)?;
                fs::remove_file(file).map_err(disk(file, "remove"))?;
            }
            Err(error) => return Err(disk(&blob, "make")(error)),
        }
        Ok(Placed { hash, bytes, is_new: true })
    }

    fn list(&self, after: Option<BlobHash>, most: usize) -> Result<Vec<Listed>, MediaError> {
        let blobs = self.folder.join(BLOBS);
        let after = after.map(BlobHash::to_hex).unwrap_or_default();
        let mut found = Vec::new();
        for shelf in names(&blobs)?.into_iter().filter(|shelf| **shelf >= *after.get(..2).unwrap_or_default())
        {
            if found.len() >= most {
                break;
            }
            let folder = blobs.join(&shelf);
            for name in names(&folder)?.into_iter().filter(|name| *name > after) {
                let Some(hash) = BlobHash::from_hex(&name).filter(|_| found.len() < most) else { continue };
                let path = folder.join(&name);
                // It may be removed meanwhile.
                let Ok(told) = fs::metadata(&path) else { continue };
                found.push(Listed { hash, bytes: told.len(), changed: changed(&told, &path)? });
            }
        }
        Ok(found)
    }

    fn tidy_links(&self, before: Timestamp) -> Result<u64, MediaError> {
        let mut gone = 0;
        for chat in names(&self.folder)?.into_iter().filter(|name| is_folder_of_links(name)) {
            let folder = self.folder.join(&chat);
            for name in names(&folder)? {
                let at = folder.join(&name);
                let is_ours = fs::read_link(&at).is_ok_and(|target| leads_to_blobs(&target));
                if is_ours && !at.exists() || is_part(&name) && is_older(&at, before)? {
                    gone += u64::from(remove_if_there(&at)?);
                }
            }
        }
        Ok(gone)
    }

    /// Copies from another disk that a kill has left half way.
    fn tidy_shelves(&self, before: Timestamp) -> Result<u64, MediaError> {
        let (blobs, mut gone) = (self.folder.join(BLOBS), 0);
        for shelf in names(&blobs)? {
            let folder = blobs.join(&shelf);
            for name in names(&folder)?.into_iter().filter(|name| is_part(name)) {
                let part = folder.join(&name);
                if is_older(&part, before)? {
                    gone += u64::from(remove_if_there(&part)?);
                }
            }
        }
        Ok(gone)
    }
}

/// Of what a kill has left behind.
pub(super) fn tidy_arrived(arriving: &Path, before: Timestamp) -> Result<u64, MediaError> {
    let mut gone = 0;
    for name in names(arriving)? {
        let path = arriving.join(name);
        let Ok(told) = fs::metadata(&path) else { continue };
        if told.is_file() && changed(&told, &path)? < before {
            gone += u64::from(remove_if_there(&path)?);
        }
    }
    Ok(gone)
}

/// In order; nothing where there is no folder.
fn names(folder: &Path) -> Result<Vec<String>, MediaError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(disk(folder, "read")(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry.map_err(disk(folder, "read"))?.file_name();
        found.extend(name.into_string().ok());
    }
    found.sort_unstable();
    Ok(found)
}

/// Of a link, not of what it leads to; what has gone meanwhile is not.
fn is_older(path: &Path, before: Timestamp) -> Result<bool, MediaError> {
    let Ok(told) = fs::symlink_metadata(path) else { return Ok(false) };
    Ok(changed(&told, path)? < before)
}

fn changed(told: &fs::Metadata, path: &Path) -> Result<Timestamp, MediaError> {
    let since = told.modified().map_err(disk(path, "look at"))?;
    Ok(Timestamp::try_from(since.max(SystemTime::UNIX_EPOCH)).unwrap_or(Timestamp::UNIX_EPOCH))
}

fn open(path: &Path, hash: BlobHash) -> Result<File, MediaError> {
    File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => MediaError::Missing { hash },
        _ => disk(path, "read")(error),
    })
}

fn verify(path: &Path, hash: BlobHash) -> Result<Verified, MediaError> {
    match hash_file(path) {
        Ok((found, bytes)) if found == hash => Ok(Verified::Whole { bytes }),
        Ok((_, bytes)) => Ok(Verified::Damaged { bytes }),
        Err(MediaError::Disk { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Ok(Verified::Missing)
        }
        Err(error) => Err(error),
    }
}

/// Reads a file once.
pub(super) fn hash_file(path: &Path) -> Result<(BlobHash, u64), MediaError> {
    let mut file = File::open(path).map_err(disk(path, "read"))?;
    let mut hasher = blake3::Hasher::new();
    let mut block = vec![0; 256 * 1024];
    let mut bytes = 0;
    loop {
        match file.read(&mut block) {
            Ok(0) => return Ok((BlobHash(*hasher.finalize().as_bytes()), bytes)),
            Ok(length) => {
                hasher.update(&block[..length]);
                bytes += length as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(disk(path, "read")(error)),
        }
    }
}

/// By way of a file that nobody takes for the whole one.
pub(super) fn copy_whole(from: &Path, to: &Path) -> Result<(), MediaError> {
    let part = part_of(to);
    let copy = || {
        let mut source = File::open(from).map_err(disk(from, "read"))?;
        let mut target = File::create(&part).map_err(disk(&part, "write"))?;
        io::copy(&mut source, &mut target).map_err(disk(&part, "write"))?;
        target.sync_all().map_err(disk(&part, "sync"))?;
        fs::rename(&part, to).map_err(disk(to, "make"))?;
        sync_folder(to.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new(".")))
    };
    let copied = copy();
    if copied.is_err() {
        // The first error is the one that counts.
        let _ = fs::remove_file(&part);
    }
    copied
}

pub(super) fn sync_folder(folder: &Path) -> Result<(), MediaError> {
    File::open(folder).and_then(|opened| opened.sync_all()).map_err(disk(folder, "sync"))
}
