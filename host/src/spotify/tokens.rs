//! Which login there is, and access for an hour at a time. Desired: a rotated token is on the disk
//! before it is used; nobody's hanging up loses one; a token that Spotify has refused is not
//! offered again; a token of the configuration counts once, and again only when it changes.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedMutexGuard, oneshot};

use super::{
    SpotifyError,
    client::{Client, Granted, Proof, Refusal},
    error,
    limits::Limits,
};
use crate::{
    clock::SharedClock,
    config::SpotifySection,
    lifecycle::Lifecycle,
    model::SpotifyUser,
    state::{SecretHash, State},
    vault::Keeper,
};

const VERSION: u32 = 1;
/// Access is renewed so long before it ends.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// What is sealed in the state.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Record {
    version: u32,
    refresh_token: String,
    /// The application that it was made with.
    client_id: String,
    /// It was made with the application's secret, and is renewed with it.
    with_secret: bool,
    pub(super) scope: String,
    pub(super) user: Option<SpotifyUser>,
    pub(super) since: Timestamp,
    /// The token of the configuration that it came from or came after.
    configured: Option<SecretHash>,
}

impl Default for Record {
    fn default() -> Self {
        Self {
            version: VERSION,
            refresh_token: String::new(),
            client_id: String::new(),
            with_secret: false,
            scope: String::new(),
            user: None,
            since: Timestamp::UNIX_EPOCH,
            configured: None,
        }
    }
}

/// Access for a while.
#[derive(Clone)]
pub(super) struct Access {
    pub(super) token: SecretString,
    pub(super) scope: String,
    expires: Timestamp,
}

/// A token to get access with.
struct Credential {
    token: SecretString,
    with_secret: bool,
    is_configured: bool,
}

#[derive(Default)]
struct Held {
    is_loaded: bool,
    record: Option<Record>,
    access: Option<Access>,
    /// Tokens that Spotify has refused, by their hashes, and how.
    refused: Vec<(SecretHash, SpotifyError)>,
    /// The record differs from the one on the disk.
    is_unwritten: bool,
}

/// Cheap to clone.
#[derive(Clone)]
pub(super) struct Tokens {
    shared: Arc<Shared>,
}

struct Shared {
    state: State,
    vault: Keeper,
    clock: SharedClock,
    lifecycle: Lifecycle,
    limits: Arc<Limits>,
    held: Arc<tokio::sync::Mutex<Held>>,
    /// Whose login it is, for whoever must not wait.
    user: Mutex<Option<SpotifyUser>>,
}

impl Tokens {
    pub(super) fn new(
        state: State,
        vault: Keeper,
        clock: SharedClock,
        lifecycle: Lifecycle,
        limits: Arc<Limits>,
    ) -> Self {
        let (held, user) = (Arc::default(), Mutex::default());
        Self { shared: Arc::new(Shared { state, vault, clock, lifecycle, limits, held, user }) }
    }

    /// Access that lasts at least for one call. `stale` is access that was refused just now.
    pub(super) async fn access(
        &self,
        client: &Arc<Client>,
        section: &Arc<SpotifySection>,
        stale: Option<&Access>,
    ) -> Result<Access, SpotifyError> {
        let mut held = self.shared.held.clone().lock_owned().await;
        self.load(&mut held).await?;
        if let Some(stale) = stale
            && held.access.as_ref().is_some_and(|it| it.token.expose_secret() == stale.token.expose_secret())
        {
            held.access = None;
        }
        let is_current = held.configured_is_known(section);
        if let Some(access) =
            held.access.as_ref().filter(|it| is_current && it.lasts(self.shared.clock.now()))
        {
            return Ok(access.clone());
        }
        self.shared.limits.check(self.shared.clock.now())?;
        // In a task of its own: who asked may go away, and a rotated token must not go with them.
        let (this, client, section) = (self.clone(), client.clone(), section.clone());
        let (answer, answered) = oneshot::channel();
        self.shared.lifecycle.spawn("spotify-token", async move {
            // An error is somebody who asked and went away.
            let _ = answer.send(this.renew(held, &client, &section).await);
        });
        answered.await.unwrap_or(Err(SpotifyError::Stopping))
    }

