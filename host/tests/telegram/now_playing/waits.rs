//! Telegram's pauses are seen and kept, and only the newest words are written after them.

use jiff::SignedDuration;
use tapedeck::clock::Clock as _;
use tapedeck_sim::telegram::Fault;

use super::stage::*;
use crate::{profile::stage::play, support::*};

const CALLS: [&str; 6] = [
    "messages.getHistory",
    "messages.sendMessage",
    "messages.updatePinnedMessage",
    "messages.editMessage",
    "users.getFullUser",
    "account.updateProfile",
];

async fn waits_out(seconds: u32) {
    for method in CALLS {
        let stage = Stage::new().await;
        // Edits need something to edit.
        if method == "messages.editMessage" {
            stage.play("Ann", "Zero").await;
            stage.run().await;
        }
        stage.told.lock().unwrap().clear();
        let before = stage.calls(method);
        stage.telegram(|t| t.faults.add(Fault::flood(seconds).on(method).strict()));
        stage.play("Ann", "One").await;
        let (now_playing, orders) = (stage.now_playing(), stage.orders());
        let passing = async {
            until(|| stage.told.lock().unwrap().iter().any(|it| it.is_demanded)).await;
            let waiting = stage.told.lock().unwrap().iter().find(|it| it.is_demanded).cloned().unwrap();
            let left = waiting.until.duration_since(stage.clock.now());
            assert!(left >= SignedDuration::from_secs(seconds.into()), "{waiting:?}");
            assert!(waiting.reason.contains(method), "{waiting:?}");
            play(&stage.ledger, track("Ann", "Two"), stage.clock.now()).await;
            // Whatever else is there to do is done; this call is not made again.
            assert_eq!(stage.calls(method), before + 1, "{method}");
            stage.pass(i64::from(seconds) + 70);
        };
        let ((_, result), ()) = soon(async { tokio::join!(now_playing.say(&orders), passing) }).await;
        result.unwrap_or_else(|error| panic!("{method}: {error}"));
        let said = (stage.notes(), stage.about());
        assert_eq!(said, (vec!["♫ Ann – Two".to_owned()], "♫ Ann – Two".to_owned()), "{method}");
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
async fn pause_of_the_bio_does_not_hold_up_the_message() {
    let stage = Stage::new().await;
    stage.telegram(|t| t.faults.add(Fault::flood(3_600).on("account.updateProfile").strict()));
    stage.play("Ann", "One").await;
    let (now_playing, orders) = (stage.now_playing(), stage.orders());
    let passing = async {
        until(|| stage.told.lock().unwrap().iter().any(|it| it.is_demanded)).await;
        stage.pass(11);
        play(&stage.ledger, track("Ann", "Two"), stage.clock.now()).await;
        until(|| stage.notes() == ["♫ Ann – Two"]).await;
        stage.ledger.stop().await.unwrap();
        stage.pass(3_700);
    };
    let ((_, result), ()) = soon(async { tokio::join!(now_playing.say(&orders), passing) }).await;
    result.unwrap();
    assert_eq!(stage.about(), BIO, "what is over is not written");
    assert_eq!(stage.calls("account.updateProfile"), 1);
    stage.finish();
}
