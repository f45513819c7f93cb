//! Ten thousand deletions within ten seconds, in forty chats: so many pass as the limiter lets, all others wait for a word,
//! and whoever has to tidy up afterwards is done with one command.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use tapedeck::{
    archive::{Around, BlockedKind, ChatsPage, MessagePage},
    capture::{
        Decision, Heard, Listen, ListenRules, Tell, Undo, UndoWhich, Undone, decide, guard::GuardSettings,
    },
    model::{AccountName, MessageId, PeerId},
};
use tapedeck_sim::telegram::{Peer, Spot};
use tokio_util::sync::CancellationToken;

use super::{engine::On, stage::Stage};
use crate::support::{ADA, GRACE};

const CHATS: i64 = 40;
const EACH: usize = 250;
const STORM: usize = CHATS as usize * EACH;
/// Of one chat that are deleted before the next one's turn.
const AT_ONCE: usize = 25;
/// For the storm, and for each of what comes after it.
const TIME: Duration = Duration::from_secs(10);

fn chats() -> impl Iterator<Item = i64> {
    100..100 + CHATS
}

/// Captured chats, in which all is going to be deleted.
struct Storm {
    stage: Stage,
    doomed: Vec<(i64, Vec<i32>)>,
}

impl Storm {
    async fn gather(on: On) -> Self {
        let stage = Stage::open_on(on).await;
        let doomed = stage.scene.telegram(|t| {
            let gathered = chats().map(|chat| {
                t.add_supergroup(chat, "Group", GRACE);
                t.join(Peer::Channel(chat), ADA);
                let say = |number| t.say(Peer::Channel(chat), GRACE, &format!("number {number}")).id();
                (chat, (0..EACH).map(say).collect())
            });
            gathered.collect()
        });
        stage.sweep().await;
        Self { stage, doomed }
    }

    fn says(&self, chat: i64, text: &str) {
        self.stage.scene.telegram(|t| t.say(Peer::Channel(chat), GRACE, text));
    }

    async fn eventually(&self, chat: i64, text: &str) {
        let key = self.stage.key(PeerId::channel(chat));
        let is_there = async || {
            let page = MessagePage::new(Around::End, 20);
            let newest = self.stage.store.messages(key.clone(), page).await.unwrap();
            newest.iter().any(|it| it.message.text == text)
        };
        self.stage.until(is_there).await;
    }

    /// Until the listener is heard of.
    async fn is_heard(&self) {
        for word in 0.. {
            let word = format!("are you there, {word}?");
            self.says(100, &word);
            let heard = self.eventually(100, &word);
            if tokio::time::timeout(Duration::from_millis(100), heard).await.is_ok() {
                return;
            }
        }
    }

    /// Each deletion is pushed by itself, now of this chat and now of that one.
    async fn breaks_loose(&self) {
        for start in (0..EACH).step_by(AT_ONCE) {
            for (channel, ids) in &self.doomed {
                self.stage.scene.telegram(|t| {
                    for id in &ids[start..start + AT_ONCE] {
                        t.delete(Spot::Channel { channel: *channel, id: *id });
                    }
                });
                tokio::task::yield_now().await;
            }
        }
    }

    /// What is said last was heard in every chat, and so all before it.
    async fn is_over(&self) {
        chats().for_each(|chat| self.says(chat, "after the storm"));
        for chat in chats() {
            self.eventually(chat, "after the storm").await;
        }
    }

    async fn marked(&self) -> usize {
        let mut marked = 0;
        for (chat, ids) in &self.doomed {
            let ids = ids.iter().copied().map(MessageId).collect();
            let stored = self.stage.store.by_id(self.stage.key(PeerId::channel(*chat)), ids).await.unwrap();
            marked += stored.iter().filter(|it| it.deleted.is_some()).count();
        }
        marked
    }

