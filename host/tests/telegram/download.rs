//! Downloads: whole or not at all, and no part twice.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use grammers_tl_types::{enums as tl, functions, types};
use jiff::Timestamp;
use tapedeck::{
    clock::{Clock as _, SystemClock},
    model::{Fetched, File, MessageId, PeerId},
    telegram::{
        Client,
        convert::fetched,
        download::{DownloadError, DownloadLimits, Downloaded, Downloads, Origin, Wanted, Watcher},
    },
};
use tapedeck_sim::telegram::{Content, Fault, File as Stored, Peer, blank};

use crate::support::*;

const PART: u64 = 512 * 1024;
const GET_FILE: &str = "upload.getFile";

/// A document that Grace sends to Ada, stored in a data centre.
pub(crate) fn grace_sends(scene: &Scene, id: i64, bytes: u64, dc: i32) -> MessageId {
    scene.telegram(|t| {
        let name = types::DocumentAttributeFilename { file_name: format!("{id}.bin") };
        let stored = Stored {
            id,
            access_hash: id + 1,
            dc,
            date: t.now(),
            mime: "application/octet-stream".into(),
            content: Content::Noise { seed: id.cast_unsigned(), len: bytes },
            thumbs: Vec::new(),
            attributes: vec![name.into()],
            photo: None,
        };
        let document = t.files.document(&stored);
        t.files.add(stored);
        let media = blank::media_document(document.into());
        let plain = blank::message(0, Peer::User(ADA), 0, "");
        let message = types::Message { media: Some(media.into()), ..plain };
        t.post(Peer::User(ADA), GRACE, message.into());
    });
    let newest = scene.telegram(|t| {
        let history = t.history(ADA, Peer::User(GRACE)).unwrap();
        history.top()
    });
    MessageId(newest)
}

/// The files of messages, as Telegram tells them now.
pub(crate) async fn files_of(client: &Client, messages: &[MessageId]) -> Vec<(MessageId, File)> {
    let mut files = Vec::new();
    for messages in messages.chunks(100) {
        let id = messages.iter().map(|id| types::InputMessageId { id: id.0 }.into()).collect();
        let answer = client.invoke(&functions::messages::GetMessages { id }).await.unwrap();
        let list = match answer {
            tl::messages::Messages::Messages(list) => list.messages,
            other => panic!("{other:?}"),
        };
        for message in list {
            let Fetched::Message(message) = fetched(message) else { panic!("it is gone") };
            files.extend(message.files().into_iter().map(|file| (message.id, file.clone())));
        }
    }
    files
}

pub(crate) fn wanted(message: MessageId, file: &File, path: &Path) -> Wanted {
    let origin = Origin { chat: PeerId::user(GRACE), message };
    Wanted::of(file, Some(origin), SystemClock.now(), path.to_owned()).unwrap()
}

pub(crate) fn is_whole(scene: &Scene, id: i64, path: &Path) -> bool {
    let expected = scene.telegram(|t| t.files.get(id).unwrap().content);
    fs::read(path).is_ok_and(|bytes| bytes == expected.read(0..expected.len()))
}

struct Setting {
    scene: Scene,
    client: Client,
    downloads: Downloads,
    folder: tempfile::TempDir,
}

