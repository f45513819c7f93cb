//! What the exporter `json` writes, and Telegram-Archive before it: `{"chat", "messages"}`, a list of those, messages
//! alone, or `{"chats", "messages", "message_versions"}`.

mod message;
mod stream;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::{
    error::ImportError,
    exported,
    folder::Folder,
    source::{Asked, Source, Told},
};

#[derive(Debug)]
pub(super) struct JsonMessages {
    /// One after the other.
    files: Vec<PathBuf>,
    folder: Folder,
    asked: Asked,
}

impl JsonMessages {
    /// `path` is a file, or the folder of an export.
    pub(super) fn open(path: &Path, asked: Asked) -> Result<Self, ImportError> {
        let files = exported::parts(path, "json", "messages")?;
        let folder = exported::folder_of(&files)?;
        Ok(Self { files, folder, asked })
    }

    pub(super) fn files(&self) -> &[PathBuf] {
        &self.files
    }
}

impl Source for JsonMessages {
    fn read(&mut self, hear: &mut dyn FnMut(Told) -> Result<(), ImportError>) -> Result<(), ImportError> {
        self.files.iter().try_for_each(|file| stream::read(file, &self.folder, &self.asked, hear))
    }
}
