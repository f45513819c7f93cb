//! The bytes of what is removed for good go, too.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tapedeck::{
    archive::media::{LocalMedia, MediaStore},
    capture::{Capture, FetchMedia, Prune, Pruned, Sweep, Tell},
    clock::ManualClock,
};
use tapedeck_sim::telegram::{Peer, Spot};

use super::stage::{Stage, WITH_GRACE, rechecks};
use crate::support::{ADA, GRACE, soon};

/// Grace has sent one file twice, and another.
struct Shelf {
    stage: Stage,
    media: Arc<MediaStore>,
    folder: tempfile::TempDir,
}

impl Shelf {
    async fn open(rules: serde_json::Value) -> Self {
        let mut stage = Stage::open().await;
        stage.rules(rules);
        stage.scene.telegram(|t| {
            let shared = t.add_document(vec![7; 3_000], "application/pdf", Vec::new());
            let single = t.add_document(vec![8; 3_000], "application/pdf", Vec::new());
            for file in [&single, &shared, &shared] {
                t.send_file(Peer::User(ADA), GRACE, file, "");
                t.advance(3_600);
            }
        });
        stage.sweep().await;
        let folder = tempfile::tempdir().unwrap();
        let media = Arc::new(MediaStore::Local(LocalMedia::open(folder.path().to_owned()).unwrap()));
        let fetch = FetchMedia { capture: stage.capture(), media: media.clone(), tell: Tell::nobody() };
        let (done, ended) = soon(fetch.run()).await;
        ended.unwrap();
        assert_eq!(done.fetched, 3);
        let shelf = Self { stage, media, folder };
        assert_eq!(shelf.held().await, (2, 2));
        shelf
    }

    /// Blobs, and names of them.
    async fn held(&self) -> (usize, usize) {
        let names = std::fs::read_dir(self.folder.path().join(GRACE.to_string())).unwrap().count();
        (self.media.list(None, 10).await.unwrap().len(), names)
    }

    async fn prune(&self, before: Timestamp, media: Option<Arc<MediaStore>>) -> Pruned {
        let (capture, tell) = (self.stage.capture(), Tell::nobody());
        soon(Prune { capture, chats: vec![WITH_GRACE], before, media, tell }.run()).await.unwrap()
    }
}

#[tokio::test]
async fn pruning_gives_the_room_back() {
    let shelf = Shelf::open(json!({})).await;
    let dates: Vec<_> = shelf.stage.stored(WITH_GRACE).await.iter().map(|it| it.message.date).collect();
    let media = || Some(shelf.media.clone());
    assert_eq!(shelf.prune(dates[1], media()).await.removed, 1);
    assert_eq!(shelf.held().await, (1, 1));
    assert_eq!(shelf.prune(dates[2], media()).await.removed, 1);
    assert_eq!(shelf.held().await, (1, 1), "another message has the same file");
    let after_all = dates[2] + SignedDuration::from_secs(1);
    // Files come in just then: their turn is with the next run, which finds no message to remove.
    let claim = shelf.media.claim().await.unwrap();
    assert_eq!(shelf.prune(after_all, media()).await.files, 1);
    assert_eq!(shelf.held().await, (1, 1));
    drop(claim);
    assert_eq!(shelf.prune(after_all, media()).await.files, 0);
    assert_eq!(shelf.held().await, (0, 0));
    shelf.stage.finish();
}

#[tokio::test]
async fn hard_deletions_that_are_carried_out_give_the_room_back() {
    let shelf = Shelf::open(json!({ "deletions": "hard", "undo_window": "1h" })).await;
    let clock = ManualClock::at("2026-01-01T12:00:00Z".parse().unwrap());
    let capture = || Capture { clock: clock.clone(), ..shelf.stage.capture() };
    let sweep = async || {
        let (swept, ended) = soon(Sweep { capture: capture(), tell: Tell::nobody() }.run()).await;
        ended.unwrap();
        soon(capture().reclaim(&shelf.media)).await.unwrap();
        swept.removed
    };
    shelf.stage.scene.telegram(|t| t.delete(Spot::Box { owner: ADA, id: 1 }));
    rechecks(capture()).await;
    assert_eq!((sweep().await, shelf.held().await), (0, (2, 2)), "it may still be brought back");
    clock.advance(SignedDuration::from_hours(2));
    assert_eq!((sweep().await, shelf.held().await), (1, (1, 1)));
    shelf.stage.finish();
}
