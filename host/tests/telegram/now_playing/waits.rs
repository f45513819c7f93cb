//! Telegram's pauses are seen and kept, and only the newest words are written after them.

use std::path::Path;

use jiff::SignedDuration;
use tapedeck::{clock::Clock as _, music::now_playing::Order};
use tapedeck_sim::telegram::{Fault, Peer};

use super::stage::*;
use crate::{profile::stage::play, support::*};

const TAPES: &str = "Ada's tapes";

/// What was there before, and what is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Run {
    First,
    /// There is a message already.
    Next,
    /// The message belongs into a channel.
    Channel,
    /// It has been in Saved Messages before, and belongs into the channel now.
    ToChannel,
    /// The other way round.
    FromChannel,
}

/// Every method that saying what plays calls, and in which run.
const CALLS: [(&str, Run); 9] = [
    ("messages.getHistory", Run::First),
    ("messages.sendMessage", Run::First),
    ("messages.updatePinnedMessage", Run::First),
    ("messages.editMessage", Run::Next),
    ("messages.getDialogs", Run::Channel),
    ("messages.deleteMessages", Run::ToChannel),
    ("channels.deleteMessages", Run::FromChannel),
    ("users.getFullUser", Run::First),
    ("account.updateProfile", Run::First),
];

#[test]
fn every_method_of_notices_and_bios_is_paused_in_a_run() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/telegram");
    let mut found = 0;
    for file in ["notice.rs", "bio.rs"] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        for call in text.split("f::").skip(1) {
            let end = call.find(|letter: char| !letter.is_alphanumeric() && letter != ':').unwrap();
            let Some((family, name)) = call[..end].split_once("::") else { continue };
            let method = format!("{family}.{name}");
            assert!(CALLS.iter().any(|(known, _)| known.eq_ignore_ascii_case(&method)), "{method}");
            found += 1;
        }
    }
    assert!(found >= 5, "the test has something to look at: {found}");
}

fn in_channel(stage: &mut Stage, is_wanted: bool) {
    let mut rules = notice();
    if is_wanted {
        rules.chat = TAPES.into();
    }
    stage.notice = Order::Keep(rules);
}

impl Run {
    async fn prepare(self, stage: &mut Stage) -> Peer {
        let channel = stage.telegram(|t| {
            let channel = t.add_channel(60, TAPES, ADA);
            t.say(channel, ADA, "Welcome");
            channel
        });
        in_channel(stage, self == Self::FromChannel);
        if matches!(self, Self::Next | Self::ToChannel | Self::FromChannel) {
            stage.play("Ann", "Zero").await;
            stage.run().await;
        }
        in_channel(stage, matches!(self, Self::Channel | Self::ToChannel));
        channel
    }
}

async fn waits_out(seconds: u32) {
    for (method, run) in CALLS {
        let mut stage = Stage::new().await;
        let channel = run.prepare(&mut stage).await;
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
        let two = "♫ Ann – Two".to_owned();
        let (here, there) = match run {
            Run::First | Run::Next | Run::FromChannel => (vec![two.clone()], vec!["Welcome".to_owned()]),
            Run::Channel | Run::ToChannel => (vec![], vec!["Welcome".to_owned(), two.clone()]),
        };
        let said = (stage.notes(), stage.telegram(|t| notes(t, channel)), stage.about());
        assert_eq!(said, (here, there, two), "{method}");
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
