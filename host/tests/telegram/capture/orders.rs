//! Sweep, listener, gaps, rechecks and imports in any order, while people talk, edit and delete in between: in the end the
//! archive is what Telegram shows, and what was deleted after somebody had seen it is marked.
//!
//! Both engines. `TAPEDECK_TEST_ORDERS` says how many orders are tried, `TAPEDECK_TEST_SEED` which one.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tapedeck::{
    capture::{Fill, Listen, ListenRules, Tell, guard::GuardSettings},
    clock::SystemClock,
    import::{Import, ImportSummary, Kind, Media, Place, Request},
    model::{AccountName, Fetched, Message, MessageId, PeerId},
    telegram::convert,
};
use tapedeck_sim::telegram::{Peer, Spot, Telegram, message, tl};
use tokio_util::sync::CancellationToken;

use super::{
    engine::On,
    stage::{Stage, WITH_GRACE, rechecks},
};
use crate::support::{ADA, GRACE, random::Random, soon, variable};

const GROUP: PeerId = PeerId::channel(55);
const USUAL: usize = 24;
/// So many orders, of which one is captured into PostgreSQL.
const POSTGRES_EVERY: usize = 4;
/// Orders that are tried at the same time: most of each is waiting.
const TOGETHER: usize = 3;

#[derive(Clone, Copy, Debug)]
enum Step {
    Talk,
    Sweep,
    Listen,
    Fill,
    Recheck,
    /// Somebody exports a chat with Telegram Desktop.
    Export,
    /// And imports it, perhaps much later.
    Import,
}

