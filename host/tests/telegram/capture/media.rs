//! Files of messages come with the sweep, and are what they were.

use std::{path::Path, sync::Arc};

use serde_json::json;
use tapedeck::{
    archive::{
        FileState, FilesPage, MediaClass,
        media::{LocalMedia, MediaStore},
    },
    capture::{FetchMedia, FetchedMedia, Tell, VerifiedMedia, VerifyMedia},
};
use tapedeck_sim::telegram::{Fault, Peer, Spot, tl};

use super::stage::Stage;
use crate::support::{ADA, GRACE, soon};

const SMALL: usize = 300_000;
const LARGE: usize = 2_000_000;

/// A folder of files beside a stage.
pub(super) struct Shelf {
    pub(super) stage: Stage,
    media: Arc<MediaStore>,
    folder: tempfile::TempDir,
}

impl Shelf {
    /// Grace sends one file twice, another, and one that is too large.
    async fn open() -> Self {
        let mut stage = Stage::open().await;
        stage.rules(json!({ "media": { "max_size": "1MiB" } }));
        stage.scene.telegram(|t| {
            let name =
                |name: &str| vec![tl::types::DocumentAttributeFilename { file_name: name.to_owned() }.into()];
            let one = t.add_document(bytes(1, SMALL), "application/pdf", name("../notes #1.pdf"));
            let other = t.add_document(bytes(2, SMALL), "audio/ogg", name("voice.ogg"));
            let large = t.add_document(bytes(3, LARGE), "video/mp4", name("film.mp4"));
            for file in [&one, &one, &other, &large] {
                t.send_file(Peer::User(ADA), GRACE, file, "");
            }
        });
        Self::over(stage).await
    }

    /// Grace sends files of these lengths.
    pub(super) async fn of(lengths: &[usize]) -> Self {
        let stage = Stage::open().await;
        stage.scene.telegram(|t| {
            for (number, length) in lengths.iter().enumerate() {
                let file_name = format!("{number}.bin");
                let name = tl::types::DocumentAttributeFilename { file_name }.into();
                let file = t.add_document(bytes(number as u8, *length), "application/pdf", vec![name]);
                t.send_file(Peer::User(ADA), GRACE, &file, "");
            }
        });
        Self::over(stage).await
    }

    async fn over(stage: Stage) -> Self {
        stage.sweep().await;
        let folder = tempfile::tempdir().unwrap();
        let media = Arc::new(MediaStore::Local(LocalMedia::open(folder.path().to_owned()).unwrap()));
        Self { stage, media, folder }
    }

    pub(super) async fn fetch(&self) -> FetchedMedia {
        let (capture, media) = (self.stage.capture(), self.media.clone());
        let (done, ended) = soon(FetchMedia { capture, media, tell: Tell::nobody() }.run()).await;
        ended.unwrap();
        done
    }

    pub(super) async fn verify(&self) -> VerifiedMedia {
        let (capture, media) = (self.stage.capture(), self.media.clone());
        let work = VerifyMedia { capture, media, removes_orphans: true, tell: Tell::nobody() };
        let (done, ended) = soon(work.run()).await;
        ended.unwrap();
        done
    }

    async fn states(&self) -> Vec<FileState> {
        let page = FilesPage {
            account: None,
            chat: None,
            class: MediaClass::All,
            most_attempts: u32::MAX,
            after: 0,
            limit: 100,
        };
        let (files, _) = self.stage.store.files(page).await.unwrap();
        files.into_iter().map(|file| file.state).collect()
    }

    pub(super) fn blobs(&self) -> Vec<std::path::PathBuf> {
        let mut found = files_below(&self.folder.path().join("blobs"));
        found.sort();
        found
    }
}

pub(super) fn bytes(seed: u8, length: usize) -> Vec<u8> {
    (0..length).map(|at| seed ^ (at as u8) ^ ((at >> 8) as u8)).collect()
}

