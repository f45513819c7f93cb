//! The player's loop: asks sources when it is time, decides, and has the ledger write it down.

use std::{future::pending, sync::Arc};

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    Inbox, Window,
    decide::{Player, Step},
    pace::Pace,
    scene_of,
    source::{Ask, AskError, Asked},
    window::{now_of, source_of},
};
use crate::{
    clock::SharedClock,
    config::PlayerSection,
    model::{NowView, Play, PlayId, PlayerView, Playing, SourceName, SourceState, SourceView},
    music::ledger::{Ledger, Seen},
    state::{CallsLeft, State, StateError},
};

/// How often the inbox is looked at while a song of it goes on. It costs nothing.
const INBOX_EVERY: SignedDuration = SignedDuration::from_secs(10);
/// Calls that are written down at once, so that not each of them has to reach the disk.
const RESERVED: u32 = 4;
const PRUNE_EVERY: SignedDuration = SignedDuration::from_hours(24);

#[derive(Clone)]
pub struct PlayerParts {
    pub ledger: Ledger,
    pub state: State,
    pub inbox: Inbox,
    pub window: Window,
    pub clock: SharedClock,
    pub rules: watch::Receiver<Arc<PlayerSection>>,
    /// How Spotify is asked; none where it is not.
    pub spotify: Option<Ask>,
    /// Moves when somebody logs in to Spotify: then it is asked at once.
    pub logins: Option<watch::Receiver<u64>>,
}

impl std::fmt::Debug for PlayerParts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PlayerParts")
    }
}

#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    #[error("another job of kind `player` runs already: one is enough for all sources")]
    Taken,
    #[error("the play ledger cannot be used")]
    Ledger(#[from] StateError),
}

/// What became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// Plays that began to count.
    pub plays: u64,
    /// How often Spotify was asked, and how often it did not answer.
    pub calls: u64,
    pub failures: u64,
}

/// What a run of it can say about itself.
#[derive(Clone, Debug)]
pub struct Report {
    pub played: Played,
    pub now: Option<NowView>,
    pub limited_until: Option<Timestamp>,
}

