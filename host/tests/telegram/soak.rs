//! Two accounts talk to each other while everything breaks at random; in the end both know the
//! same, and all of it. `TAPEDECK_TEST_SOAK_S` says for how long; the seed is in the message.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use grammers_session::Session as _;
use grammers_tl_types as tl;
use tapedeck::{
    model::{PeerId, SelfView},
    telegram::{
        Client, read,
        session::AccountSession,
        updates::{Batch, Update},
    },
};
use tapedeck_sim::telegram::{Fault, Peer, Telegram};

use crate::{
    support::{ADA, GRACE, Scene, random::Random, soon, variable},
    updates::open,
};

const ROOM: i64 = 77;
const PATIENCE: Duration = Duration::from_secs(20);

/// What somebody knows of a chat: the text of each message by its id.
type Known = BTreeMap<(PeerId, i32), String>;

/// Somebody with two devices: one talks, one keeps what is told.
struct Person {
    id: i64,
    dc: i32,
    talking: Client,
    keeping: Arc<AccountSession>,
    known: Mutex<Known>,
    /// Their own messages that are there, for edits and deletions.
    said: Mutex<Vec<(PeerId, i32)>>,
}

impl Person {
    async fn new(scene: &Scene, id: i64, dc: i32) -> Self {
        let talking = scene.client_with(session(scene, id, dc).await);
        let keeping = session(scene, id, dc).await;
        let person = Self { id, dc, talking, keeping, known: Mutex::default(), said: Mutex::default() };
        let mut dialogs = read::Dialogs::new(&person.talking, read::Folder::Main);
        while dialogs.next_page().await.unwrap().is_some() {}
        person.begin(scene).await;
        person
    }

    /// The first time: what is there is read, and from where updates count is noted.
    async fn begin(&self, scene: &Scene) {
        let client = scene.client_with(self.keeping.clone());
        let mut updates = open(&client).await;
        let mut dialogs = read::Dialogs::new(&client, read::Folder::Main);
        while let Some(page) = dialogs.next_page().await.unwrap() {
            let chats: Vec<PeerId> = page.listed().iter().map(|listed| listed.chat.id).collect();
            soon(updates.learn_channels(&chats)).await.unwrap();
        }
        *self.known.lock().unwrap() = self.truth().await;
        let ready = format!("{} is ready", self.id);
        scene.telegram(|t| t.say(Peer::Channel(ROOM), self.id, &ready));
        while !self.known.lock().unwrap().values().any(|text| *text == ready) {
            let batch = updates.next().await.unwrap();
            self.store(&client, &batch).await;
            updates.ack(batch.token).await.unwrap();
        }
        client.close();
    }

    fn other(&self) -> PeerId {
        PeerId::user(if self.id == ADA { GRACE } else { ADA })
    }

    /// Listens for ever; at times it dies before it has noted what came, and starts again.
    async fn keep(&self, scene: &Scene, mut random: Random) {
        loop {
            let client = scene.client_with(self.keeping.clone());
            let mut updates = open(&client).await;
            for _ in 0..=random.below(20) {
                let batch = match updates.next().await {
                    Ok(batch) => batch,
                    Err(error) => panic!("seed {}: {} cannot listen: {error}", random.seed, self.id),
                };
                self.store(&client, &batch).await;
                if random.below(8) > 0 {
                    updates.ack(batch.token).await.unwrap();
                }
            }
            drop(updates);
            client.close();
        }
    }

    async fn store(&self, client: &Client, batch: &Batch) {
        for update in &batch.updates {
            match update {
                Update::Telegram(update) | Update::Missed(update) => self.store_update(update),
                Update::Gap { peer, after } => {
                    let found = history(client, *peer, after.0).await;
                    self.known.lock().unwrap().extend(found);
                }
            }
        }
    }

    fn store_update(&self, update: &tl::enums::Update) {
        let mut known = self.known.lock().unwrap();
        let message = match update {
            tl::enums::Update::NewMessage(it) => &it.message,
            tl::enums::Update::NewChannelMessage(it) => &it.message,
            tl::enums::Update::EditMessage(it) => &it.message,
            tl::enums::Update::EditChannelMessage(it) => &it.message,
            tl::enums::Update::DeleteMessages(it) => {
                known.retain(|(peer, id), _| *peer == room() || !it.messages.contains(id));
                return;
            }
            tl::enums::Update::DeleteChannelMessages(it) => {
                known.retain(|(peer, id), _| *peer != room() || !it.messages.contains(id));
                return;
            }
            _ => return,
        };
        known.extend(text_of(message));
    }

