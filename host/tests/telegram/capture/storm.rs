//! Ten thousand deletions at once: so many pass as the limiter lets, all others wait, and the listener goes on.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde_json::json;
use tapedeck::{
    archive::{Around, BlockedKind, ChatsPage, MessagePage},
    capture::{Decision, Listen, ListenRules, Sweep, Tell, decide, guard::GuardSettings},
    model::{MessageId, PeerId},
};
use tapedeck_sim::telegram::{Peer, Spot};
use tokio_util::sync::CancellationToken;

use super::stage::Stage;
use crate::{support::Scene, worlds::generated_in};

const STORM: usize = 10_000;
/// What the limiter lets pass in each chat.
const PASS: usize = 10;
/// As many as there are in the largest chats.
const MOST_OF_A_CHAT: usize = 3_500;

/// Captured chats, and what is going to be deleted in them.
struct Storm {
    stage: Stage,
    me: i64,
    doomed: BTreeMap<i64, Vec<i32>>,
}

impl Storm {
    async fn gather() -> Self {
        let scene = Scene::open().await;
        let (plan, client) = generated_in(&scene, 26_000, 12);
        let session = client.session().clone();
        let mut stage = Stage::with(scene, session).await;
        stage.rules(json!({ "types": ["private", "bots", "groups", "channels"] }));
        Sweep { capture: stage.capture(), tell: Tell::nobody() }.run().await.1.unwrap();
        let mut left = STORM;
        let mut doomed = BTreeMap::new();
        for chat in plan.chats.iter().filter(|chat| chat.kind.is_channel()) {
            let ids: Vec<i32> = stage.scene.telegram(|t| {
                let history = t.history(plan.me(), Peer::Channel(chat.id)).unwrap();
                history.ids_from(0).take(left.min(MOST_OF_A_CHAT)).collect()
            });
            left -= ids.len();
            doomed.insert(chat.id, ids);
        }
        assert_eq!(left, 0, "there are enough messages");
        Self { stage, me: plan.me(), doomed }
    }

    fn says(&self, chat: i64, text: &str) {
        self.stage.scene.telegram(|t| t.say(Peer::Channel(chat), self.me, text));
    }

    async fn eventually(&self, chat: i64, text: &str) {
        let key = self.stage.key(PeerId::channel(chat));
        loop {
            let page = MessagePage::new(Around::End, 50);
            let newest = self.stage.store.messages(key.clone(), page).await.unwrap();
            if newest.iter().any(|it| it.message.text == text) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The listener hears what happens from now on.
    async fn is_heard(&self) {
        let chat = *self.doomed.keys().next().unwrap();
        for word in 0.. {
            let word = format!("are you there, {word}?");
            self.says(chat, &word);
            let heard = self.eventually(chat, &word);
            if tokio::time::timeout(Duration::from_millis(100), heard).await.is_ok() {
                return;
            }
        }
    }

    /// A part of each chat at a time, one message after the other.
    async fn break_loose(&self) {
        for start in (0..MOST_OF_A_CHAT).step_by(20) {
            self.stage.scene.telegram(|t| {
                for (channel, ids) in &self.doomed {
                    for id in ids.iter().skip(start).take(20) {
                        t.delete(Spot::Channel { channel: *channel, id: *id });
                    }
                }
            });
            tokio::task::yield_now().await;
        }
        for chat in self.doomed.keys() {
            self.says(*chat, "after the storm");
        }
        for chat in self.doomed.keys() {
            self.eventually(*chat, "after the storm").await;
        }
    }

    /// Of the doomed.
    async fn marked(&self) -> usize {
        let mut marked = 0;
        for (chat, ids) in &self.doomed {
            let ids = ids.iter().copied().map(MessageId).collect();
            let stored = self.stage.store.by_id(self.stage.key(PeerId::channel(*chat)), ids).await.unwrap();
            marked += stored.iter().filter(|it| it.deleted.is_some()).count();
        }
        marked
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_deletions_are_held_back_and_the_listener_goes_on() {
    let storm = Storm::gather().await;
    let (stage, stop) = (&storm.stage, CancellationToken::new());
    let rules = ListenRules {
        // As long as the test takes, however long that is.
        guard: GuardSettings { window: Duration::from_secs(3_600), ..GuardSettings::default() },
        ..ListenRules::default()
    };
    let listen =
        Listen { capture: stage.capture(), rules, tell: Tell::new(|_| {}, stop.clone()), media: None };
    let storming = async {
        storm.is_heard().await;
        let begun = Instant::now();
        let over = CancellationToken::new();
        let breaking = async {
            storm.break_loose().await;
            over.cancel();
        };
        let ((), longest) = tokio::join!(breaking, longest_wait(stage, &over));
        stop.cancel();
        (begun.elapsed(), longest)
    };
    let ((heard, ended), (took, longest)) = tokio::join!(listen.run(), storming);
    ended.unwrap();
    println!("{took:?}, the longest question {longest:?}: {heard}");
    let passed = PASS * storm.doomed.len();
    assert_eq!((heard.deleted, heard.held_back), (passed as u64, (STORM - passed) as u64), "{heard}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(longest < Duration::from_secs(1), "a question waited for {longest:?}");
    assert_eq!(storm.marked().await, passed);
    let held = stage.store.blocked(None).await.unwrap();
    assert!(held.iter().all(|(_, it)| it.kind == BlockedKind::Deletion));
    assert_eq!(held.iter().map(|(_, it)| it.ids.len()).sum::<usize>(), STORM - passed);
    // As many as somebody can decide about, not one for each message.
    assert!(held.len() < STORM / 10, "{} words", held.len());
    let capture = stage.capture();
    for (_, it) in &held {
        decide(&capture.store, &capture.clock, it.number, Decision::Apply, &capture.section).await.unwrap();
    }
    assert!(stage.store.blocked(None).await.unwrap().is_empty());
    assert_eq!(storm.marked().await, STORM);
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
