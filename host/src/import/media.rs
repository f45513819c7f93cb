//! Which files of the archive the files of a source are.

use crate::{
    archive::{FileState, StoredFile},
    model::{File, FileRole},
};

/// Which file of the archive a file of the source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The one of this number.
    File(i64),
    /// It is here already.
    Held,
    /// Telegram has another one there.
    Other,
}

pub(super) fn target(known: &[StoredFile], file: &File, bytes: u64) -> Target {
    let same = known.iter().find(|it| it.key.file == file.id);
    let main = || known.iter().find(|it| it.file.role == FileRole::Main && it.file.form == file.form);
    let Some(stored) = same.or_else(main) else {
        return if known.is_empty() { Target::File(file.id) } else { Target::Other };
    };
    match &stored.state {
        FileState::Held(place) if place.bytes == bytes => Target::Held,
        _ if is_other_size(&stored.file, bytes) => Target::Other,
        // One that is held is not given up for one that may be another.
        FileState::Held(_) => Target::Held,
        _ => Target::File(stored.key.file),
    }
}

fn is_other_size(file: &File, bytes: u64) -> bool {
    !file.is_imported()
        && file.size_bytes > 0
        && u64::try_from(file.size_bytes).is_ok_and(|size| size != bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        archive::{BlobHash, FileKey, FilePlace},
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

    #[test]
    fn a_file_finds_its_place() {
        let imported = file(-1, 0, 500);
        assert_eq!(target(&[], &imported, 500), Target::File(-1));
        assert_eq!(target(&[stored(file(-1, 0, 500), FileState::Wanted)], &imported, 500), Target::File(-1));
        assert_eq!(target(&[stored(file(-1, 0, 500), held(500))], &imported, 500), Target::Held);
        // Captured already, not fetched yet: it need not be.
        assert_eq!(
            target(&[stored(file(777, 2, 500), FileState::Wanted)], &imported, 500),
            Target::File(777)
        );
        assert_eq!(target(&[stored(file(777, 2, 501), FileState::Wanted)], &imported, 500), Target::Other);
        assert_eq!(target(&[stored(file(777, 2, 501), held(501))], &imported, 500), Target::Other);
        let mut video = file(777, 2, 500);
        video.form = FileForm::Document;
        assert_eq!(target(&[stored(video, FileState::Wanted)], &imported, 500), Target::Other);
    }
}
