//! `result.json`: one chat, or a whole account.

mod action;
mod media;
mod message;
mod peer;
mod stream;
#[cfg(test)]
mod tests;
mod text;

use std::path::{Path, PathBuf};

use crate::import::{
    error::ImportError,
    folder::Folder,
    source::{Asked, Source, Told},
};

/// No export says that it is whole: one may have chosen dates, or only one's own messages. So none proves coverage.
#[derive(Debug)]
pub(in crate::import) struct JsonExport {
    file: PathBuf,
    folder: Folder,
    asked: Asked,
}

impl JsonExport {
    /// `path` is the file or its folder.
    pub(in crate::import) fn open(path: &Path, asked: Asked) -> Result<Self, ImportError> {
        let file = if path.is_dir() { path.join("result.json") } else { path.to_owned() };
        let folder =
            Folder::open(file.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
        Ok(Self { file, folder, asked })
    }

    pub(in crate::import) fn file(&self) -> &Path {
        &self.file
    }
}

impl Source for JsonExport {
    fn read(&mut self, hear: &mut dyn FnMut(Told) -> Result<(), ImportError>) -> Result<(), ImportError> {
        stream::read(&self.file, &self.folder, &self.asked, hear)
    }
}
