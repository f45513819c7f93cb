//! What the exporter `json` writes, and Telegram-Archive before it: `{"chat", "messages"}`, a list of those, messages
//! alone, or `{"chats", "messages", "message_versions"}`.

mod message;
mod stream;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::{
    error::ImportError,
    folder::Folder,
    source::{Asked, Source, Told},
};

#[derive(Debug)]
pub(super) struct JsonMessages {
    file: PathBuf,
    folder: Folder,
    asked: Asked,
}

impl JsonMessages {
    pub(super) fn open(path: &Path, asked: Asked) -> Result<Self, ImportError> {
        let root = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Ok(Self { file: path.to_owned(), folder: Folder::open(root)?, asked })
    }
}

impl Source for JsonMessages {
    fn read(&mut self, hear: &mut dyn FnMut(Told) -> Result<(), ImportError>) -> Result<(), ImportError> {
        stream::read(&self.file, &self.folder, &self.asked, hear)
    }
}
