//! Files of messages, brought beside the export.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::error::{ExportError, disk};
use crate::{
    archive::{
        FilePlace, FileState, StoredFile,
        media::{MediaError, MediaStore},
    },
    model::EXPORT_MEDIA,
};

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

/// Takes files to `media/` beneath a folder.
#[derive(Debug)]
pub(super) struct Porter {
    /// None where files are left out.
    pub(super) media: Option<Arc<MediaStore>>,
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
    /// What an exporter is told of a file. Blocks the thread of a runtime while it is copied.
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
        if !self.carry(place, &name, &goal)? {
            let why = "lost from the archive: a job of the kind `verify` fetches it again";
            return Ok(self.missing(id, why, "unavailable"));
        }
        self.figures.files += 1;
        self.figures.bytes += place.bytes;
        Ok(json!({ "id": id, "path": format!("{}{name}", self.prefix) }))
    }

    fn missing(&mut self, id: i64, why: &str, absence: &str) -> Value {
        self.figures.missing += 1;
        json!({ "id": id, "missing": why, "absence": absence })
    }

    /// False when the archive has lost it.
    fn carry(&self, place: &FilePlace, name: &str, goal: &Path) -> Result<bool, ExportError> {
        let is_whole = |path: &Path| path.metadata().is_ok_and(|file| file.len() == place.bytes);
        if is_whole(goal) {
            return Ok(true);
        }
        let Some(media) = &self.media else { return Ok(false) };
        // Told before anything is made: a missing blob is no failure.
        let blob = media.path(place.hash);
        if blob.as_ref().is_some_and(|blob| blob.metadata().is_err()) {
            return Ok(false);
        }
        let failed = |error| disk("write", goal)(error);
        self.make_room(goal).map_err(failed)?;
        if self.mode == MediaMode::Link
            && let Some(blob) = &blob
        {
            return link(blob, goal).map(|()| true).map_err(failed);
        }
        // An export of links holds the archive's own file, which is not given away as a copy.
        let is_copy =
            |path: &PathBuf| is_whole(path) && !blob.as_ref().is_some_and(|blob| is_same(path, blob));
        if let Some(before) = self.before.as_ref().map(|folder| folder.join(name)).filter(is_copy)
            && fs::hard_link(before, goal).is_ok()
        {
            return Ok(true);
        }
        // The thread may block: see `bring`.
        let copying = media.copy_to(place.hash, goal.to_owned());
        match Handle::current().block_on(copying) {
            Ok(()) => {}
            Err(MediaError::Missing { .. }) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
        // The archive's files may be there for reading alone.
        let rights = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        fs::set_permissions(goal, rights).map_err(failed)?;
        Ok(true)
    }

    fn make_room(&self, goal: &Path) -> io::Result<()> {
        if let Some(folder) = goal.parent() {
            fs::create_dir_all(folder)?;
        }
        if goal.symlink_metadata().is_ok() { fs::remove_file(goal) } else { Ok(()) }
    }
}

/// Whether both lead to one file, or that cannot be told.
fn is_same(path: &Path, blob: &Path) -> bool {
    let file = |path: &Path| path.metadata().map(|facts| (facts.dev(), facts.ino()));
    file(path).ok().zip(file(blob).ok()).is_none_or(|(one, other)| one == other)
}

fn link(blob: &Path, goal: &Path) -> io::Result<()> {
    fs::hard_link(blob, goal).or_else(|_| {
        let blob = std::path::absolute(blob)?;
        std::os::unix::fs::symlink(blob, goal)
    })
}

/// The readable name of the archive, or the hash if that would lead elsewhere.
fn name(place: &FilePlace) -> String {
    let path = Path::new(&place.link);
    let is_inside =
        !place.link.is_empty() && path.components().all(|part| matches!(part, Component::Normal(_)));
    let name = if is_inside { place.link.clone() } else { place.hash.to_hex() };
    format!("{EXPORT_MEDIA}/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        archive::{BlobHash, FileKey, media::LocalMedia},
        model::MessageId,
    };

    fn hash() -> BlobHash {
        BlobHash([7; 32])
    }

    fn store(root: &Path) -> MediaStore {
        MediaStore::Local(LocalMedia::open(root.join("archive")).unwrap())
    }

    fn porter(root: &Path, mode: MediaMode) -> Porter {
        Porter {
            media: Some(Arc::new(store(root))),
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
        FileState::Held(FilePlace { hash: hash(), bytes: 5, link: link.into() })
    }

    /// On a thread that may block.
    fn bring(porter: &mut Porter, state: FileState) -> Value {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let _entered = runtime.enter();
        porter.bring(&file(state)).unwrap()
    }

    fn keep(root: &Path) -> PathBuf {
        let blob = store(root).path(hash()).unwrap();
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
                let told = bring(&mut porter, held("-7/a b.txt"));
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
    fn copies_are_copies_though_there_were_links_before() {
        for is_symbolic in [true, false] {
            let root = tempfile::tempdir().unwrap();
            let blob = keep(root.path());
            let before = root.path().join("before");
            fs::create_dir_all(before.join("media")).unwrap();
            match is_symbolic {
                true => std::os::unix::fs::symlink(&blob, before.join("media/a.txt")).unwrap(),
                false => fs::hard_link(&blob, before.join("media/a.txt")).unwrap(),
            }
            let mut porter = Porter { before: Some(before), ..porter(root.path(), MediaMode::Copy) };
            bring(&mut porter, held("a.txt"));
            let copy = root.path().join("out/media/a.txt");
            assert_eq!(fs::read_to_string(&copy).unwrap(), "hello");
            fs::write(copy, "mine now").unwrap();
            assert_eq!(fs::read_to_string(blob).unwrap(), "hello");
        }
    }

    #[test]
    fn copies_of_before_cost_no_room_again() {
        let root = tempfile::tempdir().unwrap();
        keep(root.path());
        let before = root.path().join("before");
        fs::create_dir_all(before.join("media")).unwrap();
        fs::write(before.join("media/a.txt"), "hello").unwrap();
        let mut porter = Porter { before: Some(before.clone()), ..porter(root.path(), MediaMode::Copy) };
        bring(&mut porter, held("a.txt"));
        assert!(is_same(&root.path().join("out/media/a.txt"), &before.join("media/a.txt")));
    }

    #[test]
    fn names_do_not_lead_out() {
        for link in ["../../x", "/etc/x", ""] {
            let root = tempfile::tempdir().unwrap();
            keep(root.path());
            let told = bring(&mut porter(root.path(), MediaMode::Copy), held(link));
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
            assert_eq!(bring(&mut porter, state)["absence"], absence);
        }
        assert_eq!(porter.figures.missing, 5);
    }
}
