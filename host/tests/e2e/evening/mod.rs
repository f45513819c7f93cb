//! An evening of sixty tracks, in the real daemon, which is killed again and again meanwhile: what is
//! on the profile in the end, what is in Saved Messages, and what the ledger says, are what they must be.

mod script;

use std::time::Duration;

use serde_json::Value;
use tapedeck_sim::{
    spotify::{Action, Item, Spotify},
    telegram::{Peer, tl},
    youtube::{self, Recording, YouTubeServer},
};

use crate::support::{music::*, telegram::ANN, *};
use script::{Act, LENGTH, TWICE_LENGTH, evening, plays, profile, song};

/// Short, so that an evening takes two minutes: a song counts at the first look at it, however soon after
/// the last one it comes. Nothing but the end of the evening may count as silence.
const PLAYER: &str = r#"
sources = ["spotify"]
min_listening = "1ms"
stop_grace = "5m"
pause_grace = "10m"
calls_per_hour = 3600
"#;
/// Of compilers and downloads, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(400);
/// How far a song is from its end when it is looked at.
const NEARLY: Duration = Duration::from_millis(200);
/// Far enough into a song that it can only have begun again.
const ANEW: Duration = Duration::from_secs(4);

struct Evening {
    living: Living,
    daemon: Option<Daemon>,
    /// Titles that have counted so far.
    counted: usize,
    kills: usize,
}

impl Evening {
    /// `first` plays already when the daemon starts.
    fn begin(living: Living, first: &Act) -> Self {
        living.world.spotify(Spotify::stop_time);
        living.telegram(|t| {
            t.say(Peer::User(ANN), ANN, "a note to myself");
            let audio = tl::types::DocumentAttributeAudio {
                voice: false,
                duration: 5,
                title: Some("Her own".into()),
                performer: None,
                waveform: None,
            };
            let file = t.add_document(vec![1, 2, 3], "audio/mpeg", vec![audio.into()]);
            t.send_file(Peer::User(ANN), ANN, &file, "");
            t.profiles.entry(ANN).or_default().music.push(file.id);
        });
        let mut it = Self { living, daemon: None, counted: 0, kills: 0 };
        it.play_until_nearly_over(first.item().expect("it begins with a song"));
        it.daemon = Some(it.living.start());
        it.has_counted(first);
        it
    }

    /// Compiled once; after that, kills lose nothing of it.
    fn has_compiled(&mut self, plugins: &[&str]) {
        for plugin in plugins {
            let view = format!("/api/v1/plugins/{plugin}");
            self.daemon()
                .wait_for(PATIENCE, "it is compiled", |daemon| daemon.get(&view)["state"] == "ready");
        }
    }

    fn daemon(&mut self) -> &mut Daemon {
        self.daemon.as_mut().expect("it runs")
    }