    /// Says what was heard, how long the storm took until all of it was stored, and the longest that somebody waited for
    /// the page meanwhile.
    async fn is_weathered(&self, guard: GuardSettings) -> (Heard, Duration, Duration) {
        let stop = CancellationToken::new();
        let listen = Listen {
            capture: self.stage.capture(),
            rules: ListenRules { guard, ..ListenRules::default() },
            tell: Tell::new(|_| {}, stop.clone()),
            media: None,
        };
        let storming = async {
            self.is_heard().await;
            let (begun, over) = (Instant::now(), CancellationToken::new());
            let breaking = async {
                self.breaks_loose().await;
                self.is_over().await;
                over.cancel();
                begun.elapsed()
            };
            let (took, longest) = tokio::join!(breaking, longest_wait(&self.stage, &over));
            stop.cancel();
            (took, longest)
        };
        let ((heard, ended), (took, longest)) = tokio::join!(Box::pin(listen.run()), Box::pin(storming));
        ended.unwrap();
        (heard, took, longest)
    }

    async fn undo(&self, since: Timestamp) -> Undone {
        let which = UndoWhich::Between { from: since, to: Timestamp::MAX, chat: None };
        let undo = Undo { account: AccountName::main(), which, is_rehearsal: false };
        let capture = self.stage.capture();
        undo.run(&capture.store, &capture.clock).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_deletions_in_ten_seconds_wait_for_a_word() {
    wait_for_a_word(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_deletions_in_ten_seconds_wait_for_a_word_in_postgres() {
    wait_for_a_word(On::Postgres).await;
}

async fn wait_for_a_word(on: On) {
    let storm = Storm::gather(on).await;
    let since = storm.stage.capture().clock.now();
    // The window is longer than the storm on any machine.
    let guard = GuardSettings { window: Duration::from_secs(3_600), ..GuardSettings::default() };
    let (heard, took, longest) = Box::pin(storm.is_weathered(guard)).await;
    // Ten of each chat, until the alarm over all chats goes off.
    let passed = guard.all_chats as usize;
    assert!(passed < guard.threshold as usize * storm.doomed.len());
    assert_eq!((heard.deleted, heard.held_back), (passed as u64, (STORM - passed) as u64), "{heard}");
    assert!(took < TIME, "the listener was done after {took:?}");
    assert!(longest < Duration::from_secs(2), "somebody waited for the page for {longest:?}");
    assert_eq!(storm.marked().await, passed);
    let held = storm.stage.store.blocked(None).await.unwrap();
    assert!(held.iter().all(|(_, it)| it.kind == BlockedKind::Deletion));
    assert_eq!(held.iter().map(|(_, it)| it.ids.len()).sum::<usize>(), STORM - passed);
    // As many as somebody can look through, not one for each message.
    assert!(held.len() < STORM / 5, "{} words", held.len());

    let capture = storm.stage.capture();
    let begun = Instant::now();
    for (_, it) in &held {
        decide(&capture.store, &capture.clock, it.number, Decision::Apply, &capture.section).await.unwrap();
    }
    let applied = begun.elapsed();
    assert!(storm.stage.store.blocked(None).await.unwrap().is_empty());
    assert_eq!(storm.marked().await, STORM);

    let begun = Instant::now();
    let undone = storm.undo(since).await;
    let took_back = begun.elapsed();
    assert_eq!((undone.messages, undone.removed), (STORM as u64, 0), "{undone}");
    assert_eq!(storm.marked().await, 0);
    assert!(applied < TIME && took_back < TIME, "applied in {applied:?}, taken back in {took_back:?}");
    storm.stage.finish();
}

/// Somebody looks at the page meanwhile.
async fn longest_wait(stage: &Stage, over: &CancellationToken) -> Duration {
    let mut longest = Duration::ZERO;
    while !over.is_cancelled() {
        let asked = Instant::now();
        stage.store.chats(ChatsPage { limit: 50, ..ChatsPage::default() }).await.unwrap();
        stage.store.figures().await.unwrap();
        longest = longest.max(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    longest
}
