//! Exports of our own: a folder with our mark, a folder in it for each format, and files that all of them share.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use super::{error::ImportError, folder::Folder, kind::Kind};
use crate::model::{EXPORT_MARK, EXPORT_MEDIA};

/// Enough of a file to tell how full it is.
const BEGINNING: u64 = 64 * 1024;

/// Whether we wrote a folder.
pub(super) fn is_ours(folder: &Path) -> bool {
    fs::symlink_metadata(folder.join(EXPORT_MARK)).is_ok_and(|file| file.is_file())
}

/// The files beside the folder of a format. A link in their place could lead anywhere.
pub(super) fn shared(format: &Path) -> Option<PathBuf> {
    let export = format.parent().filter(|export| is_ours(export))?;
    let media = export.join(EXPORT_MEDIA);
    fs::symlink_metadata(&media).is_ok_and(|folder| folder.is_dir()).then_some(media)
}

/// Which of its formats is taken over: the one that says most.
pub(super) fn kind(export: &Path) -> Result<Kind, ImportError> {
    let main = |format: &str, stem: &str| parts(export, format, stem).ok()?.into_iter().next();
    let (json, desktop) = (main("json", "messages"), main("telegram-desktop", "result"));
    match (json, desktop) {
        (Some(json), Some(_)) if !is_full(&json) => Ok(Kind::TelegramDesktop),
        (None, Some(_)) => Ok(Kind::TelegramDesktop),
        (Some(_), _) => Ok(Kind::Json),
        (None, None) => {
            let reason =
                "none of its formats is for programs: export json or telegram-desktop, also beside others";
            Err(ImportError::Unknown { path: export.to_owned(), reason: reason.into() })
        }
    }
}

/// Only full exports say of whom a message is by number.
fn is_full(json: &Path) -> bool {
    let mut beginning = Vec::new();
    let read = fs::File::open(json).and_then(|file| file.take(BEGINNING).read_to_end(&mut beginning));
    read.is_ok() && String::from_utf8_lossy(&beginning).contains("\"sender_id\":")
}

/// The files of a format, the oldest first: what follows the first one was appended. `path` may be one of them, their
/// folder, or the export that it lies in.
pub(super) fn parts(path: &Path, format: &str, stem: &str) -> Result<Vec<PathBuf>, ImportError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let inside = path.join(format);
    // A link would lead out of the folder.
    let is_folder = fs::symlink_metadata(&inside).is_ok_and(|facts| facts.is_dir());
    let folder = if is_ours(path) && is_folder { inside } else { path.to_owned() };
    let main = folder.join(format!("{stem}.json"));
    fs::metadata(&main).map_err(|error| ImportError::open(&main, error))?;
    let mut later = Vec::new();
    for entry in fs::read_dir(&folder).map_err(|error| ImportError::open(&folder, error))? {
        let path = entry.map_err(|error| ImportError::open(&folder, error))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let number = name.strip_prefix(stem).and_then(|it| it.strip_prefix('.')?.strip_suffix(".json"));
        let number = number.and_then(|digits| digits.parse::<u32>().ok());
        let is_file = fs::symlink_metadata(&path).is_ok_and(|facts| facts.is_file());
        later.extend(number.filter(|_| is_file).map(|number| (number, path.clone())));
    }
    later.sort();
    Ok(std::iter::once(main).chain(later.into_iter().map(|(_, path)| path)).collect())
}

/// What the files of a format may name.
pub(super) fn folder_of(files: &[PathBuf]) -> Result<Folder, ImportError> {
    let folder = files.first().and_then(|file| file.parent()).filter(|it| !it.as_os_str().is_empty());
    Folder::open(folder.unwrap_or(Path::new(".")))
}
