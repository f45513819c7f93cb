//! Small pictures of chats and people: fetched when they are new, and kept.

use std::sync::Arc;

use tapedeck::{
    archive::{
        AvatarsPage,
        media::{LocalMedia, MediaStore},
    },
    capture::{FetchAvatars, FetchedAvatars, Tell},
    model::{Avatars, PeerId},
};
use tapedeck_sim::telegram::{Fault, Peer};

use super::stage::{Stage, WITH_GRACE};
use crate::support::{ADA, GRACE, soon};

const GROUP: PeerId = PeerId::channel(55);
pub(super) const LINUS: i64 = 3;

struct Album {
    stage: Stage,
    media: Arc<MediaStore>,
    folder: tempfile::TempDir,
}

impl Album {
    /// Grace, and a group in which Linus speaks, have pictures.
    async fn open() -> Self {
        let stage = Stage::open().await;
        stage.scene.telegram(|t| {
            t.add_user(LINUS, "Linus");
            t.add_supergroup(55, "Group", GRACE);
            t.join(Peer::Channel(55), ADA);
            t.join(Peer::Channel(55), LINUS);
            t.say(Peer::Channel(55), LINUS, "hello");
        });
        stage.scene.grace_says(1);
        let album = {
            let folder = tempfile::tempdir().unwrap();
            let media = Arc::new(MediaStore::Local(LocalMedia::open(folder.path().to_owned()).unwrap()));
            Self { stage, media, folder }
        };
        album.shows(GRACE);
        album.shows(LINUS);
        let photo = album.stage.scene.telegram(|t| t.add_photo(picture(55), 640, 640).id);
        album.stage.scene.telegram(|t| t.channels.get_mut(&55).unwrap().profile.photos = vec![photo]);
        album.stage.sweep().await;
        album
    }

    /// Somebody has a new picture.
    fn shows(&self, user: i64) {
        self.stage.scene.telegram(|t| {
            let count = t.profiles.get(&user).map_or(0, |profile| profile.photos.len());
            let photo = t.add_photo(picture(user * 100 + count as i64), 640, 640).id;
            t.profiles.entry(user).or_default().photos.insert(0, photo);
        });
    }

    async fn fetch(&self, whose: Avatars, asks: bool) -> FetchedAvatars {
        let (capture, media) = (self.stage.capture(), self.media.clone());
        let work = FetchAvatars { capture, media, whose, asks, tell: Tell::nobody() };
        let (fetched, ended) = soon(work.run()).await;
        ended.unwrap();
        fetched
    }

    /// How many are held of somebody.
    async fn held(&self, peer: PeerId) -> usize {
        let account = self.stage.key(peer).account;
        let page = AvatarsPage { account, peer: Some(peer), after: None, limit: 10 };
        let held = self.stage.store.avatars(page).await.unwrap();
        for (peer, record) in &held {
            let name = format!("avatars/{peer}_{}.jpg", record.photo);
            let link = self.folder.path().join(&name);
            assert!(std::fs::read(&link).is_ok_and(|bytes| bytes.starts_with(&[0xff, 0xd8])), "{name}");
        }
        held.len()
    }
}

/// Something that begins like a photo.
pub(super) fn picture(seed: i64) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8, 0xff];
    bytes.extend(seed.to_le_bytes().repeat(500));
    bytes
}

#[tokio::test]
async fn new_pictures_come_once_and_earlier_ones_stay() {
    let album = Album::open().await;
    let first = album.fetch(Avatars::Chats, false).await;
    assert_eq!((first.fetched, first.failed), (2, 0), "{first}");
    assert_eq!((album.held(WITH_GRACE).await, album.held(GROUP).await), (1, 1));
    assert_eq!(album.held(PeerId::user(LINUS)).await, 0, "there is no chat with him");
    album.stage.forget_calls();
    assert_eq!(album.fetch(Avatars::Chats, false).await.fetched, 0);
    assert_eq!(album.stage.all_calls(), 0, "what is there is not asked for again");
    album.shows(GRACE);
    album.stage.sweep().await;
    assert_eq!(album.fetch(Avatars::Chats, false).await.fetched, 1);
    assert_eq!(album.held(WITH_GRACE).await, 2);
    album.stage.finish();
}

#[tokio::test]
async fn everybody_is_asked_for() {
    let album = Album::open().await;
    assert_eq!(album.fetch(Avatars::All, false).await.fetched, 3);
    album.shows(LINUS);
    assert_eq!(album.fetch(Avatars::All, false).await.fetched, 0, "he has said nothing since");
    let fetched = album.fetch(Avatars::All, true).await;
    assert_eq!(fetched.fetched, 1, "{fetched}");
    assert_eq!(album.held(PeerId::user(LINUS)).await, 2);
    assert_eq!(album.fetch(Avatars::Off, true).await.asked, 0);
    album.stage.finish();
}

#[tokio::test]
async fn pictures_that_never_come_are_given_up() {
    let mut album = Album::open().await;
    album.stage.section.media.attempts = 2;
    album.stage.scene.telegram(|t| {
        t.faults.add(Fault::refuse(400, "PHOTO_INVALID").on("upload.getFile").times(1000));
    });
    for _ in 0..2 {
        assert_eq!(album.fetch(Avatars::Chats, false).await.failed, 2);
    }
    album.stage.forget_calls();
    assert_eq!(album.fetch(Avatars::Chats, false).await.failed, 0);
    assert_eq!(album.stage.scene.calls("upload.getFile"), 0);
    album.stage.scene.telegram(|t| t.faults.clear());
    album.shows(GRACE);
    album.stage.sweep().await;
    assert_eq!(album.fetch(Avatars::Chats, false).await.fetched, 1, "another picture is another try");
    album.stage.finish();
}
