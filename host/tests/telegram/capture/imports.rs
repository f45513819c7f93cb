//! What was imported and what is captured are one archive, whichever comes first.

use std::{fs, sync::Arc};

use jiff::Timestamp;
use serde_json::{Value, json};
use tapedeck::{
    archive::{
        FileState, SharedStore, Stored, StoredFile,
        media::{LocalMedia, MediaStore},
    },
    capture::{FetchMedia, FetchedMedia, Tell, VerifiedMedia, VerifyMedia},
    clock::SystemClock,
    import::{Import, ImportSummary, Kind, Media, Place, Request},
    model::{AccountName, MessageId},
};
use tapedeck_sim::telegram::{Peer, tl};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::stage::{Stage, WITH_GRACE, open_store};
use crate::support::{ADA, GRACE, soon};

const TEXTS: i32 = 30;
/// The message with the file.
const FILE: i32 = TEXTS + 1;
const BYTES: &[u8] = b"a report that is on both sides";

/// An archive of its own, with a media folder.
struct Deck {
    store: SharedStore,
    media: Arc<MediaStore>,
    folder: tempfile::TempDir,
}

impl Deck {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open_store(folder.path()).await;
        let media = LocalMedia::open(folder.path().join("media")).unwrap();
        Self { store, media: Arc::new(MediaStore::Local(media)), folder }
    }

    async fn import(&self, messages: &[Value]) -> ImportSummary {
        let path = self.folder.path().join("export");
        fs::create_dir_all(path.join("files")).unwrap();
        fs::write(path.join("files/report.pdf"), BYTES).unwrap();
        let export = json!({ "name": "Grace", "type": "personal_chat", "id": GRACE, "messages": messages });
        fs::write(path.join("result.json"), export.to_string()).unwrap();
        let request = Request {
            place: Place::Path(path),
            kind: Kind::TelegramDesktop,
            account: AccountName::main(),
            chat: None,
            timezone: None,
            files_from: None,
            media: Media::Take(self.media.clone()),
        };
        let import = Import::open(request, self.store.clone(), Arc::new(SystemClock)).await.unwrap();
        let (progress, _) = watch::channel(ImportSummary::default());
        soon(import.run(CancellationToken::new(), progress)).await.unwrap()
    }

    async fn fetch(&self, stage: &Stage) -> FetchedMedia {
        let (done, ended) = soon(
            FetchMedia { capture: stage.capture(), media: self.media.clone(), tell: Tell::nobody() }.run(),
        )
        .await;
        ended.unwrap();
        done
    }

    async fn verify(&self, stage: &Stage) -> VerifiedMedia {
        let (capture, media) = (stage.capture(), self.media.clone());
        let work = VerifyMedia { capture, media, removes_orphans: true, tell: Tell::nobody() };
        let (done, ended) = soon(work.run()).await;
        ended.unwrap();
        done
    }

    async fn file(&self, stage: &Stage) -> StoredFile {
        let mut files = self.store.files_of(stage.key(WITH_GRACE), vec![MessageId(FILE)]).await.unwrap();
        assert_eq!(files.len(), 1, "one message, one file: {files:?}");
        files.remove(0)
    }
}

async fn stage() -> Stage {
    let stage = Stage::open().await;
    stage.scene.grace_says(TEXTS as usize);
    stage.scene.telegram(|t| {
        let name = vec![tl::types::DocumentAttributeFilename { file_name: "report.pdf".into() }.into()];
        let file = t.add_document(BYTES.to_vec(), "application/pdf", name);
        t.send_file(Peer::User(ADA), GRACE, &file, "as promised");
    });
    stage
}

/// What Telegram Desktop would write of messages that are known.
fn exported(stored: &[Stored]) -> Vec<Value> {
    let message = |stored: &Stored| {
        let message = &stored.message;
        let mut told = json!({
            "id": message.id.0, "type": "message", "date_unixtime": message.date.as_second().to_string(),
            "from": "Grace", "from_id": format!("user{GRACE}"), "text": message.text,
        });
        if message.id.0 == FILE {
            told["file"] = "files/report.pdf".into();
            told["file_name"] = "report.pdf".into();
            told["mime_type"] = "application/pdf".into();
        }
        told
    };
    stored.iter().map(message).collect()
}

