//! A process is killed in the middle of downloads and of sending, again and again: no half file
//! under its name, no part fetched twice that had been written, no message twice or left out.
//!
//! `TAPEDECK_TEST_KILLS=1000` takes some minutes.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use grammers_tl_types::types;
use serde::{Deserialize, Serialize};
use tapedeck::{
    clock::{Clock as _, SystemClock},
    model::{File, MessageId, PeerId},
    state::State,
    telegram::{
        download::{DownloadLimits, Downloads, Origin, Wanted, Watcher},
        upload::{Content, Post, Sends, Upload, Uploads},
    },
};
use tapedeck_sim::telegram::{Peer, message};

use crate::{
    download::{files_of, grace_sends, is_whole},
    support::{
        child::{FOLDER, Login, child},
        *,
    },
};

const PART: u64 = 512 * 1024;
const FILE: i64 = 700;

/// What the child is told, as JSON in its folder.
#[derive(Serialize, Deserialize)]
struct Told {
    login: Login,
    files: Vec<(MessageId, File)>,
}

impl Told {
    fn write(scene: &Scene, folder: &Path, files: Vec<(MessageId, File)>) {
        let told = serde_json::to_vec(&Self { login: Login::of(scene), files }).unwrap();
        fs::write(folder.join("told.json"), told).unwrap();
    }
}

struct Kills {
    left: u32,
    random: u64,
}

impl Kills {
    fn planned(usual: u32) -> Self {
        let left = variable("TAPEDECK_TEST_KILLS").and_then(|text| text.parse().ok()).unwrap_or(usual);
        Self { left, random: 0x2545_F491_4F6C_DD1D }
    }

    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        self.random >> 33
    }

    /// Starts a child, waits for some lines and a moment, and kills it. All that it said.
    fn kill_child(&mut self, test: &str, folder: &Path, most_lines: u64) -> Vec<String> {
        self.left -= 1;
        let count = usize::try_from(self.random() % most_lines).unwrap() + 1;
        let mut child = start(test, folder);
        let mut lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
            .filter(|it| it.starts_with("! "));
        let mut said: Vec<String> = lines.by_ref().take(count).collect();
        std::thread::sleep(Duration::from_micros(self.random() % 8_000));
        child.kill().unwrap();
        child.wait().unwrap();
        said.extend(lines);
        said
    }
}

fn start(test: &str, folder: &Path) -> std::process::Child {
    child(test, folder).stdout(Stdio::piped()).spawn().unwrap()
}