fn files_below(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn files_come_once_and_lie_under_readable_names() {
    let shelf = Shelf::open().await;
    let done = shelf.fetch().await;
    assert_eq!((done.fetched, done.skipped, done.failed), (3, 1, 0), "{:?}", shelf.states().await);
    assert_eq!(shelf.blobs().len(), 2, "the same bytes lie there once");
    let states = shelf.states().await;
    let held: Vec<_> = states
        .iter()
        .filter_map(|state| match state {
            FileState::Held(place) => Some(place),
            _ => None,
        })
        .collect();
    assert_eq!(held.len(), 3, "{states:?}");
    for place in held {
        let found = std::fs::read(shelf.folder.path().join(&place.link)).unwrap();
        assert!(found == bytes(1, SMALL) || found == bytes(2, SMALL), "{}", place.link);
        assert!(!place.link.contains("..") && !place.link.contains('#'), "{}", place.link);
    }
    let is_too_large =
        |state: &FileState| matches!(state, FileState::Skipped { why } if why.contains("1MiB"));
    assert_eq!(states.iter().filter(|state| is_too_large(state)).count(), 1, "{states:?}");
    shelf.stage.forget_calls();
    assert_eq!(shelf.fetch().await.fetched, 0);
    assert_eq!(shelf.stage.all_calls(), 0, "what is there is not asked for again");
    shelf.stage.finish();
}

#[tokio::test]
async fn what_is_damaged_or_missing_is_found_and_fetched_again() {
    let shelf = Shelf::open().await;
    shelf.fetch().await;
    let whole = shelf.verify().await;
    assert_eq!((whole.files, whole.blobs, whole.damaged, whole.missing), (3, 2, 0, 0), "{whole}");
    let blobs = shelf.blobs();
    let mut damaged = std::fs::read(&blobs[0]).unwrap();
    damaged[SMALL / 2] ^= 1;
    std::fs::write(&blobs[0], &damaged).unwrap();
    std::fs::remove_file(&blobs[1]).unwrap();
    let verified = shelf.verify().await;
    assert_eq!((verified.damaged, verified.missing, verified.is_wrong()), (1, 1, false), "{verified}");
    assert_eq!(shelf.blobs(), blobs);
    let again = shelf.verify().await;
    assert_eq!((again.damaged, again.missing), (0, 0), "{again}");
    shelf.stage.finish();
}

#[tokio::test]
async fn the_only_copy_is_never_given_up() {
    let shelf = Shelf::open().await;
    shelf.fetch().await;
    shelf.stage.scene.telegram(|t| {
        (1..=4).for_each(|id| t.delete(Spot::Box { owner: ADA, id }));
        t.files.expire_references();
    });
    let blobs = shelf.blobs();
    let mut damaged = std::fs::read(&blobs[0]).unwrap();
    damaged[7] ^= 1;
    std::fs::write(&blobs[0], &damaged).unwrap();
    let verified = shelf.verify().await;
    assert!(verified.is_wrong() && verified.mended == 0, "{verified}");
    assert_eq!(std::fs::read(&blobs[0]).unwrap(), damaged, "most of it is better than nothing");
    shelf.stage.finish();
}

#[tokio::test]
async fn other_rules_want_and_give_up_again() {
    let mut shelf = Shelf::open().await;
    shelf.stage.rules(json!({ "media": { "kinds": ["photo"] } }));
    let done = shelf.fetch().await;
    assert_eq!((done.fetched, done.skipped), (0, 4), "{done}");
    shelf.stage.rules(json!({ "media": {
        "kinds": ["photo"], "max_size": "1MiB",
        "chats": { GRACE.to_string(): { "kinds": ["document"], "max_size": "0B" } },
    } }));
    let done = shelf.fetch().await;
    assert_eq!((done.fetched, done.skipped), (4, 0), "what was left out is wanted now: {done}");
    assert_eq!(shelf.blobs().len(), 3);
    shelf.stage.rules(json!({ "media": { "skip_chats": [GRACE.to_string()] } }));
    assert_eq!(shelf.fetch().await.removed, 0);
    assert_eq!(shelf.blobs().len(), 3, "what is there stays, unless somebody says otherwise");
    shelf.stage.rules(json!({ "media": { "skip_chats": [GRACE.to_string()], "skip_deletes": true } }));
    assert_eq!(shelf.fetch().await.removed, 4);
    assert_eq!(shelf.blobs().len(), 0);
    shelf.stage.finish();
}

#[tokio::test]
async fn names_are_as_long_as_the_rules_allow() {
    let mut shelf = Shelf::open().await;
    shelf.stage.scene.telegram(|t| {
        let name = tl::types::DocumentAttributeFilename { file_name: format!("{}.pdf", "long".repeat(60)) };
        let file = t.add_document(bytes(9, 10), "application/pdf", vec![name.into()]);
        t.send_file(Peer::User(ADA), GRACE, &file, "");
    });
    shelf.stage.rules(json!({ "media": { "name_bytes": 90 } }));
    shelf.stage.sweep().await;
    shelf.fetch().await;
    let longest = shelf.states().await.into_iter().filter_map(|state| match state {
        FileState::Held(place) => place.link.split_once('/').map(|(_, name)| name.len()),
        _ => None,
    });
    let longest = longest.max().unwrap();
    assert!(
        (45..=50).contains(&longest),
        "{longest}: 40 bytes are kept free for names of files on their way"
    );
    shelf.stage.finish();
}

/// One that never comes would hold up every run at its front.
#[tokio::test]
async fn files_that_were_never_tried_come_before_those_that_failed() {
    let mut shelf = Shelf::of(&[10]).await;
    shelf.stage.rules(json!({ "media": { "files_at_once": 1 } }));
    let refused = || Fault::refuse(400, "LOCATION_INVALID").on("upload.getFile").always();
    shelf.stage.scene.telegram(|t| t.faults.add(refused()));
    assert_eq!(shelf.fetch().await.failed, 1);
    shelf.stage.scene.telegram(|t| {
        let name = tl::types::DocumentAttributeFilename { file_name: "new.bin".to_owned() }.into();
        let file = t.add_document(bytes(7, 10), "application/pdf", vec![name]);
        t.send_file(Peer::User(ADA), GRACE, &file, "");
        t.faults.clear();
        // Only the first question is answered.
        t.faults.add(refused().at_call(2));
    });
    shelf.stage.sweep().await;
    let done = shelf.fetch().await;
    assert_eq!((done.fetched, done.failed), (1, 1), "{done}");
    let states = shelf.states().await;
    assert!(
        matches!(states[..], [FileState::Wanted | FileState::Failed { .. }, FileState::Held(_)]),
        "{states:?}"
    );
    // A file is tried once in a run, and comes in the next one.
    shelf.stage.scene.telegram(|t| t.faults.clear());
    assert_eq!(shelf.fetch().await.fetched, 1);
    shelf.stage.finish();
}
