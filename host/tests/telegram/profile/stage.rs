//! Ada's profile, a ledger of what she plays, and backends that answer as told.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tapedeck::{
    clock::{Clock as _, ManualClock, SharedClock, SystemClock},
    model::{AccountName, Play, PlayId, Recording, Said, SourceName, Track, TrackId, TrackKey},
    music::{
        ledger::{Ledger, Seen},
        profile::{
            Answer, Ask, Boards, Figures, Found, Order, Orders, Profile, ProfileError, RemovedByUser, Rules,
            SongFile, Telling,
        },
    },
    state::State,
    telegram::{Client, Patience, music::Music},
};
use tapedeck_sim::telegram::{File, Peer, Telegram, blank};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::support::*;

pub(crate) struct Stage {
    pub(crate) scene: Scene,
    /// Stands still, but for the time between two songs.
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ledger: Ledger,
    pub(crate) rules: Rules,
    pub(crate) backends: Backends,
    pub(crate) told: Arc<Mutex<Vec<Telling>>>,
    pub(crate) stop: CancellationToken,
    pub(crate) boards: Boards,
    pub(crate) client: Client,
    pub(crate) http: reqwest::Client,
    folder: tempfile::TempDir,
}

/// Beyond what goes up in small parts.
const LARGE: usize = 10 * 1024 * 1024 + 1;

/// Backend 0 gives silence, backend 1 music; both at once, unless told otherwise.
#[derive(Clone, Default)]
pub(crate) struct Backends {
    inner: Arc<Mutex<BackendsInner>>,
    pub(crate) opened: Arc<Notify>,
}

#[derive(Default)]
pub(crate) struct BackendsInner {
    /// Titles that backend 1 has.
    pub(crate) music: BTreeSet<String>,
    /// Titles that no backend has.
    pub(crate) missing: BTreeSet<String>,
    /// Titles whose files are empty.
    pub(crate) empty: BTreeSet<String>,
    /// Titles whose files are so large that they go up in another way.
    pub(crate) large: BTreeSet<String>,
    /// Titles that answer only when opened.
    pub(crate) closed: BTreeSet<String>,
    /// The same for the backend that has music.
    pub(crate) closed_music: BTreeSet<String>,
    /// Titles of which the backend that has music gives silence.
    pub(crate) more_silence: BTreeSet<String>,
    /// Which recording of a title there is, when it is not called like the title.
    pub(crate) candidates: BTreeMap<String, String>,
    /// How often each title was asked for.
    pub(crate) asked: BTreeMap<String, u32>,
    pub(crate) cancelled: BTreeSet<String>,
    /// Where the files were.
    pub(crate) files: Vec<PathBuf>,
}

impl Backends {
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut BackendsInner) -> T) -> T {
        change(&mut self.inner.lock().unwrap())
    }

    pub(crate) fn open(&self, title: &str) {
        self.change(|it| (it.closed.remove(title), it.closed_music.remove(title)));
        self.opened.notify_waiters();
    }

    pub(crate) fn asked(&self, title: &str) -> u32 {
        self.change(|it| it.asked.get(title).copied().unwrap_or(0))
    }

    pub(crate) fn ask(&self) -> Ask {
        let backends = self.clone();
        Arc::new(move |order: Order| {
            let backends = backends.clone();
            Box::pin(async move {
                let title = order.track.title.clone();
                let guard = Noted { backends: backends.clone(), title: title.clone(), is_over: false };
                backends.change(|it| *it.asked.entry(title.clone()).or_default() += 1);
                loop {
                    let opened = backends.opened.notified();
                    let is_closed = |it: &mut BackendsInner| match order.from {
                        0 => it.closed.contains(&title),
                        _ => it.closed_music.contains(&title),
                    };
                    if !backends.change(is_closed) {
                        break;
                    }
                    opened.await;
                }
                let answer = backends.answer(&order);
                Noted::over(guard);
                answer
            })
        })
    }

    fn answer(&self, order: &Order) -> Answer {
        let title = &order.track.title;
        let is_silence = self.change(|it| it.more_silence.contains(title));
        let has_music = is_silence || self.change(|it| it.music.contains(title));
        // Silence is no better than what is there.
        let is_first = order.from == 0 && !order.is_upgrade;
        if self.change(|it| it.missing.contains(title)) || (!is_first && !has_music) {
            return Answer::Nothing { not_before: None };
        }
        let is_placeholder = is_first || is_silence;
        let length = if is_placeholder { 1_000 } else { 3_000 };
        let length = if self.change(|it| it.empty.contains(title)) { 0 } else { length };
        let length = if self.change(|it| it.large.contains(title)) { LARGE } else { length };
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&vec![7; length]).unwrap();
        let file = file.into_temp_path();
        self.change(|it| it.files.push(file.to_path_buf()));
        let recording = Recording {
            mime: "audio/mpeg".into(),
            extension: "mp3".into(),
            bytes: length as u64,
            duration: Some(if is_placeholder { Duration::ZERO } else { Duration::from_secs(200) }),
            ..Recording::default()
        };
        Answer::Found(Box::new(Found {
            file: SongFile::Temporary(file),
            backend: if is_placeholder { "zero" } else { "music" }.into(),
            rank: order.from,
            is_placeholder,
            candidate: self.change(|it| it.candidates.get(title).unwrap_or(title).clone()),
            recording,
        }))
    }
}

