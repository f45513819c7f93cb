//! Rows of messages that are not what was written are found and read again.

use std::sync::Arc;

use tapedeck::{
    archive::media::{LocalMedia, MediaStore},
    capture::{Tell, VerifiedMedia, VerifyMedia},
};
use tapedeck_sim::telegram::Spot;
use tempfile::TempDir;

use super::stage::{Stage, WITH_GRACE, open_store};
use crate::support::{ADA, soon};

struct Rows {
    stage: Stage,
    folder: TempDir,
    media: Arc<MediaStore>,
}

impl Rows {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut stage = Stage::open().await;
        stage.store = open_store(folder.path()).await;
        stage.scene.grace_says(4);
        stage.sweep().await;
        let media = MediaStore::Local(LocalMedia::open(folder.path().join("media")).unwrap());
        Self { stage, folder, media: Arc::new(media) }
    }

    async fn texts(&self) -> Vec<String> {
        self.stage.stored(WITH_GRACE).await.into_iter().map(|stored| stored.message.text).collect()
    }

    /// One bit of the first letter.
    fn flip(&self, text: &str) {
        let db = rusqlite::Connection::open(self.folder.path().join("archive.db")).unwrap();
        let mut flipped = text.to_owned().into_bytes();
        flipped[0] ^= 1;
        let flipped = String::from_utf8(flipped).unwrap();
        let rows = db.execute("update messages set text = ?2 where text = ?1", [text, &flipped]).unwrap();
        assert_eq!(rows, 1);
    }

    async fn verify(&self) -> VerifiedMedia {
        let (capture, media) = (self.stage.capture(), self.media.clone());
        let work = VerifyMedia { capture, media, removes_orphans: false, tell: Tell::nobody() };
        let (done, ended) = soon(work.run()).await;
        ended.unwrap();
        done
    }
}

#[tokio::test]
async fn a_damaged_message_is_read_again() {
    let rows = Rows::open().await;
    let texts = rows.texts().await;
    rows.stage.forget_calls();
    let whole = rows.verify().await;
    assert_eq!((whole.damaged_rows, whole.sealed, whole.is_wrong()), (0, 0, false), "{whole}");
    assert!(whole.rows >= 4, "{whole}");
    assert_eq!(rows.stage.all_calls(), 0, "what is whole is not asked for");
    rows.flip(&texts[1]);
    rows.flip(&texts[3]);
    assert_ne!(rows.texts().await, texts);
    let verified = rows.verify().await;
    let counts = (verified.damaged_rows, verified.mended_rows, verified.is_wrong());
    assert_eq!(counts, (2, 2, false), "{verified}");
    assert_eq!(rows.texts().await, texts);
    assert_eq!(rows.verify().await.damaged_rows, 0);
    rows.stage.finish();
}

#[tokio::test]
async fn a_damaged_message_that_telegram_has_no_more_stays_and_is_named() {
    let rows = Rows::open().await;
    let texts = rows.texts().await;
    rows.flip(&texts[0]);
    let damaged = rows.texts().await;
    let id = rows.stage.stored(WITH_GRACE).await[0].message.id;
    rows.stage.scene.telegram(|t| t.delete(Spot::Box { owner: ADA, id: id.0 }));
    for _ in 0..2 {
        let verified = rows.verify().await;
        assert!(verified.is_wrong() && verified.mended_rows == 0, "{verified}");
        assert_eq!(verified.damaged_messages, [format!("chat {WITH_GRACE}, message {id}")]);
        assert_eq!(rows.texts().await, damaged);
    }
    rows.stage.finish();
}