fn number(line: &str) -> u64 {
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_downloads_resume_at_the_part() {
    let scene = Scene::open().await;
    let folder = tempfile::tempdir().unwrap();
    let mut kills = Kills::planned(6);
    let message = grace_sends(&scene, FILE, 40 * PART + 5, HOME);
    let files = files_of(&scene.client(), &[message]).await;
    Told::write(&scene, folder.path(), files);
    let (mut kept, mut finished, mut resumed) = (0, 0, 0);
    while kills.left > 0 {
        let said = tokio::task::block_in_place(|| {
            kills.kill_child("kills::downloads_until_killed", folder.path(), 12)
        });
        // First what the child found, then what it has written after each part.
        let found = said.first().map_or(0, |line| number(line));
        assert!(found >= kept, "{kept} bytes were written before the kill, {found} are there after it");
        resumed += u32::from(found > 0);
        kept = said.last().map_or(kept, |line| number(line));
        let path = folder.path().join("whole");
        if path.exists() {
            assert!(is_whole(&scene, FILE, &path), "a file under its name is whole");
            fs::remove_file(&path).unwrap();
            (kept, finished) = (0, finished + 1);
        }
    }
    while !folder.path().join("whole").exists() {
        let mut last = start("kills::downloads_until_killed", folder.path());
        tokio::task::block_in_place(|| last.wait()).unwrap();
    }
    assert!(is_whole(&scene, FILE, &folder.path().join("whole")));
    assert!(resumed > 0, "the test has something to look at; {finished} files were finished");
    scene.finish();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it is the process that `killed_downloads_resume_at_the_part` kills"]
async fn downloads_until_killed() {
    let Some(folder) = variable(FOLDER) else { return };
    let folder = Path::new(&folder);
    let told: Told = serde_json::from_slice(&fs::read(folder.join("told.json")).unwrap()).unwrap();
    let downloads = Downloads::new(told.login.client(), Arc::new(SystemClock), DownloadLimits::default());
    let (message, file) = &told.files[0];
    let origin = Origin { chat: PeerId::user(GRACE), message: *message };
    let wanted = Wanted::of(file, Some(origin), SystemClock.now(), folder.join("whole")).unwrap();
    let progress = Arc::new(|progress: tapedeck::telegram::download::DownloadProgress| {
        println!("\n! has {}", progress.done_bytes);
    });
    downloads.fetch(&wanted, &Watcher { progress: Some(progress), ..Watcher::default() }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_sender_posts_once() {
    let scene = Scene::open().await;
    let folder = tempfile::tempdir().unwrap();
    let mut kills = Kills::planned(6);
    Told::write(&scene, folder.path(), Vec::new());
    fs::write(folder.path().join("song.mp3"), vec![7; 70_000]).unwrap();
    let mut noted = 0;
    while kills.left > 0 {
        let said =
            tokio::task::block_in_place(|| kills.kill_child("kills::sends_until_killed", folder.path(), 6));
        noted = said.last().map_or(noted, |line| number(line).max(noted));
    }
    let texts: Vec<String> = scene.telegram(|t| {
        let history = t.history(ADA, Peer::User(ADA)).unwrap();
        history.ids_from(0).map(|id| message::text_of(&history.get(id).unwrap()).to_owned()).collect()
    });
    let expected: Vec<String> = (1..=texts.len()).map(|number| format!("song {number}")).collect();
    assert_eq!(texts, expected, "each once, in order");
    assert!(
        texts.len() as u64 >= noted && noted > 0,
        "{noted} were noted as sent, {} are there",
        texts.len()
    );
    scene.finish();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it is the process that `killed_sender_posts_once` kills"]
async fn sends_until_killed() {
    let Some(folder) = variable(FOLDER) else { return };
    let folder = Path::new(&folder);
    let told: Told = serde_json::from_slice(&fs::read(folder.join("told.json")).unwrap()).unwrap();
    let client = told.login.client();
    let state = State::open(folder).unwrap();
    let sends = Sends::new(client.clone(), state.clone(), Arc::new(SystemClock));
    let done =
        state.telegram_sends.of_account("main").unwrap().iter().filter(|send| send.sent.is_some()).count();
    for number in done.max(1).. {
        let mut upload = Upload::open(&folder.join("song.mp3"), "song.mp3").unwrap();
        let uploads = Uploads::new(client.clone());
        let file = uploads.run(&mut upload, &Watcher::default()).await.unwrap();
        let post = Post {
            chat: PeerId::user(ADA),
            content: Content::File {
                media: Box::new(document(file)),
                document: Some(("song.mp3".into(), 70_000)),
            },
            caption: format!("song {number}"),
            entities: Vec::new(),
            is_silent: true,
        };
        sends.send(&format!("song-{number}"), &post).await.unwrap();
        println!("\n! sent {number}");
    }
}

/// A file of its own name, as a message carries it.
pub(crate) fn document(file: grammers_tl_types::enums::InputFile) -> grammers_tl_types::enums::InputMedia {
    let name = types::DocumentAttributeFilename { file_name: "song.mp3".into() };
    types::InputMediaUploadedDocument {
        nosound_video: false,
        force_file: true,
        spoiler: false,
        file,
        thumb: None,
        mime_type: "audio/mpeg".into(),
        attributes: vec![name.into()],
        stickers: None,
        video_cover: None,
        video_timestamp: None,
        ttl_seconds: None,
    }
    .into()
}