    async fn act(&self, random: &mut Random, number: u32) {
        let own = {
            let said = self.said.lock().unwrap();
            (!said.is_empty()).then(|| said[random.below(said.len())])
        };
        match (random.below(10), own) {
            (0..2, Some((peer, id))) => self.edit(peer, id, format!("edited at {number}")).await,
            (2, Some((peer, id))) => self.delete(peer, id).await,
            _ => {
                let peer = if random.below(2) == 0 { room() } else { self.other() };
                self.say(peer, format!("{} says {number}", self.id), random.next()).await;
            }
        }
    }

    async fn say(&self, peer: PeerId, text: String, random_id: u64) {
        let call = tl::functions::messages::SendMessage {
            no_webpage: false,
            silent: false,
            background: false,
            clear_draft: false,
            noforwards: false,
            update_stickersets_order: false,
            invert_media: false,
            allow_paid_floodskip: false,
            peer: self.talking.input_peer(peer).await.unwrap(),
            reply_to: None,
            message: text.clone(),
            random_id: random_id.cast_signed(),
            reply_markup: None,
            entities: None,
            schedule_date: None,
            schedule_repeat_period: None,
            send_as: None,
            quick_reply_shortcut: None,
            effect: None,
            allow_paid_stars: None,
            suggested_post: None,
            rich_message: None,
        };
        let answer = loop {
            match self.talking.invoke(&call).await {
                Err(error) if error.is_temporary() => {}
                answer => break answer,
            }
        };
        // What was said before the connection broke is found in the history.
        match answer {
            Ok(_) => {}
            Err(error) if error.is("RANDOM_ID_DUPLICATE") => {}
            Err(error) => panic!("{text}: {error}"),
        }
        let found = history(&self.talking, peer, 0).await;
        let ids: Vec<_> = found.iter().filter(|(_, said)| **said == text).map(|(spot, _)| *spot).collect();
        assert_eq!(ids.len(), 1, "`{text}` is there exactly once: {ids:?}");
        self.said.lock().unwrap().extend(ids);
    }

    async fn edit(&self, peer: PeerId, id: i32, text: String) {
        let call = tl::functions::messages::EditMessage {
            no_webpage: false,
            invert_media: false,
            peer: self.talking.input_peer(peer).await.unwrap(),
            id,
            message: Some(text),
            media: None,
            reply_markup: None,
            entities: None,
            schedule_date: None,
            schedule_repeat_period: None,
            quick_reply_shortcut_id: None,
            rich_message: None,
        };
        loop {
            match self.talking.invoke(&call).await {
                Err(error) if error.is_temporary() => {}
                Err(error) if error.is("MESSAGE_NOT_MODIFIED") => return,
                answer => return drop(answer.unwrap()),
            }
        }
    }

    async fn delete(&self, peer: PeerId, id: i32) {
        loop {
            let answer = if peer == room() {
                let channel = match self.talking.input_peer(peer).await.unwrap() {
                    tl::enums::InputPeer::Channel(it) => {
                        tl::types::InputChannel { channel_id: it.channel_id, access_hash: it.access_hash }
                    }
                    other => panic!("{other:?} is no channel"),
                };
                let call = tl::functions::channels::DeleteMessages { channel: channel.into(), id: vec![id] };
                self.talking.invoke(&call).await
            } else {
                let call = tl::functions::messages::DeleteMessages { revoke: true, id: vec![id] };
                self.talking.invoke(&call).await
            };
            match answer {
                Err(error) if error.is_temporary() => {}
                answer => {
                    answer.unwrap();
                    self.said.lock().unwrap().retain(|spot| *spot != (peer, id));
                    return;
                }
            }
        }
    }

    /// What Telegram says when nothing breaks.
    async fn truth(&self) -> Known {
        let mut truth = history(&self.talking, self.other(), 0).await;
        truth.extend(history(&self.talking, room(), 0).await);
        truth
    }
}

fn room() -> PeerId {
    PeerId::channel(ROOM)
}

fn text_of(message: &tl::enums::Message) -> Option<((PeerId, i32), String)> {
    match message {
        tl::enums::Message::Message(it) => {
            Some(((tapedeck::telegram::convert::peer(it.peer_id.clone()), it.id), it.message.clone()))
        }
        _ => None,
    }
}

