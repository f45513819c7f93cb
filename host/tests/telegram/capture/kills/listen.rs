//! A listener of a private chat and a supergroup, in which people talk, edit and delete, also while nobody listens.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tapedeck::{
    archive::{BlockedKind, SharedStore, Version},
    capture::{Decision, Listen, ListenRules, Sweep, Tell, decide, guard::GuardSettings},
    clock::{SharedClock, SystemClock},
    config::CaptureSection,
    model::{MessageId, PeerId},
};
use tapedeck_sim::telegram::{Peer, Spot};
use tokio_util::sync::CancellationToken;

use super::{GROUP, On, Yard, capture, cursor, engine, ids, key, newest_change, say, stored, told};
use crate::{
    capture::stage::WITH_GRACE,
    support::{ADA, GRACE, Scene, random::Random},
};

const CHILD: &str = "capture::kills::listen::listens_until_killed";
const CHATS: [PeerId; 2] = [WITH_GRACE, GROUP];

#[tokio::test(flavor = "multi_thread")]
async fn killed_listeners_lose_and_double_nothing() {
    lose_and_double_nothing(On::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_listeners_lose_and_double_nothing_in_postgres() {
    lose_and_double_nothing(On::Postgres).await;
}

/// What people have said, and made of it.
#[derive(Default)]
struct Talk {
    said: Vec<Said>,
}

struct Said {
    chat: PeerId,
    spot: Spot,
    /// The newest is the last.
    texts: Vec<String>,
    is_gone: bool,
}

impl Talk {
    fn goes_on(&mut self, scene: &Scene, random: &mut Random) {
        let (which, number) = (random.below(6), self.said.len());
        let known = (number > 0).then(|| random.below(number)).filter(|at| !self.said[*at].is_gone);
        scene.telegram(|t| match (which, known) {
            (0, Some(at)) => {
                let said = &mut self.said[at];
                let text = format!("{} again", said.texts[said.texts.len() - 1]);
                // Each edit has a moment of its own.
                t.advance(1);
                assert!(t.edit(said.spot, &text));
                said.texts.push(text);
            }
            (1, Some(at)) => {
                t.delete(self.said[at].spot);
                self.said[at].is_gone = true;
            }
            _ => {
                let (chat, peer) =
                    if which % 2 == 0 { (GROUP, Peer::Channel(55)) } else { (WITH_GRACE, Peer::User(ADA)) };
                let text = format!("number {number}");
                let spot = match t.say(peer, GRACE, &text) {
                    // Ada has it under a number of her own.
                    Spot::Box { .. } => {
                        Spot::Box { owner: ADA, id: t.history(ADA, Peer::User(GRACE)).unwrap().top() }
                    }
                    channel @ Spot::Channel { .. } => channel,
                };
                self.said.push(Said { chat, spot, texts: vec![text], is_gone: false });
            }
        });
    }

    /// What differs from what people have said, unless it is only late.
    async fn difference(&self, store: &SharedStore, is_over: bool) -> Option<String> {
        let mut kept = BTreeMap::new();
        for chat in CHATS {
            let all = stored(store, chat).await;
            ids(&all);
            kept.extend(all.into_iter().map(|stored| ((chat, stored.message.id.0), stored)));
        }
        for Said { chat, spot, texts, is_gone } in &self.said {
            let place = (*chat, spot.id());
            let Some(stored) = kept.get(&place) else {
                if is_over && !is_gone {
                    return Some(format!("{place:?} {texts:?} is lost"));
                }
                continue;
            };
            if !texts.contains(&stored.message.text) {
                return Some(format!("{place:?} says {:?} instead of one of {texts:?}", stored.message.text));
            }
            let mut versions = store.versions(key(*chat), MessageId(spot.id())).await.unwrap();
            versions.sort_by(|one, other| one.text.cmp(&other.text));
            let earlier: Vec<&str> = versions.iter().map(|Version { text, .. }| text.as_str()).collect();
            let is_once = earlier.is_sorted_by(|one, other| one < other);
            if !is_once || !earlier.iter().all(|text| texts.iter().any(|it| it == text)) {
                return Some(format!("{place:?} had {earlier:?}, and people said {texts:?}"));
            }
            let is_late = stored.deleted.is_some() != *is_gone || texts.last() != Some(&stored.message.text);
            if is_over && is_late && !(*is_gone && stored.deleted.is_some()) {
                return Some(format!("{place:?} is {stored:?} and should be {texts:?}, gone: {is_gone}"));
            }
        }
        None
    }
}

async fn lose_and_double_nothing(on: On) {
    let scene = Scene::open().await;
    scene.telegram(|t| {
        t.add_supergroup(55, "Group", GRACE);
        t.join(Peer::Channel(55), ADA);
        t.say(Peer::User(ADA), GRACE, "hello");
    });
    let mut yard = Yard::open(&scene, on).await;
    let store = yard.archive().await;
    let client = yard.login.client();
    Sweep { capture: capture(client.clone(), store.clone()), tell: Tell::nobody() }.run().await.1.unwrap();
    client.close();
    let mut cursors = [0, 0];
    for (at, chat) in CHATS.into_iter().enumerate() {
        cursors[at] = cursor(&store, chat).await;
    }
    begin(&scene, &yard, &store).await;
    drop(store);
    drop(yard.left_behind().await);
    let (mut talk, mut sequence) = (Talk::default(), 0);
    while yard.left > 0 {
        yard.left -= 1;
        for _ in 0..yard.random.below(4) {
            talk.goes_on(&scene, &mut yard.random);
        }
        let mut doomed = yard.start(CHILD);
        // Something that it will hear of.
        talk.goes_on(&scene, &mut yard.random);
        let words = yard.random.below(2);
        tokio::task::block_in_place(|| doomed.hear(words));
        for _ in 0..yard.random.below(9) {
            talk.goes_on(&scene, &mut yard.random);
        }
        let after = yard.random.below(12_000) as u64;
        tokio::task::block_in_place(|| doomed.kill(Duration::from_micros(after)));
        let store = yard.left_behind().await;
        let seed = yard.random.seed;
        assert_eq!(talk.difference(&store, false).await, None, "seed {seed}");
        assert_eq!(doubly_held(&store).await, [], "seed {seed}");
        for (at, chat) in CHATS.into_iter().enumerate() {
            assert_eq!(cursor(&store, chat).await, cursors[at], "cursors are the sweep's");
        }
        let newest = newest_change(&store).await;
        assert!(newest >= sequence, "{newest} after {sequence}, seed {seed}");
        sequence = newest;
    }
    assert!(!talk.said.is_empty(), "the test has something to look at");
    // One that lives long enough hears the rest; no sweep helps it.
    let doomed = yard.start(CHILD);
    let store = yard.archive().await;
    let hearing = async {
        while talk.difference(&store, true).await.is_some() {
            apply_all(&store).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(10), hearing).await.is_err() {
        panic!("{:?}, seed {}", talk.difference(&store, true).await, yard.random.seed);
    }
    tokio::task::block_in_place(|| doomed.kill(Duration::ZERO));
    drop(store);
    drop(yard.left_behind().await);
    scene.finish();
}

/// Deletions that wait more than once.
async fn doubly_held(store: &SharedStore) -> Vec<(PeerId, i32)> {
    let (mut seen, mut twice) = (BTreeSet::new(), Vec::new());
    for (_, held) in store.blocked(None).await.unwrap() {
        if held.kind == BlockedKind::Deletion {
            let places = held.ids.iter().map(|id| (held.chat, id.0));
            twice.extend(places.filter(|place| !seen.insert(*place)));
        }
    }
    twice
}

/// What was held back happens after all, in its order.
async fn apply_all(store: &SharedStore) {
    let clock: SharedClock = Arc::new(SystemClock);
    let section = CaptureSection::default();
    for (_, held) in store.blocked(None).await.unwrap() {
        decide(store, &clock, held.number, Decision::Apply, &section).await.unwrap();
    }
}

/// From here on a listener knows where the updates are.
async fn begin(scene: &Scene, yard: &Yard, store: &SharedStore) {
    let mut doomed = yard.start(CHILD);
    let heard = async {
        loop {
            scene.telegram(|t| t.say(Peer::Channel(55), GRACE, "are you there?"));
            tokio::time::sleep(Duration::from_millis(40)).await;
            let kept = stored(store, GROUP).await;
            if kept.iter().any(|it| it.message.text == "are you there?") {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), heard).await.expect("it hears something");
    // What it has heard by now is noted with the first word that it says.
    tokio::task::block_in_place(|| {
        doomed.hear(1);
        doomed.kill(Duration::ZERO);
    });
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it is the process that `killed_listeners_lose_and_double_nothing` kills"]
async fn listens_until_killed() {
    let Some((folder, login)) = told() else { return };
    let session = login.kept_session(&folder.join("data")).await;
    let client = login.client_with(session.clone());
    let heard = Arc::new(tokio::sync::Notify::new());
    let hear = heard.clone();
    let listen = Listen {
        capture: capture(client, engine::open(&folder).await),
        rules: ListenRules {
            // Little passes: the rest is held back, and comes again after a kill.
            guard: GuardSettings { threshold: 1, all_chats: 0, ..GuardSettings::default() },
            ..ListenRules::default()
        },
        tell: Tell::new(
            move |step| {
                if step.unit == "messages" {
                    hear.notify_one()
                }
            },
            CancellationToken::new(),
        ),
        media: None,
    };
    // A daemon writes down every second where the updates are.
    let notes = async {
        loop {
            heard.notified().await;
            session.flush().await.unwrap();
            say("noted");
        }
    };
    tokio::join!(listen.run(), notes);
}