    async fn renew(
        &self,
        mut held: OwnedMutexGuard<Held>,
        client: &Client,
        section: &SpotifySection,
    ) -> Result<Access, SpotifyError> {
        loop {
            let credential = held.credential(client, section)?;
            let secret = section.client_secret.as_ref().map(|secret| secret.expose_secret());
            let proof = match secret.filter(|secret| credential.with_secret && !secret.is_empty()) {
                Some(secret) => Proof::Secret(secret),
                None => Proof::ClientId,
            };
            let error = match client.refresh(&credential.token, proof).await {
                Ok(text) => {
                    let granted = read_grant(&text)?;
                    return self.take(&mut held, granted, &credential, client, section).await;
                }
                Err(Refusal::Status { status: 429, retry_after, .. }) => {
                    return Err(self.shared.limits.begin(self.shared.clock.now(), retry_after.as_deref()));
                }
                Err(refusal) => error::of_token(refusal),
            };
            if !matches!(error, SpotifyError::LoggedOut { .. }) {
                return Err(error);
            }
            held.refused.push((hash(&credential.token), error.clone()));
            // A token of the configuration that does not work must not cost the login that did.
            if !(credential.is_configured && held.record.is_some()) {
                return Err(error);
            }
            tracing::warn!(%error, "Spotify refuses `spotify.refresh_token`; the login from before is used");
        }
    }

    /// What was granted for a token that we have.
    async fn take(
        &self,
        held: &mut Held,
        granted: Granted,
        credential: &Credential,
        client: &Client,
        section: &SpotifySection,
    ) -> Result<Access, SpotifyError> {
        let mut record = match &held.record {
            Some(record) if !credential.is_configured => record.clone(),
            before => {
                if before.is_some() {
                    tracing::info!(
                        "`spotify.refresh_token` has changed: it takes the place of the login from before"
                    );
                }
                Record {
                    refresh_token: credential.token.expose_secret().to_owned(),
                    client_id: client.id().to_owned(),
                    with_secret: credential.with_secret,
                    since: self.shared.clock.now(),
                    ..Record::default()
                }
            }
        };
        let configured = section.refresh_token.as_ref().map(hash);
        held.is_unwritten |=
            credential.is_configured || configured.is_some_and(|it| record.configured != Some(it));
        record.configured = configured.or(record.configured);
        if let Some(rotated) = &granted.refresh_token {
            held.is_unwritten |= rotated.expose_secret() != record.refresh_token;
            record.refresh_token = rotated.expose_secret().to_owned();
        }
        if let Some(scope) = &granted.scope {
            record.scope.clone_from(scope);
        }
        let is_new = held.record.is_none();
        // The old one may be worth nothing any more, even when the new one cannot be written.
        held.record = Some(record.clone());
        if held.is_unwritten {
            self.write(&record, is_new).await?;
            held.is_unwritten = false;
        }
        Ok(self.hold(held, record, granted))
    }

    /// Makes a login that somebody has just given us the one that counts. Says whose was there.
    pub(super) async fn commit(
        &self,
        granted: Granted,
        user: Option<SpotifyUser>,
        client_id: &str,
        section: &SpotifySection,
    ) -> Result<Option<SpotifyUser>, SpotifyError> {
        let mut held = self.shared.held.lock().await;
        // Whoever logs in anew need not be able to open the old login.
        let before = match self.load(&mut held).await {
            Ok(()) => held.record.as_ref().and_then(|record| record.user.clone()),
            Err(_) => None,
        };
        // Until the new one is on the disk, the one before counts.
        let refresh_token = granted.refresh_token.as_ref().ok_or(SpotifyError::Unreadable)?;
        let record = Record {
            refresh_token: refresh_token.expose_secret().to_owned(),
            client_id: client_id.to_owned(),
            scope: granted.scope.clone().unwrap_or_else(|| section.scope.clone()),
            user,
            since: self.shared.clock.now(),
            configured: section.refresh_token.as_ref().map(hash),
            ..Record::default()
        };
        self.write(&record, true).await?;
        (held.is_loaded, held.is_unwritten) = (true, false);
        self.hold(&mut held, record, granted);
        Ok(before)
    }

    /// Says whether there was a login.
    pub(super) async fn forget(&self) -> Result<bool, SpotifyError> {
        let mut held = self.shared.held.lock().await;
        let was_there = self.shared.state.spotify_login.remove()?;
        self.shared.state.flushed().await?;
        *held = Held { is_loaded: true, ..Held::default() };
        self.tell(None);
        Ok(was_there)
    }

    /// Notes whose login it is.
    pub(super) async fn name(&self, user: SpotifyUser) -> Result<(), SpotifyError> {
        let mut held = self.shared.held.lock().await;
        let Some(mut record) = held.record.clone() else { return Ok(()) };
        record.user = Some(user);
        self.write(&record, false).await?;
        self.tell(record.user.clone());
        held.record = Some(record);
        Ok(())
    }

