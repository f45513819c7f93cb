//! What speaks to Spotify: logging in, and what plays now. It knows nothing of Telegram, and of
//! players only what Spotify says; its JSON stops at `convert`.
//!
//! Desired: one call at a time, whoever asks; no call before Spotify wants one, not even after a
//! restart; nothing sleeps in here; no token in a log or an error.

mod client;
mod convert;
mod error;
mod limits;
mod login;
#[cfg(test)]
mod tests;
mod tokens;

use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use jiff::Timestamp;
use tokio::sync::watch;
use url::Url;

pub use error::SpotifyError;
pub use login::{SpotifyAnswer, SpotifyEntry, SpotifyLoggedIn, SpotifyLoginError};

use crate::{
    clock::SharedClock,
    config::SpotifySection,
    lifecycle::Lifecycle,
    model::{Playing, SpotifyState, SpotifyView},
    state::State,
    vault::Keeper,
};
use client::{Client, Refusal};
use limits::Limits;
use tokens::{Access, Tokens};

/// The right to ask for the device, too.
const PLAYBACK_SCOPE: &str = "user-read-playback-state";

/// What it is made from.
#[derive(Debug)]
pub struct SpotifyParts {
    pub section: SpotifySection,
    pub state: State,
    pub vault: Keeper,
    pub clock: SharedClock,
    pub lifecycle: Lifecycle,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Spotify {
    inner: Arc<Inner>,
}

struct Inner {
    application: RwLock<Application>,
    tokens: Tokens,
    limits: Arc<Limits>,
    logins: login::Logins,
    clock: SharedClock,
    lifecycle: Lifecycle,
    /// Where people find the page; known when it is served.
    page: Mutex<Option<Url>>,
    /// Where to listen for browsers that come back elsewhere than to the page.
    listen_at: watch::Sender<Option<SocketAddr>>,
    /// Where that was tried in vain.
    deaf_at: Mutex<Option<SocketAddr>>,
    /// Counts how often somebody logged in or out, or an attempt to do so came to its end.
    changes: watch::Sender<u64>,
    /// Spotify was asked whose login it is.
    is_who_asked: AtomicBool,
    /// Of the Web API, since the start.
    calls: AtomicU64,
    /// Held while Spotify is asked.
    turn: tokio::sync::Mutex<()>,
    last: Mutex<Last>,
}

/// What the configuration says.
#[derive(Clone)]
struct Application {
    section: Arc<SpotifySection>,
    client: Option<Arc<Client>>,
}

/// The last answer, for those who asked while it was on its way.
#[derive(Default)]
struct Last {
    /// How many calls have begun.
    begun: u64,
    /// The number of the call that this answers.
    answer: Option<(u64, Result<Playing, SpotifyError>)>,
}

impl Spotify {
    pub fn new(parts: SpotifyParts) -> Self {
        let SpotifyParts { section, state, vault, clock, lifecycle } = parts;
        let limits = Arc::new(Limits::load(state.spotify_waits.clone()));
        let inner = Inner {
            application: RwLock::new(Application::new(section)),
            tokens: Tokens::new(state, vault, clock.clone(), lifecycle.clone(), limits.clone()),
            limits,
            logins: login::Logins::default(),
            clock,
            lifecycle,
            page: Mutex::default(),
            listen_at: watch::Sender::new(None),
            deaf_at: Mutex::default(),
            changes: watch::Sender::new(0),
            is_who_asked: AtomicBool::new(false),
            calls: AtomicU64::new(0),
            turn: tokio::sync::Mutex::default(),
            last: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// From the next call on.
    pub fn configure(&self, section: &SpotifySection) {
        let application = Application::new(section.clone());
        *self.inner.application.write().unwrap_or_else(PoisonError::into_inner) = application;
        self.look_where_to_listen();
    }

    /// Where people find the page: browsers come back there unless the configuration says otherwise.
    pub fn set_page(&self, mut page: Url) {
        if !page.path().ends_with('/') {
            let path = format!("{}/", page.path());
            page.set_path(&path);
        }
        *self.page_lock() = Some(page);
        self.look_where_to_listen();
    }

    pub fn page(&self) -> Option<Url> {
        self.page_lock().clone()
    }

    /// What Spotify has to know for the application, to the letter.
    pub fn redirect_uri(&self) -> Url {
        login::redirect_uri(&self.application().section, self.page().as_ref())
    }

    /// Where a browser that comes back elsewhere than to the page is waited for.
    pub fn listen_at(&self) -> watch::Receiver<Option<SocketAddr>> {
        self.look_where_to_listen();
        self.inner.listen_at.subscribe()
    }

    /// Where browsers would come back to, and cannot: the port is another program's.
    pub fn note_deaf(&self, address: Option<SocketAddr>) {
        *self.inner.deaf_at.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }

    /// Whether a browser on this machine can come back from Spotify.
    pub fn check_return(&self) -> Result<(), SpotifyLoginError> {
        let wanted = *self.listen_at().borrow();
        let deaf = *self.inner.deaf_at.lock().unwrap_or_else(PoisonError::into_inner);
        match deaf {
            Some(address) if wanted == deaf => Err(SpotifyLoginError::PortInUse { port: address.port() }),
            _ => Ok(()),
        }
    }

    /// Moves when somebody logs in or out, and when an attempt to log in ends.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changes.subscribe()
    }

    fn tell_change(&self) {
        self.inner.changes.send_modify(|changes| *changes += 1);
    }

    fn look_where_to_listen(&self) {
        let wanted = login::listen_at(&self.application().section, self.page().as_ref());
        self.inner.listen_at.send_if_modified(|now| std::mem::replace(now, wanted) != wanted);
    }

    fn page_lock(&self) -> MutexGuard<'_, Option<Url>> {
        self.inner.page.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How things are, without asking Spotify.
    pub async fn view(&self) -> SpotifyView {
        let application = self.application();
        let record = self.inner.tokens.record().await.unwrap_or_default();
        let redirect = self.redirect_uri();
        let state = match &application.client {
            None => SpotifyState::NoApplication,
            Some(client) => match (
                self.rate_limited_until(),
                self.inner.tokens.refusal(client, &application.section).await,
            ) {
                (_, Some(SpotifyError::NotLoggedIn)) => SpotifyState::LoggedOut,
                (_, Some(error)) => SpotifyState::Refused { reason: error.to_string() },
                (Some(until), None) => SpotifyState::RateLimited { until },
                (None, None) => match self.last_refusal() {
                    Some(error) => SpotifyState::Refused { reason: error.to_string() },
                    None => SpotifyState::LoggedIn,
                },
            },
        };
        SpotifyView {
            state,
            user: record.as_ref().and_then(|record| record.user.clone()),
            since: record.as_ref().map(|record| record.since),
            scope: record.map(|record| record.scope),
            login_url: login::beginning(&redirect).into(),
            redirect_uri: redirect.into(),
        }
    }

    /// What a person has to mend before Spotify answers.
    fn last_refusal(&self) -> Option<SpotifyError> {
        let last = self.last();
        let (_, answer) = last.answer.as_ref()?;
        answer.as_ref().err().filter(|error| !error.is_temporary()).cloned()
    }

    /// Forgets the login. Says whether there was one.
    pub async fn log_out(&self) -> Result<bool, SpotifyError> {
        let was_there = self.inner.tokens.forget().await?;
        self.note_login();
        self.tell_change();
        Ok(was_there)
    }

    /// What was answered to another login does not count any more.
    fn note_login(&self) {
        self.inner.is_who_asked.store(false, Ordering::Release);
        self.last().answer = None;
    }

    /// Before then, Spotify is not asked.
    pub fn rate_limited_until(&self) -> Option<Timestamp> {
        self.inner.limits.until(self.inner.clock.now())
    }

    fn note_call(&self) {
        self.inner.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// How many calls of the Web API were made since the start.
    pub fn calls(&self) -> u64 {
        self.inner.calls.load(Ordering::Relaxed)
    }

    /// Asks what plays now. Several who ask at once share a call.
    pub async fn now_playing(&self) -> Result<Playing, SpotifyError> {
        let seen = self.last().begun;
        let _turn = self.inner.turn.lock().await;
        let call = {
            let mut last = self.last();
            // A call that began after we asked answers us too.
            if let Some((call, answer)) = &last.answer
                && *call > seen
            {
                return answer.clone();
            }
            last.begun += 1;
            last.begun
        };
        let answer = self.ask().await;
        self.last().answer = Some((call, answer.clone()));
        answer
    }

    async fn ask(&self) -> Result<Playing, SpotifyError> {
        let text = self.get(|access| {
            let may_see_devices = access.scope.split_whitespace().any(|scope| scope == PLAYBACK_SCOPE);
            if may_see_devices { "me/player" } else { "me/player/currently-playing" }
        });
        let playing = convert::playing(&text.await?)?;
        self.learn_whose().await;
        Ok(playing)
    }

    /// Once for each login that came from elsewhere: Spotify says whose it is.
    async fn learn_whose(&self) {
        let is_known = self.inner.tokens.user().is_some();
        if is_known || self.inner.is_who_asked.swap(true, Ordering::AcqRel) {
            return;
        }
        let learned = async {
            let user = convert::user(&self.get(|_| "me").await?)?;
            self.inner.tokens.name(user).await
        };
        if let Err(error) = learned.await {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "Spotify did not say whose login it is"
            );
        }
    }

    /// Access that has run out early is renewed once.
    async fn get(&self, path: impl Fn(&Access) -> &'static str) -> Result<String, SpotifyError> {
        self.inner.limits.check(self.inner.clock.now())?;
        let Application { section, client } = self.application();
        let client = client.ok_or_else(|| self.no_application())?;
        let mut stale = None;
        loop {
            let access = self.inner.tokens.access(&client, &section, stale.as_ref()).await?;
            let query = [("additional_types", "track,episode")];
            self.note_call();
            match client.get(path(&access), &access.token, &query).await {
                Ok(text) => return Ok(text),
                Err(Refusal::Status { status: 401, .. }) if stale.is_none() => stale = Some(access),
                Err(refusal) => return Err(self.refused(refusal)),
            }
        }
    }

    fn refused(&self, refusal: Refusal) -> SpotifyError {
        match refusal {
            Refusal::Status { status: 429, retry_after, .. } => {
                self.inner.limits.begin(self.inner.clock.now(), retry_after.as_deref())
            }
            // A server that is busy may say for how long.
            Refusal::Status { status: 503, retry_after: Some(length), .. } => {
                self.inner.limits.begin(self.inner.clock.now(), Some(&length))
            }
            refusal => error::of_api(refusal),
        }
    }

    fn no_application(&self) -> SpotifyError {
        SpotifyError::NoApplication { redirect: self.redirect_uri().into() }
    }

    fn application(&self) -> Application {
        self.inner.application.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.inner.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Application {
    fn new(section: SpotifySection) -> Self {
        let client = Client::new(&section).map(Arc::new);
        Self { section: Arc::new(section), client }
    }
}

impl fmt::Debug for Spotify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spotify").finish_non_exhaustive()
    }
}
