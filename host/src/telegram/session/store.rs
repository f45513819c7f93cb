//! Where sessions are kept: sealed records in the state, written by one task per account.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{
    AccountSession, SessionError, lock,
    peers::Peers,
    record::Updates,
    seal::{open_core, open_json, unreadable},
};
use crate::{
    lifecycle::Lifecycle,
    model::{AccountName, SelfView},
    state::State,
    telegram::servers::DataCenters,
    vault::{Keeper, Vault, VaultNotice},
};

/// How long changes gather before they are written.
const DELAY: Duration = Duration::from_secs(1);

/// What to do about a login that the account has already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replace {
    /// Only by the same user.
    SameUser,
    /// By anyone.
    Anyone,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct SessionStore {
    shared: Arc<Shared>,
}

struct Shared {
    state: State,
    vault: Keeper,
    lifecycle: Lifecycle,
    /// Per account, which of its sessions may write: the newest one.
    turns: Mutex<HashMap<AccountName, u64>>,
}

impl SessionStore {
    pub fn new(state: State, vault: Keeper, lifecycle: Lifecycle) -> Self {
        Self { shared: Arc::new(Shared { state, vault, lifecycle, turns: Mutex::default() }) }
    }

    /// The names of all accounts with a login.
    pub fn accounts(&self) -> Result<Vec<AccountName>, SessionError> {
        let names = self.shared.state.telegram_sessions.accounts()?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// Who an account's login belongs to; `None` without one.
    pub async fn who(&self, account: &AccountName) -> Result<Option<SelfView>, SessionError> {
        let Some(core) = self.shared.state.telegram_sessions.load(account.as_str())?.core else {
            return Ok(None);
        };
        Ok(open_core(self.vault().await?, account, &core)?.me)
    }

    /// What to tell people about the key; nothing as long as it was not needed.
    pub fn notices(&self) -> Vec<VaultNotice> {
        self.shared.vault.notices()
    }

    /// An account's session; `None` without a login. An older session of the account that is
    /// still in use cannot write any more.
    pub async fn load(
        &self,
        account: &AccountName,
        centers: &DataCenters,
    ) -> Result<Option<Arc<AccountSession>>, SessionError> {
        let sealed = self.shared.state.telegram_sessions.load(account.as_str())?;
        let Some(core) = &sealed.core else { return Ok(None) };
        let vault = self.vault().await?;
        let core = open_core(vault, account, core)?;
        let session = AccountSession::empty(centers);
        session.restore(core);
        if let Some(updates) = &sealed.updates {
            let updates: Updates =
                open_json(vault, account, updates, "its place in the updates makes no sense")?;
            *lock(&session.updates) = updates;
        }
        let open = |(number, chunk): (u32, Vec<u8>)| Ok((number, vault.unseal(&chunk)?));
        let chunks = sealed.peers.into_iter().map(open).collect::<Result<Vec<_>, SessionError>>()?;
        *lock(&session.peers) =
            Peers::from_chunks(chunks).ok_or_else(|| unreadable(account, "its known peers make no sense"))?;
        let session = Arc::new(session);
        let turn = self.shared.take_turn(account, || Ok(()))?;
        self.settle(account, turn, &session);
        Ok(Some(session))
    }

    /// Makes a finished log-in the account's login, on the disk when this returns. From then on
    /// the session is written behind.
    pub async fn commit(
        &self,
        account: &AccountName,
        session: &Arc<AccountSession>,
        replace: Replace,
    ) -> Result<(), SessionError> {
        let me = session.me().ok_or(SessionError::NotLoggedIn)?;
        let vault = self.vault_for(replace).await?;
        if replace == Replace::SameUser
            && let Some(stored) = self.who(account).await?
            && stored.id != me.id
        {
            return Err(SessionError::OtherUser {
                account: account.clone(),
                stored: stored.id,
                found: me.id,
            });
        }
        if session.place.get().is_some() {
            return session.flush().await;
        }
        let turn = self.shared.take_turn(account, || {
            let sealed = session.seal_all(vault)?;
            Ok(self.shared.state.telegram_sessions.replace(account.as_str(), &sealed)?)
        })?;
        self.settle(account, turn, session);
        Ok(self.shared.state.flushed().await?)
    }

    /// Removes an account's login from the disk. Says whether there was one.
    pub async fn forget(&self, account: &AccountName) -> Result<bool, SessionError> {
        let mut was_there = false;
        self.shared.take_turn(account, || {
            was_there = self.shared.state.telegram_sessions.remove(account.as_str())?;
            Ok(())
        })?;
        self.shared.state.flushed().await?;
        Ok(was_there)
    }

    async fn vault(&self) -> Result<&Vault, SessionError> {
        Ok(self.shared.vault.open(self.shared.state.holds_logins()).await?)
    }

    /// Who replaces a login need not be able to open the old one.
    async fn vault_for(&self, replace: Replace) -> Result<&Vault, SessionError> {
        match replace {
            Replace::SameUser => self.vault().await,
            Replace::Anyone => Ok(self.shared.vault.open(false).await?),
        }
    }

    /// From now on the session is written behind.
    fn settle(&self, account: &AccountName, turn: u64, session: &Arc<AccountSession>) {
        let place = Place { shared: self.shared.clone(), account: account.clone(), turn };
        // Only sessions that have no place yet come here.
        if session.place.set(place).is_ok() {
            let draining = self.shared.lifecycle.draining();
            let task = write_behind(Arc::downgrade(session), session.wake.clone(), draining);
            self.shared.lifecycle.spawn("telegram-session", task);
        }
    }
}

impl fmt::Debug for SessionStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionStore").finish_non_exhaustive()
    }
}

