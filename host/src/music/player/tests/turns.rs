//! The loop over a real ledger, on a clock that the test moves, asking a Spotify of one function.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, AtomicU64, Ordering},
};

use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    clock::{Clock as _, ManualClock},
    event::Bus,
    model::{Period, PlayerView, SourceState},
    music::{
        ledger::Ledger,
        player::{AskError, Asked, PlayError, PlayerParts, Players, Report, run},
    },
    state::State,
};

type Script = Arc<Mutex<Box<dyn Fn(f64) -> Result<Playing, AskError> + Send>>>;

struct World {
    folder: TempDir,
    clock: Arc<ManualClock>,
    script: Script,
    calls: Arc<AtomicU64>,
    state: State,
    ledger: Ledger,
    /// Calls that each question takes beyond the first.
    more: Arc<AtomicU32>,
    players: Players,
    reports: watch::Sender<Option<Report>>,
    logins: Arc<watch::Sender<u64>>,
}

impl World {
    fn with(script: impl Fn(f64) -> Result<Playing, AskError> + Send + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        Self {
            folder,
            clock: ManualClock::at(at(0.0)),
            script: Arc::new(Mutex::new(Box::new(script))),
            calls: Arc::default(),
            ledger: Ledger::new(state.clone()),
            state,
            more: Arc::default(),
            players: Players::new(Bus::default(), PlayerSection::default()),
            reports: watch::Sender::new(None),
            logins: Arc::new(watch::Sender::new(0)),
        }
    }

    fn parts(&self) -> PlayerParts {
        let (clock, script, calls) = (self.clock.clone(), self.script.clone(), self.calls.clone());
        let more = self.more.clone();
        PlayerParts {
            ledger: self.ledger.clone(),
            state: self.state.clone(),
            inbox: self.players.inbox.clone(),
            window: self.players.window.clone(),
            clock: self.clock.clone(),
            rules: self.players.rules(),
            logins: Some(self.logins.subscribe()),
            spotify: Some(Arc::new(move || {
                calls.fetch_add(1, Ordering::Relaxed);
                let second = clock.now().duration_since(at(0.0)).as_secs_f64();
                let answer = script.lock().unwrap()(second);
                let more_calls = more.load(Ordering::Relaxed);
                calls.fetch_add(more_calls.into(), Ordering::Relaxed);
                Box::pin(async move { Asked { answer, more_calls } })
            })),
        }
    }

    /// Plays until the clock shows this second. The player is then killed.
    async fn play_to(&self, second: f64) {
        let tell = |report| drop(self.reports.send_replace(Some(report)));
        let playing = run(self.parts(), CancellationToken::new(), tell);
        let moving = async {
            while self.clock.now() < at(second) {
                self.settled().await;
                let step = at(second).min(self.clock.now() + SignedDuration::from_millis(500));
                self.clock.set(step);
            }
            self.settled().await;
        };
        let both = async {
            tokio::select! {
                ended = playing => panic!("the player has ended: {ended:?}"),
                () = moving => {}
            }
        };
        tokio::time::timeout(Duration::from_secs(15), both).await.expect("it settles");
    }

