//! The process is killed at every call that changes something, before Telegram has done it and
//! after, and at random: no message is left behind, none is there twice, and the order is right.
//!
//! `TAPEDECK_TEST_KILLS=300` takes some minutes.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tapedeck::{
    clock::SystemClock,
    lifecycle::Lifecycle,
    model::{AccountName, SelfView},
    music::{
        ledger::Ledger,
        profile::{Boards, Orders},
    },
    state::State,
    telegram::{
        Client, ClientParts, ClientSettings, Pacing,
        servers::{AuthKey, DataCenters, Servers},
        session::AccountSession,
    },
};
use tapedeck_sim::telegram::{Fault, Telegram};
use tokio_util::sync::CancellationToken;

use super::stage::*;
use crate::support::*;

const FOLDER: &str = "TAPEDECK_TEST_FOLDER";
const KEEP: usize = 3;

/// What the child is told, as JSON in its folder.
#[derive(Clone, Serialize, Deserialize)]
struct Told {
    servers: serde_json::Value,
    keys: BTreeMap<i32, String>,
    /// Titles, in the order in which they are played.
    plays: Vec<String>,
    /// Titles of which there is more than silence.
    music: Vec<String>,
    is_stopped: bool,
}

struct Killing {
    scene: Scene,
    folder: tempfile::TempDir,
    told: Told,
}

impl Killing {
    async fn new() -> Self {
        let scene = Scene::open().await;
        let keys: BTreeMap<i32, AuthKey> = scene.telegram(Telegram::new_keys);
        scene.telegram(|t| t.log_in_keys(&keys, ADA));
        let told = Told {
            servers: serde_json::to_value(scene.server.servers()).unwrap(),
            keys: keys.into_iter().map(|(dc, key)| (dc, BASE64_STANDARD.encode(key))).collect(),
            plays: Vec::new(),
            music: Vec::new(),
            is_stopped: false,
        };
        Self { scene, folder: tempfile::tempdir().unwrap(), told }
    }

    fn plays(&mut self, titles: &[&str]) {
        self.told.plays.extend(titles.iter().map(|&title| title.to_owned()));
    }

    fn start(&self) -> Child {
        fs::write(self.folder.path().join("told.json"), serde_json::to_vec(&self.told).unwrap()).unwrap();
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "profile::kills::works_until_killed", "--ignored", "--nocapture"])
            .env(FOLDER, self.folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// To the end.
    fn run(&self) {
        let status = tokio::task::block_in_place(|| self.start().wait()).unwrap();
        assert!(status.success(), "the child fails");
    }

    /// Until the n-th of these calls has arrived, and is never answered.
    async fn run_and_kill_at(&self, method: &'static str, nth: u32, fault: Fault) {
        let arrived =
            || self.scene.telegram(|t| t.calls.made().iter().filter(|it| it.method == method).count());
        let before = arrived();
        self.scene.telegram(|t| t.faults.add(fault.on(method).at_call(nth)));
        let mut child = self.start();
        until(|| arrived() >= before + nth as usize).await;
        child.kill().unwrap();
        child.wait().unwrap();
        self.scene.telegram(|t| t.faults.clear());
    }

    fn expected(&self) -> Vec<String> {
        let mut expected = Vec::new();
        for title in self.told.plays.iter().rev() {
            if !expected.contains(title) && expected.len() < KEEP && !self.told.is_stopped {
                expected.push(title.clone());
            }
        }
        expected
    }

    fn check(&self) {
        let expected = self.expected();
        assert_eq!(self.scene.telegram(shown), expected, "after {:?}", self.told.plays);
        let mut messages = self.scene.telegram(messages);
        messages.sort();
        let mut sorted = expected;
        sorted.sort();
        assert_eq!(messages, sorted, "one message for each, after {:?}", self.told.plays);
    }
}

/// Both before Telegram has done it, and after, when nobody has heard of it.
async fn survives_kills_at(method: &'static str, nth: u32, before: &[&str], then: impl Fn(&mut Told)) {
    for fault in [Fault::silent(), Fault::delay(Duration::from_secs(60))] {
        let mut killing = Killing::new().await;
        killing.plays(before);
        killing.run();
        killing.check();
        then(&mut killing.told);
        killing.run_and_kill_at(method, nth, fault).await;
        killing.run();
        killing.check();
        killing.scene.finish();
    }
}