impl Shared {
    /// Does `work` while nobody writes; afterwards only the holder of the new turn may.
    fn take_turn(
        &self,
        account: &AccountName,
        work: impl FnOnce() -> Result<(), SessionError>,
    ) -> Result<u64, SessionError> {
        let mut turns = lock(&self.turns);
        work()?;
        let turn = turns.entry(account.clone()).or_default();
        *turn += 1;
        Ok(*turn)
    }
}

/// Where a session is written to.
pub(super) struct Place {
    shared: Arc<Shared>,
    account: AccountName,
    turn: u64,
}

impl Place {
    /// Writes what is new. It is on the disk only after [`Self::flushed`].
    pub(super) fn write(&self, session: &AccountSession) -> Result<(), SessionError> {
        let turns = lock(&self.shared.turns);
        if turns.get(&self.account) != Some(&self.turn) {
            return Err(SessionError::Superseded { account: self.account.clone() });
        }
        let vault =
            self.shared.vault.opened().expect("a session that has a place was sealed or unsealed before");
        session.write_new(vault, |sealed| {
            Ok(self.shared.state.telegram_sessions.write(self.account.as_str(), sealed)?)
        })
    }

    pub(super) async fn flushed(&self) -> Result<(), SessionError> {
        Ok(self.shared.state.flushed().await?)
    }
}

async fn write_behind(session: Weak<AccountSession>, wake: Arc<Notify>, draining: CancellationToken) {
    let mut has_failed = false;
    while !draining.is_cancelled() {
        tokio::select! {
            () = wake.notified() => {}
            () = draining.cancelled() => {}
        }
        tokio::select! {
            () = tokio::time::sleep(DELAY) => {}
            () = draining.cancelled() => {}
        }
        let Some(session) = session.upgrade() else { return };
        match session.flush().await {
            Ok(()) => has_failed = false,
            Err(SessionError::Superseded { .. }) => return,
            Err(error) => {
                if !has_failed {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "A Telegram login cannot be written"
                    );
                }
                has_failed = true;
                wake.notify_one();
            }
        }
    }
}
