//! A simulated Spotify: applications, users, their logins and players; what goes wrong; every call.

mod answer;
mod api;
mod fault;
mod item;
mod login;
mod picture;
mod player;
mod server;

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

pub use answer::{Ask, Reply};
pub use fault::{At, Fault};
pub use item::{Episode, Item, Local, Song, Tells};
pub use login::{App, Consent, User};
pub use player::{Action, Player, Repeat};
pub use server::{SpotifyServer, serve};

use login::{Access, Code, Refresh};

/// 2023, so that times look like times.
const EPOCH_MS: u64 = 1_700_000_000_000;

/// What the simulated Spotify knows.
#[derive(Debug)]
pub struct Spotify {
    /// Applications by their client ids.
    pub apps: BTreeMap<String, App>,
    /// Who has an account, by id.
    pub users: BTreeMap<String, User>,
    /// Whose browser it is that comes to the authorize page.
    pub signed_in: String,
    pub consent: Consent,
    pub tells: Tells,
    /// How long access lasts.
    pub access_lasts: Duration,
    /// Everything that was asked, the oldest first.
    pub calls: Vec<Call>,
    players: BTreeMap<String, Player>,
    codes: BTreeMap<String, Code>,
    access: BTreeMap<String, Access>,
    refresh: BTreeMap<String, Refresh>,
    faults: VecDeque<(At, Fault)>,
    limited: Option<Limit>,
    time: Time,
    /// Every code and token that was ever given out.
    made: Vec<String>,
    unexpected: Vec<String>,
}

/// A call as it was answered. No secret is kept, but whether there was one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// In the world's time.
    pub at: Duration,
    pub method: String,
    pub path: String,
    pub query: BTreeMap<String, String>,
    /// Fields of a form, without tokens, codes and verifiers.
    pub form: BTreeMap<String, String>,
    /// `Bearer` or `Basic`.
    pub authorization: Option<String>,
    pub status: u16,
}

/// Until when nobody may ask.
#[derive(Debug)]
struct Limit {
    until: Duration,
    /// Somebody has been told, so whoever asks now does not listen.
    is_told: bool,
}

#[derive(Debug)]
enum Time {
    /// As it passes, since then.
    Real(Instant),
    Manual(Duration),
}

impl Default for Spotify {
    /// With one application and one user, who has pressed nothing yet.
    fn default() -> Self {
        let (app, user) = (App::new(Self::CLIENT), User::new(Self::USER, "Ann"));
        Self {
            apps: BTreeMap::from([(Self::CLIENT.to_owned(), app)]),
            users: BTreeMap::from([(user.id.clone(), user)]),
            signed_in: Self::USER.into(),
            consent: Consent::Agrees,
            tells: Tells::default(),
            access_lasts: Duration::from_secs(3600),
            calls: Vec::new(),
            players: BTreeMap::new(),
            codes: BTreeMap::new(),
            access: BTreeMap::new(),
            refresh: BTreeMap::new(),
            faults: VecDeque::new(),
            limited: None,
            time: Time::Real(Instant::now()),
            made: Vec::new(),
            unexpected: Vec::new(),
        }
    }
}

impl Spotify {
    /// The application that is there from the beginning.
    pub const CLIENT: &str = "5fe01282e94241328a84e7c5cc169164";
    /// The user who is there from the beginning.
    pub const USER: &str = "ann";

    pub fn now(&self) -> Duration {
        match self.time {
            Time::Real(since) => since.elapsed(),
            Time::Manual(now) => now,
        }
    }

    /// From now on, time passes only by [`Self::advance`].
    pub fn stop_time(&mut self) {
        self.time = Time::Manual(self.now());
    }

    pub fn advance(&mut self, by: Duration) {
        if let Time::Manual(now) = &mut self.time {
            *now += by;
        } else {
            self.time = Time::Manual(self.now() + by);
        }
        self.settle();
    }

    /// The player of the first user, as it is now.
    pub fn player(&mut self) -> &mut Player {
        self.player_of(Self::USER)
    }

    pub fn player_of(&mut self, user: &str) -> &mut Player {
        let now = self.now();
        let player = self.players.entry(user.to_owned()).or_default();
        player.settle(now);
        player
    }

    /// Lets something happen to the first user's player, now.
    pub fn act(&mut self, action: Action) {
        let now = self.now();
        self.player().act(now, action);
    }

    /// Lets something happen to the first user's player, after so long.
    pub fn later(&mut self, after: Duration, action: Action) {
        let at = self.now() + after;
        self.player().at(at, action);
    }

    /// Plays these one after the other, from now on.
    pub fn play(&mut self, items: impl IntoIterator<Item = impl Into<Item>>) {
        self.act(Action::Play(items.into_iter().map(Into::into).collect()));
    }

    pub fn pause(&mut self) {
        self.act(Action::Pause);
    }

    pub fn resume(&mut self) {
        self.act(Action::Resume);
    }

    pub fn skip(&mut self) {
        self.act(Action::Skip);
    }

    /// The device is gone.
    pub fn stop(&mut self) {
        self.act(Action::Stop);
    }

    /// The next so many calls of this kind go wrong.
    pub fn fail(&mut self, at: At, times: usize, fault: Fault) {
        self.faults.extend(std::iter::repeat_n((at, fault), times));
    }

    /// The next call is told not to come back for so many seconds. Whoever does is unexpected.
    pub fn rate_limit(&mut self, seconds: u64) {
        let until = self.now() + Duration::from_secs(seconds);
        self.limited = Some(Limit { until, is_told: false });
    }

    /// A refresh token as one gets it elsewhere: with the application's secret, or with PKCE.
    pub fn grant(&mut self, client: &str, user: &str, scope: &str, is_pkce: bool) -> String {
        self.new_refresh(Refresh { client: client.into(), user: user.into(), scope: scope.into(), is_pkce })
    }

    /// As when a user removes the application from their account.
    pub fn revoke_all(&mut self) {
        self.refresh.clear();
        self.access.clear();
    }

    /// No access that was given so far is taken any more; logins stay.
    pub fn expire_access(&mut self) {
        self.access.clear();
    }

    /// Refresh tokens that work.
    pub fn refresh_tokens(&self) -> impl Iterator<Item = &str> {
        self.refresh.keys().map(String::as_str)
    }

    /// Every code and token that was ever given out.
    pub fn secrets(&self) -> &[String] {
        &self.made
    }

    /// Nothing that was planned goes wrong any more.
    pub fn forgive(&mut self) {
        self.faults.clear();
        self.limited = None;
    }

    /// Calls to paths that end so.
    pub fn calls_to<'a>(&'a self, end: &'a str) -> impl Iterator<Item = &'a Call> {
        self.calls.iter().filter(move |call| call.path.ends_with(end))
    }

    fn settle(&mut self) {
        let now = self.now();
        self.players.values_mut().for_each(|player| player.settle(now));
    }

    fn unix_ms(&self) -> u64 {
        EPOCH_MS + u64::try_from(self.now().as_millis()).unwrap_or_default()
    }

    /// Another one each time, the same in each run.
    fn new_secret(&mut self, begin: &str) -> String {
        let number = (self.made.len() as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let secret = format!("{begin}{:016x}{:016x}", number, number.rotate_left(29) ^ 0x5A5A_5A5A_5A5A_5A5A);
        self.made.push(secret.clone());
        secret
    }

    pub(crate) fn unexpected(&self) -> Vec<String> {
        self.unexpected.clone()
    }
}
