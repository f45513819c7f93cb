//! Processes that capture are killed again and again, over both engines: nothing is lost, nothing is there twice,
//! cursors never go back, and the engine finds nothing wrong.
//!
//! `TAPEDECK_TEST_KILLS=1000` takes some minutes.

mod listen;
mod sweep;

use std::{
    io::{BufRead as _, BufReader, Lines},
    process::{Child, ChildStdout, Stdio},
    sync::Arc,
    time::Duration,
};

use tapedeck::{
    archive::{Around, ChatKey, MessagePage, SharedStore, Stored},
    capture::Capture,
    clock::SystemClock,
    config::CaptureSection,
    model::{AccountName, MessageId, PeerId},
    telegram::Client,
};
use tempfile::TempDir;

use super::engine::{self, On};
use crate::support::{
    Scene,
    child::{FOLDER, Login, child},
    random::Random,
    variable,
};

const GROUP: PeerId = PeerId::channel(55);
const LOGIN: &str = "login.json";
const USUAL: u32 = 15;

/// What the test and the processes that it kills have in common.
struct Yard {
    folder: TempDir,
    login: Login,
    on: On,
    random: Random,
    left: u32,
}

impl Yard {
    async fn open(scene: &Scene, on: On) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let login = Login::of(scene);
        std::fs::write(folder.path().join(LOGIN), serde_json::to_vec(&login).unwrap()).unwrap();
        on.make_anew(folder.path()).await;
        let left = variable("TAPEDECK_TEST_KILLS").and_then(|text| text.parse().ok()).unwrap_or(USUAL);
        Self { folder, login, on, random: Random::new(), left }
    }

    async fn archive(&self) -> SharedStore {
        engine::open(self.folder.path()).await
    }

    fn start(&self, test: &str) -> Doomed {
        let mut process = child(test, self.folder.path()).stdout(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(process.stdout.take().unwrap()).lines();
        Doomed { process, said }
    }

    /// The archive as a killed process has left it, when nothing of it is on its way any more.
    async fn left_behind(&self) -> SharedStore {
        engine::settled(self.folder.path()).await;
        let store = self.archive().await;
        assert_eq!(store.check().await.unwrap(), [""; 0], "seed {}", self.random.seed);
        store
    }
}

/// A process that is going to be killed.
struct Doomed {
    process: Child,
    said: Lines<BufReader<ChildStdout>>,
}

impl Doomed {
    /// Waits for so many words of it, or for its end.
    fn hear(&mut self, words: usize) {
        let said = self.said.by_ref().map_while(Result::ok).filter(|line| line.starts_with("! "));
        let _ = said.take(words).count();
    }

    fn kill(mut self, after: Duration) {
        std::thread::sleep(after);
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// In the process: the folder, unless it was started by somebody else.
fn told() -> Option<(std::path::PathBuf, Login)> {
    let folder = std::path::PathBuf::from(variable(FOLDER)?);
    let login = serde_json::from_slice(&std::fs::read(folder.join(LOGIN)).unwrap()).unwrap();
    Some((folder, login))
}

fn say(word: &str) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n! {word}").and_then(|()| out.flush()).unwrap();
}

fn capture(client: Client, store: SharedStore) -> Capture {
    Capture {
        account: AccountName::main(),
        client,
        store,
        section: CaptureSection::default(),
        plugins: None,
        clock: Arc::new(SystemClock),
    }
}

fn key(chat: PeerId) -> ChatKey {
    ChatKey { account: AccountName::main(), chat }
}

/// Everything of a chat, in the order of the ids.
async fn stored(store: &SharedStore, chat: PeerId) -> Vec<Stored> {
    let mut all: Vec<Stored> = Vec::new();
    loop {
        let after = all.last().map_or(MessageId(0), |stored| stored.message.id);
        let page = store.messages(key(chat), MessagePage::new(Around::After(after), 500)).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// Of all that is stored: each once.
fn ids(stored: &[Stored]) -> Vec<i32> {
    let ids: Vec<i32> = stored.iter().map(|stored| stored.message.id.0).collect();
    assert!(ids.is_sorted_by(|one, other| one < other), "something is there twice");
    ids
}

async fn cursor(store: &SharedStore, chat: PeerId) -> i32 {
    store.sync(key(chat)).await.unwrap().cursor.map_or(0, |cursor| cursor.0)
}

async fn newest_change(store: &SharedStore) -> i64 {
    store.figures().await.unwrap().sequence
}
