//! Files go up whole, and messages once, whatever breaks on the way.

use std::{fs, path::PathBuf, sync::Arc};

use sha2::{Digest as _, Sha256};
use tapedeck::{
    clock::SystemClock,
    model::{MessageId, PeerId},
    telegram::{
        Client,
        download::Watcher,
        upload::{Content, Post, SendError, Sends, Upload, UploadError, Uploads},
    },
};
use tapedeck_sim::telegram::{Fault, Peer};

use crate::{kills::document, support::*};

const SEND: &str = "messages.sendMedia";
const PART: usize = 512 * 1024;

struct Setting {
    scene: Scene,
    client: Client,
    folder: tempfile::TempDir,
}

impl Setting {
    async fn new() -> Self {
        let scene = Scene::open().await;
        let client = scene.client();
        Self { scene, client, folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self, bytes: usize) -> PathBuf {
        let path = self.folder.path().join("song.mp3");
        let content: Vec<u8> = (0..bytes).map(|at| (at * 31 / 7) as u8).collect();
        fs::write(&path, content).unwrap();
        path
    }

    fn sends(&self) -> Sends {
        Sends::new(self.client.clone(), self.scene.state.clone(), Arc::new(SystemClock))
    }

    async fn post(&self, bytes: usize) -> Post {
        let mut upload = Upload::open(&self.file(bytes), "song.mp3").unwrap();
        let uploads = Uploads::new(self.client.clone());
        let file = soon(uploads.run(&mut upload, &Watcher::default())).await.unwrap();
        Post {
            chat: PeerId::user(ADA),
            content: Content::File {
                media: Box::new(document(file)),
                document: Some(("song.mp3".into(), bytes as u64)),
            },
            caption: "a song".into(),
            entities: Vec::new(),
            is_silent: false,
        }
    }

    fn saved(&self) -> Vec<i32> {
        self.scene.telegram(|t| {
            t.history(ADA, Peer::User(ADA)).map(|history| history.ids_from(0).collect()).unwrap_or_default()
        })
    }
}

async fn arrives_whole(bytes: usize) {
    let setting = Setting::new().await;
    let post = setting.post(bytes).await;
    let sent = soon(setting.sends().send("song", &post)).await.unwrap();
    let files = crate::download::files_of(&setting.client, &[sent]).await;
    let stored = setting.scene.telegram(|t| t.files.get(files[0].1.id).unwrap().content);
    let stored = stored.read(0..stored.len());
    assert_eq!(Sha256::digest(&stored), Sha256::digest(fs::read(setting.file(bytes)).unwrap()));
    setting.scene.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn small_file_arrives_whole() {
    arrives_whole(3 * PART + 1_234).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_file_arrives_whole() {
    arrives_whole(21 * PART + 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn second_run_sends_only_what_is_missing() {
    let setting = Setting::new().await;
    let method = "upload.saveFilePart";
    setting
        .scene
        .telegram(|t| t.faults.add(Fault::refuse(400, "FILE_PART_INVALID").on(method).at_call(6).strict()));
    let mut upload = Upload::open(&setting.file(12 * PART), "song.mp3").unwrap();
    let uploads = Uploads::new(setting.client.clone());
    let error = soon(uploads.run(&mut upload, &Watcher::default())).await.unwrap_err();
    assert!(matches!(error, UploadError::Telegram { .. }), "{error}");
    soon(uploads.run(&mut upload, &Watcher::default())).await.unwrap();
    assert_eq!(setting.scene.calls(method), 13, "each part once, and the refused one");
    setting.scene.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn intent_is_sent_once() {
    let setting = Setting::new().await;
    let post = setting.post(1_000).await;
    let first = soon(setting.sends().send("song", &post)).await.unwrap();
    let again = soon(setting.sends().send("song", &post)).await.unwrap();
    assert_eq!((first, setting.saved()), (again, vec![first.0]));
    let post = setting.post(1_000).await;
    let other = soon(setting.sends().send("the same song again", &post)).await.unwrap();
    assert_ne!(other, first);
    setting.scene.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_that_is_lost_sends_nothing_twice() {
    let setting = Setting::new().await;
    let post = setting.post(1_000).await;
    setting.scene.telegram(|t| t.faults.add(Fault::close_after().on(SEND).strict()));
    let sent = soon(setting.sends().send("song", &post)).await.unwrap();
    assert_eq!(setting.saved(), [sent.0]);
    assert_eq!(setting.scene.calls(SEND), 2, "the second is refused: it is there");
    setting.scene.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn text_whose_answer_was_lost_is_found() {
    let setting = Setting::new().await;
    let content = Content::Text { has_preview: false };
    let (chat, entities, is_silent) = (PeerId::user(ADA), Vec::new(), true);
    let text = Post { chat, content, caption: "now: a song".into(), entities, is_silent };
    let song = setting.post(1_000).await;
    let file = Post { caption: text.caption.clone(), ..song };
    let sent = soon(setting.sends().send("text", &text)).await.unwrap();
    soon(setting.sends().send("a file with the same words", &file)).await.unwrap();
    let sends = &setting.scene.state.telegram_sends;
    let record = sends.get("main", "text").unwrap().unwrap();
    sends.put(&tapedeck::state::TelegramSend { sent: None, ..record }).unwrap();
    assert_eq!(soon(setting.sends().send("text", &text)).await.unwrap(), sent);
    assert_eq!(setting.scene.calls("messages.sendMessage"), 1, "it is found, not sent");
    setting.scene.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn intent_left_open_is_found_in_the_chat() {
    let setting = Setting::new().await;
    let post = setting.post(1_000).await;
    let sent = soon(setting.sends().send("song", &post)).await.unwrap();
    // As after a kill between Telegram's answer and our note.
    let sends = &setting.scene.state.telegram_sends;
    let record = sends.get("main", "song").unwrap().unwrap();
    sends.put(&tapedeck::state::TelegramSend { sent: None, ..record }).unwrap();
    let calls = setting.scene.calls(SEND);
    assert_eq!(soon(setting.sends().send("song", &post)).await.unwrap(), sent);
    assert_eq!(setting.scene.calls(SEND), calls, "it is found, not sent");
    setting.scene.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn message_that_vanished_is_not_sent_again() {
    let setting = Setting::new().await;
    let post = setting.post(1_000).await;
    let sent: MessageId = soon(setting.sends().send("song", &post)).await.unwrap();
    let sends = &setting.scene.state.telegram_sends;
    let record = sends.get("main", "song").unwrap().unwrap();
    sends.put(&tapedeck::state::TelegramSend { sent: None, ..record }).unwrap();
    setting.scene.telegram(|t| {
        t.boxes.get_mut(&ADA).unwrap().histories.get_mut(&Peer::User(ADA)).unwrap().remove(sent.0)
    });
    let error = soon(setting.sends().send("song", &post)).await.unwrap_err();
    assert!(matches!(error, SendError::Vanished { .. }), "{error}");
    setting.scene.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_before_it_is_noted() {
    let setting = Setting::new().await;
    let post = setting.post(1_000).await;
    setting.scene.telegram(|t| t.faults.add(Fault::refuse(400, "CHAT_WRITE_FORBIDDEN").on(SEND).strict()));
    let error = soon(setting.sends().send("song", &post)).await.unwrap_err();
    assert!(matches!(error, SendError::Telegram { .. }), "{error}");
    let first = setting.scene.state.telegram_sends.get("main", "song").unwrap().unwrap();
    assert!(first.sent.is_none());
    soon(setting.sends().send("song", &post)).await.unwrap();
    let second = setting.scene.state.telegram_sends.get("main", "song").unwrap().unwrap();
    assert_eq!(second.random_id, first.random_id);
    setting.scene.finish();
}
