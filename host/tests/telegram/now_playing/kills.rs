//! The process is killed at every call that changes something, before Telegram has done it and after: there
//! is one message, it says what plays, and nobody's bio is lost.

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
        now_playing::{BioRules, NoticeRules, Order, Orders, Signs},
    },
    state::State,
};
use tapedeck_sim::telegram::{Fault, Peer};
use tokio_util::sync::CancellationToken;

use super::stage::*;
use crate::{
    profile::stage::play,
    support::{child::*, *},
};

const CHILD: &str = "now_playing::kills::says_until_killed";

/// What the child is told, as JSON in its folder.
#[derive(Clone, Serialize, Deserialize)]
struct Told {
    login: Login,
    /// Titles, in the order in which they are played.
    plays: Vec<String>,
    is_stopped: bool,
    is_gone: bool,
}

struct Killing {
    scene: Scene,
    folder: tempfile::TempDir,
    told: Told,
}

impl Killing {
    async fn new() -> Self {
        let scene = Scene::open().await;
        scene.telegram(|t| t.profiles.entry(ADA).or_default().about = BIO.into());
        let told = Told { login: Login::of(&scene), plays: Vec::new(), is_stopped: false, is_gone: false };
        Self { scene, folder: tempfile::tempdir().unwrap(), told }
    }

    fn start(&self) -> Child {
        fs::write(self.folder.path().join("told.json"), serde_json::to_vec(&self.told).unwrap()).unwrap();
        child(CHILD, self.folder.path()).stdout(Stdio::null()).spawn().unwrap()
    }

    /// To the end.
    fn run(&self) {
        let status = tokio::task::block_in_place(|| self.start().wait()).unwrap();
        assert!(status.success(), "the child fails");
    }

    /// Until the first of these calls has arrived, and is never answered.
    async fn run_and_kill_at(&self, method: &'static str, fault: Fault) {
        let arrived =
            || self.scene.telegram(|t| t.calls.made().iter().filter(|it| it.method == method).count());
        let before = arrived();
        self.scene.telegram(|t| t.faults.add(fault.on(method)));
        let mut child = self.start();
        until(|| arrived() > before).await;
        child.kill().unwrap();
        child.wait().unwrap();
        self.scene.telegram(|t| t.faults.clear());
    }

    fn check(&self, after: &str) {
        let last = self.told.plays.last().unwrap();
        let said = match (self.told.is_gone, self.told.is_stopped) {
            (true, _) => (vec![], BIO.to_owned()),
            (false, true) => (vec![format!("Last heard: Ann – {last}")], BIO.to_owned()),
            (false, false) => (vec![format!("♫ Ann – {last}")], format!("♫ Ann – {last}")),
        };
        let now = self.scene.telegram(|t| (notes(t, Peer::User(ADA)), about(t)));
        assert_eq!(now, said, "{after}");
        let pinned = self.scene.telegram(|t| t.history(ADA, Peer::User(ADA)).map(|it| it.pinned().len()));
        assert_eq!(pinned.unwrap_or_default(), now.0.len(), "{after}");
    }
}

/// Both before Telegram has done it, and after, when nobody has heard of it.
async fn survives_kills_at(method: &'static str, before: &[&str], then: impl Fn(&mut Told)) {
    for fault in [Fault::silent(), Fault::delay(Duration::from_secs(60))] {
        let mut killing = Killing::new().await;
        if !before.is_empty() {
            killing.told.plays = before.iter().map(|&title| title.to_owned()).collect();
            killing.run();
            killing.check("before");
        }
        then(&mut killing.told);
        killing.run_and_kill_at(method, fault).await;
        // What was said in the killed run may not be what is to be said now.
        if !killing.told.is_stopped && !killing.told.is_gone {
            killing.told.plays.push("the next one".into());
        }
        killing.run();
        killing.check(method);
        killing.told.is_stopped = true;
        killing.run();
        killing.check(method);
        killing.scene.finish();
    }
}

fn plays(title: &str) -> impl Fn(&mut Told) {
    move |told| told.plays.push(title.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_message_is_sent() {
    survives_kills_at("messages.sendMessage", &[], plays("a")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_message_is_pinned() {
    survives_kills_at("messages.updatePinnedMessage", &[], plays("a")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_message_is_edited() {
    survives_kills_at("messages.editMessage", &["a"], plays("b")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_message_is_deleted() {
    survives_kills_at("messages.deleteMessages", &["a"], |told| told.is_gone = true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_first_bio_is_written() {
    survives_kills_at("account.updateProfile", &[], plays("a")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_another_bio_is_written() {
    survives_kills_at("account.updateProfile", &["a"], plays("b")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_the_own_bio_comes_back() {
    survives_kills_at("account.updateProfile", &["a"], |told| told.is_stopped = true).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it is the process that the other tests kill"]
async fn says_until_killed() {
    let Some(folder) = variable(FOLDER) else { return };
    let folder = Path::new(&folder);
    let told: Told = serde_json::from_slice(&fs::read(folder.join("told.json")).unwrap()).unwrap();
    let state = State::open(folder).unwrap();
    let ledger = Ledger::new(state.clone());
    let known = ledger.count();
    for (title, number) in told.plays.iter().zip(0..).skip(known) {
        let at = Timestamp::from_second(1_780_000_000 + number * 300).unwrap();
        play(&ledger, track("Ann", title), at).await;
    }
    if told.is_stopped {
        ledger.stop().await.unwrap();
    }
    let client = told.login.client();
    let now_playing = now_playing_of(&client, &state, &ledger, Arc::new(SystemClock), Signs::default());
    let at_once = Duration::ZERO;
    let orders = Orders {
        notice: Order::Keep(NoticeRules { min_interval: at_once, ..notice() }),
        bio: Order::Keep(BioRules { min_interval: at_once, ..bio() }),
        tell: Arc::new(|_| {}),
        stop: CancellationToken::new(),
    };
    let gone = Orders { notice: Order::TakeBack, bio: Order::TakeBack, ..orders.clone() };
    now_playing.say(if told.is_gone { &gone } else { &orders }).await.1.unwrap();
}
