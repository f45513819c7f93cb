//! Ada, who listens to music, and what her profile and a message say of it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::SignedDuration;
use tapedeck::{
    clock::{Clock as _, ManualClock, SharedClock, SystemClock},
    model::{AccountName, Track, TrackId},
    music::{
        ledger::Ledger,
        now_playing::{
            BioRules, Figures, NoticeRules, NowPlaying, NowPlayingError, Order, Orders, Signs, Template,
            Waiting, WhenDeleted,
        },
        profile::Boards,
    },
    state::State,
    telegram::{Client, Patience},
};
use tapedeck_sim::telegram::{Peer, Telegram};
use tokio_util::sync::CancellationToken;

use crate::{profile::stage::play, support::*};

pub(crate) const BIO: &str = "I like tapes";

pub(crate) struct Stage {
    pub(crate) scene: Scene,
    /// Stands still, but for the time between two songs.
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ledger: Ledger,
    pub(crate) signs: Signs,
    pub(crate) client: Client,
    pub(crate) notice: Order<NoticeRules>,
    pub(crate) bio: Order<BioRules>,
    pub(crate) told: Arc<Mutex<Vec<Waiting>>>,
}

pub(crate) fn template(text: &str) -> Template {
    Template::parse(text).unwrap()
}

pub(crate) fn notice() -> NoticeRules {
    NoticeRules {
        chat: "me".into(),
        text: template("♫ {{song}}"),
        idle: Some(template("Last heard: {{song}}")),
        pin: true,
        preview: false,
        when_deleted: WhenDeleted::SendAgain,
        min_interval: Duration::from_secs(10),
    }
}

pub(crate) fn bio() -> BioRules {
    BioRules {
        text: template("♫ [{{artists}} – ]{{title}}"),
        idle: None,
        min_interval: Duration::from_secs(60),
    }
}

pub(crate) fn track(artist: &str, title: &str) -> Track {
    let id = title.chars().filter(char::is_ascii_alphanumeric).collect();
    Track {
        title: title.into(),
        artists: vec![artist.into()],
        ids: vec![TrackId { scheme: "spotify".into(), value: id }],
        duration: Some(Duration::from_secs(200)),
        ..Track::default()
    }
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let mut scene = Scene::open().await;
        scene.telegram(|t| t.profiles.entry(ADA).or_default().about = BIO.into());
        let clock = ManualClock::at(SystemClock.now());
        scene.clock = clock.clone();
        Self {
            ledger: Ledger::new(scene.state.clone()),
            client: scene.client(),
            signs: Signs::default(),
            notice: Order::Keep(notice()),
            bio: Order::Keep(bio()),
            told: Arc::default(),
            scene,
            clock,
        }
    }

    /// A song that counts; the one before it began five minutes ago.
    pub(crate) async fn play(&self, artist: &str, title: &str) {
        self.clock.advance(SignedDuration::from_secs(301));
        play(&self.ledger, track(artist, title), self.clock.now()).await;
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    pub(crate) fn orders(&self) -> Orders {
        let told = self.told.clone();
        Orders {
            notice: self.notice.clone(),
            bio: self.bio.clone(),
            tell: Arc::new(move |waiting| told.lock().unwrap().extend(waiting.cloned())),
            stop: CancellationToken::new(),
        }
    }

    pub(crate) fn now_playing(&self) -> NowPlaying {
        let clock: SharedClock = self.clock.clone();
        now_playing_of(&self.client, &self.scene.state, &self.ledger, clock, self.signs.clone())
    }

    pub(crate) async fn run(&self) -> Figures {
        let (figures, result) = self.try_run().await;
        result.unwrap();
        figures
    }

    pub(crate) async fn try_run(&self) -> (Figures, Result<(), NowPlayingError>) {
        let (now_playing, orders) = (self.now_playing(), self.orders());
        soon(now_playing.say(&orders)).await
    }

    /// As a daemon does that has forgotten everything but its disk.
    pub(crate) fn restart(&mut self) {
        self.ledger = Ledger::new(self.scene.state.clone());
        self.signs = Signs::default();
        self.client.close();
        self.client = self.scene.client();
    }

    pub(crate) fn telegram<T>(&self, look: impl FnOnce(&mut Telegram) -> T) -> T {
        self.scene.telegram(look)
    }

    pub(crate) fn calls(&self, method: &str) -> usize {
        self.scene.calls(method)
    }

    pub(crate) fn about(&self) -> String {
        self.telegram(about)
    }

    /// Somebody writes it by hand.
    pub(crate) fn write_bio(&self, text: &str) {
        self.telegram(|t| t.profiles.entry(ADA).or_default().about = text.into());
    }

    pub(crate) fn notes(&self) -> Vec<String> {
        self.telegram(|t| notes(t, Peer::User(ADA)))
    }

    pub(crate) fn pinned(&self) -> Vec<i32> {
        self.telegram(|t| t.history(ADA, Peer::User(ADA)).map(|it| it.pinned()).unwrap_or_default())
    }

    /// Somebody deletes the message by hand.
    pub(crate) fn delete_notes(&self) {
        self.telegram(|t| {
            let history = t.boxes.get_mut(&ADA).unwrap().histories.get_mut(&Peer::User(ADA)).unwrap();
            let ids: Vec<i32> = history.ids_from(0).collect();
            assert!(ids.into_iter().all(|id| history.remove(id)));
        });
    }

    pub(crate) fn finish(self) {
        self.scene.finish();
    }
}

pub(crate) fn now_playing_of(
    client: &Client,
    state: &State,
    ledger: &Ledger,
    clock: SharedClock,
    signs: Signs,
) -> NowPlaying {
    NowPlaying {
        account: AccountName::main(),
        job: "now-playing".into(),
        client: client.with_patience(Patience::UpTo(Duration::from_millis(200))),
        ledger: ledger.clone(),
        state: state.clone(),
        clock,
        board: Boards::default().of(&AccountName::main()),
        signs,
    }
}

pub(crate) fn about(t: &mut Telegram) -> String {
    t.profiles.get(&ADA).map(|profile| profile.about.clone()).unwrap_or_default()
}

/// What was written in a chat, oldest first.
pub(crate) fn notes(t: &mut Telegram, chat: Peer) -> Vec<String> {
    let Some(history) = t.history(ADA, chat) else { return Vec::new() };
    let texts = history.ids_from(0).filter_map(|id| history.get(id));
    let texts = texts.map(|it| tapedeck_sim::telegram::message::text_of(&it).to_owned());
    texts.filter(|text| !text.is_empty()).collect()
}
