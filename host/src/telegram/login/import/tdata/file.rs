//! A file of `tdata`: a magic word, the program's version, data, and an MD5 over all of it.

use std::{
    fmt, fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use super::TdataError;

const MAGIC: &[u8; 4] = b"TDF$";
const MD5_LENGTH: usize = 16;
/// A file exists as `…s`; older programs wrote `…0` and `…1` by turns.
const ENDINGS: [&str; 3] = ["s", "0", "1"];
/// Those with keys have a few kilobytes.
const LARGEST: u64 = 16 << 20;

pub(super) struct TdfFile {
    path: PathBuf,
    /// The program that wrote it: 5002003 is 5.2.3.
    version: i32,
    pub(super) data: Vec<u8>,
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Flaw {
    #[error("it is not there")]
    Missing,
    #[error("it cannot be read")]
    Unreadable(#[source] io::Error),
    #[error("it is no file of Telegram Desktop")]
    NoMagic,
    #[error("it is damaged: its checksum does not fit")]
    BadChecksum,
    #[error("{what}; Telegram Desktop {version} wrote it")]
    Content { what: &'static str, version: Version },
}

/// Shown as people know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(i32);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0 / 1_000_000, self.0 / 1000 % 1000, self.0 % 1000)
    }
}

impl Flaw {
    pub(super) fn of(self, folder: &Path, name: &str) -> TdataError {
        // The name that newer programs write; one of the others, where only that is there.
        let path = |ending: &str| folder.join(format!("{name}{ending}"));
        let path = ENDINGS.map(path).into_iter().find(|path| path.exists()).unwrap_or_else(|| path("s"));
        TdataError::File { path, source: self }
    }
}

impl TdfFile {
    /// Whole or not.
    pub(super) fn exists(folder: &Path, name: &str) -> bool {
        ENDINGS.iter().any(|ending| folder.join(format!("{name}{ending}")).is_file())
    }

    /// The newest that is whole counts.
    pub(super) fn read(folder: &Path, name: &str) -> Result<Self, Flaw> {
        let mut candidates: Vec<_> = ["0", "1"].map(|ending| folder.join(format!("{name}{ending}"))).into();
        let modified = |path: &PathBuf| fs::metadata(path).and_then(|file| file.modified()).ok();
        candidates.sort_by_key(|path| std::cmp::Reverse(modified(path)));
        candidates.insert(0, folder.join(format!("{name}s")));
        let mut first_flaw = Flaw::Missing;
        for path in candidates {
            match Self::read_one(path) {
                Ok(file) => return Ok(file),
                Err(Flaw::Missing) => {}
                Err(flaw) if matches!(first_flaw, Flaw::Missing) => first_flaw = flaw,
                Err(_) => {}
            }
        }
        Err(first_flaw)
    }

    fn read_one(path: PathBuf) -> Result<Self, Flaw> {
        let unreadable = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Flaw::Missing,
            _ => Flaw::Unreadable(error),
        };
        // Before opening: opening a pipe waits for somebody who writes.
        if !fs::metadata(&path).map_err(unreadable)?.is_file() {
            return Err(Flaw::NoMagic);
        }
        let mut bytes = Vec::new();
        let file = fs::File::open(&path).map_err(unreadable)?;
        file.take(LARGEST).read_to_end(&mut bytes).map_err(unreadable)?;
        let rest = bytes.strip_prefix(MAGIC).ok_or(Flaw::NoMagic)?;
        let (version, rest) = rest.split_first_chunk().ok_or(Flaw::BadChecksum)?;
        let (data, md5) = rest.split_last_chunk::<MD5_LENGTH>().ok_or(Flaw::BadChecksum)?;
        if checksum(data, *version) != *md5 {
            return Err(Flaw::BadChecksum);
        }
        Ok(Self { path, version: i32::from_le_bytes(*version), data: data.to_vec() })
    }

    pub(super) fn flaw(&self, what: &'static str) -> TdataError {
        let source = Flaw::Content { what, version: Version(self.version) };
        TdataError::File { path: self.path.clone(), source }
    }
}

/// Whether it begins as files of Telegram Desktop do.
pub(super) fn is_ours(path: &Path) -> bool {
    let mut start = [0; MAGIC.len()];
    // Opening a pipe waits for somebody who writes.
    path.is_file()
        && fs::File::open(path).is_ok_and(|mut file| file.read_exact(&mut start).is_ok())
        && start == *MAGIC
}

/// Over the data, its length, the version and the magic word.
pub(super) fn checksum(data: &[u8], version: [u8; 4]) -> [u8; MD5_LENGTH] {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX).to_le_bytes();
    md5::compute([data, &length, &version, MAGIC].concat()).0
}
