//! Files of a source become files of the archive.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::error::ImportError;
use crate::{
    archive::{
        BlobHash, FilePlace, FileState, StoredFile,
        media::{Claim, MediaError, MediaStore, NAME_BYTES, link_of, safe_name},
    },
    model::{File, FileRole, Message},
};

/// Which file of the archive a file of the source is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Target<'a> {
    /// This one, as the archive knows it.
    File(&'a File),
    /// It is here already, by this hash.
    Held(&'a File, BlobHash),
    /// Telegram has another one there.
    Other,
}

pub(super) fn target<'a>(known: &'a [StoredFile], file: &'a File, bytes: u64) -> Target<'a> {
    let same = known.iter().find(|it| it.key.file == file.id);
    let main = || known.iter().find(|it| it.file.role == FileRole::Main && it.file.form == file.form);
    let Some(stored) = same.or_else(main) else {
        return if known.is_empty() { Target::File(file) } else { Target::Other };
    };
    match &stored.state {
        FileState::Held(place) if place.bytes == bytes => Target::Held(&stored.file, place.hash),
        _ if is_other_size(&stored.file, bytes) => Target::Other,
        // One that is held is not given up for one that may be another.
        FileState::Held(place) => Target::Held(&stored.file, place.hash),
        _ => Target::File(&stored.file),
    }
}

fn is_other_size(file: &File, bytes: u64) -> bool {
    !file.is_imported()
        && file.size_bytes > 0
        && u64::try_from(file.size_bytes).is_ok_and(|size| size != bytes)
}

/// Most of a readable name, in bytes.
const LONGEST_NAME: usize = 80;

/// Takes files over into the media store. The source keeps its own.
#[derive(Clone, Debug)]
pub(crate) struct Keeper {
    media: Arc<MediaStore>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Held(FilePlace),
    /// The source's file cannot be read, and why.
    Unreadable(String),
}

impl Keeper {
    pub(crate) fn new(media: Arc<MediaStore>) -> Self {
        Self { media }
    }

    /// To be kept until the archive speaks of what was taken.
    pub(super) async fn claim(&self) -> Result<Claim, ImportError> {
        let path = self.media.arriving().to_owned();
        self.media.claim().await.map_err(|error| ImportError::Media { path, reason: chain(&error) })
    }

    /// Whether a blob that should be here is not. A bucket is not asked: that would take a call for each file.
    pub(super) fn has_lost(&self, hash: BlobHash) -> bool {
        self.media.path(hash).is_some_and(|path| !path.exists())
    }

    pub(super) async fn take(
        &self,
        path: &Path,
        message: &Message,
        file: &File,
    ) -> Result<Taken, ImportError> {
        let failed = |reason: String| ImportError::Media { path: path.to_owned(), reason };
        let arriving = self.media.arriving().join(format!("import-{}", uuid::Uuid::now_v7()));
        let (from, to) = (path.to_owned(), arriving.clone());
        let copied = tokio::task::spawn_blocking(move || link_or_copy(&from, &to)).await;
        match copied.map_err(|error| failed(error.to_string()))? {
            Ok(()) => {}
            Err(Refused::Source(error)) => return Ok(Taken::Unreadable(error.to_string())),
            Err(Refused::Target(error)) => return Err(failed(error.to_string())),
        }
        let placed = match self.media.put(arriving.clone()).await {
            Ok(placed) => placed,
            Err(error) => {
                // What is left of it is tidied away with the rest that never arrived.
                let _ = fs::remove_file(&arriving);
                return match error {
                    MediaError::Disk { action: "read", source, .. } => {
                        Ok(Taken::Unreadable(source.to_string()))
                    }
                    error => Err(failed(chain(&error))),
                };
            }
        };
        let link = link(path, message, file);
        self.media.link(link.clone(), placed.hash).await.map_err(|error| failed(chain(&error)))?;
        Ok(Taken::Held(FilePlace { hash: placed.hash, bytes: placed.bytes, link }))
    }
}

fn chain(error: &MediaError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// As a capture would name it. Without a number of Telegram's, the message's makes the name one of its own.
fn link(path: &Path, message: &Message, file: &File) -> String {
    if file.id > 0 {
        return link_of(message.chat, file, NAME_BYTES);
    }
    let original = file
        .name
        .clone()
        .unwrap_or_else(|| path.file_name().unwrap_or_default().to_string_lossy().into_owned());
    format!("{}/message{}_{}", message.chat, message.id, safe_name(&original, LONGEST_NAME))
}

enum Refused {
    Source(io::Error),
    Target(io::Error),
}

/// A second name for the same bytes costs nothing; across disks they are copied.
fn link_or_copy(from: &Path, to: &PathBuf) -> Result<(), Refused> {
    let mut source = fs::File::open(from).map_err(Refused::Source)?;
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    let mut target = fs::File::create(to).map_err(Refused::Target)?;
    io::copy(&mut source, &mut target).map(drop).map_err(|error| {
        // The first error is the one that counts.
        let _ = fs::remove_file(to);
        Refused::Target(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        archive::{FileKey, media::LocalMedia},
        import::blank,
        model::{FileForm, MessageId, PeerId},
    };

    fn file(id: i64, dc: i32, size_bytes: i64) -> File {
        let mut file = blank::file(FileForm::Photo, jiff::Timestamp::UNIX_EPOCH);
        (file.id, file.dc, file.size_bytes) = (id, dc, size_bytes);
        file
    }

    fn stored(file: File, state: FileState) -> StoredFile {
        let key = FileKey { chat: PeerId(1), id: MessageId(1), file: file.id };
        StoredFile { account: "default".parse().unwrap(), key, file, state, attempts: 0 }
    }

    fn held(bytes: u64) -> FileState {
        FileState::Held(FilePlace { hash: BlobHash([0; 32]), bytes, link: "1/a".into() })
    }

    #[tokio::test]
    async fn a_file_that_has_gone_stops_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let media = LocalMedia::open(folder.path().join("media")).unwrap();
        let keeper = Keeper::new(Arc::new(MediaStore::Local(media)));
        let message =
            blank::message(crate::import::Kind::Json, PeerId(1), MessageId(1), jiff::Timestamp::UNIX_EPOCH);
        let taken = keeper.take(&folder.path().join("a.jpg"), &message, &file(-1, 0, 5)).await.unwrap();
        assert!(matches!(taken, Taken::Unreadable(_)), "{taken:?}");
    }

    #[test]
    fn a_file_finds_its_place() {
        let imported = file(-1, 0, 500);
        let (telegrams, larger) = (file(777, 2, 500), file(777, 2, 501));
        let hash = BlobHash([0; 32]);
        let wanted = |file: &File| [stored(file.clone(), FileState::Wanted)];
        assert_eq!(target(&[], &imported, 500), Target::File(&imported));
        assert_eq!(target(&wanted(&imported), &imported, 500), Target::File(&imported));
        assert_eq!(
            target(&[stored(imported.clone(), held(500))], &imported, 500),
            Target::Held(&imported, hash)
        );
        // Captured already, not fetched yet: it need not be.
        assert_eq!(target(&wanted(&telegrams), &imported, 500), Target::File(&telegrams));
        assert_eq!(target(&wanted(&larger), &imported, 500), Target::Other);
        assert_eq!(target(&[stored(larger, held(501))], &imported, 500), Target::Other);
        let mut video = telegrams;
        video.form = FileForm::Document;
        assert_eq!(target(&wanted(&video), &imported, 500), Target::Other);
    }
}
