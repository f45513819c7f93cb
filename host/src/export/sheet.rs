//! The files that one exporter writes.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};

use super::error::{ExportError, disk};
use crate::plugin_host::Piece;

/// Formats of many pages write one after the other: more need not be open at once.
const MOST_OPEN: usize = 8;
const BUFFER: usize = 256 * 1024;

/// Files beneath a folder. What was closed is on the disk.
#[derive(Debug)]
pub(super) struct Sheet {
    folder: PathBuf,
    main: String,
    /// The one that was written to last stands last.
    open: Vec<(String, BufWriter<File>)>,
    /// Everything that was ever written to, relative to the folder.
    files: BTreeSet<String>,
    bytes: u64,
}

/// What was written.
#[derive(Clone, Debug, Default)]
pub(super) struct Filled {
    pub(super) files: BTreeSet<String>,
    pub(super) bytes: u64,
}

impl Sheet {
    pub(super) fn new(folder: PathBuf, main: String) -> Self {
        Self { folder, main, open: Vec::new(), files: BTreeSet::new(), bytes: 0 }
    }

    pub(super) fn write(&mut self, pieces: Vec<Piece>) -> Result<(), ExportError> {
        for Piece { path, content } in pieces {
            let name = if path.is_empty() { self.main.clone() } else { path };
            self.bytes += content.len() as u64;
            let path = self.folder.join(&name);
            self.file(name)?.write_all(&content).map_err(disk("write", path))?;
        }
        Ok(())
    }

    fn file(&mut self, name: String) -> Result<&mut BufWriter<File>, ExportError> {
        let found = self.open.iter().position(|(known, _)| *known == name);
        match found {
            Some(at) if at + 1 == self.open.len() => {}
            Some(at) => {
                let entry = self.open.remove(at);
                self.open.push(entry);
            }
            None => {
                if self.open.len() >= MOST_OPEN {
                    let (name, file) = self.open.remove(0);
                    close(file, &self.folder.join(name))?;
                }
                let file = self.create(&name)?;
                self.open.push((name, file));
            }
        }
        Ok(&mut self.open.last_mut().expect("one was just put there").1)
    }

    fn create(&mut self, name: &str) -> Result<BufWriter<File>, ExportError> {
        let path = self.folder.join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(disk("make", folder))?;
        }
        let is_new = self.files.insert(name.to_owned());
        let opened = File::options().create(true).append(!is_new).write(true).truncate(is_new).open(&path);
        Ok(BufWriter::with_capacity(BUFFER, opened.map_err(disk("write", &path))?))
    }

    /// All of it is on the disk when it returns; an export without a word has an empty file.
    pub(super) fn finish(mut self) -> Result<Filled, ExportError> {
        let main = self.main.clone();
        if !self.files.contains(&main) {
            self.file(main)?;
        }
        for (name, file) in std::mem::take(&mut self.open) {
            close(file, &self.folder.join(name))?;
        }
        Ok(Filled { files: self.files, bytes: self.bytes })
    }
}

fn close(file: BufWriter<File>, path: &Path) -> Result<(), ExportError> {
    let file = file.into_inner().map_err(|error| disk("write", path)(error.into_error()))?;
    file.sync_all().map_err(disk("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(path: &str, text: &str) -> Piece {
        Piece { path: path.into(), content: text.into() }
    }

    #[test]
    fn pieces_of_one_path_follow_each_other_however_many_there_are() {
        let folder = tempfile::tempdir().unwrap();
        let mut sheet = Sheet::new(folder.path().to_owned(), "main.txt".into());
        for round in 0..3 {
            for page in 0..20 {
                sheet
                    .write(vec![piece(&format!("pages/{page}"), &round.to_string()), piece("", "x")])
                    .unwrap();
            }
        }
        assert!(sheet.open.len() <= MOST_OPEN);
        let filled = sheet.finish().unwrap();
        assert_eq!((filled.files.len(), filled.bytes), (21, 120));
        assert_eq!(fs::read_to_string(folder.path().join("pages/7")).unwrap(), "012");
        assert_eq!(fs::read_to_string(folder.path().join("main.txt")).unwrap().len(), 60);
    }

    #[test]
    fn nothing_said_is_an_empty_file() {
        let folder = tempfile::tempdir().unwrap();
        Sheet::new(folder.path().to_owned(), "main.txt".into()).finish().unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("main.txt")).unwrap(), "");
    }
}
