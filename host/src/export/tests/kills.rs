//! A process that exports without a pause is killed again and again: under the final name there is always a
//! whole export, and what is appended is there once.
//!
//! `TAPEDECK_TEST_KILLS=1000` takes some minutes.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use serde_json::Value;

use super::desk::{Desk, account, chat, said, user};
use crate::{
    archive::{Around, ChatKey, MessagePage, PostgresServer, PostgresStore, SharedStore, SqliteStore},
    export::{Mark, Request},
    model::{MessageId, PeerId},
};

const FOLDER: &str = "TAPEDECK_TEST_EXPORT_FOLDER";
/// Where the archive is that is no file in the folder.
const ADDRESS: &str = "address";
const TEA: i64 = -1_000_000_000_001;
const MESSAGES: i32 = 2_000;
/// So many are new at each export of those that append.
const NEW: i32 = 40;
const USUAL: u32 = 10;

#[expect(clippy::disallowed_methods, reason = "a test is told how long it may take, and its child where")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// How often, `TAPEDECK_TEST_KILLS` says.
struct Kills {
    left: u32,
    random: u64,
    child: &'static str,
}

impl Kills {
    fn of(child: &'static str) -> Self {
        let left = variable("TAPEDECK_TEST_KILLS").and_then(|text| text.parse().ok()).unwrap_or(USUAL);
        Self { left, random: 0x2545_F491_4F6C_DD1D, child }
    }

    /// Starts a child, waits for one export and a moment, and kills it. False when there were enough.
    fn next(&mut self, folder: &Path) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", self.child, "--ignored", "--nocapture"])
            .env(FOLDER, folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        assert!(lines.any(|line| line == "exported"), "the child has died by itself");
        // At most a quarter of a second: as long as an export takes.
        std::thread::sleep(Duration::from_micros(self.random >> 46));
        child.kill().unwrap();
        child.wait().unwrap();
        true
    }
}

