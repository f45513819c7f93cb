//! How the command line finds the running daemon: `daemon.json` in the data folder, readable by
//! its owner only.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize)]
pub struct DaemonFile {
    pub url: String,
    pub pid: u32,
    /// An admin token that is valid as long as the daemon lives.
    pub token: SecretString,
    pub version: String,
    pub started_at: Timestamp,
}

#[derive(Serialize)]
struct Written<'a> {
    url: &'a str,
    pid: u32,
    token: &'a str,
    version: &'a str,
    started_at: Timestamp,
}

/// Removes the file when the daemon ends; one that was killed leaves it, which readers find out
/// by asking.
#[derive(Debug)]
pub struct Published {
    path: PathBuf,
}

impl DaemonFile {
    fn path(folder: &Path) -> PathBuf {
        folder.join("daemon.json")
    }

    /// `None`: no daemon has left its address.
    pub fn read(folder: &Path) -> anyhow::Result<Option<Self>> {
        let path = Self::path(folder);
        match fs::read(&path) {
            // A power cut can leave it so.
            Ok(bytes) if bytes.is_empty() => Ok(None),
            Ok(bytes) => {
                let file = serde_json::from_slice(&bytes);
                file.map(Some).with_context(|| format!("{} is damaged: delete it", path.display()))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Whether it can be written there.
    pub fn check(folder: &Path) -> anyhow::Result<()> {
        let path = Self::path(folder);
        anyhow::ensure!(!path.is_dir(), "{} is a folder: remove it", path.display());
        let part = path.with_extension("json.part");
        let tried = make(&part).and_then(|_| fs::remove_file(&part));
        tried.with_context(|| format!("cannot write {}", path.display()))
    }

    /// Writes whole or not at all.
    pub fn publish(&self, folder: &Path) -> anyhow::Result<Published> {
        let path = Self::path(folder);
        let written = Written {
            url: &self.url,
            pid: self.pid,
            token: self.token.expose_secret(),
            version: &self.version,
            started_at: self.started_at,
        };
        let part = path.with_extension("json.part");
        let write = || -> io::Result<()> {
            let mut file = make(&part)?;
            file.write_all(&serde_json::to_vec_pretty(&written)?)?;
            file.sync_all()?;
            fs::rename(&part, &path)
        };
        write().with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Published { path })
    }
}

/// One that is left of an earlier attempt may be readable by others.
fn make(part: &Path) -> io::Result<fs::File> {
    match fs::remove_file(part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(part)
}

impl Drop for Published {
    fn drop(&mut self) {
        // Left behind, it names a process that does not answer.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn an_empty_one_names_no_daemon() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(DaemonFile::path(folder.path()), "").unwrap();
        assert!(DaemonFile::read(folder.path()).unwrap().is_none());
        fs::write(DaemonFile::path(folder.path()), "{").unwrap();
        assert!(DaemonFile::read(folder.path()).is_err());
    }

    #[test]
    fn belongs_to_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let part = folder.path().join("daemon.json.part");
        fs::write(&part, "left behind").unwrap();
        fs::set_permissions(&part, fs::Permissions::from_mode(0o644)).unwrap();
        let file = DaemonFile {
            url: "http://127.0.0.1:1".into(),
            pid: 1,
            token: "t".into(),
            version: "0".into(),
            started_at: Timestamp::UNIX_EPOCH,
        };
        let _published = file.publish(folder.path()).unwrap();
        let mode = fs::metadata(DaemonFile::path(folder.path())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