/// Runs until it is told to stop.
pub async fn run(
    parts: PlayerParts,
    stop: CancellationToken,
    tell: impl Fn(Report) + Send,
) -> Result<Played, PlayError> {
    let _seat = parts.window.sit().ok_or(PlayError::Taken)?;
    let mut turn = Turn::open(parts)?;
    let mut inbox = turn.parts.inbox.changes();
    let (mut rules, mut logins) = (turn.parts.rules.clone(), turn.parts.logins.take());
    let mut asking: Option<BoxFuture<'static, Asked>> = None;
    loop {
        turn.look_into_inbox().await?;
        turn.prune().await?;
        if asking.is_none() {
            asking = turn.ask_in_time()?;
        }
        tell(turn.show());
        let wake = turn.parts.clock.sleep_until(turn.wake(asking.is_some()));
        let is_asking = asking.is_some();
        let answer = async {
            match &mut asking {
                Some(answer) => answer.await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Asked { answer, more_calls } = answer => {
                asking = None;
                turn.spend(more_calls)?;
                turn.take_answer(answer).await?;
            }
            changed = inbox.changed() => if changed.is_ok() {
                inbox.borrow_and_update();
                turn.inbox_at = turn.parts.clock.now();
            },
            changed = rules.changed() => if changed.is_ok() {
                let now_in_force = rules.borrow_and_update().clone();
                turn.take_rules(&now_in_force);
            },
            // What is on its way was asked with the login before.
            () = next_login(&mut logins), if !is_asking => turn.ask_soon(),
            () = wake => {}
        }
    }
    turn.leave().await
}

async fn next_login(logins: &mut Option<watch::Receiver<u64>>) {
    let has_come = match logins {
        Some(logins) => logins.changed().await.is_ok(),
        None => false,
    };
    if !has_come {
        pending::<()>().await;
    }
}

struct Turn {
    parts: PlayerParts,
    rules: Arc<PlayerSection>,
    player: Player,
    pace: Pace,
    ask_at: Timestamp,
    inbox_at: Timestamp,
    prune_at: Timestamp,
    /// Calls that are written down as made, and were not.
    reserved: u32,
    problem: Option<String>,
    played: Played,
}

impl Turn {
    fn open(mut parts: PlayerParts) -> Result<Self, PlayError> {
        let rules = parts.rules.borrow_and_update().clone();
        let now = parts.clock.now();
        let mut player = Player::new((*rules).clone());
        if let Some((play, record)) = parts.ledger.present()? {
            player.resume(play, &record);
        }
        let mut pace = Pace::new(rules.calls_per_hour);
        if let Some(CallsLeft { left, at }) = parts.state.spotify_calls.get()? {
            pace.resume(left, at);
        }
        let ask_at = pace.soonest(now);
        let (reserved, problem, played) = (0, None, Played::default());
        let (inbox_at, prune_at) = (now, now);
        Ok(Self { parts, rules, player, pace, ask_at, inbox_at, prune_at, reserved, problem, played })
    }

    fn ask_soon(&mut self) {
        self.ask_at = self.pace.soonest(self.parts.clock.now());
    }

    /// Some calls are written down before they are made: who comes after a kill makes none of them again.
    fn spend(&mut self, calls: u32) -> Result<(), PlayError> {
        let now = self.parts.clock.now();
        for _ in 0..calls {
            self.pace.spend(now);
            self.played.calls += 1;
            if self.reserved > 0 {
                self.reserved -= 1;
                continue;
            }
            self.reserved = RESERVED;
            self.keep_calls(now)?;
        }
        Ok(())
    }

    fn keep_calls(&self, now: Timestamp) -> Result<(), PlayError> {
        let left = self.pace.left() - f64::from(self.reserved);
        self.parts.state.spotify_calls.put(CallsLeft { left, at: now })?;
        self.parts.state.flush_soon();
        Ok(())
    }

    fn has(&self, source: SourceName) -> bool {
        self.rules.sources.contains(&source)
    }

    fn asks_spotify(&self) -> bool {
        self.parts.spotify.is_some() && self.has(SourceName::Spotify)
    }

    fn ask_in_time(&mut self) -> Result<Option<BoxFuture<'static, Asked>>, PlayError> {
        let is_time = self.has(SourceName::Spotify) && self.ask_at <= self.parts.clock.now();
        let Some(ask) = self.parts.spotify.clone().filter(|_| is_time) else { return Ok(None) };
        self.spend(1)?;
        Ok(Some(ask()))
    }

    async fn take_answer(&mut self, answer: Result<Playing, AskError>) -> Result<(), PlayError> {
        let now = self.parts.clock.now();
        let before = self.player.moments(SourceName::Spotify);
        match answer {
            Ok(playing) => {
                self.pace.answered();
                if self.problem.take().is_some() {
                    tracing::info!("Spotify answers again");
                }
                self.hear(SourceName::Spotify, now, &playing).await?;
            }
            Err(AskError::Limited { until }) => {
                tracing::info!(%until, "Spotify asked for a pause");
                self.played.failures += 1;
                self.pace.limited(until);
            }
            Err(AskError::Failed { reason, is_temporary, not_before }) => {
                self.played.failures += 1;
                self.pace.failed();
                if let Some(until) = not_before {
                    self.pace.not_before(until);
                }
                // Once, not at every try.
                if self.problem.as_ref() != Some(&reason) {
                    tracing::warn!(is_temporary, "Spotify does not say what plays: {reason}");
                }
                self.problem = Some(reason);
            }
        }
        let began_at = self.player.moments(SourceName::Spotify).began_at;
        if let Some(began) = began_at.filter(|_| began_at != before.began_at) {
            self.pace.changed(began, before.ends_at, now);
        }
        self.plan_ask(now);
        Ok(())
    }

    fn plan_ask(&mut self, now: Timestamp) {
        let moments = self.player.moments(SourceName::Spotify);
        self.ask_at = self.pace.next(now, scene_of(&self.player, SourceName::Spotify), &moments);
    }

    async fn look_into_inbox(&mut self) -> Result<(), PlayError> {
        let now = self.parts.clock.now();
        if !self.has(SourceName::ListenBrainz) || self.inbox_at > now {
            return Ok(());
        }
        let playing = self.parts.inbox.playing(now);
        let before = self.player.moments(SourceName::ListenBrainz);
        self.hear(SourceName::ListenBrainz, now, &playing).await?;
        let moments = self.player.moments(SourceName::ListenBrainz);
        if moments.began_at.is_some() && moments.began_at != before.began_at {
            // A scrobbler often hears of the very player that Spotify would tell of later.
            self.pace.want();
            self.plan_ask(now);
        }
        let again = self.parts.inbox.ends_at(now).map(|end| end.min(now + INBOX_EVERY));
        let next =
            [again, moments.counts_at, moments.stops_at].into_iter().flatten().filter(|at| *at > now).min();
        self.inbox_at = next.unwrap_or(Timestamp::MAX);
        Ok(())
    }

    async fn hear(&mut self, source: SourceName, now: Timestamp, playing: &Playing) -> Result<(), PlayError> {
        let steps = self.player.hear(source, now, playing);
        // What the ledger calls the plays that begin here.
        let mut known: Vec<(PlayId, Play)> = Vec::new();
        for step in steps {
            match step {
                Step::Begin(play) => {
                    self.played.plays += 1;
                    tracing::info!(source = %source, track = play.track.shown(), "A song counts as played");
                    let seen = self.seen(&play, now);
                    let begun = play.id;
                    let play = self.parts.ledger.begin(play, seen).await?;
                    self.player.adopt(begun, &play);
                    known.push((begun, play));
                }
                Step::Note(play) => {
                    let play = match known.iter().find(|(begun, _)| *begun == play.id) {
                        Some((_, as_known)) => Play { id: as_known.id, key: as_known.key.clone(), ..play },
                        None => play,
                    };
                    let seen = self.player.seen().filter(|_| self.player.is_present(play.id));
                    self.parts.ledger.note(&play, seen).await?;
                }
                Step::Resume(play) => {
                    tracing::info!(track = play.track.shown(), "Playback goes on");
                    let seen = self.seen(&play, now);
                    self.parts.ledger.resume(&play, seen).await?;
                }
                Step::Stop => {
                    tracing::info!("Playback has stopped");
                    self.parts.ledger.stop().await?;
                }
            }
        }
        Ok(())
    }

    fn seen(&self, play: &Play, now: Timestamp) -> Seen {
        let seen = self.player.seen().filter(|_| self.player.is_present(play.id));
        seen.unwrap_or(Seen { at: now, progress: None, is_playing: false })
    }

    fn take_rules(&mut self, rules: &Arc<PlayerSection>) {
        self.rules = rules.clone();
        self.player.set_rules((**rules).clone());
        self.pace.set_per_hour(rules.calls_per_hour);
        let now = self.parts.clock.now();
        self.inbox_at = now;
        self.plan_ask(now);
    }

    async fn prune(&mut self) -> Result<(), PlayError> {
        let now = self.parts.clock.now();
        if self.prune_at > now {
            return Ok(());
        }
        self.prune_at = now.checked_add(PRUNE_EVERY).unwrap_or(Timestamp::MAX);
        let Some(keep_for) = self.rules.keep_for else { return Ok(()) };
        if let Ok(before) = now.checked_sub(keep_for.0) {
            let plays = self.parts.ledger.prune(before).await?;
            if plays > 0 {
                tracing::info!(plays, "Removed plays that are older than `player.keep_for`");
            }
        }
        Ok(())
    }

    /// Nothing needs a look before.
    fn wake(&self, is_asking: bool) -> Timestamp {
        let ask_at = if is_asking || !self.asks_spotify() { Timestamp::MAX } else { self.ask_at };
        let inbox_at = if self.has(SourceName::ListenBrainz) { self.inbox_at } else { Timestamp::MAX };
        ask_at.min(inbox_at).min(self.prune_at)
    }

    fn show(&mut self) -> Report {
        let now = self.parts.clock.now();
        let sources = self.rules.sources.clone().into_iter().map(|source| self.source(source, now)).collect();
        let view = PlayerView {
            is_running: true,
            is_stopped: self.player.is_stopped(),
            now: now_of(&self.player, now),
            sources,
        };
        let limited_until = self.pace.limited_until().filter(|until| *until > now);
        let report = Report { played: self.played, now: view.now.clone(), limited_until };
        self.parts.window.show(view);
        report
    }

    fn source(&mut self, source: SourceName, now: Timestamp) -> SourceView {
        let view = source_of(&self.player, source);
        if source != SourceName::Spotify {
            return view;
        }
        let limited_until = self.pace.limited_until().filter(|until| *until > now);
        let state = match (&limited_until, &self.problem) {
            (Some(_), _) => SourceState::Limited,
            (None, Some(_)) => SourceState::Failing,
            (None, None) => view.state,
        };
        SourceView {
            state,
            limited_until,
            next_ask: Some(self.ask_at),
            calls_last_hour: self.pace.calls_last_hour(now),
            calls: self.played.calls,
            failures: self.played.failures,
            problem: self.problem.clone(),
            ..view
        }
    }

    /// What is known of the song that plays is written down; whoever comes next goes on with it.
    async fn leave(mut self) -> Result<Played, PlayError> {
        if self.played.calls > 0 {
            self.reserved = 0;
            let now = self.parts.clock.now();
            // Counts those that have come back since the last one.
            self.pace.soonest(now);
            self.keep_calls(now)?;
        }
        if let Some(play) = self.player.present() {
            self.parts.ledger.note(play, self.player.seen()).await?;
        }
        Ok(self.played)
    }
}
