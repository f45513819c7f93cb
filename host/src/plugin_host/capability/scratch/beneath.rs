//! Opens files below a folder in which others may have put anything: links out of it, devices,
//! pipes. Each part of a path is opened by itself and never through a link, so nothing that
//! changes meanwhile can lead elsewhere.

use std::{
    fs::File,
    io::{self, Write as _},
    os::fd::{AsFd as _, OwnedFd},
    path::Path,
};

use rustix::{
    fs::{AtFlags, Dir, FileType, Mode, OFlags, fstat, mkdirat, open, openat, renameat, statat, unlinkat},
    io::Errno,
};

const DEEPEST: usize = 32;
const LONGEST_PATH: usize = 1024;
const LONGEST_NAME: usize = 255;

/// The name of a file that is being written. Plugins cannot name it.
const PART: &str = ".\u{1}part";

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
const FILE: OFlags = OFlags::NOFOLLOW.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

#[derive(Debug, thiserror::Error)]
pub(crate) enum PathFault {
    #[error("`{path}` is no path here: {why}")]
    Invalid { path: String, why: &'static str },
    #[error("there is no file `{path}`")]
    Missing { path: String },
    #[error("`{path}` is {is}, and only plain files can be used")]
    NotAFile { path: String, is: &'static str },
    #[error("`{path}` cannot be used: {source}")]
    Io { path: String, source: io::Error },
}

/// A folder that is never left.
#[derive(Debug)]
pub(crate) struct Beneath {
    root: OwnedFd,
}

/// What lies below the folder.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    /// Plain files with their sizes, sorted by path.
    pub(crate) files: Vec<(String, u64)>,
    /// Of all that lies there, whatever it is.
    pub(crate) bytes: u64,
    pub(crate) entries: u64,
}

impl Beneath {
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        Ok(Self { root: open(folder, FOLDER, Mode::empty())? })
    }

    /// Opens a plain file for reading.
    pub(crate) fn read(&self, path: &str) -> Result<File, PathFault> {
        let (folder, name) = self.parent(path, false)?;
        let file = openat(&folder, name, FILE | OFlags::RDONLY, Mode::empty());
        plain(path, file)
    }

    /// Opens a plain file for adding to its end, making it if need be.
    pub(crate) fn append(&self, path: &str) -> Result<File, PathFault> {
        let (folder, name) = self.parent(path, true)?;
        let flags = FILE | OFlags::WRONLY | OFlags::APPEND;
        let file = match openat(&folder, name, flags, Mode::empty()) {
            Err(Errno::NOENT) => {
                openat(&folder, name, flags | OFlags::CREATE | OFlags::EXCL, Mode::RUSR | Mode::WUSR)
            }
            opened => opened,
        };
        plain(path, file)
    }

    /// Puts a new file in place of what is there; a link is replaced, not followed.
    pub(crate) fn write(&self, path: &str, content: &[u8]) -> Result<(), PathFault> {
        let mut writing = self.replace(path)?;
        writing.file.write_all(content).map_err(|source| PathFault::Io { path: path.to_owned(), source })?;
        writing.finish()
    }

    /// A new file that takes its place at the end, and is gone if that never comes.
    pub(crate) fn replace(&self, path: &str) -> Result<Replacement, PathFault> {
        let (folder, name) = self.parent(path, true)?;
        let flags = FILE | OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let make = || openat(&folder, PART, flags, Mode::RUSR | Mode::WUSR);
        let file = match make() {
            Err(Errno::EXIST) => {
                unlinkat(&folder, PART, AtFlags::empty()).map_err(|error| fault(path, error))?;
                make()
            }
            made => made,
        };
        let file = file.map_err(|error| fault(path, error))?.into();
        let name = name.to_owned();
        Ok(Replacement { file, folder, name, path: path.to_owned(), is_done: false })
    }

