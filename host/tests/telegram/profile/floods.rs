//! Pauses of three seconds and three days at every call: they are seen, nothing is repeated
//! meanwhile, and the rest is done when they are over.

use std::path::Path;

use jiff::SignedDuration;
use tapedeck::{clock::Clock as _, music::profile::Telling};
use tapedeck_sim::telegram::Fault;

use super::stage::*;
use crate::support::*;

/// A run in which one song comes and one goes, and what is special about it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Run {
    Plain,
    /// Somebody has saved a song of their own meanwhile.
    Foreign,
    /// The song that comes was there before, and how to ask for it has expired.
    Expired,
    /// Its file is large.
    Large,
}

/// Every method that work on a profile calls: in which run, and at which of its calls there.
const CALLS: [(&str, u32, Run); 11] = [
    ("account.getSavedMusicIds", 1, Run::Plain),
    ("users.getSavedMusic", 1, Run::Foreign),
    ("users.getSavedMusicByID", 1, Run::Expired),
    ("messages.getMessages", 1, Run::Plain),
    ("upload.saveFilePart", 1, Run::Plain),
    ("upload.saveBigFilePart", 1, Run::Large),
    ("messages.getHistory", 1, Run::Plain),
    ("messages.sendMedia", 1, Run::Plain),
    ("account.saveMusic", 1, Run::Plain),
    ("account.saveMusic", 2, Run::Plain),
    ("messages.deleteMessages", 1, Run::Plain),
];

/// What connections need, whoever works.
const OF_CONNECTIONS: [&str; 2] = ["help.getConfig", "ping"];

/// A method that somebody adds belongs into [`CALLS`], with a run in which it is paused.
pub(crate) fn assert_calls_are_known(scene: &Scene) {
    let is_known = |method: &str| {
        CALLS.iter().any(|(known, ..)| known.eq_ignore_ascii_case(method)) || OF_CONNECTIONS.contains(&method)
    };
    let new = scene.telegram(|t| {
        let made = t.calls.made().iter().map(|call| call.method);
        made.filter(|method| !is_known(method)).collect::<std::collections::BTreeSet<_>>()
    });
    assert!(new.is_empty(), "these are paused in no run of `profile::floods`: {new:?}");
}

#[test]
fn every_method_of_music_is_paused_in_a_run() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/telegram/music");
    let mut found = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for call in text.split("f::").skip(1) {
            let end = call.find(|letter: char| !letter.is_alphanumeric() && letter != ':').unwrap();
            let Some((family, name)) = call[..end].split_once("::") else { continue };
            let method = format!("{family}.{name}");
            assert!(CALLS.iter().any(|(known, ..)| known.eq_ignore_ascii_case(&method)), "{method}");
            found += 1;
        }
    }
    assert!(found >= 5, "the test has something to look at: {found}");
}

impl Run {
    /// Until the moment at which the song comes.
    async fn prepare(self, stage: &mut Stage) {
        match self {
            Self::Plain | Self::Large => stage.play_and_run(&["a"]).await,
            Self::Foreign => {
                stage.play_and_run(&["a"]).await;
                stage.telegram(foreign_song);
            }
            Self::Expired => {
                stage.play_and_run(&["b", "a"]).await;
                stage.telegram(|t| t.files.expire_references());
            }
        }
        if self == Self::Large {
            stage.backends.change(|it| it.large.insert("b".into()));
        }
    }

    fn expected(self) -> &'static [&'static str] {
        if self == Self::Foreign { &["b", "foreign"] } else { &["b"] }
    }
}

async fn waits_out(seconds: u32) {
    for (method, nth, run) in CALLS {
        let mut stage = Stage::new(1).await;
        run.prepare(&mut stage).await;
        stage.told.lock().unwrap().clear();
        stage.telegram(|t| t.faults.add(Fault::flood(seconds).on(method).at_call(nth).strict()));
        stage.play("b").await;
        let (profile, orders, clock) = (stage.profile(), stage.orders(), stage.clock.clone());
        let governor = stage.client.governor();
        let floods = governor.borrow().floods;
        let (before, sent) = (stage.calls(method), stage.calls("messages.sendMedia"));
        let passing = async {
            until(|| governor.borrow().floods > floods).await;
            let until_when = governor.borrow().waiting.as_ref().unwrap().until;
            assert!(until_when.duration_since(clock.now()) >= SignedDuration::from_secs(seconds.into()));
            if !method.starts_with("upload.") {
                until(|| {
                    let told = stage.told.lock().unwrap();
                    told.iter().any(|it| matches!(it, Telling::Waiting { until, .. } if *until == until_when))
                })
                .await;
            }
            // Parts of a large file go up side by side.
            if run != Run::Large {
                assert_eq!(
                    stage.calls(method),
                    before + nth as usize,
                    "{method}: nothing is asked meanwhile"
                );
            }
            clock.advance(SignedDuration::from_secs(i64::from(seconds) + 1));
        };
        let ((_, result), ()) = soon(async { tokio::join!(profile.reconcile(&orders), passing) }).await;
        result.unwrap_or_else(|error| panic!("{method}: {error}"));
        stage.check(run.expected());
        if run == Run::Plain {
            let sent = stage.calls("messages.sendMedia") - sent;
            assert_eq!(sent, 1 + usize::from(method == "messages.sendMedia"), "{method}");
        }
        stage.finish();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_seconds_are_waited_out_at_every_call() {
    waits_out(3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_days_are_waited_out_at_every_call() {
    waits_out(3 * 24 * 60 * 60).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn end_of_playback_is_taken_up_after_a_pause() {
    let mut stage = Stage::new(2).await;
    stage.telegram(|t| t.faults.add(Fault::flood(3_600).on("messages.sendMedia").strict()));
    stage.play("a").await;
    let (profile, orders, clock) = (stage.profile(), stage.orders(), stage.clock.clone());
    let governor = stage.client.governor();
    let passing = async {
        until(|| governor.borrow().floods > 0).await;
        stage.ledger.stop().await.unwrap();
        clock.advance(SignedDuration::from_secs(3_601));
    };
    let ((_, result), ()) = soon(async { tokio::join!(profile.reconcile(&orders), passing) }).await;
    result.unwrap();
    stage.check(&[]);
    assert_eq!(stage.calls("messages.sendMedia"), 1, "what nobody wants any more is not sent");
    stage.finish();
}
