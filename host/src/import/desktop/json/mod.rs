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
    exported,
    folder::Folder,
    source::{Asked, Source, Told},
};

/// No export says that it is whole: one may have chosen dates, or only one's own messages. So none proves coverage.
#[derive(Debug)]
pub(in crate::import) struct JsonExport {
    /// One after the other.
    files: Vec<PathBuf>,
    folder: Folder,
    asked: Asked,
}

impl JsonExport {
    /// `path` is the file or its folder.
    pub(in crate::import) fn open(path: &Path, asked: Asked) -> Result<Self, ImportError> {
        let files = exported::parts(path, "telegram-desktop", "result")?;
        let folder = exported::folder_of(&files)?;
        Ok(Self { files, folder, asked })
    }

    pub(in crate::import) fn files(&self) -> &[PathBuf] {
        &self.files
    }
}

impl Source for JsonExport {
    fn read(&mut self, hear: &mut dyn FnMut(Told) -> Result<(), ImportError>) -> Result<(), ImportError> {
        self.files.iter().try_for_each(|file| stream::read(file, &self.folder, &self.asked, hear))
    }
}