async fn history(client: &Client, peer: PeerId, after: i32) -> Known {
    let input = client.input_peer(peer).await.unwrap();
    let mut reader = read::history(client, input).down_to(after);
    let mut found = Known::new();
    loop {
        match reader.next_page().await {
            Ok(Some(page)) => found.extend(page.messages.iter().filter_map(text_of)),
            Ok(None) => return found,
            Err(error) if error.is_temporary() => {}
            Err(error) => panic!("{error}"),
        }
    }
}

async fn session(scene: &Scene, user: i64, dc: i32) -> Arc<AccountSession> {
    let session = scene.strange_session();
    session.set_home_dc_id(dc).await.unwrap();
    let key = crate::support::option(&session, dc).auth_key.unwrap();
    scene.telegram(|t| t.log_in_keys(&[(dc, key)].into(), user));
    let me = SelfView { id: user, name: "Somebody".into(), username: None, phone_masked: None };
    session.set_me(me).unwrap();
    session
}

/// What breaks next.
fn trouble(t: &mut Telegram, random: &mut Random) {
    let fault = match random.below(9) {
        0 => Fault::close_before(),
        1 | 2 => Fault::close_after(),
        3 => Fault::close_after_bytes(200 + random.below(4000) as u64),
        4 => Fault::wrong_salt(),
        5 => Fault::refuse(500, "RPC_CALL_FAIL"),
        6 => Fault::refuse(-503, "Timeout"),
        7 => Fault::delay(Duration::from_millis(random.below(80) as u64)),
        _ => {
            t.faults.lose_updates = !t.faults.lose_updates;
            return;
        }
    };
    t.faults.add(fault.times(1 + u32::try_from(random.below(3)).unwrap()));
}

#[tokio::test]
async fn two_accounts_agree_after_every_kind_of_trouble() {
    let seconds = variable("TAPEDECK_TEST_SOAK_S").and_then(|text| text.parse().ok()).unwrap_or(2);
    let mut random = Random::new();
    let scene = Scene::open().await;
    scene.telegram(|t| {
        t.add_supergroup(ROOM, "Room", ADA);
        t.join(Peer::Channel(ROOM), GRACE);
        t.say(Peer::Channel(ROOM), ADA, "welcome");
        t.say(Peer::User(GRACE), ADA, "hello");
    });
    let ada = Person::new(&scene, ADA, 2).await;
    let grace = Person::new(&scene, GRACE, 4).await;
    let talk = async {
        let end = Instant::now() + Duration::from_secs(seconds);
        let mut number = 0;
        while Instant::now() < end {
            number += 1;
            if random.below(3) == 0 {
                scene.telegram(|t| trouble(t, &mut random));
            }
            if random.below(40) == 0 {
                scene.server.restart().await;
            }
            let who = if random.below(2) == 0 { &ada } else { &grace };
            who.act(&mut random, number).await;
        }
        scene.telegram(|t| {
            t.faults.clear();
            t.faults.lose_updates = false;
        });
        // Something that is told shows listeners what they have missed.
        for person in [&ada, &grace] {
            person.say(room(), format!("{} is done", person.id), random.next()).await;
            person.say(person.other(), format!("{} is done here", person.id), random.next()).await;
        }
        let waiting = Instant::now();
        for person in [&ada, &grace] {
            let truth = person.truth().await;
            while *person.known.lock().unwrap() != truth {
                assert!(waiting.elapsed() < PATIENCE, "{}", difference(person, &truth, random.seed));
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        number
    };
    let (seed, other_seed) = (Random::new(), Random::new());
    let number = tokio::select! {
        number = talk => number,
        () = ada.keep(&scene, seed) => unreachable!("it keeps for ever"),
        () = grace.keep(&scene, other_seed) => unreachable!("it keeps for ever"),
    };
    assert!(number > 10, "the test has something to look at: {number}");
    assert_ne!(ada.dc, grace.dc);
    scene.finish();
}

fn difference(person: &Person, truth: &Known, seed: u64) -> String {
    let known = person.known.lock().unwrap();
    let missing: Vec<_> = truth.iter().filter(|(spot, text)| known.get(spot) != Some(text)).collect();
    let wrong: Vec<_> = known.iter().filter(|(spot, _)| !truth.contains_key(spot)).collect();
    format!("seed {seed}: {} does not know {missing:?}, and believes in {wrong:?}", person.id)
}
