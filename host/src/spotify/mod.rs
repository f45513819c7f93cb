//! What speaks to Spotify: logging in, and what plays now. It knows nothing of Telegram, and of
//! players only what Spotify says; its JSON stops at `convert`.
//!
//! Desired: one call at a time, whoever asks; no call before Spotify wants one, not even after a
//! restart; nothing sleeps in here; no token in a log or an error.

mod client;
mod convert;
mod error;
mod limits;
mod tokens;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use jiff::Timestamp;

pub use error::SpotifyError;

use crate::{
    clock::SharedClock, config::SpotifySection, lifecycle::Lifecycle, model::Playing, state::State,
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
    clock: SharedClock,
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
            tokens: Tokens::new(state, vault, clock.clone(), lifecycle, limits.clone()),
            limits,
            clock,
            turn: tokio::sync::Mutex::default(),
            last: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// From the next call on.
    pub fn configure(&self, section: &SpotifySection) {
        let application = Application::new(section.clone());
        *self.inner.application.write().unwrap_or_else(PoisonError::into_inner) = application;
    }

    /// Before then, Spotify is not asked.
    pub fn rate_limited_until(&self) -> Option<Timestamp> {
        self.inner.limits.until(self.inner.clock.now())
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
        convert::playing(&text.await?)
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
        let redirect = self.application().section.redirect_uri.as_ref().map(ToString::to_string);
        SpotifyError::NoApplication { redirect: redirect.unwrap_or_default() }
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