    /// Says whether there was a file, or a link.
    pub(crate) fn remove(&self, path: &str) -> Result<bool, PathFault> {
        let (folder, name) = match self.parent(path, false) {
            Err(PathFault::Missing { .. }) => return Ok(false),
            parent => parent?,
        };
        match unlinkat(&folder, name, AtFlags::empty()) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(fault(path, error)),
        }
    }

    /// The size of what a path names; 0 if it is not there.
    pub(crate) fn size(&self, path: &str) -> Result<Option<u64>, PathFault> {
        let (folder, name) = match self.parent(path, false) {
            Err(PathFault::Missing { .. }) => return Ok(None),
            parent => parent?,
        };
        match statat(&folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(u64::try_from(stat.st_size).unwrap_or(0))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(fault(path, error)),
        }
    }

    /// Looks at everything, at most `most` entries; beyond those it is too much anyway.
    pub(crate) fn contents(&self, most: u64) -> io::Result<Contents> {
        let mut contents = Contents::default();
        walk(Dir::read_from(&self.root)?, "", 0, most, &mut contents)?;
        contents.files.sort();
        Ok(contents)
    }

    fn parent<'a>(&self, path: &'a str, makes_folders: bool) -> Result<(OwnedFd, &'a str), PathFault> {
        let names = parts(path)?;
        let (name, folders) = names.split_last().expect("a path has parts");
        let failed = |error| fault(path, error);
        let mut folder = self
            .root
            .as_fd()
            .try_clone_to_owned()
            .map_err(|source| PathFault::Io { path: path.to_owned(), source })?;
        for part in folders {
            let next = match openat(&folder, *part, FOLDER, Mode::empty()) {
                Err(Errno::NOENT) if makes_folders => {
                    mkdirat(&folder, *part, Mode::RWXU).map_err(failed)?;
                    openat(&folder, *part, FOLDER, Mode::empty())
                }
                opened => opened,
            };
            folder = next.map_err(failed)?;
        }
        Ok((folder, name))
    }
}

/// A file on its way.
#[derive(Debug)]
pub(crate) struct Replacement {
    pub(crate) file: File,
    folder: OwnedFd,
    name: String,
    path: String,
    is_done: bool,
}

impl Replacement {
    pub(crate) fn finish(mut self) -> Result<(), PathFault> {
        renameat(&self.folder, PART, &self.folder, self.name.as_str())
            .map_err(|error| fault(&self.path, error))?;
        self.is_done = true;
        Ok(())
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if !self.is_done {
            // Nobody can name it, and the whole folder goes soon.
            let _ = unlinkat(&self.folder, PART, AtFlags::empty());
        }
    }
}

fn parts(path: &str) -> Result<Vec<&str>, PathFault> {
    let invalid = |why| {
        let path = path.chars().take(80).flat_map(char::escape_debug).collect();
        PathFault::Invalid { path, why }
    };
    if path.is_empty() || path.len() > LONGEST_PATH {
        return Err(invalid("it is empty or longer than 1024 bytes"));
    }
    if path.starts_with('/') {
        return Err(invalid("paths begin in the scratch folder, without `/`"));
    }
    if path.chars().any(char::is_control) {
        return Err(invalid("it holds a control character"));
    }
    let parts: Vec<&str> = path.split('/').collect();
    if parts.iter().any(|part| matches!(*part, "" | "." | "..")) {
        return Err(invalid("its parts cannot be empty, `.` or `..`"));
    }
    if parts.len() > DEEPEST || parts.iter().any(|part| part.len() > LONGEST_NAME) {
        return Err(invalid("it is too deep, or a name in it is too long"));
    }
    Ok(parts)
}

/// Nothing but a file that has this one name: another name of it could lie anywhere.
fn plain(path: &str, opened: rustix::io::Result<OwnedFd>) -> Result<File, PathFault> {
    let not_a_file = |is| PathFault::NotAFile { path: path.to_owned(), is };
    let opened = opened.map_err(|error| match error {
        Errno::LOOP => not_a_file("a link"),
        // Opening a pipe that nobody reads, or a socket.
        Errno::NXIO => not_a_file("a pipe, a socket or a device"),
        Errno::ISDIR => not_a_file("a folder"),
        error => fault(path, error),
    })?;
    let stat = fstat(&opened).map_err(|error| fault(path, error))?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile if stat.st_nlink <= 1 => Ok(opened.into()),
        FileType::RegularFile => Err(not_a_file("a file with several names")),
        FileType::Directory => Err(not_a_file("a folder")),
        _ => Err(not_a_file("a pipe, a socket or a device")),
    }
}