impl Setting {
    async fn new() -> Self {
        let scene = Scene::open().await;
        let client = scene.client();
        let downloads = Downloads::new(client.clone(), scene.clock.clone(), DownloadLimits::default());
        Self { scene, client, downloads, folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, id: i64) -> PathBuf {
        self.folder.path().join(format!("{id}.bin"))
    }

    async fn one(&self, id: i64, bytes: u64, dc: i32) -> Wanted {
        let message = grace_sends(&self.scene, id, bytes, dc);
        let files = files_of(&self.client, &[message]).await;
        wanted(message, &files[0].1, &self.path(id))
    }

    async fn fetch(&self, wanted: &Wanted) -> Result<Downloaded, DownloadError> {
        soon(self.downloads.fetch(wanted, &Watcher::default())).await
    }

    fn assert_whole(&self, id: i64) {
        assert!(is_whole(&self.scene, id, &self.path(id)));
        let names: Vec<_> =
            fs::read_dir(self.folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert!(names.iter().all(|name| !name.to_string_lossy().contains(".part")), "{names:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn file_comes_whole_from_its_data_centre() {
    let setting = Setting::new().await;
    let wanted = setting.one(501, 3 * PART + 77, 4).await;
    let done = setting.fetch(&wanted).await.unwrap();
    assert_eq!(done, Downloaded { bytes: 3 * PART + 77, fetched_bytes: 3 * PART + 77 });
    setting.assert_whole(501);
    let calls = setting.scene.calls(GET_FILE);
    let again = setting.fetch(&wanted).await.unwrap();
    assert_eq!((again.fetched_bytes, setting.scene.calls(GET_FILE)), (0, calls), "it was there");
    setting.scene.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn short_part_is_fetched_again() {
    let setting = Setting::new().await;
    setting.scene.telegram(|t| t.faults.add(Fault::short_part(4096).on(GET_FILE).at_call(2).strict()));
    let wanted = setting.one(502, 4 * PART, HOME).await;
    setting.fetch(&wanted).await.unwrap();
    setting.assert_whole(502);
    assert_eq!(setting.scene.calls(GET_FILE), 5);
    setting.scene.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_that_stay_short_leave_no_file() {
    let setting = Setting::new().await;
    setting.scene.telegram(|t| t.faults.add(Fault::short_part(0).on(GET_FILE).always()));
    let wanted = setting.one(503, 2 * PART, HOME).await;
    let error = setting.fetch(&wanted).await.unwrap_err();
    assert!(matches!(error, DownloadError::Short { got: 0, .. }), "{error}");
    assert!(!setting.path(503).exists());
    // Nothing is lost by it: the next attempt succeeds.
    setting.scene.telegram(|t| t.faults.clear());
    setting.fetch(&wanted).await.unwrap();
    setting.assert_whole(503);
    setting.scene.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn reference_that_runs_out_at_a_part_is_renewed() {
    let setting = Setting::new().await;
    setting.scene.telegram(|t| t.faults.add(Fault::expired_reference().on(GET_FILE).at_call(4).strict()));
    let wanted = setting.one(504, 9 * PART, HOME).await;
    let before = setting.scene.calls("messages.getMessages");
    setting.fetch(&wanted).await.unwrap();
    setting.assert_whole(504);
    assert_eq!(setting.scene.calls("messages.getMessages") - before, 1, "all parts share one renewal");
    setting.scene.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn references_are_renewed_a_hundred_at_a_time() {
    let setting = Setting::new().await;
    let ids: Vec<i64> = (1_000..1_120).collect();
    let messages: Vec<MessageId> =
        ids.iter().map(|id| grace_sends(&setting.scene, *id, 1_000, HOME)).collect();
    let files = files_of(&setting.client, &messages).await;
    setting.scene.telegram(|t| t.files.expire_references());
    let wanted: Vec<Wanted> = files
        .iter()
        .map(|(message, file)| Wanted {
            told: Timestamp::UNIX_EPOCH,
            ..wanted(*message, file, &setting.path(file.id))
        })
        .collect();
    let before = setting.scene.calls("messages.getMessages");
    let mut failed = Vec::new();
    let watcher = Watcher::default();
    soon(setting.downloads.fetch_all(&wanted, &watcher, |one, end| {
        failed.extend(end.err().map(|error| (one.path.clone(), error)));
    }))
    .await;
    assert!(failed.is_empty(), "{failed:?}");
    ids.iter().for_each(|id| setting.assert_whole(*id));
    assert_eq!(setting.scene.calls("messages.getMessages") - before, 2);
    assert_eq!(setting.scene.calls(GET_FILE), ids.len(), "old references are not even tried");
    setting.scene.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn file_of_a_deleted_message_is_gone() {
    let setting = Setting::new().await;
    let mut wanted = setting.one(505, 1_000, HOME).await;
    wanted.origin = Some(Origin { chat: PeerId::user(GRACE), message: MessageId(9_999) });
    setting.scene.telegram(|t| t.files.expire_references());
    let error = setting.fetch(&wanted).await.unwrap_err();
    assert!(matches!(error, DownloadError::Gone { .. }) && !error.is_temporary(), "{error}");
    setting.scene.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_connection_costs_no_part_that_came() {
    let setting = Setting::new().await;
    let wanted = setting.one(506, 20 * PART, HOME).await;
    setting.scene.telegram(|t| {
        t.faults.add(Fault::close_after_bytes(3 * PART + 1_000).on(GET_FILE).at_call(6).strict());
    });
    let done = setting.fetch(&wanted).await.unwrap();
    assert_eq!(done.fetched_bytes, 20 * PART);
    setting.assert_whole(506);
    setting.scene.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn failed_download_resumes_at_the_part() {
    let setting = Setting::new().await;
    let wanted = setting.one(507, 8 * PART, HOME).await;
    setting.scene.telegram(|t| t.faults.add(Fault::refuse(400, "LOCATION_INVALID").on(GET_FILE).at_call(6)));
    let error = setting.fetch(&wanted).await.unwrap_err();
    assert!(matches!(error, DownloadError::Telegram { .. }), "{error}");
    assert!(!setting.path(507).exists());
    let done = setting.fetch(&wanted).await.unwrap();
    assert!(done.fetched_bytes <= 3 * PART, "{done:?}");
    setting.assert_whole(507);
    assert_eq!(setting.scene.calls(GET_FILE), 9, "each part once, and the refused one");
    setting.scene.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_download_keeps_what_came() {
    let setting = Setting::new().await;
    let wanted = setting.one(508, 12 * PART, HOME).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let mut watcher = Watcher::default();
    let (cancel, noted) = (watcher.cancel.clone(), Arc::clone(&seen));
    watcher.progress = Some(Arc::new(move |progress| {
        noted.lock().unwrap().push(progress.done_bytes);
        if progress.done_bytes >= 4 * PART {
            cancel.cancel();
        }
    }));
    let error = soon(setting.downloads.fetch(&wanted, &watcher)).await.unwrap_err();
    assert!(matches!(error, DownloadError::Cancelled), "{error}");
    assert!(!setting.path(508).exists());
    let done = setting.fetch(&wanted).await.unwrap();
    assert!(done.fetched_bytes <= 8 * PART, "{done:?}");
    assert!(seen.lock().unwrap().is_sorted());
    setting.assert_whole(508);
    setting.scene.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn large_file_is_compared_with_its_hashes() {
    let setting = Setting::new().await;
    let wanted = setting.one(509, 21 * PART, HOME).await;
    setting.fetch(&wanted).await.unwrap();
    setting.assert_whole(509);
    assert!(setting.scene.calls("upload.getFileHashes") > 0);
    setting.scene.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn file_that_is_not_its_hashes_is_never_shown() {
    let setting = Setting::new().await;
    let wanted = setting.one(510, 21 * PART, HOME).await;
    // Telegram gives other bytes for some parts than for its hashes, until the second half.
    let watcher =
        Watcher { progress: Some(other_bytes_after(&setting, 510, 10 * PART)), ..Watcher::default() };
    let done = soon(setting.downloads.fetch(&wanted, &watcher)).await.unwrap();
    assert!(done.fetched_bytes > 21 * PART, "{done:?}");
    setting.assert_whole(510);
    setting.scene.finish();
}

/// Replaces the content of a file as soon as so much of it has come.
fn other_bytes_after(
    setting: &Setting,
    id: i64,
    bytes: u64,
) -> Arc<dyn Fn(tapedeck::telegram::download::DownloadProgress) + Send + Sync> {
    let world = setting.scene.world.clone();
    Arc::new(move |progress| {
        if progress.done_bytes >= bytes {
            world.telegram(|t| {
                let mut stored = t.files.get(id).unwrap();
                stored.content = Content::Noise { seed: 1, len: stored.content.len() };
                t.files.add(stored);
            });
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn latency_is_hidden_by_parts_in_flight() {
    const LATENCY: Duration = Duration::from_millis(150);
    let setting = Setting::new().await;
    let wanted = setting.one(511, 19 * PART, HOME).await;
    setting.scene.telegram(|t| t.faults.latency.insert(HOME, LATENCY));
    setting.fetch(&wanted).await.unwrap();
    // No answer is quicker than the latency: calls within it were in flight together.
    let asked: Vec<_> = setting.scene.telegram(|t| {
        t.calls.made().iter().filter(|call| call.method == GET_FILE).map(|call| call.at).collect()
    });
    let together = |first| asked.iter().filter(|at| (first..first + LATENCY).contains(*at)).count();
    let most = asked.iter().map(|first| together(*first)).max().unwrap();
    assert!(most > 2, "{most} parts were in flight at most: no more than at first");
    setting.assert_whole(511);
    setting.scene.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn unwritable_folder_is_named() {
    let setting = Setting::new().await;
    let mut wanted = setting.one(512, 1_000, HOME).await;
    let file = setting.folder.path().join("a file");
    fs::write(&file, "").unwrap();
    wanted.path = file.join("512.bin");
    let error = setting.fetch(&wanted).await.unwrap_err();
    assert!(error.to_string().contains("a file"), "{error}");
    setting.scene.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn full_disk_is_told_and_overcome() {
    // A device that is always full.
    let setting = Setting::new().await;
    let mut wanted = setting.one(513, 1_000, HOME).await;
    let part = setting.folder.path().join("full.bin.part");
    std::os::unix::fs::symlink("/dev/full", &part).unwrap();
    wanted.path = setting.folder.path().join("full.bin");
    let error = setting.fetch(&wanted).await.unwrap_err();
    assert!(matches!(error, DownloadError::Disk { .. }), "{error}");
    assert!(error.to_string().contains("full.bin.part"), "{error}");
    fs::remove_file(&part).unwrap();
    setting.fetch(&wanted).await.unwrap();
    setting.scene.finish();
}
