//! Pauses of three seconds and three days at every call: they are seen, nothing is repeated
//! meanwhile, and the rest is done when they are over.

use jiff::SignedDuration;
use tapedeck::{clock::Clock as _, music::profile::Telling};
use tapedeck_sim::telegram::Fault;

use super::stage::*;
use crate::support::*;

/// The calls of a run in which one song comes and one goes.
const CALLS: [(&str, u32); 8] = [
    ("account.getSavedMusicIds", 1),
    ("messages.getMessages", 1),
    ("upload.saveFilePart", 1),
    ("messages.getHistory", 1),
    ("messages.sendMedia", 1),
    ("account.saveMusic", 1),
    ("account.saveMusic", 2),
    ("messages.deleteMessages", 1),
];

async fn waits_out(seconds: u32) {
    for (method, nth) in CALLS {
        let mut stage = Stage::new(1).await;
        stage.play_and_run(&["a"]).await;
        stage.told.lock().unwrap().clear();
        stage.telegram(|t| t.faults.add(Fault::flood(seconds).on(method).at_call(nth).strict()));
        stage.play("b").await;
        let (profile, orders, clock) = (stage.profile(), stage.orders(), stage.clock.clone());
        let governor = stage.client.governor();
        let floods = governor.borrow().floods;
        let before = stage.calls(method);
        let passing = async {
            until(|| governor.borrow().floods > floods).await;
            let until_when = governor.borrow().waiting.as_ref().unwrap().until;
            assert!(until_when.duration_since(clock.now()) >= SignedDuration::from_secs(seconds.into()));
            if method != "upload.saveFilePart" {
                until(|| {
                    let told = stage.told.lock().unwrap();
                    told.iter().any(|it| matches!(it, Telling::Waiting { until, .. } if *until == until_when))
                })
                .await;
            }
            assert_eq!(stage.calls(method), before + nth as usize, "{method}: nothing is asked meanwhile");
            clock.advance(SignedDuration::from_secs(i64::from(seconds) + 1));
        };
        let ((_, result), ()) = soon(async { tokio::join!(profile.reconcile(&orders), passing) }).await;
        result.unwrap_or_else(|error| panic!("{method}: {error}"));
        stage.check(&["b"]);
        assert_eq!(stage.calls("messages.sendMedia"), 2 + usize::from(method == "messages.sendMedia"));
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
