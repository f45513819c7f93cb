//! Readable names of blobs, as relative links; copies where a file system has none.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use super::{MediaError, error::disk, local::copy_whole, name::AVATARS};

/// How names are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Link,
    /// As on file systems without links.
    Copy,
}

/// `<chat>/<file>`, below the folder and nowhere else.
pub(super) fn place(folder: &Path, link: &str) -> Result<PathBuf, MediaError> {
    let bad = || MediaError::BadLink { link: link.to_owned() };
    let path = Path::new(link);
    let is_plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    let is_chat = link
        .split_once('/')
        .is_some_and(|(chat, file)| is_folder_of_links(chat) && !file.is_empty() && !file.contains('/'));
    if !is_plain || !is_chat || link.contains(['\\', '\0']) { Err(bad()) } else { Ok(folder.join(path)) }
}

/// Of a chat, or of small pictures.
pub(super) fn is_folder_of_links(name: &str) -> bool {
    name == AVATARS || name.parse::<i64>().is_ok()
}

/// Links are made one after the other.
static TURN: Mutex<()> = Mutex::new(());

/// Makes the name, or turns it to another blob. What people have put there themselves stays: files, and links
/// that lead elsewhere, such as git-annex makes.
pub(super) fn make(at: &Path, blob: &Path, target: &Path, form: Form) -> Result<(), MediaError> {
    match fs::read_link(at) {
        Ok(old) if old == target || !leads_to_blobs(&old) => return Ok(()),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        // A file of its own.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => return Ok(()),
        Err(error) => return Err(disk(at, "read")(error)),
    }
    let parent = at.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(disk(parent, "make the folder"))?;
    if form == Form::Copy {
        return copy_whole(blob, at);
    }
    // The same file of two messages may be on its way twice: both have this name for a moment.
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let fresh = with_end(at, ".part");
    remove_if_there(&fresh)?;
    match std::os::unix::fs::symlink(target, &fresh) {
        Ok(()) => fs::rename(&fresh, at).map_err(disk(at, "make the link")),
        Err(error)
            if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported) =>
        {
            copy_whole(blob, at)
        }
        Err(error) => Err(disk(at, "make the link")(error)),
    }
}

/// From `media/<chat>/<file>`.
pub(super) fn target(hash: &str) -> PathBuf {
    ["..", super::local::BLOBS, &hash[..2], hash].iter().collect()
}

pub(super) fn leads_to_blobs(target: &Path) -> bool {
    target.starts_with(Path::new("..").join(super::local::BLOBS))
}

pub(super) fn remove_if_there(path: &Path) -> Result<bool, MediaError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(disk(path, "remove")(error)),
    }
}

pub(super) fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}
