//! The files that one exporter writes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, BufWriter, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use rustix::fs::OFlags;

use super::{
    error::{ExportError, disk},
    space::Space,
};
use crate::plugin_host::Piece;

/// Formats of many pages write one after the other: more need not be open at once.
const MOST_OPEN: usize = 8;
const BUFFER: usize = 256 * 1024;
/// After so many bytes the disk is asked how much room it has.
const ASK_EVERY: u64 = 64 << 20;

/// Files beneath a folder. What was closed is on the disk. All of them are made here: what lies there already is never
/// written to, wherever it leads.
#[derive(Debug)]
pub(super) struct Sheet {
    folder: PathBuf,
    main: String,
    /// The one that was written to last stands last.
    open: Vec<(String, BufWriter<File>)>,
    /// Everything that was ever written to, relative to the folder.
    files: BTreeMap<String, Identity>,
    bytes: u64,
    /// Of them, since the disk was asked.
    unasked: u64,
    space: fn(&Path) -> io::Result<Space>,
}

/// Which file it is, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    disk: u64,
    number: u64,
}

/// What was written.
#[derive(Clone, Debug, Default)]
pub(super) struct Filled {
    pub(super) files: BTreeSet<String>,
    pub(super) bytes: u64,
}

impl Sheet {
    pub(super) fn new(folder: PathBuf, main: String) -> Self {
        let (open, files) = (Vec::new(), BTreeMap::new());
        Self { folder, main, open, files, bytes: 0, unasked: 0, space: Space::of }
    }

    pub(super) fn write(&mut self, pieces: Vec<Piece>) -> Result<(), ExportError> {
        for Piece { path, content } in pieces {
            let name = if path.is_empty() { self.main.clone() } else { path };
            self.ask_for_room(content.len() as u64)?;
            self.bytes += content.len() as u64;
            let path = self.folder.join(&name);
            self.file(name)?.write_all(&content).map_err(disk("write", path))?;
        }
        Ok(())
    }

    fn ask_for_room(&mut self, more: u64) -> Result<(), ExportError> {
        self.unasked += more;
        if self.unasked < ASK_EVERY {
            return Ok(());
        }
        self.unasked = 0;
        let space =
            (self.space)(&self.folder).map_err(disk("tell how much room is left for", &self.folder))?;
        if space.is_tight() {
            return Err(ExportError::NoRoom { path: self.folder.clone(), free: space.free });
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
        let known = self.files.get(name).copied();
        let no_links = i32::try_from(OFlags::NOFOLLOW.bits()).expect("open's flags fit");
        let mut options = File::options();
        options.write(true).create_new(known.is_none()).append(known.is_some()).custom_flags(no_links);
        let file = options.open(&path).map_err(disk("write", &path))?;
        let facts = file.metadata().map_err(disk("write", &path))?;
        let identity = Identity { disk: facts.dev(), number: facts.ino() };
        match known {
            None => drop(self.files.insert(name.to_owned(), identity)),
            Some(known) if known != identity => return Err(ExportError::Swapped { path }),
            Some(_) => {}
        }
        Ok(BufWriter::with_capacity(BUFFER, file))
    }

    /// All of it is on the disk when it returns; an export without a word has an empty file.
    pub(super) fn finish(mut self) -> Result<Filled, ExportError> {
        let main = self.main.clone();
        if !self.files.contains_key(&main) {
            self.file(main)?;
        }
        for (name, file) in std::mem::take(&mut self.open) {
            close(file, &self.folder.join(name))?;
        }
        Ok(Filled { files: self.files.into_keys().collect(), bytes: self.bytes })
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

    /// An archive's file, and a sheet in a folder beside it.
    fn beside_an_archive(folder: &Path) -> (PathBuf, Sheet) {
        let blob = folder.join("blob");
        fs::write(&blob, "hello").unwrap();
        fs::create_dir(folder.join("out")).unwrap();
        (blob, Sheet::new(folder.join("out"), "main.txt".into()))
    }

    #[test]
    fn what_lies_there_already_is_not_written_to() {
        for is_symbolic in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let (blob, mut sheet) = beside_an_archive(folder.path());
            let link = folder.path().join("out/a");
            match is_symbolic {
                true => std::os::unix::fs::symlink(&blob, &link).unwrap(),
                false => fs::hard_link(&blob, &link).unwrap(),
            }
            let refused = sheet.write(vec![piece("a", "overwritten")]).unwrap_err();
            assert!(matches!(refused, ExportError::Disk { .. }), "{refused}");
            assert_eq!(fs::read_to_string(blob).unwrap(), "hello");
        }
    }

    #[test]
    fn what_took_the_place_of_a_file_is_not_added_to() {
        for is_symbolic in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let (blob, mut sheet) = beside_an_archive(folder.path());
            sheet.write(vec![piece("a", "one")]).unwrap();
            // Closed, as others come after it.
            sheet.write((0..MOST_OPEN).map(|page| piece(&page.to_string(), "x")).collect()).unwrap();
            let link = folder.path().join("out/a");
            fs::remove_file(&link).unwrap();
            match is_symbolic {
                true => std::os::unix::fs::symlink(&blob, &link).unwrap(),
                false => fs::hard_link(&blob, &link).unwrap(),
            }
            assert!(sheet.write(vec![piece("a", "two")]).is_err());
            assert!(sheet.finish().is_ok());
            assert_eq!(fs::read_to_string(blob).unwrap(), "hello");
        }
    }

    #[test]
    fn a_disk_is_not_filled_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let mut sheet = Sheet::new(folder.path().to_owned(), "main.txt".into());
        sheet.space = |_| Ok(Space { free: 1 << 20, total: 100 << 30 });
        sheet.write(vec![piece("", "little is always written")]).unwrap();
        sheet.unasked = ASK_EVERY;
        let refused = sheet.write(vec![piece("", "x")]).unwrap_err();
        assert!(matches!(refused, ExportError::NoRoom { .. }) && refused.is_temporary(), "{refused}");
        assert!(refused.to_string().contains("1 MB"), "{refused}");
        sheet.write(vec![piece("", "it is asked again later")]).unwrap();
    }

    #[test]
    fn nothing_said_is_an_empty_file() {
        let folder = tempfile::tempdir().unwrap();
        Sheet::new(folder.path().to_owned(), "main.txt".into()).finish().unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("main.txt")).unwrap(), "");
    }
}
