//! The process is killed at every call that changes something, before Telegram has done it and
//! after, and at random: no message is left behind, none is there twice, and the order is right.
//!
//! `TAPEDECK_TEST_KILLS=300` takes some minutes.

use std::{
    fs,
    path::Path,
    process::{Child, Stdio},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tapedeck::{
    clock::SystemClock,
    music::{
        ledger::Ledger,
        profile::{Boards, Orders},
    },
    state::State,
};
use tapedeck_sim::telegram::Fault;
use tokio_util::sync::CancellationToken;

use super::stage::*;
use crate::support::{
    child::{FOLDER, Login, child},
    *,
};

const KEEP: usize = 3;

/// What the child is told, as JSON in its folder.
#[derive(Clone, Serialize, Deserialize)]
struct Told {
    login: Login,
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
        let told = Told { login: Login::of(&scene), plays: Vec::new(), music: Vec::new(), is_stopped: false };
        Self { scene, folder: tempfile::tempdir().unwrap(), told }
    }

    fn plays(&mut self, titles: &[&str]) {
        self.told.plays.extend(titles.iter().map(|&title| title.to_owned()));
    }

    fn start(&self) -> Child {
        fs::write(self.folder.path().join("told.json"), serde_json::to_vec(&self.told).unwrap()).unwrap();
        let mut command = child("profile::kills::works_until_killed", self.folder.path());
        command.stdout(Stdio::null()).spawn().unwrap()
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

/// The steps that a plan consists of, and the tests in which the process is killed at each.
const STEPS: [(&str, &[&str]); 6] = [
    ("Settle", &["killed_while_looking_for_a_lost_message"]),
    ("Send", &["killed_while_a_song_is_sent", "killed_while_a_better_file_is_sent"]),
    ("Resend", &["killed_while_a_song_is_sent_again"]),
    (
        "Save",
        &[
            "killed_while_a_song_is_put_on_the_profile",
            "killed_while_a_song_moves",
            "killed_while_a_better_file_takes_its_place",
        ],
    ),
    (
        "Unsave",
        &[
            "killed_while_a_song_is_taken_off",
            "killed_while_everything_is_taken_off",
            "killed_while_silence_leaves_for_a_better_file",
        ],
    ),
    ("Delete", &["killed_while_a_message_is_deleted"]),
];

#[test]
fn every_step_has_its_kill() {
    let plan = include_str!("../../../src/music/profile/plan/mod.rs");
    let (_, body) = plan.split_once("enum Step {").expect("the steps are an enum");
    let (body, _) = body.split_once("\n}").unwrap();
    let variants = body.lines().filter_map(|line| line.strip_prefix("    "));
    let variants = variants.filter(|line| line.starts_with(char::is_uppercase));
    let steps: Vec<&str> = variants.map(|line| line.trim_end_matches([' ', '{', ','])).collect();
    assert_eq!(steps, STEPS.map(|(step, _)| step), "a step that nobody is killed at");
    for test in STEPS.iter().flat_map(|(_, tests)| *tests) {
        assert!(include_str!("kills.rs").contains(&format!("\nasync fn {test}()")), "{test}");
    }
}

/// Numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        self.0 >> 33
    }
}

fn random_kills() -> u64 {
    variable("TAPEDECK_TEST_KILLS").and_then(|text| text.parse().ok()).unwrap_or(5)
}

impl Killing {
    async fn slowly() -> Self {
        let mut killing = Self::new().await;
        killing.told.music = vec!["song 2".into(), "song 5".into()];
        let slow = Duration::from_millis(4);
        killing.scene.telegram(|t| t.faults.latency = (1..=5).map(|dc| (dc, slow)).collect());
        killing
    }

    /// Something is played, and the process dies somewhere on its way, or after it.
    async fn play_and_die(&mut self, dice: &mut Dice) {
        for _ in 0..=dice.next() % 2 {
            self.told.plays.push(format!("song {}", dice.next() % 8));
        }
        let mut child = self.start();
        let calls = self.scene.telegram(|t| t.calls.made().len());
        let count = usize::try_from(dice.next() % 30).unwrap();
        // Some are done before that.
        let is_far = || self.scene.telegram(|t| t.calls.made().len()) > calls + count;
        while !is_far() && child.try_wait().unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_micros(dice.next() % 4_000)).await;
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn random_kills_leave_nothing_behind() {
    let (mut killing, mut dice) = (Killing::slowly().await, Dice(0x2545_F491_4F6C_DD1D));
    for _ in 0..random_kills() {
        killing.told.is_stopped = dice.next().is_multiple_of(6);
        killing.play_and_die(&mut dice).await;
    }
    killing.told.is_stopped = true;
    killing.run();
    killing.check();
    // As many as the profile keeps: what was before the end of playback does not count any more.
    killing.plays(&["song 1", "song 2", "last"]);
    killing.told.is_stopped = false;
    killing.run();
    killing.check();
    killing.scene.finish();
}

#[tokio::test(flavor = "multi_thread")]
async fn random_kills_while_it_plays_keep_the_order() {
    let (mut killing, mut dice) = (Killing::slowly().await, Dice(0x9E37_79B9_7F4A_7C15));
    for number in 1..=random_kills() {
        killing.play_and_die(&mut dice).await;
        // Playback never stops: nothing but these runs puts right what a kill has left.
        if number.is_multiple_of(10) {
            killing.run();
            killing.check();
        }
    }
    killing.run();
    killing.check();
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
    let client = told.login.client();
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
