//! Files of messages, brought beside the export.

use std::{
    fs::{self, File},
    io,
    path::{Component, Path, PathBuf},
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::{ExportError, disk};
use crate::archive::{BlobHash, FilePlace, FileState, StoredFile};

/// What becomes of the files of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum MediaMode {
    /// Left out.
    #[default]
    None,
    /// Linked: costs no room on the same disk.
    Link,
    /// Copied.
    Copy,
}

/// Where the archive keeps files by what is in them.
#[derive(Clone, Debug)]
pub struct Blobs {
    folder: PathBuf,
}

impl Blobs {
    /// The media folder of the archive.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn path(&self, hash: BlobHash) -> PathBuf {
        let hex = hash.to_hex();
        self.folder.join("blobs").join(&hex[..2]).join(hex)
    }
}

/// Takes files to `media/` beneath a folder.
#[derive(Debug)]
pub(super) struct Porter {
    pub(super) blobs: Blobs,
    pub(super) mode: MediaMode,
    /// That `media/` lies in.
    pub(super) folder: PathBuf,
    /// An export of before: what is there already costs no room again.
    pub(super) before: Option<PathBuf>,
    /// What leads from an exporter's file to the folder.
    pub(super) prefix: &'static str,
    pub(super) figures: Carried,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Carried {
    pub(super) files: u64,
    pub(super) missing: u64,
    pub(super) bytes: u64,
}

impl Porter {
    /// What an exporter is told of a file. Blocks the thread while it is copied.
    pub(super) fn bring(&mut self, file: &StoredFile) -> Result<Value, ExportError> {
        let id = file.key.file;
        let place = match &file.state {
            FileState::Held(place) => place,
            FileState::Wanted => return Ok(self.missing(id, "not fetched yet", "unavailable")),
            FileState::Failed { why } => return Ok(self.missing(id, why, "unavailable")),
            FileState::Skipped { why } => {
                let is_large =
                    ["large", "size", "bytes", "MB", "MiB", "GiB"].iter().any(|word| why.contains(word));
                return Ok(self.missing(id, why, if is_large { "too-large" } else { "not-included" }));
            }
        };
        let name = name(place);
        let goal = self.folder.join(&name);
        match self.carry(place, &name, &goal) {
            Ok(()) => {
                self.figures.files += 1;
                self.figures.bytes += place.bytes;
                Ok(json!({ "id": id, "path": format!("{}{name}", self.prefix) }))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(self.missing(
                id,
                "lost from the archive: `tapedeck archive verify` fetches it again",
                "unavailable",
            )),
            Err(error) => Err(disk("write", goal)(error)),
        }
    }

    fn missing(&mut self, id: i64, why: &str, absence: &str) -> Value {
        self.figures.missing += 1;
        json!({ "id": id, "missing": why, "absence": absence })
    }

    fn carry(&self, place: &FilePlace, name: &str, goal: &Path) -> io::Result<()> {
        let is_whole = |path: &Path| path.metadata().is_ok_and(|file| file.len() == place.bytes);
        if is_whole(goal) {
            return Ok(());
        }
        let blob = self.blobs.path(place.hash);
        // Told before anything is made: a missing blob is no failure.
        blob.metadata()?;
        if let Some(folder) = goal.parent() {
            fs::create_dir_all(folder)?;
        }
        if goal.symlink_metadata().is_ok() {
            fs::remove_file(goal)?;
        }
        if self.mode == MediaMode::Link {
            return fs::hard_link(&blob, goal).or_else(|_| {
                let blob = std::path::absolute(&blob)?;
                std::os::unix::fs::symlink(blob, goal)
            });
        }
        if let Some(before) = self.before.as_ref().map(|folder| folder.join(name)).filter(|it| is_whole(it))
            && fs::hard_link(before, goal).is_ok()
        {
            return Ok(());
        }
        let part =
            goal.with_file_name(format!("{}.part", goal.file_name().unwrap_or_default().to_string_lossy()));
        fs::copy(&blob, &part)?;
        // The archive's files may be there for reading alone.
        let mut rights = fs::metadata(&part)?.permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut rights, 0o644);
        fs::set_permissions(&part, rights)?;
        File::open(&part)?.sync_all()?;
        fs::rename(part, goal)
    }
}

/// The readable name of the archive, or the hash if that would lead elsewhere.
fn name(place: &FilePlace) -> String {
    let path = Path::new(&place.link);
    let is_inside =
        !place.link.is_empty() && path.components().all(|part| matches!(part, Component::Normal(_)));
    let name = if is_inside { place.link.clone() } else { place.hash.to_hex() };
    format!("media/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{archive::FileKey, model::MessageId};

    fn porter(root: &Path, mode: MediaMode) -> Porter {
        Porter {
            blobs: Blobs::new(root.join("archive")),
            mode,
            folder: root.join("out"),
            before: None,
            prefix: "../",
            figures: Carried::default(),
        }
    }

    fn file(state: FileState) -> StoredFile {
        let file = json!({ "role": "main", "form": "document", "id": 9, "access_hash": 0, "reference": "", "dc": 2, "date": "2026-01-01T00:00:00Z", "size_bytes": 5 });
        StoredFile {
            account: "main".parse().unwrap(),
            key: FileKey { chat: crate::model::PeerId(-7), id: MessageId(1), file: 9 },
            file: serde_json::from_value(file).unwrap(),
            state,
            attempts: 0,
        }
    }

    fn held(link: &str) -> FileState {
        FileState::Held(FilePlace { hash: BlobHash([7; 32]), bytes: 5, link: link.into() })
    }

    fn keep(root: &Path) -> PathBuf {
        let blob = Blobs::new(root.join("archive")).path(BlobHash([7; 32]));
        fs::create_dir_all(blob.parent().unwrap()).unwrap();
        fs::write(&blob, "hello").unwrap();
        blob
    }

    #[test]
    fn files_are_copied_or_linked_by_their_readable_names() {
        for mode in [MediaMode::Copy, MediaMode::Link] {
            let root = tempfile::tempdir().unwrap();
            let blob = keep(root.path());
            let mut porter = porter(root.path(), mode);
            for _ in 0..2 {
                let told = porter.bring(&file(held("-7/a b.txt"))).unwrap();
                assert_eq!(told, json!({ "id": 9, "path": "../media/-7/a b.txt" }));
            }
            assert_eq!(fs::read_to_string(root.path().join("out/media/-7/a b.txt")).unwrap(), "hello");
            fs::remove_file(blob).unwrap();
            assert_eq!(
                fs::read_to_string(root.path().join("out/media/-7/a b.txt")).unwrap(),
                "hello",
                "{mode:?}"
            );
        }
    }

    #[test]
    fn names_do_not_lead_out() {
        for link in ["../../x", "/etc/x", ""] {
            let root = tempfile::tempdir().unwrap();
            keep(root.path());
            let told = porter(root.path(), MediaMode::Copy).bring(&file(held(link))).unwrap();
            assert!(told["path"].as_str().unwrap().starts_with("../media/0707"), "{told}");
        }
    }

    #[test]
    fn what_is_not_there_says_why() {
        let root = tempfile::tempdir().unwrap();
        let mut porter = porter(root.path(), MediaMode::Copy);
        for (state, absence) in [
            (FileState::Wanted, "unavailable"),
            (FileState::Skipped { why: "larger than 5 MB".into() }, "too-large"),
            (FileState::Skipped { why: "the chat is archived without media".into() }, "not-included"),
            (FileState::Failed { why: "gone".into() }, "unavailable"),
            (held("-7/lost.txt"), "unavailable"),
        ] {
            assert_eq!(porter.bring(&file(state)).unwrap()["absence"], absence);
        }
        assert_eq!(porter.figures.missing, 5);
    }
}