    fn play(&mut self, acts: &[Act]) {
        for act in acts {
            self.act(act);
        }
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Heard(item) => self.play_until_nearly_over(item),
            Act::Again(item) => {
                // Telling of a play twice within half its length would be a mistake of the teller.
                std::thread::sleep(Duration::from_secs(TWICE_LENGTH / 2));
                self.play_item(item, item.duration() - ANEW);
            }
            Act::Skipped(item) | Act::Ignored(item) => {
                self.play_item(item, Duration::ZERO);
                self.is_seen();
            }
            Act::Private(item) => {
                self.spotify(|it| {
                    it.act(Action::Private(true));
                    it.play([item.clone()]);
                    it.advance(item.duration() - NEARLY);
                });
                self.is_seen();
            }
            Act::Pause => {
                self.spotify(Spotify::pause);
                self.is_seen();
                self.spotify(Spotify::resume);
            }
            Act::Gap => {
                let playing = self.spotify(|it| it.player().current().map(|(item, ..)| item.clone()));
                self.spotify(Spotify::stop);
                self.is_seen();
                self.play_until_nearly_over(&playing.expect("something plays"));
                self.is_seen();
            }
            Act::HandOver(item) => {
                let gap = Duration::from_secs(3);
                self.spotify(|it| it.act(Action::HandOver { to: "Phone".into(), gap }));
                self.is_seen();
                self.play_until_nearly_over(item);
            }
            Act::Market(market) => self.spotify(|it| it.act(Action::Market((*market).into()))),
            Act::Kill => self.kill(),
        }
        if act.counts().is_some() {
            self.has_counted(act);
        }
    }

    fn has_counted(&mut self, act: &Act) {
        self.counted += 1;
        let (counted, what) = (self.counted, format!("{act:?} counts"));
        self.daemon().wait_until(&what, |daemon| total(daemon) >= counted);
    }

    fn play_until_nearly_over(&mut self, item: &Item) {
        self.play_item(item, item.duration() - NEARLY);
    }

    /// So much of it at once, and for everybody to know.
    fn play_item(&mut self, item: &Item, progress: Duration) {
        self.spotify(|it| {
            it.act(Action::Private(false));
            it.play([item.clone()]);
            it.advance(progress);
        });
    }

    /// Until somebody has asked what plays now, and has heard it.
    fn is_seen(&mut self) {
        let world = self.living.world.clone();
        let answered = move || world.spotify(|it| it.calls_to("/v1/me/player").count());
        let before = answered();
        self.daemon().wait_until("it is seen", |_| answered() > before);
    }

    fn spotify<T>(&self, look: impl FnOnce(&mut Spotify) -> T) -> T {
        self.living.world.spotify(look)
    }

    fn kill(&mut self) {
        self.daemon.take().expect("it runs").kill();
        self.daemon = Some(self.living.folder.start());
        self.kills += 1;
    }

    /// Spotify wants to be left alone for a day: whoever asks again meanwhile is unexpected.
    fn be_left_alone(&mut self) {
        self.spotify(|it| it.rate_limit(86_400));
        self.daemon().wait_until("the run waits", |daemon| {
            daemon.runs("player").last().is_some_and(|run| run["waiting_for"] == "Spotify")
        });
        self.kill();
        self.daemon().wait_until("it waits again", |daemon| {
            daemon.get("/api/v1/music/now")["sources"][0]["state"] == "limited"
        });
    }

    /// The profile, Saved Messages and the ledger are what the script says.
    fn check(&mut self, acts: &[Act], keep: usize, patience: Duration) {
        let mut expected = profile(acts, keep);
        expected.push("Her own");
        let mut sorted = expected.clone();
        sorted.sort_unstable();
        let living = &self.living;
        let daemon = self.daemon.as_mut().expect("it runs");
        daemon.wait_for(patience, &format!("the profile shows {expected:?}"), |_| {
            living.shown() == expected && living.saved() == sorted
        });
        let texts = living.telegram(|t| t.history(ANN, Peer::User(ANN)).unwrap().len());
        assert_eq!(texts, expected.len() + 1, "nothing else but her note");
        let history = daemon.get("/api/v1/music/history?limit=1000");
        let plays_of_it = history["plays"].as_array().unwrap();
        let titles: Vec<&str> =
            plays_of_it.iter().rev().map(|play| text_of(&play["track"]["title"])).collect();
        assert_eq!(titles, plays(acts));
        let songs: std::collections::BTreeSet<&str> = titles.iter().copied().collect();
        let keys: std::collections::BTreeSet<&str> =
            plays_of_it.iter().map(|play| text_of(&play["key"])).collect();
        assert_eq!(keys.len(), songs.len(), "each song has one key: {keys:?}");
    }

    fn end(mut self) {
        self.daemon.take().expect("it runs").stop();
        self.living.world.finish().unwrap();
    }
}