fn plays(title: &str) -> impl Fn(&mut Told) {
    move |told| told.plays.push(title.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_a_file_goes_up() {
    survives_kills_at("upload.saveFilePart", 1, &["a", "b", "c"], plays("d")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_a_song_is_sent() {
    survives_kills_at("messages.sendMedia", 1, &["a", "b", "c"], plays("d")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_a_song_is_sent_again() {
    survives_kills_at("messages.sendMedia", 1, &["a", "b", "c", "d"], plays("a")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_a_song_is_put_on_the_profile() {
    survives_kills_at("account.saveMusic", 1, &["a", "b", "c"], plays("d")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_a_song_moves() {
    survives_kills_at("account.saveMusic", 1, &["a", "b", "c"], plays("a")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_a_song_is_taken_off() {
    survives_kills_at("account.saveMusic", 2, &["a", "b", "c"], plays("d")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_a_message_is_deleted() {
    survives_kills_at("messages.deleteMessages", 1, &["a", "b", "c"], plays("d")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_everything_is_taken_off() {
    survives_kills_at("account.saveMusic", 2, &["a", "b", "c"], |told| told.is_stopped = true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_a_better_file_is_sent() {
    survives_kills_at("messages.sendMedia", 2, &["a", "b"], |told| {
        told.plays.push("c".into());
        told.music.push("c".into());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_a_better_file_takes_its_place() {
    // After the save of the silence.
    survives_kills_at("account.saveMusic", 2, &["a", "b"], |told| {
        told.plays.push("c".into());
        told.music.push("c".into());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_silence_leaves_for_a_better_file() {
    survives_kills_at("account.saveMusic", 3, &["a", "b"], |told| {
        told.plays.push("c".into());
        told.music.push("c".into());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_looking_for_a_lost_message() {
    let mut killing = Killing::new().await;
    killing.plays(&["a"]);
    killing.run_and_kill_at("messages.sendMedia", 1, Fault::delay(Duration::from_secs(60))).await;
    killing.run_and_kill_at("messages.getHistory", 1, Fault::silent()).await;
    killing.run();
    killing.check();
    killing.scene.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn random_kills_leave_nothing_behind() {
    let kills = variable("TAPEDECK_TEST_KILLS").and_then(|text| text.parse().ok()).unwrap_or(5);
    let mut killing = Killing::new().await;
    killing.told.music = vec!["song 2".into(), "song 5".into()];
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = move || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        random >> 33
    };
    let slow = Duration::from_millis(4);
    killing.scene.telegram(|t| t.faults.latency = (1..=5).map(|dc| (dc, slow)).collect());
    for _ in 0..kills {
        for _ in 0..=next() % 2 {
            killing.told.plays.push(format!("song {}", next() % 8));
        }
        killing.told.is_stopped = next().is_multiple_of(6);
        let mut child = killing.start();
        let calls = killing.scene.telegram(|t| t.calls.made().len());
        let count = usize::try_from(next() % 30).unwrap();
        // Some are done before that.
        let is_far = || killing.scene.telegram(|t| t.calls.made().len()) > calls + count;
        while !is_far() && child.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_micros(next() % 4_000)).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
    killing.plays(&["last"]);
    for is_stopped in [false, true] {
        killing.told.is_stopped = is_stopped;
        killing.run();
        killing.check();
    }
    killing.scene.finish();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it is the process that the other tests kill"]
async fn works_until_killed() {
    let Some(folder) = variable(FOLDER) else { return };
    let folder = Path::new(&folder);
    let told: Told = serde_json::from_slice(&fs::read(folder.join("told.json")).unwrap()).unwrap();
    let state = State::open(folder).unwrap();
    let ledger = Ledger::new(state.clone());
    let known = ledger.count();
    for (title, number) in told.plays.iter().zip(0..).skip(known) {
        play(&ledger, track(title), Timestamp::from_second(1_780_000_000 + number * 300).unwrap()).await;
    }
    if told.is_stopped {
        ledger.stop().await.unwrap();
    }
    let client = told.client();
    let backends = Backends::default();
    backends.change(|it| it.music = told.music.iter().cloned().collect());
    let clock = Arc::new(SystemClock);
    let http = tapedeck::jobs::build_client("0.0.0-test").unwrap();
    let profile =
        profile_of(&client, &state, &ledger, clock, (Boards::default(), http, folder.join("music")));
    let orders = Orders {
        rules: rules(KEEP),
        workers: 2,
        ask: backends.ask(),
        tell: Arc::new(|_| {}),
        stop: CancellationToken::new(),
    };
    profile.reconcile(&orders).await.1.unwrap();
}

impl Told {
    fn client(&self) -> Client {
        let servers: Servers = serde_json::from_value(self.servers.clone()).unwrap();
        let key = |text: &String| AuthKey::try_from(BASE64_STANDARD.decode(text).unwrap()).unwrap();
        let keys = self.keys.iter().map(|(dc, text)| (*dc, key(text))).collect();
        let session = AccountSession::fresh(&DataCenters::of(&servers).with_keys(&keys));
        session.set_me(SelfView { id: ADA, name: "Ada".into(), username: None, phone_masked: None }).unwrap();
        Client::connect(ClientParts {
            account: AccountName::main(),
            session,
            settings: ClientSettings {
                api_id: 1,
                proxy: None,
                ipv6: false,
                pacing: Pacing::UNLIMITED,
                limits: limits(),
            },
            waits: None,
            clock: Arc::new(SystemClock),
            lifecycle: Lifecycle::default(),
        })
    }
}