fn fault(path: &str, error: Errno) -> PathFault {
    let path = path.to_owned();
    match error {
        Errno::NOENT => PathFault::Missing { path },
        Errno::LOOP => PathFault::NotAFile { path, is: "or leads through a link" },
        Errno::NOTDIR => PathFault::NotAFile { path, is: "below something that is no folder" },
        Errno::ISDIR | Errno::EXIST | Errno::NOTEMPTY => PathFault::NotAFile { path, is: "a folder" },
        error => PathFault::Io { path, source: error.into() },
    }
}

fn walk(folder: Dir, prefix: &str, depth: usize, most: u64, contents: &mut Contents) -> io::Result<()> {
    let mut folder = folder;
    let mut folders = Vec::new();
    while let Some(entry) = folder.read() {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        contents.entries += 1;
        if contents.entries > most {
            return Ok(());
        }
        // It may be gone by now: a program may still be at work.
        let Ok(stat) = statat(folder.fd()?, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
        let path = name.to_str().ok().map(|name| format!("{prefix}{name}"));
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => folders.push((name.to_owned(), path)),
            kind => {
                let size = u64::try_from(stat.st_size).unwrap_or(0);
                contents.bytes = contents.bytes.saturating_add(size);
                let path = path.filter(|path| !path.ends_with(PART) && kind == FileType::RegularFile);
                contents.files.extend(path.map(|path| (path, size)));
            }
        }
    }
    for (name, path) in folders {
        // Deeper than any path that could be named: counted as one entry.
        if depth + 1 >= 2 * DEEPEST {
            continue;
        }
        let below = match openat(folder.fd()?, name.as_c_str(), FOLDER, Mode::empty()) {
            Ok(below) => Dir::new(below)?,
            Err(_) => continue,
        };
        let prefix = path.map_or_else(|| format!("{prefix}\u{fffd}/"), |path| format!("{path}/"));
        walk(below, &prefix, depth + 1, most, contents)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{
        io::Read as _,
        os::unix::{fs::symlink, net::UnixListener},
    };

    use rustix::fs::{CWD, mknodat};

    use super::*;

    struct World {
        folder: tempfile::TempDir,
        beneath: Beneath,
    }

    /// `room` is the folder that is never left; `secret` lies beside it.
    fn world() -> World {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("room")).unwrap();
        std::fs::write(folder.path().join("secret"), "secret").unwrap();
        let beneath = Beneath::open(&folder.path().join("room")).unwrap();
        World { folder, beneath }
    }

    impl World {
        fn room(&self) -> std::path::PathBuf {
            self.folder.path().join("room")
        }

        fn read(&self, path: &str) -> Result<String, String> {
            let mut text = String::new();
            let file = self.beneath.read(path).map_err(|fault| fault.to_string());
            file?.read_to_string(&mut text).map_err(|error| error.to_string())?;
            Ok(text)
        }

        fn secret_is_untouched(&self) {
            assert_eq!(std::fs::read_to_string(self.folder.path().join("secret")).unwrap(), "secret");
        }
    }

    #[test]
    fn files_are_written_read_and_removed() {
        let world = world();
        world.beneath.write("a/b/c.txt", b"one").unwrap();
        world.beneath.write("a/b/c.txt", b"two").unwrap();
        world.beneath.append("a/b/c.txt").unwrap().write_all(b" three").unwrap();
        world.beneath.append("new").unwrap().write_all(b"x").unwrap();
        assert_eq!(world.read("a/b/c.txt").unwrap(), "two three");
        let contents = world.beneath.contents(100).unwrap();
        assert_eq!(contents.files, [("a/b/c.txt".to_owned(), 9), ("new".to_owned(), 1)]);
        assert_eq!((contents.bytes, contents.entries), (10, 4));
        assert!(world.beneath.remove("new").unwrap());
        assert!(!world.beneath.remove("new").unwrap());
        assert!(!world.beneath.remove("no/such").unwrap());
        assert_eq!(world.read("new").unwrap_err(), "there is no file `new`");
    }

    #[test]
    fn paths_cannot_climb() {
        let world = world();
        for path in [
            "",
            "/etc/passwd",
            "..",
            "../secret",
            "a/../../secret",
            "./a",
            "a//b",
            "a/",
            "a\0b",
            "a\nb",
            &["x"; 40].join("/"),
            &["x".repeat(250).as_str(); 5].join("/"),
            &"x".repeat(256),
            &"x/y".repeat(500),
        ] {
            assert!(matches!(world.beneath.read(path), Err(PathFault::Invalid { .. })), "{path}");
            assert!(world.beneath.write(path, b"x").is_err(), "{path}");
            assert!(world.beneath.append(path).is_err(), "{path}");
            assert!(world.beneath.remove(path).is_err(), "{path}");
        }
        assert!(world.read("/etc/passwd").unwrap_err().contains("paths begin in the scratch folder"));
        world.secret_is_untouched();
    }

    #[test]
    fn links_are_not_followed() {
        let world = world();
        symlink("../secret", world.room().join("link")).unwrap();
        symlink("..", world.room().join("up")).unwrap();
        assert_eq!(world.read("link").unwrap_err(), "`link` is a link, and only plain files can be used");
        assert!(world.read("up/secret").is_err());
        assert!(world.beneath.append("link").is_err());
        assert!(world.beneath.write("up/secret", b"x").is_err());
        assert!(world.beneath.remove("up/secret").is_err());
        assert_eq!(world.beneath.contents(100).unwrap().files, []);
        // Writing replaces the link itself.
        world.beneath.write("link", b"mine").unwrap();
        assert_eq!(world.read("link").unwrap(), "mine");
        world.secret_is_untouched();
    }

    #[test]
    fn other_names_of_a_file_are_not_used() {
        let world = world();
        std::fs::hard_link(world.folder.path().join("secret"), world.room().join("twin")).unwrap();
        assert!(world.read("twin").unwrap_err().contains("several names"));
        assert!(world.beneath.append("twin").is_err());
        world.beneath.write("twin", b"mine").unwrap();
        world.secret_is_untouched();
    }

    #[test]
    fn pipes_and_sockets_do_not_block() {
        let world = world();
        mknodat(CWD, world.room().join("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let _socket = UnixListener::bind(world.room().join("socket")).unwrap();
        std::fs::create_dir(world.room().join("folder")).unwrap();
        for name in ["pipe", "socket", "folder"] {
            assert!(matches!(world.beneath.read(name), Err(PathFault::NotAFile { .. })), "{name}");
            assert!(matches!(world.beneath.append(name), Err(PathFault::NotAFile { .. })), "{name}");
        }
        assert!(matches!(world.beneath.write("folder", b"x"), Err(PathFault::NotAFile { .. })));
        assert!(matches!(world.beneath.write("pipe/x", b"x"), Err(PathFault::NotAFile { .. })));
    }

    #[test]
    fn unfinished_files_are_not_seen() {
        let world = world();
        let mut writing = world.beneath.replace("song").unwrap();
        writing.file.write_all(b"half").unwrap();
        assert!(world.read("song").is_err());
        assert_eq!(world.beneath.contents(100).unwrap().files, []);
        drop(writing);
        assert_eq!(world.beneath.contents(100).unwrap().entries, 0);
    }

    #[test]
    fn counting_ends_at_the_limit() {
        let world = world();
        for n in 0..20 {
            world.beneath.write(&format!("{n}"), b"x").unwrap();
        }
        assert_eq!(world.beneath.contents(10).unwrap().entries, 11);
    }

    #[test]
    fn counting_ends_in_the_depth() {
        let world = world();
        std::fs::create_dir_all(world.room().join("x/".repeat(200))).unwrap();
        assert_eq!(world.beneath.contents(1_000).unwrap().entries, 2 * DEEPEST as u64);
    }

    #[test]
    fn what_lies_in_the_way_of_a_new_file_goes() {
        let world = world();
        symlink("../secret", world.room().join(PART)).unwrap();
        world.beneath.write("song", b"mine").unwrap();
        assert_eq!(world.read("song").unwrap(), "mine");
        std::fs::hard_link(world.folder.path().join("secret"), world.room().join(PART)).unwrap();
        world.beneath.write("song", b"again").unwrap();
        assert_eq!(world.read("song").unwrap(), "again");
        world.secret_is_untouched();
    }
}
