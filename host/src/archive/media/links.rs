//! Readable names of blobs, as relative links; copies where a file system has none.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
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
    let fresh = part_of(at);
    match std::os::unix::fs::symlink(target, &fresh) {
        Ok(()) => fs::rename(&fresh, at).map_err(|error| {
            // The first error is the one that counts.
            let _ = fs::remove_file(&fresh);
            disk(at, "make the link")(error)
        }),
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

/// The same name may be made twice at once, by this process and by others: each goes by way of a name of its own. Ids of
/// processes are not told apart where each has its own count of them, as in containers, so that the time counts too.
pub(super) fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.part", uuid::Uuid::now_v7().simple()));
    name.into()
}

/// Whether a name is one that [`part_of`] has made for a link or a copy.
pub(super) fn is_part(name: &str) -> bool {
    let id = name.strip_suffix(".part").and_then(|rest| rest.rsplit_once('.')).map(|(_, id)| id);
    id.is_some_and(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_make_one_name_at_once_are_not_in_each_others_way() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("7/a.jpg");
        let (one, other) = (part_of(&at), part_of(&at));
        assert_ne!(one, other);
        for part in [&one, &other] {
            assert!(is_part(part.file_name().unwrap().to_str().unwrap()), "{}", part.display());
        }
        assert!(!is_part("notes.part") && !is_part("a.jpg"));
        let targets: Vec<PathBuf> = (0..4).map(|it| target(&format!("{it}{}", "0".repeat(63)))).collect();
        std::thread::scope(|scope| {
            for target in &targets {
                scope.spawn(|| (0..50).for_each(|_| make(&at, Path::new("x"), target, Form::Link).unwrap()));
            }
        });
        assert!(targets.contains(&fs::read_link(&at).unwrap()));
        assert_eq!(fs::read_dir(at.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    }
}