/// Notes a question that was given up.
struct Noted {
    backends: Backends,
    title: String,
    is_over: bool,
}

impl Noted {
    fn over(mut self) {
        self.is_over = true;
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        if !self.is_over {
            self.backends.change(|it| it.cancelled.insert(self.title.clone()));
        }
    }
}

pub(crate) fn track(title: &str) -> Track {
    Track {
        title: title.into(),
        artists: vec!["Ann".into()],
        ids: vec![TrackId { scheme: "spotify".into(), value: title.into() }],
        duration: Some(Duration::from_secs(200)),
        ..Track::default()
    }
}

pub(crate) fn rules(keep: usize) -> Rules {
    Rules { keep, clean_when_stopped: true, removed_by_user: RemovedByUser::UntilPlayed }
}

impl Stage {
    pub(crate) async fn new(keep: usize) -> Self {
        let mut scene = Scene::open().await;
        let clock = ManualClock::at(SystemClock.now());
        scene.clock = clock.clone();
        Self::of(scene, clock, keep)
    }

    fn of(scene: Scene, clock: Arc<ManualClock>, keep: usize) -> Self {
        Self {
            ledger: Ledger::new(scene.state.clone()),
            client: scene.client(),
            rules: rules(keep),
            backends: Backends::default(),
            told: Arc::default(),
            stop: CancellationToken::new(),
            boards: Boards::default(),
            http: tapedeck::jobs::build_client("0.0.0-test").unwrap(),
            folder: tempfile::tempdir().unwrap(),
            scene,
            clock,
        }
    }

    pub(crate) fn profile(&self) -> Profile {
        let clock: SharedClock = self.scene.clock.clone();
        profile_of(
            &self.client,
            &self.scene.state,
            &self.ledger,
            clock,
            (self.boards.clone(), self.http.clone(), self.folder.path().to_owned()),
        )
    }

    pub(crate) fn orders(&self) -> Orders {
        let told = self.told.clone();
        Orders {
            rules: self.rules,
            workers: 2,
            ask: self.backends.ask(),
            tell: Arc::new(move |telling| told.lock().unwrap().push(telling)),
            stop: self.stop.clone(),
        }
    }

    /// As a daemon does that has forgotten everything but its disk.
    pub(crate) fn restart(&mut self) {
        self.ledger = Ledger::new(self.scene.state.clone());
        self.boards = Boards::default();
        self.client.close();
        self.client = self.scene.client();
        self.stop = CancellationToken::new();
    }

    pub(crate) async fn play(&mut self, title: &str) {
        self.play_track(track(title)).await;
    }

    pub(crate) async fn play_track(&mut self, track: Track) {
        self.clock.advance(SignedDuration::from_secs(301));
        play(&self.ledger, track, self.now()).await;
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.scene.clock.now()
    }

    pub(crate) async fn run(&self) -> Figures {
        let (figures, result) = self.try_run().await;
        result.unwrap();
        figures
    }

    /// While the clock goes on by itself.
    pub(crate) async fn run_through_time(&self) -> Figures {
        let clock = self.clock.clone();
        let passing = async {
            loop {
                tokio::time::sleep(Duration::from_millis(5)).await;
                clock.advance(SignedDuration::from_secs(1));
            }
        };
        tokio::select! {
            figures = self.run() => figures,
            () = passing => unreachable!("it goes on"),
        }
    }

    pub(crate) async fn try_run(&self) -> (Figures, Result<(), ProfileError>) {
        let (profile, orders) = (self.profile(), self.orders());
        soon(profile.reconcile(&orders)).await
    }

    pub(crate) async fn play_and_run(&mut self, titles: &[&str]) {
        for title in titles {
            self.play(title).await;
            self.run().await;
        }
    }

