//! A sweep is killed again and again: nothing is lost, nothing is there twice, cursors never go back.
//!
//! `TAPEDECK_TEST_KILLS=1000` takes some minutes.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use tapedeck::{
    archive::{Around, ChatKey, MessagePage, SharedStore},
    capture::{Capture, Sweep, Tell},
    clock::SystemClock,
    config::CaptureSection,
    model::{AccountName, MessageId, PeerId},
};
use tapedeck_sim::telegram::Peer;

use super::stage::{WITH_GRACE, open_store};
use crate::support::{
    ADA, GRACE, Scene,
    child::{FOLDER, Login, child},
    variable,
};

const GROUP: PeerId = PeerId::channel(55);
const MESSAGES: i32 = 1_500;

fn capture(login: &Login, store: SharedStore) -> Capture {
    Capture {
        account: AccountName::main(),
        client: login.client(),
        store,
        section: CaptureSection::default(),
        plugins: None,
        clock: Arc::new(SystemClock),
    }
}

fn key(chat: PeerId) -> ChatKey {
    ChatKey { account: AccountName::main(), chat }
}

async fn ids(store: &SharedStore, chat: PeerId) -> Vec<i32> {
    let mut ids: Vec<i32> = Vec::new();
    loop {
        let after = MessageId(ids.last().copied().unwrap_or(0));
        let page = store.messages(key(chat), MessagePage::new(Around::After(after), 500)).await.unwrap();
        if page.is_empty() {
            return ids;
        }
        ids.extend(page.iter().map(|stored| stored.message.id.0));
    }
}

/// Starts a child, waits for some pages and a moment, and kills it.
fn kill_child(folder: &Path, random: u64) {
    let mut started =
        child("capture::kills::sweeps_until_killed", folder).stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(started.stdout.take().unwrap()).lines().map_while(Result::ok);
    let pages = usize::try_from(random % 9).unwrap();
    let _ = lines.filter(|line| line.starts_with("! ")).take(pages).count();
    std::thread::sleep(Duration::from_micros(random % 9_000));
    started.kill().unwrap();
    started.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_sweeps_lose_and_double_nothing() {
    let scene = Scene::open().await;
    scene.telegram(|t| {
        t.add_supergroup(55, "Group", GRACE);
        t.join(Peer::Channel(55), ADA);
        for number in 0..MESSAGES {
            t.say(Peer::User(ADA), GRACE, &format!("number {number}"));
            t.say(Peer::Channel(55), GRACE, &format!("number {number}"));
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let login = Login::of(&scene);
    std::fs::write(folder.path().join("login.json"), serde_json::to_vec(&login).unwrap()).unwrap();
    let mut kills: u32 = variable("TAPEDECK_TEST_KILLS").and_then(|text| text.parse().ok()).unwrap_or(5);
    let (mut random, mut cursors) = (0x2545_F491_4F6C_DD1D_u64, [0, 0]);
    while kills > 0 {
        kills -= 1;
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        tokio::task::block_in_place(|| kill_child(folder.path(), random >> 33));
        let store = open_store(folder.path()).await;
        assert_eq!(store.check().await.unwrap(), [""; 0]);
        for (at, chat) in [WITH_GRACE, GROUP].into_iter().enumerate() {
            let cursor = store.sync(key(chat)).await.unwrap().cursor.map_or(0, |cursor| cursor.0);
            assert!(cursor >= cursors[at], "{cursor} after {}", cursors[at]);
            let ids = ids(&store, chat).await;
            assert!(ids.is_sorted_by(|one, other| one < other), "something is there twice");
            assert!(
                ids.iter().filter(|id| **id <= cursor).count() >= usize::try_from(cursor).unwrap().min(1)
            );
            cursors[at] = cursor;
        }
        if cursors.iter().all(|cursor| *cursor >= MESSAGES) {
            // From the start again, in the same world.
            drop(store);
            std::fs::read_dir(folder.path()).unwrap().flatten().for_each(|file| {
                if file.file_name() != "login.json" {
                    let _ =
                        std::fs::remove_file(file.path()).or_else(|_| std::fs::remove_dir_all(file.path()));
                }
            });
            cursors = [0, 0];
        }
    }
    let store = open_store(folder.path()).await;
    let sweep = Sweep { capture: capture(&login, store.clone()), tell: Tell::nobody() };
    sweep.run().await.1.unwrap();
    let expected = scene.telegram(|t| {
        [Peer::User(GRACE), Peer::Channel(55)]
            .map(|peer| t.history(ADA, peer).unwrap().ids_from(0).collect::<Vec<_>>())
    });
    assert_eq!([ids(&store, WITH_GRACE).await, ids(&store, GROUP).await], expected);
    assert_eq!(store.check().await.unwrap(), [""; 0]);
    sweep.capture.client.close();
    scene.finish();
}

#[tokio::test]
#[ignore = "a child of the test above, to be killed"]
async fn sweeps_until_killed() {
    let Some(folder) = variable(FOLDER) else { return };
    let folder = Path::new(&folder);
    let login: Login = serde_json::from_slice(&std::fs::read(folder.join("login.json")).unwrap()).unwrap();
    let say = |_| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "! page").and_then(|()| out.flush()).unwrap();
    };
    let tell = Tell::new(say, tokio_util::sync::CancellationToken::new());
    let sweep = Sweep { capture: capture(&login, open_store(folder).await), tell };
    drop(sweep.run().await);
}