    /// The loop has nothing to do before the clock moves.
    async fn settled(&self) {
        let mut views = self.players.window.watch();
        let now = self.clock.now();
        let is_settled = |view: &PlayerView| {
            let asks = |view: &crate::model::SourceView| view.next_ask.is_none_or(|at| at > now);
            view.is_running && view.sources.iter().all(asks)
        };
        views.wait_for(is_settled).await.unwrap();
        // The inbox has no moment to show; its turn comes before the next report.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }

    fn reopen(&mut self) {
        // The old state has to be closed before the folder can be opened again.
        let other = tempfile::tempdir().unwrap();
        for folder in [other.path(), self.folder.path()] {
            self.state = State::open(folder).unwrap();
            self.ledger = Ledger::new(self.state.clone());
        }
    }

    fn plays(&self) -> Vec<String> {
        let plays = self.ledger.page(None, 100).unwrap();
        let shown = |play: Play| {
            let how = play.ended_how.map(|how| serde_json::to_value(how).unwrap());
            let how = how.map_or("going".into(), |how| how.as_str().unwrap().to_owned());
            format!("{} {how}", play.track.title.trim_start_matches("Song "))
        };
        plays.into_iter().rev().map(shown).collect()
    }

    fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    fn report(&self) -> Report {
        self.reports.borrow().clone().unwrap()
    }
}

/// Songs A, B, C… from the first second on, 200 s each, until silence.
fn songs(until: f64) -> impl Fn(f64) -> Result<Playing, AskError> + Send {
    move |second| {
        let index = (second / 200.0).floor();
        let id = ["A", "B", "C", "D"].iter().zip(0..).find(|(_, n)| f64::from(*n) == index);
        Ok(match id {
            Some((id, _)) if second < until => playing(song(id), second - index * 200.0),
            _ => nothing(),
        })
    }
}

#[tokio::test]
async fn an_hour_becomes_plays_and_a_stop() {
    let world = World::with(songs(500.0));
    let mut changes = world.ledger.changes();
    world.play_to(700.0).await;
    assert_eq!(world.plays(), ["A finished", "B finished", "C stopped"]);
    let told = *changes.borrow_and_update();
    assert_eq!((told.started, told.stopped), (3, 1));
    assert!(world.ledger.is_stopped().unwrap());
    assert!(world.calls() <= 80, "{}", world.calls());
    assert_eq!(world.report().played.plays, 3);
}

#[tokio::test]
async fn a_kill_in_mid_song_doubles_nothing() {
    let mut world = World::with(songs(1000.0));
    for second in [30.0, 90.0, 205.0, 212.0, 350.0, 500.0] {
        world.play_to(second).await;
        world.reopen();
    }
    assert_eq!(world.plays(), ["A finished", "B finished", "C going"]);
    let listened: Vec<_> =
        world.ledger.page(None, 9).unwrap().iter().map(|play| play.listened.as_secs()).collect();
    assert!(listened[2] >= 120, "{listened:?}");
}

#[tokio::test]
async fn restarts_give_no_calls() {
    let mut world = World::with(|second| Ok(playing(song("A"), second % 200.0)));
    for minute in 1..=60 {
        world.play_to(f64::from(minute) * 60.0).await;
        // It is on the disk, too.
        if minute % 20 == 0 {
            world.reopen();
        }
    }
    assert!((150..=360).contains(&world.calls()), "{}", world.calls());
}

#[tokio::test]
async fn calls_beside_the_question_count() {
    let world = World::with(|second| Ok(playing(song("A"), second % 200.0)));
    world.more.store(1, Ordering::Relaxed);
    world.play_to(3600.0).await;
    assert!((200..=361).contains(&world.calls()), "{}", world.calls());
    assert_eq!(world.report().played.calls, world.calls());
}

#[tokio::test]
async fn a_rate_limit_is_shown_and_kept() {
    let until = at(86_400.0);
    let world = World::with(move |second| {
        if (60.0..86_400.0).contains(&second) {
            Err(AskError::Limited { until })
        } else {
            songs(100.0)(second)
        }
    });
    world.play_to(80.0).await;
    let (calls, report) = (world.calls(), world.report());
    assert_eq!(report.limited_until, Some(until));
    assert_eq!(world.players.window.view().sources[0].state, SourceState::Limited);
    world.clock.set(until - SignedDuration::from_secs(2));
    world.play_to(86_399.0).await;
    // Another player has begun, which knows nothing of the limit yet: one call.
    assert!(world.calls() <= calls + 1);
    assert_eq!(world.plays(), ["A going"], "silence of ours is no silence of the player");
    world.play_to(86_500.0).await;
    assert_eq!(world.report().limited_until, None);
}

#[tokio::test]
async fn what_fails_is_said_once_it_is_known() {
    let broken =
        || AskError::Failed { reason: "log in".into(), is_temporary: false, not_before: Some(at(300.0)) };
    let world = World::with(move |second| if second < 290.0 { Err(broken()) } else { songs(1000.0)(second) });
    world.play_to(200.0).await;
    let source = world.players.window.view().sources[0].clone();
    assert_eq!((source.state, source.problem.as_deref()), (SourceState::Failing, Some("log in")));
    assert_eq!((source.calls, source.failures, world.calls()), (1, 1, 1));
    world.play_to(320.0).await;
    assert_eq!(world.players.window.view().sources[0].problem, None);
}

#[tokio::test]
async fn a_login_is_asked_after_at_once() {
    let world = World::with(|_| Ok(nothing()));
    let (logins, calls) = (world.logins.clone(), world.calls.clone());
    let failed =
        || AskError::Failed { reason: "log in".into(), is_temporary: false, not_before: Some(at(30.0)) };
    *world.script.lock().unwrap() = Box::new(move |second| match calls.load(Ordering::Relaxed) {
        // Somebody logs in while it answers.
        1 => {
            logins.send_modify(|logins| *logins += 1);
            Err(failed())
        }
        _ => songs(1000.0)(second),
    });
    world.play_to(1.0).await;
    assert_eq!(world.calls(), 2, "and not after half a minute");
}

#[tokio::test]
async fn a_scrobbler_alone_is_enough() {
    let world = World::with(|_| Ok(nothing()));
    let track = Track { ids: Vec::new(), ..song("A") };
    world.players.inbox.playing_now("navidrome", track, at(0.0));
    world.play_to(60.0).await;
    assert_eq!(world.plays(), ["A going"]);
    let now = world.report().now.unwrap();
    assert_eq!((now.source, now.device.as_deref()), (LISTENS, Some("navidrome")));
    world.play_to(285.0).await;
    assert!(!world.ledger.is_stopped().unwrap(), "its word has held for 200 s, the grace is 90");
    world.play_to(300.0).await;
    assert!(world.ledger.is_stopped().unwrap());
    assert_eq!(world.plays(), ["A finished"]);
}

#[tokio::test]
async fn a_scrobblers_word_makes_us_look_at_once() {
    let world = World::with(|second| {
        Ok(if second < 63.0 { playing(song("A"), second) } else { playing(song("B"), second - 63.0) })
    });
    world.play_to(63.5).await;
    let (before, next) = (world.calls(), world.players.window.view().sources[0].next_ask.unwrap());
    assert!(next > at(65.0));
    world.players.inbox.playing_now("extension", Track { ids: Vec::new(), ..song("B") }, at(63.5));
    world.play_to(64.0).await;
    assert!(world.calls() > before);
    assert_eq!(world.report().now.unwrap().track.title, "Song B");
}

#[tokio::test]
async fn one_player_is_enough() {
    let world = World::with(songs(1000.0));
    let first = world.play_to(5.0);
    let second = async {
        let mut views = world.players.window.watch();
        views.wait_for(|view| view.is_running).await.unwrap();
        run(world.parts(), CancellationToken::new(), |_| {}).await
    };
    let ((), second) = tokio::join!(first, second);
    assert!(matches!(second, Err(PlayError::Taken)));
    assert!(!world.players.window.view().is_running, "it has ended");
    run(world.parts(), stopped(), |_| {}).await.unwrap();
}

fn stopped() -> CancellationToken {
    let stop = CancellationToken::new();
    stop.cancel();
    stop
}

#[tokio::test]
async fn a_changed_configuration_holds_at_once() {
    let world = World::with(songs(1000.0));
    let patient = PlayerSection { min_listening: Period::from_secs(60), ..PlayerSection::default() };
    world.players.configure(&patient);
    world.play_to(40.0).await;
    assert_eq!(world.plays(), [""; 0]);
    let hasty = PlayerSection { min_listening: Period::from_secs(5), sources: vec![SPOTIFY], ..patient };
    world.players.configure(&hasty);
    world.play_to(60.0).await;
    assert_eq!(world.plays(), ["A going"]);
    assert_eq!(world.players.window.view().sources.len(), 1);
}

#[tokio::test]
async fn old_plays_go_when_asked() {
    let world = World::with(songs(300.0));
    world.play_to(320.0).await;
    let brief = PlayerSection { keep_for: Some(Period::from_secs(3600)), ..PlayerSection::default() };
    world.players.configure(&brief);
    world.clock.set(at(7200.0));
    world.play_to(7201.0).await;
    assert_eq!(world.ledger.count(), 0);
}