    /// What failed may be tried again at once.
    pub(crate) fn forget_failures(&self) {
        for track in self.scene.state.profile_tracks.of_account("main").unwrap() {
            let (first, better) = Default::default();
            let track = tapedeck::state::ProfileTrack { first, better, ..track };
            self.scene.state.profile_tracks.put(&track).unwrap();
        }
    }

    pub(crate) fn telegram<T>(&self, look: impl FnOnce(&mut Telegram) -> T) -> T {
        self.scene.telegram(look)
    }

    pub(crate) fn shown(&self) -> Vec<String> {
        self.telegram(shown)
    }

    pub(crate) fn messages(&self) -> Vec<String> {
        self.telegram(messages)
    }

    pub(crate) fn calls(&self, method: &str) -> usize {
        self.scene.calls(method)
    }

    /// Somebody takes a song off the profile by hand.
    pub(crate) fn take_off(&self, title: &str) {
        self.telegram(|t| {
            let at = shown(t).iter().position(|it| it == title).expect("it is there");
            t.profiles.get_mut(&ADA).unwrap().music.remove(at);
        });
    }

    pub(crate) fn delete_message(&self, title: &str) {
        self.telegram(|t| {
            let id = t.saved_songs(ADA).into_iter().find(|(_, it)| it == title).expect("it is there").0;
            t.boxes.get_mut(&ADA).unwrap().histories.get_mut(&Peer::User(ADA)).unwrap().remove(id);
        });
    }

    /// The profile and Saved Messages hold these and nothing else of ours.
    pub(crate) fn check(&self, titles: &[&str]) {
        assert_eq!(self.shown(), titles);
        let mut sorted = titles.to_vec();
        sorted.sort_unstable();
        let mut messages = self.messages();
        messages.sort();
        assert_eq!(messages, sorted, "one message for each");
    }

    pub(crate) fn finish(self) {
        super::floods::assert_calls_are_known(&self.scene);
        self.scene.finish();
    }
}

pub(crate) fn profile_of(
    client: &Client,
    state: &State,
    ledger: &Ledger,
    clock: SharedClock,
    (boards, http, folder): (Boards, reqwest::Client, PathBuf),
) -> Profile {
    let patience = Patience::UpTo(Duration::from_millis(200));
    Profile {
        account: AccountName::main(),
        music: Music::new(client.with_patience(patience), state.clone(), clock.clone()),
        uploads: Music::new(client.clone(), state.clone(), clock.clone()),
        ledger: ledger.clone(),
        state: state.clone(),
        clock,
        http,
        board: boards.of(&AccountName::main()),
        folder,
    }
}

pub(crate) async fn play(ledger: &Ledger, track: Track, started: Timestamp) {
    let key = TrackKey::of(&track);
    let play = Play {
        id: PlayId(uuid::Uuid::nil()),
        key,
        track,
        sources: vec![Said { source: SourceName::Spotify, client: None, started }],
        started,
        ended: None,
        listened: Duration::ZERO,
        ended_how: None,
    };
    let seen = Seen { at: started, progress: None, is_playing: true };
    ledger.begin(play, seen).await.unwrap();
}

/// Titles on Ada's profile, the topmost first.
pub(crate) fn shown(t: &mut Telegram) -> Vec<String> {
    t.profile_songs(ADA)
}

/// Titles of the songs in her Saved Messages, oldest first.
pub(crate) fn messages(t: &mut Telegram) -> Vec<String> {
    t.saved_songs(ADA).into_iter().map(|(_, title)| title).collect()
}

/// A song that Ada herself has sent and saved.
pub(crate) fn foreign_song(t: &mut Telegram) -> (i64, i32) {
    use grammers_tl_types::types;
    let id = foreign_file(t, 900);
    let file = t.files.get(id).unwrap();
    let media = blank::media_document(t.files.document(&file).into());
    let plain = blank::message(0, Peer::User(ADA), 0, "mine");
    let message = types::Message { media: Some(media.into()), ..plain };
    let message = t.post(Peer::User(ADA), ADA, message.into()).id();
    t.profiles.entry(ADA).or_default().music.push(id);
    (id, message)
}

/// A song that somebody else has sent.
pub(crate) fn foreign_file(t: &mut Telegram, id: i64) -> i64 {
    use grammers_tl_types::types;
    let audio = types::DocumentAttributeAudio {
        voice: false,
        duration: 5,
        title: Some("foreign".into()),
        performer: None,
        waveform: None,
    };
    let file = File {
        id,
        access_hash: 9,
        dc: HOME,
        date: 1,
        mime: "audio/mpeg".into(),
        content: vec![1, 2, 3].into(),
        thumbs: Vec::new(),
        attributes: vec![audio.into()],
        photo: None,
    };
    t.files.add(file)
}