fn total(daemon: &Daemon) -> usize {
    let history = daemon.get("/api/v1/music/history?limit=1");
    usize::try_from(history["total"].as_u64().unwrap_or_else(|| panic!("{history}"))).unwrap()
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

#[test]
fn an_evening_is_shown_as_it_was_played() {
    const KEEP: usize = 5;
    let keep = format!("{HEARS_ALL}\nkeep = {KEEP}{HISS}");
    // What takes its time is left to the long one.
    let is_quick = |act: &Act| matches!(act, Act::Heard(_) | Act::Skipped(_));
    let acts: Vec<Act> = evening().into_iter().filter(is_quick).take(9).collect();
    let mut evening_of_it = Evening::begin(Living::room(PLAYER, &keep), &acts[0]);
    evening_of_it.play(&acts[1..5]);
    evening_of_it.kill();
    evening_of_it.play(&acts[5..]);
    evening_of_it.be_left_alone();
    evening_of_it.check(&acts, KEEP, Duration::from_secs(15));
    evening_of_it.end();
}

/// The plugins as they are shipped, and a YouTube Music of our own.
fn room_with_plugins(keep: usize) -> (Living, YouTubeServer, tokio::runtime::Runtime) {
    let room = Living::room(PLAYER, HISS);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let server = runtime.block_on(youtube::serve(&room.world, None)).unwrap();
    let (search, watch) = (server.url(), server.watch_url());
    let host = search.trim_start_matches("http://").to_owned();
    let built = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugins");
    let file = |name: &str| built.join(format!("{name}.wasm"));
    room.configure(
        PLAYER,
        &format!(
            "{HEARS_ALL}\nkeep = {keep}\nbackends = [\"zero\", \"spotdl\"]\n\
             [plugin_host]\nbundled = false\ncache = {:?}\n[plugins.zero]\nfile = {:?}\n[plugins.spotdl]\nfile = {:?}\n\
             settings = {{ search_url = \"{search}\", watch_url = \"{watch}\", lyrics_url = \"\" }}\n\
             [plugins.spotdl.grants]\nhttp = [{{ host = \"http://{host}\", private = true, methods = [\"GET\", \"POST\"] }}]\n\
             run = [\"yt-dlp\", \"ffmpeg\"]\nkv = \"1MiB\"\nscratch = \"100MiB\"\n",
            plugin_cache(),
            file("zero"),
            file("spotdl")
        ),
    );
    (room, server, runtime)
}

/// Every song but one has a recording; beside each lies one that nobody wants.
fn record(living: &Living, acts: &[Act], lost: &str) -> Vec<(String, String)> {
    let mut recordings = Vec::new();
    for act in acts {
        let Some(Item::Song(song)) = act.item() else { continue };
        let (artist, seconds) = (&song.artists[0], u32::try_from(song.duration.as_secs()).unwrap());
        let recording = Recording {
            isrc: song.isrc.clone(),
            refuses: (song.title == lost).then_some(404),
            ..Recording::song(&song.title, artist, &song.album, seconds)
        };
        let karaoke = format!("{artist} - {} (Karaoke Version)", song.title);
        living.world.youtube(|it| {
            recordings.push((song.title.clone(), it.add(recording)));
            it.add(Recording::upload(&karaoke, "Sing along", seconds));
        });
    }
    recordings
}

#[test]
#[ignore = "it needs yt-dlp, ffmpeg and the bundled plugins: make test-music"]
fn sixty_tracks_come_with_their_recordings() {
    const KEEP: usize = 12;
    let acts = evening();
    assert_eq!(acts.iter().filter(|act| act.item().is_some()).count(), 60);
    let lost = song(45).title;
    let (living, _youtube, _runtime) = room_with_plugins(KEEP);
    let recordings = record(&living, &acts, &lost);
    let mut evening_of_it = Evening::begin(living, &acts[0]);
    evening_of_it.has_compiled(&["zero", "spotdl"]);
    evening_of_it.play(&acts[1..]);
    evening_of_it.be_left_alone();
    evening_of_it.check(&acts, KEEP, PATIENCE);
    evening_of_it.hear(&acts, KEEP, &recordings, &lost);
    evening_of_it.check(&acts, KEEP, Duration::from_secs(15));
    assert!(evening_of_it.kills >= 5);
    evening_of_it.end();
}

impl Evening {
    /// Each song on the profile becomes its own recording; the one that cannot be had stays silent.
    fn hear(&mut self, acts: &[Act], keep: usize, recordings: &[(String, String)], lost: &str) {
        let expected = profile(acts, keep);
        assert!(expected.contains(&lost), "the test has something to look at");
        let living = &self.living;
        let daemon = self.daemon.as_mut().expect("it runs");
        daemon.wait_for(PATIENCE, "all recordings are there", |_| {
            expected.iter().filter(|title| **title != lost).all(|title| {
                let id = recordings.iter().find(|(of, _)| of == title).map(|(_, id)| id.as_str());
                // What has no recording at all is silent for ever.
                id.is_none_or(|id| is_recording(living, title, id))
            })
        });
        let silent = living.telegram(|t| content(t, lost).len());
        assert!(silent < 20_000, "{lost} is silence with a name: {silent} bytes");
        daemon.wait_for(PATIENCE, "the job rests", |daemon| rests(daemon));
    }
}

/// The tags tell where it was fetched, the length that it is all there.
fn is_recording(living: &Living, title: &str, id: &str) -> bool {
    let bytes = living.telegram(|t| content(t, title));
    let watched = format!("/sound/{id}.wav");
    let least = 128_000 / 8 * (LENGTH.min(TWICE_LENGTH) - 2);
    bytes.len() as u64 > least && bytes.windows(watched.len()).any(|some| some == watched.as_bytes())
}

fn content(t: &tapedeck_sim::telegram::Telegram, title: &str) -> Vec<u8> {
    let music = &t.profiles[&ANN].music;
    let file = music.iter().find_map(|id| {
        let file = t.files.get(*id)?;
        (tapedeck_sim::telegram::title_of(&file) == title).then_some(file)
    });
    file.map(|file| file.content.read(0..file.content.len())).unwrap_or_default()
}