async fn store(folder: &Path) -> SharedStore {
    match fs::read_to_string(folder.join(ADDRESS)) {
        Ok(address) => Arc::new(PostgresStore::open(&address).await.unwrap()),
        Err(_) => Arc::new(SqliteStore::open(&folder.join("archive/archive.db")).unwrap()),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn in_postgres(folder: &Path) {
    let address = runtime().block_on(PostgresServer::shared().database());
    fs::write(folder.join(ADDRESS), address).unwrap();
}

/// What the archive itself says is wrong, which is nothing.
fn is_whole(folder: &Path) {
    let complaints = runtime().block_on(async { store(folder).await.check().await.unwrap() });
    assert_eq!(complaints, [""; 0]);
}

#[test]
fn kills_leave_no_half_export() {
    leave_no_half_export(tempfile::tempdir().unwrap().path());
}

#[test]
fn kills_leave_no_half_export_of_a_database() {
    let folder = tempfile::tempdir().unwrap();
    in_postgres(folder.path());
    leave_no_half_export(folder.path());
}

fn leave_no_half_export(folder: &Path) {
    let mut kills = Kills::of("export::tests::kills::exports_until_killed");
    while kills.next(folder) {
        let export = folder.join("out/x");
        let text = fs::read_to_string(export.join("telegram-desktop/result.json")).unwrap();
        let written: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(written["messages"].as_array().unwrap().len(), MESSAGES as usize);
        assert_eq!(lines(&export.join("csv/messages.csv")), MESSAGES as usize + 1);
        is_whole(folder);
    }
}

fn lines(file: &Path) -> usize {
    fs::read_to_string(file).unwrap().lines().count()
}

#[test]
#[ignore = "it is the process that `kills_leave_no_half_export` kills"]
fn exports_until_killed() {
    let Some(folder) = variable(FOLDER) else { return };
    runtime().block_on(async {
        let desk = desk(Path::new(&folder)).await;
        let newest = newest(&desk).await;
        if newest < MESSAGES {
            desk.keep(&(newest + 1..=MESSAGES).map(|id| said(TEA, id, "again")).collect::<Vec<_>>()).await;
        }
        let request = desk.request(&["csv", "telegram-desktop"], "x");
        loop {
            desk.export(&request).await.unwrap();
            println!("\nexported");
        }
    });
}

async fn desk(folder: &Path) -> Desk {
    let desk = Desk::open_over(folder, store(folder).await).await;
    desk.write(vec![chat(TEA, "Tea"), user(7, "Ana")]).await;
    desk
}

async fn newest(desk: &Desk) -> i32 {
    let key = ChatKey { account: account(), chat: PeerId(TEA) };
    let page = desk.parts.store.messages(key, MessagePage::new(Around::End, 1)).await.unwrap();
    page.first().map_or(0, |stored| stored.message.id.0)
}

#[test]
fn kills_double_nothing_that_is_appended() {
    double_nothing_that_is_appended(tempfile::tempdir().unwrap().path());
}

#[test]
fn kills_double_nothing_that_is_appended_from_a_database() {
    let folder = tempfile::tempdir().unwrap();
    in_postgres(folder.path());
    double_nothing_that_is_appended(folder.path());
}

fn double_nothing_that_is_appended(folder: &Path) {
    let mut kills = Kills::of("export::tests::kills::appends_until_killed");
    let (mut sequence, mut had, mut shown) = (0, 0, 0);
    while kills.next(folder) {
        let export = folder.join("out/log");
        let mark = Mark::read(&export).expect("an export that was told of carries its mark");
        assert!(mark.sequence >= sequence, "{} after {sequence}", mark.sequence);
        sequence = mark.sequence;
        let ids = appended(&export.join("json"));
        assert_eq!(
            ids,
            (1..=ids.len() as i32).map(MessageId).collect::<Vec<_>>(),
            "each once, none left out"
        );
        assert!(ids.len() >= had, "{} after {had}", ids.len());
        had = ids.len();
        let pages = on_pages(&export.join("html"));
        let told = pages.len();
        let each: BTreeSet<MessageId> = pages.into_iter().collect();
        assert!(
            each.len() == told && told >= shown,
            "{told} after {shown}, {} of them different",
            each.len()
        );
        assert!((1..=shown as i32).all(|id| each.contains(&MessageId(id))), "none left out");
        shown = told;
        is_whole(folder);
    }
}

/// Page after page.
fn on_pages(folder: &Path) -> Vec<MessageId> {
    let mut ids = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("messages") {
            let page = fs::read_to_string(&path).unwrap();
            assert!(page.ends_with("</html>\n"), "{} is whole", path.display());
            let rows = page.split("<div class=\"row").skip(1);
            ids.extend(rows.map(|row| {
                let id = row.split("id=\"m").nth(1).and_then(|it| it.split('"').next());
                MessageId(id.unwrap().parse().unwrap())
            }));
        }
    }
    ids
}

/// Part after part, whoever wrote it.
fn appended(folder: &Path) -> Vec<MessageId> {
    let mut parts: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    // `messages.0002.json` comes after `messages.json`.
    parts.sort_by_key(|path| (path.as_os_str().len(), path.clone()));
    let mut ids = Vec::new();
    for part in parts {
        let text = fs::read_to_string(&part).unwrap();
        let written: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{part:?}: {error}"));
        let messages = written["messages"].as_array().unwrap();
        ids.extend(messages.iter().map(|it| MessageId(it["id"].as_i64().unwrap() as i32)));
    }
    ids
}

#[test]
#[ignore = "it is the process that `kills_double_nothing_that_is_appended` kills"]
fn appends_until_killed() {
    let Some(folder) = variable(FOLDER) else { return };
    runtime().block_on(async {
        let desk = desk(Path::new(&folder)).await;
        let mut request = Request { is_incremental: true, ..desk.request(&["json", "html"], "log") };
        request.formats[1].parameters.insert("messages_per_page".into(), 100.into());
        loop {
            let first = newest(&desk).await + 1;
            desk.keep(&(first..first + NEW).map(|id| said(TEA, id, "again")).collect::<Vec<_>>()).await;
            desk.export(&request).await.unwrap();
            println!("\nexported");
        }
    });
}