#[tokio::test]
async fn imports_and_sweeps_meet_in_one_archive() {
    let mut stage = stage().await;
    let swept_first = Deck::open().await;
    stage.store = swept_first.store.clone();
    stage.sweep().await;
    assert_eq!(swept_first.fetch(&stage).await.fetched, 1);
    let all = stage.stored(WITH_GRACE).await;
    assert_eq!(all.len(), FILE as usize);
    // Somebody exported the end of the chat alone.
    let part = exported(&all[4..]);
    let before = stage.store.figures().await.unwrap().sequence;
    let known = swept_first.import(&part).await;
    assert_eq!((known.new, known.changed, known.files_known), (0, 0, 1), "{known:?}");
    assert_eq!(stage.store.figures().await.unwrap().sequence, before, "nothing has happened");
    assert_eq!(stage.stored(WITH_GRACE).await, all);
    let sync = stage.store.sync(stage.key(WITH_GRACE)).await.unwrap();

    let imported_first = Deck::open().await;
    stage.store = imported_first.store.clone();
    let new = imported_first.import(&part).await;
    assert_eq!((new.new, new.files_taken), (part.len() as u64, 1), "{new:?}");
    let proven = stage.store.sync(stage.key(WITH_GRACE)).await.unwrap();
    assert!(proven.cursor.is_none() && proven.coverage.is_empty(), "an export proves nothing: {proven:?}");
    assert_eq!(stage.sweep().await.new, 4, "what the export left out");
    stage.forget_calls();
    assert_eq!(imported_first.fetch(&stage).await.fetched, 0);
    assert_eq!(stage.scene.calls("upload.getFile"), 0, "the file is here already");
    assert_eq!(stage.stored(WITH_GRACE).await, all);
    assert_eq!(stage.store.sync(stage.key(WITH_GRACE)).await.unwrap(), sync);
    let hash = |file: StoredFile| match file.state {
        FileState::Held(place) => (file.key, place.hash, place.bytes),
        other => panic!("{other:?}"),
    };
    assert_eq!(hash(swept_first.file(&stage).await), hash(imported_first.file(&stage).await));
    for deck in [&swept_first, &imported_first] {
        assert_eq!(deck.media.list(None, 10).await.unwrap().len(), 1);
    }
    stage.finish();
}

#[tokio::test]
async fn verification_asks_for_nothing_that_was_imported() {
    let mut stage = stage().await;
    let deck = Deck::open().await;
    stage.store = deck.store.clone();
    let date = Timestamp::UNIX_EPOCH.as_second() + 1_700_000_000;
    let export = json!({
        "id": FILE, "type": "message", "date_unixtime": date.to_string(), "from": "Grace", "from_id": format!("user{GRACE}"),
        "text": "", "file": "files/report.pdf", "file_name": "report.pdf", "mime_type": "application/pdf",
    });
    deck.import(std::slice::from_ref(&export)).await;
    stage.forget_calls();
    let verified = deck.verify(&stage).await;
    assert_eq!((verified.files, verified.blobs, verified.is_wrong()), (1, 1, false), "{verified}");
    assert_eq!(deck.fetch(&stage).await.fetched, 0);
    assert_eq!(stage.all_calls(), 0, "nothing was asked for");
    let FileState::Held(place) = deck.file(&stage).await.state else { panic!("the file is held") };
    assert_eq!(fs::read(deck.folder.path().join("media").join(&place.link)).unwrap(), BYTES);
    // It is lost, and Telegram has never told of it: it is reported, and the import brings it back.
    deck.media.remove(place.hash).await.unwrap();
    let verified = deck.verify(&stage).await;
    assert!(verified.is_wrong() && verified.missing == 1, "{verified}");
    assert_eq!(deck.import(&[export]).await.files_taken, 1);
    assert!(!deck.verify(&stage).await.is_wrong());
    stage.finish();
}
