//! Where plugins lie: what counts as one in a folder, and which file a table means.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    FileProblem,
    inspect::{self, Reach},
};
use crate::model::PluginName;

const ENDING: &str = "wasm";

/// Where a file lies, and whether the folder it lies in bounds where its links may lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) within: Option<PathBuf>,
}

impl Source {
    pub(crate) fn read(&self, limit: u64) -> Result<Vec<u8>, FileProblem> {
        inspect::read(&self.path, self.reach(), limit)
    }

    pub(super) fn reach(&self) -> Reach<'_> {
        self.within.as_deref().map_or(Reach::Anywhere, Reach::Within)
    }
}

/// A plain name is looked for in the folders, anything longer is where it says.
pub(super) fn find(name: &PluginName, file: Option<&Path>, folders: &[&Path]) -> Source {
    let usual = PathBuf::from(format!("{name}.{ENDING}"));
    let file = file.unwrap_or(&usual);
    if file.components().count() > 1 {
        return Source { path: file.to_owned(), within: None };
    }
    let is_there = |folder: &&&Path| fs::symlink_metadata(folder.join(file)).is_ok();
    let folder = folders.iter().find(is_there).or(folders.first()).copied().unwrap_or(Path::new(""));
    Source { path: folder.join(file), within: Some(folder.to_owned()) }
}

/// By name. Hidden ones are other programs' unfinished business.
pub(super) fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        // A folder that is not there has no files.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>()?;
    paths.retain(|path| {
        let is_hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        path.extension().is_some_and(|ending| ending == ENDING) && !is_hidden
    });
    paths.sort();
    Ok(paths)
}

/// What a file is called that does not say who it is.
pub(super) fn name_of_file(path: &Path) -> PluginName {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let letter = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = stem.chars().map(letter).collect();
    let name: String = name.trim_start_matches(['-', '_']).chars().take(64).collect();
    name.parse().unwrap_or_else(|_| "unnamed".parse().expect("a valid name"))
}
