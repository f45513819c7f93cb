//! How often Spotify is asked: the real player and its ledger, on a clock that jumps from one question
//! to the next.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tapedeck::{
    clock::{Clock as _, ManualClock},
    config::PlayerSection,
    event::Bus,
    model::{Playable, Playing, SourceName, Track, TrackId},
    music::{
        ledger::Ledger,
        player::{self, Ask, Asked, PlayerParts, Players},
    },
    state::State,
};
use tokio_util::sync::CancellationToken;

use crate::figures::figure;

const HOURS: u32 = 4;
/// What is warmed up and used up at once is over by then.
const FROM_HOUR: u32 = 1;

/// When each song begins, in seconds, and how long it is; what happens at the end.
struct Evening {
    songs: Vec<(f64, f64)>,
    /// Nothing moves any more from here on; `None` while it all goes on.
    ends: Option<(f64, End)>,
}

#[derive(Clone, Copy)]
enum End {
    Pause,
    Silence,
}

pub(crate) fn measure() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for (name, evening) in [
        ("playing", playing(|_| false)),
        ("restless", playing(|dice| dice.roll(2) < 1.0)),
        ("paused", over(End::Pause)),
        ("nothing plays", over(End::Silence)),
    ] {
        let calls = runtime.block_on(spend(evening));
        let label = format!("calls of Spotify, {name}");
        let (begin, hours) = (f64::from(FROM_HOUR) * 3600.0, f64::from(HOURS - FROM_HOUR));
        let counted = calls.iter().filter(|at| **at >= begin).count();
        figure(&label, counted as f64 / hours, "/h");
        figure(&format!("{label}, busiest hour"), busiest_hour(&calls) as f64, "/h");
    }
}

/// Numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % sides) as f64
    }
}

/// Songs of 2.5 to 5 minutes, some of them given up somewhere; who is restless gives up every other one.
fn playing(is_skipped: impl Fn(&mut Dice) -> bool) -> Evening {
    let (mut dice, mut songs, mut began) = (Dice(7), Vec::new(), 0.0);
    while began < f64::from(HOURS) * 3600.0 {
        let length = 150.0 + dice.roll(150);
        songs.push((began, length));
        began += if is_skipped(&mut dice) { 2.0 + dice.roll(140) } else { length };
    }
    Evening { songs, ends: None }
}

fn over(how: End) -> Evening {
    Evening { songs: vec![(0.0, 200.0)], ends: Some((100.0, how)) }
}

fn start() -> Timestamp {
    Timestamp::from_second(1_780_000_000).expect("a time of this century")
}

fn since_start(now: Timestamp) -> f64 {
    now.duration_since(start()).as_secs_f64()
}

impl Evening {
    fn playing(&self, second: f64) -> Playing {
        let end = self.ends.filter(|(ends, _)| second >= *ends);
        if let Some((_, End::Silence)) = end {
            return Playing::default();
        }
        let second = end.map_or(second, |(ends, _)| ends);
        let number = self.songs.partition_point(|(began, _)| *began <= second).saturating_sub(1);
        let (began, length) = self.songs[number];
        let track = Track {
            title: format!("Song {number}"),
            artists: vec!["Ann".into()],
            duration: Some(Duration::from_secs_f64(length)),
            ids: vec![TrackId { scheme: "spotify".into(), value: number.to_string() }],
            ..Track::default()
        };
        Playing {
            what: Playable::Song(track),
            is_playing: end.is_none(),
            progress: Some(Duration::from_secs_f64((second - began).clamp(0.0, length))),
            ..Playing::default()
        }
    }
}

/// When Spotify was asked, in seconds from the beginning.
async fn spend(evening: Evening) -> Vec<f64> {
    let folder = tempfile::tempdir().expect("a folder");
    let state = State::open(folder.path()).expect("a state");
    let clock = ManualClock::at(start());
    let asked: Arc<Mutex<Vec<f64>>> = Arc::default();
    let ask: Ask = {
        let (clock, asked, evening) = (clock.clone(), asked.clone(), Arc::new(evening));
        Arc::new(move || {
            let second = since_start(clock.now());
            asked.lock().unwrap_or_else(PoisonError::into_inner).push(second);
            let playing = evening.playing(second);
            Box::pin(async move { Asked { answer: Ok(playing), more_calls: 0 } })
        })
    };
    let players = Players::new(
        Bus::default(),
        PlayerSection { sources: vec![SourceName::Spotify], ..PlayerSection::default() },
    );
    let parts = PlayerParts {
        ledger: Ledger::new(state.clone()),
        state,
        inbox: players.inbox.clone(),
        window: players.window.clone(),
        clock: clock.clone(),
        rules: players.rules(),
        logins: None,
        spotify: Some(ask),
    };
    let stop = CancellationToken::new();
    let passing = async {
        let end = start() + SignedDuration::from_hours(HOURS.into());
        while clock.now() < end {
            // The answer is taken when it is known when to ask next.
            let next = players.window.view().sources.first().and_then(|source| source.next_ask);
            match next.filter(|next| *next > clock.now()) {
                Some(next) => clock.set(next),
                None => tokio::task::yield_now().await,
            }
        }
        stop.cancel();
    };
    let (played, ()) = tokio::join!(player::run(parts, stop.clone(), |_| {}), passing);
    played.expect("the ledger can be written");
    let asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
    asked.clone()
}

fn busiest_hour(calls: &[f64]) -> usize {
    let in_hour = |from: &f64| calls.iter().filter(|call| (*from..*from + 3600.0).contains(*call)).count();
    calls.iter().map(in_hour).max().unwrap_or(0)
}