    /// The login that is stored, if it can be read.
    pub(super) async fn record(&self) -> Result<Option<Record>, SpotifyError> {
        let mut held = self.shared.held.lock().await;
        self.load(&mut held).await?;
        Ok(held.record.clone())
    }

    /// How Spotify has refused what there is to log in with.
    pub(super) async fn refusal(&self, client: &Client, section: &SpotifySection) -> Option<SpotifyError> {
        let mut held = self.shared.held.lock().await;
        match self.load(&mut held).await {
            Ok(()) => held.credential(client, section).err(),
            Err(error) => Some(error),
        }
    }

    pub(super) fn user(&self) -> Option<SpotifyUser> {
        self.shared.user.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hold(&self, held: &mut Held, record: Record, granted: Granted) -> Access {
        let length = SignedDuration::from_secs(i64::try_from(granted.expires_in).unwrap_or(3600).min(86_400));
        let access = Access {
            token: granted.access_token,
            scope: record.scope.clone(),
            expires: self.shared.clock.now() + length,
        };
        self.tell(record.user.clone());
        held.record = Some(record);
        held.access = Some(access.clone());
        access
    }

    fn tell(&self, user: Option<SpotifyUser>) {
        *self.shared.user.lock().unwrap_or_else(PoisonError::into_inner) = user;
    }

    async fn load(&self, held: &mut Held) -> Result<(), SpotifyError> {
        if held.is_loaded {
            return Ok(());
        }
        if let Some(sealed) = self.shared.state.spotify_login.load()? {
            let vault = self.shared.vault.open(true).await?;
            let record: Record =
                serde_json::from_slice(&vault.unseal(&sealed)?).map_err(|_| SpotifyError::Unreadable)?;
            if record.version > VERSION || record.refresh_token.is_empty() {
                return Err(SpotifyError::Unreadable);
            }
            self.tell(record.user.clone());
            held.record = Some(record);
        }
        held.is_loaded = true;
        Ok(())
    }

    /// On the disk when this returns. `is_new`: what was sealed before does not count.
    async fn write(&self, record: &Record, is_new: bool) -> Result<(), SpotifyError> {
        let state = &self.shared.state;
        let is_in_use = if is_new { !state.telegram_sessions.is_empty() } else { state.holds_logins() };
        let vault = self.shared.vault.open(is_in_use).await?;
        let plain =
            serde_json::to_vec(record).expect("our own types have string keys and no failing Serialize");
        state.spotify_login.put(&vault.seal(&plain)?)?;
        Ok(state.flushed().await?)
    }
}

impl Held {
    /// Whether the configuration's token has had its turn.
    fn configured_is_known(&self, section: &SpotifySection) -> bool {
        let Some(token) = section.refresh_token.as_ref().filter(|token| !token.expose_secret().is_empty())
        else {
            return true;
        };
        let hash = hash(token);
        self.is_refused(hash).is_some()
            || self.record.as_ref().is_some_and(|record| record.configured == Some(hash))
    }

    /// What to get access with, unless Spotify has refused it already.
    fn credential(&self, client: &Client, section: &SpotifySection) -> Result<Credential, SpotifyError> {
        if let Some(token) = section.refresh_token.as_ref().filter(|_| !self.configured_is_known(section)) {
            let with_secret = section.client_secret.is_some();
            return Ok(Credential { token: token.clone(), with_secret, is_configured: true });
        }
        let Some(record) = &self.record else {
            let configured = section.refresh_token.as_ref().map(hash);
            return Err(configured
                .and_then(|hash| self.is_refused(hash).cloned())
                .unwrap_or(SpotifyError::NotLoggedIn));
        };
        if record.client_id != client.id() {
            return Err(SpotifyError::OtherApplication);
        }
        let token = SecretString::from(record.refresh_token.clone());
        match self.is_refused(hash(&token)) {
            Some(error) => Err(error.clone()),
            None => Ok(Credential { token, with_secret: record.with_secret, is_configured: false }),
        }
    }

    fn is_refused(&self, token: SecretHash) -> Option<&SpotifyError> {
        self.refused.iter().find(|(hash, _)| *hash == token).map(|(_, error)| error)
    }
}

impl Access {
    fn lasts(&self, now: Timestamp) -> bool {
        now.saturating_add(MARGIN).is_ok_and(|then| then < self.expires)
    }
}

pub(super) fn read_grant(text: &str) -> Result<Granted, SpotifyError> {
    serde_json::from_str(text)
        .map_err(|source| SpotifyError::Unintelligible { what: "new tokens", source: Arc::new(source) })
}

fn hash(token: &SecretString) -> SecretHash {
    SecretHash::of(token.expose_secret())
}