const STEPS: [Step; 9] = [
    Step::Talk,
    Step::Talk,
    Step::Sweep,
    Step::Listen,
    Step::Fill,
    Step::Recheck,
    Step::Export,
    Step::Import,
    Step::Import,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_order_of_sweep_listener_fill_and_import_gives_the_same_archive() {
    let count = variable("TAPEDECK_TEST_ORDERS").and_then(|text| text.parse().ok()).unwrap_or(USUAL);
    let mut random = Random::new();
    let mut seeds = vec![random.seed];
    if variable("TAPEDECK_TEST_SEED").is_none() {
        seeds.extend((1..count).map(|_| random.next()));
    }
    // On the heap: many of them are large.
    let orders = (0..).zip(seeds).map(|(number, seed)| {
        let on = if number % POSTGRES_EVERY == 0 { On::Postgres } else { On::Sqlite };
        Box::pin(async move {
            let order = Box::pin(Order::open(seed, on)).await;
            Box::pin(order.run()).await;
        })
    });
    futures_util::stream::iter(orders).buffer_unordered(TOGETHER).for_each(|()| async {}).await;
}

struct Order {
    stage: Stage,
    random: Random,
    /// For who has to find out what went wrong.
    steps: Vec<Step>,
    /// Every text that a message ever had.
    texts: BTreeMap<(PeerId, i32), BTreeSet<String>>,
    exports: Vec<tempfile::TempDir>,
}

fn peer(chat: PeerId) -> Peer {
    if chat == GROUP { Peer::Channel(55) } else { Peer::User(GRACE) }
}

fn spot(chat: PeerId, id: i32) -> Spot {
    if chat == GROUP { Spot::Channel { channel: 55, id } } else { Spot::Box { owner: ADA, id } }
}

/// What Ada's account has of a chat.
fn alive(t: &Telegram, chat: PeerId) -> Vec<tl::enums::Message> {
    let ids: Vec<i32> = t.history(ADA, peer(chat)).map(|it| it.ids_from(0).collect()).unwrap_or_default();
    ids.into_iter().filter_map(|id| t.message(ADA, peer(chat), id)).collect()
}

impl Order {
    async fn open(seed: u64, on: On) -> Self {
        let stage = Stage::open_on(on).await;
        stage.scene.telegram(|t| {
            t.add_supergroup(55, "Group", GRACE);
            t.join(Peer::Channel(55), ADA);
        });
        let random = Random::of(seed);
        let mut order =
            Self { stage, random, steps: Vec::new(), texts: BTreeMap::new(), exports: Vec::new() };
        order.talk(4);
        order
    }

    async fn run(mut self) {
        for _ in 0..self.random.below(10) + 4 {
            let step = STEPS[self.random.below(STEPS.len())];
            self.steps.push(step);
            self.step(step).await;
        }
        // However it was: what everybody does in the end.
        for step in [Step::Sweep, Step::Fill, Step::Recheck] {
            self.step(step).await;
        }
        self.compare().await;
        self.stage.finish();
    }

    async fn step(&mut self, step: Step) {
        let capture = self.stage.capture();
        match step {
            Step::Talk => self.talk(1 + self.random.clone().below(30)),
            Step::Sweep => drop(self.stage.sweep().await),
            Step::Listen => self.listen().await,
            Step::Fill => {
                let fill = Fill { capture, chats: Vec::new(), min_ids: 1, tell: Tell::nobody() };
                soon(fill.run()).await.1.unwrap();
            }
            Step::Recheck => {
                rechecks(capture).await;
            }
            Step::Export => self.export(),
            Step::Import => self.import().await,
        }
    }

    fn talk(&mut self, count: usize) {
        for _ in 0..count {
            let chat = if self.random.one_in(2) { GROUP } else { WITH_GRACE };
            let (what, number) = (self.random.below(12), self.random.below(1_000));
            // An edit that changes nothing is none.
            let other = self.random.below(1_000_000_000);
            self.stage.scene.telegram(|t| {
                // Each edit has a moment of its own.
                t.advance(1);
                let known = alive(t, chat);
                let chosen = known.get(number % known.len().max(1)).map(|it| (it.id(), is_said(it)));
                match (what, chosen) {
                    (0 | 1, Some((id, true))) => {
                        assert!(t.edit(spot(chat, id), &format!("edited {number} {other}")))
                    }
                    (2, Some((id, _))) => t.delete(spot(chat, id)),
                    (3, Some((id, true))) => t.react(spot(chat, id), GRACE, ["👍", "❤", ""][number % 3]),
                    (4, Some((id, true))) => t.pin(spot(chat, id), number % 2 == 0),
                    _ => {
                        let to = if chat == GROUP { Peer::Channel(55) } else { Peer::User(ADA) };
                        t.say(to, GRACE, &format!("number {number}"));
                    }
                }
                note(&mut self.texts, t);
            });
        }
    }

    /// Until it is live and has heard all that was said before.
    async fn listen(&mut self) {
        let stop = CancellationToken::new();
        let rules = ListenRules {
            guard: GuardSettings { threshold: u32::MAX, all_chats: 0, ..GuardSettings::default() },
            ..ListenRules::default()
        };
        let listen = Listen {
            capture: self.stage.capture(),
            rules,
            tell: Tell::new(|_| {}, stop.clone()),
            media: None,
        };
        let talking = async {
            self.hear("are you there").await;
            self.talk(6);
            self.hear("goodbye").await;
            stop.cancel();
        };
        let (ended, ()) = soon(async { tokio::join!(listen.run(), talking) }).await;
        ended.1.unwrap();
    }

    /// Says something in both chats, again and again, until it is in the archive.
    async fn hear(&mut self, word: &str) {
        let text = format!("{word}, {}?", self.random.next());
        for (chat, to) in [(GROUP, Peer::Channel(55)), (WITH_GRACE, Peer::User(ADA))] {
            loop {
                self.stage.scene.telegram(|t| {
                    t.say(to, GRACE, &text);
                    note(&mut self.texts, t);
                });
                // What is said before anybody listens is not heard.
                let heard = self.stage.until(async || self.stage.texts(chat).await.contains(&text));
                if tokio::time::timeout(Duration::from_millis(100), heard).await.is_ok() {
                    break;
                }
            }
        }
    }

    /// As Telegram Desktop writes one chat.
    fn export(&mut self) {
        let chat = if self.random.one_in(2) { GROUP } else { WITH_GRACE };
        let messages: Vec<Value> = self.stage.scene.telegram(|t| {
            let said = alive(t, chat).into_iter().filter(is_said);
            said.map(|it| exported(&it)).collect()
        });
        let (kind, id) = if chat == GROUP { ("private_supergroup", 55) } else { ("personal_chat", GRACE) };
        let name = if chat == GROUP { "Group" } else { "Grace" };
        let written = json!({ "name": name, "type": kind, "id": id, "messages": messages });
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("result.json"), written.to_string()).unwrap();
        self.exports.push(folder);
    }

    async fn import(&mut self) {
        if self.exports.is_empty() {
            self.export();
        }
        let which = self.random.below(self.exports.len());
        let request = Request {
            place: Place::Path(self.exports[which].path().join("result.json")),
            kind: Kind::TelegramDesktop,
            account: AccountName::main(),
            chat: None,
            timezone: None,
            files_from: None,
            media: Media::Skip,
        };
        let (progress, _) = tokio::sync::watch::channel(ImportSummary::default());
        let clock = std::sync::Arc::new(SystemClock);
        let import = Import::open(request, self.stage.store.clone(), clock).await.unwrap();
        soon(import.run(CancellationToken::new(), progress)).await.unwrap();
    }

    async fn compare(&self) {
        let about = format!("seed {}, {:?}", self.random.seed, self.steps);
        for chat in [WITH_GRACE, GROUP] {
            let mut world: BTreeMap<i32, Message> = self.stage.scene.telegram(|t| {
                let messages = alive(t, chat).into_iter().map(convert::fetched);
                let messages = messages.filter_map(|it| match it {
                    Fetched::Message(message) => Some((message.id.0, *message)),
                    Fetched::Missing { .. } => None,
                });
                messages.collect()
            });
            let top = world.keys().next_back().copied().unwrap_or(0);
            let ever = self.texts.keys().filter(|(of, _)| *of == chat).map(|(_, id)| *id).max().unwrap_or(0);
            for stored in self.stage.stored(chat).await {
                let id = stored.message.id;
                self.versions_are_true(chat, id, &about).await;
                match world.remove(&id.0) {
                    Some(theirs) => {
                        assert_eq!(stored.message, theirs, "{about}");
                        assert_eq!(stored.deleted, None, "{id} of {chat} is there, {about}");
                        assert_eq!(stored.sender_name.as_deref(), Some("Grace"), "{id} of {chat}, {about}");
                    }
                    None => assert!(stored.deleted.is_some(), "{id} of {chat} is gone, {about}"),
                }
            }
            if top == 0 && self.stage.store.chat(self.stage.key(chat)).await.unwrap().is_none() {
                // All was gone again before anybody came to see.
                assert!(self.stage.stored(chat).await.is_empty(), "{chat}, {about}");
                continue;
            }
            assert!(world.is_empty(), "{:?} of {chat} are missing, {about}", world.keys());
            let sync = self.stage.store.sync(self.stage.key(chat)).await.unwrap();
            // A newest message that went after somebody had read it takes no cursor back.
            let cursor = sync.cursor.map_or(0, |cursor| cursor.0);
            assert!((top..=ever).contains(&cursor), "{chat} is at {cursor} of {top}, {ever}, {about}");
            let certificate = self.stage.certificate(chat).await;
            assert_eq!((certificate.share, certificate.loose), (1.0, 0), "{certificate}, {about}");
        }
        assert_eq!(self.stage.store.check().await.unwrap(), [""; 0], "{about}");
        assert!(self.stage.store.poison(None, None).await.unwrap().is_empty(), "{about}");
    }

    /// Nothing that was never said, nothing twice.
    async fn versions_are_true(&self, chat: PeerId, id: MessageId, about: &str) {
        let versions = self.stage.store.versions(self.stage.key(chat), id).await.unwrap();
        let said = self.texts.get(&(chat, id.0));
        let texts: BTreeSet<&String> = versions.iter().map(|version| &version.text).collect();
        assert_eq!(texts.len(), versions.len(), "{id} of {chat} has {versions:?}, {about}");
        for text in texts {
            assert!(
                said.is_some_and(|said| said.contains(text)),
                "{id} of {chat} never said {text}, {about}"
            );
        }
    }
}

fn is_said(message: &tl::enums::Message) -> bool {
    matches!(message, tl::enums::Message::Message(_))
}

fn note(texts: &mut BTreeMap<(PeerId, i32), BTreeSet<String>>, t: &Telegram) {
    for chat in [WITH_GRACE, GROUP] {
        for said in alive(t, chat) {
            texts.entry((chat, said.id())).or_default().insert(message::text_of(&said).to_owned());
        }
    }
}

fn exported(said: &tl::enums::Message) -> Value {
    let mut written = json!({
        "id": said.id(),
        "type": "message",
        "date_unixtime": message::date_of(said).to_string(),
        "from": "Grace",
        "from_id": format!("user{GRACE}"),
        "text": message::text_of(said),
    });
    if let tl::enums::Message::Message(tl::types::Message { edit_date: Some(date), .. }) = said {
        written["edited_unixtime"] = date.to_string().into();
    }
    written
}
