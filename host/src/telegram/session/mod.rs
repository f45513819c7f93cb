//! What an account needs to stay logged in: its keys, who it is, where its updates are, and the
//! peers that it knows.
//!
//! Everything is in memory and written behind, sealed: asking costs no disk, and learning a peer
//! costs less than a microsecond, since every page of history brings a hundred. A kill loses at
//! most the last second of peers, never a login: keys are written before a log-in counts as done.
//!
//! A data centre that no longer knows our key is answered by the client library with a new key,
//! which nobody is logged in with. Such a key is refused here, and [`SessionAlarm`] tells.

#[cfg(test)]
mod kill_tests;
mod peers;
mod record;
mod seal;
mod store;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicI32, AtomicI64, Ordering},
    },
};

use futures_util::future::ready;
use grammers_session::{
    BoxFuture, Session,
    types::{DcOption, PeerId, PeerInfo, UpdateState, UpdatesState},
};
use tokio::sync::{Notify, watch};

pub use store::{Replace, SessionStore};

use super::{login::import::ImportedLogin, servers::DataCenters};
use crate::{
    model::{AccountName, SelfView},
    state::StateError,
    vault::VaultError,
};
use peers::Peers;
use record::Updates;
use store::Place;

#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(
        "Telegram's data centre {dc} does not know this login any more: log in again with `tapedeck login telegram`"
    )]
    KeyRefused { dc: i32 },
    #[error(
        "the account `{account}` belongs to user {stored}, and this is user {found}: \
         use another account name, or `--replace` to give it up"
    )]
    OtherUser { account: AccountName, stored: i64, found: i64 },
    #[error(
        "Telegram says that this login belongs to user {found}, and it was made by user {stored}: log in again"
    )]
    ChangedUser { stored: i64, found: i64 },
    #[error("nobody is logged in yet")]
    NotLoggedIn,
    #[error("the account `{account}` has been logged in again or out meanwhile; this login is over")]
    Superseded { account: AccountName },
    #[error("the login of `{account}` was written by a newer tapedeck: update tapedeck")]
    TooNew { account: AccountName },
    #[error(
        "the login of `{account}` cannot be read ({what}): restore a backup of the data folder, or log in again with `--replace`"
    )]
    Unreadable { account: AccountName, what: &'static str },
}

/// Something that ends the use of a session until a person acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionAlarm {
    /// The data centre does not know our key any more, or somebody in between says so. The key is
    /// kept: the login comes back by itself if that was a mistake.
    KeyRefused { dc: i32 },
}

/// One account's session. Until [`SessionStore::commit`] it lives in memory only.
pub struct AccountSession {
    home: AtomicI32,
    options: RwLock<BTreeMap<i32, DcOption>>,
    /// The user's id; 0 while nobody is logged in.
    my_id: AtomicI64,
    me: Mutex<Option<SelfView>>,
    /// Addresses come from a servers file: stored ones do not count.
    has_fixed_addresses: bool,
    /// The home's key stands for a login.
    is_key_precious: AtomicBool,
    peers: Mutex<Peers>,
    updates: Mutex<Updates>,
    is_core_new: AtomicBool,
    are_updates_new: AtomicBool,
    alarm: watch::Sender<Option<SessionAlarm>>,
    wake: Arc<Notify>,
    place: OnceLock<Place>,
    turn: tokio::sync::Mutex<()>,
}

impl AccountSession {
    /// A session that nobody is logged in with, for a log-in.
    pub fn fresh(centers: &DataCenters) -> Arc<Self> {
        Arc::new(Self::empty(centers))
    }

    /// A session with another program's key. Whether Telegram still knows it has to be asked.
    pub fn imported(centers: &DataCenters, login: &ImportedLogin) -> Arc<Self> {
        let mut session = Self::empty(centers);
        let options = session.options.get_mut().unwrap_or_else(PoisonError::into_inner);
        let keys =
            login.other_keys.iter().map(|(id, key)| (*id, *key)).chain([(login.dc_id, login.auth_key)]);
        for (id, key) in keys {
            if let Some(option) = options.get_mut(&id) {
                option.auth_key = Some(key);
            }
        }
        *session.home.get_mut() = login.dc_id;
        *session.is_key_precious.get_mut() = true;
        let peers = session.peers.get_mut().unwrap_or_else(PoisonError::into_inner);
        for peer in &login.peers {
            peers.learn(peer);
        }
        Arc::new(session)
    }

    fn empty(centers: &DataCenters) -> Self {
        Self {
            home: AtomicI32::new(centers.home),
            options: RwLock::new(centers.options.clone()),
            has_fixed_addresses: centers.are_fixed,
            my_id: AtomicI64::new(0),
            me: Mutex::default(),
            is_key_precious: AtomicBool::new(false),
            peers: Mutex::default(),
            updates: Mutex::default(),
            is_core_new: AtomicBool::new(false),
            are_updates_new: AtomicBool::new(false),
            alarm: watch::Sender::new(None),
            wake: Arc::default(),
            place: OnceLock::new(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// Who is logged in.
    pub fn me(&self) -> Option<SelfView> {
        lock(&self.me).clone()
    }

    /// Notes who is logged in. From now on the key is not given up.
    pub fn set_me(&self, me: SelfView) -> Result<(), SessionError> {
        let stored = self.my_id.load(Ordering::Acquire);
        if stored != 0 && stored != me.id {
            return Err(SessionError::ChangedUser { stored, found: me.id });
        }
        self.my_id.store(me.id, Ordering::Release);
        self.is_key_precious.store(true, Ordering::Release);
        *lock(&self.me) = Some(me);
        self.is_core_new.store(true, Ordering::Release);
        self.wake.notify_one();
        Ok(())
    }

    /// Whether the home's data centre has a key.
    pub fn has_key(&self) -> bool {
        let home = self.home.load(Ordering::Acquire);
        let options = self.options.read().unwrap_or_else(PoisonError::into_inner);
        options.get(&home).is_some_and(|option| option.auth_key.is_some())
    }

    /// Holds what has gone wrong with the session.
    pub fn alarm(&self) -> watch::Receiver<Option<SessionAlarm>> {
        self.alarm.subscribe()
    }

    /// Returns when everything up to now is on the disk.
    pub async fn flush(&self) -> Result<(), SessionError> {
        let Some(place) = self.place.get() else { return Ok(()) };
        let _turn = self.turn.lock().await;
        place.write(self)?;
        place.flushed().await
    }

    fn learn(&self, peer: &PeerInfo) -> Result<(), SessionError> {
        if let PeerInfo::User { id, is_self: Some(true), .. } = *peer
            && self.my_id.load(Ordering::Acquire) != id
        {
            self.set_me(SelfView { id, name: String::new(), username: None, phone_masked: None })?;
        }
        if lock(&self.peers).learn(peer) {
            self.wake.notify_one();
        }
        Ok(())
    }

    fn find(&self, id: PeerId) -> Option<PeerInfo> {
        let my_id = self.my_id.load(Ordering::Acquire);
        let is_me = id == PeerId::self_user() || PeerId::user(my_id) == Some(id);
        if !is_me {
            return lock(&self.peers).get(id).cloned();
        }
        let (auth, bot) = match lock(&self.peers).get(PeerId::user(my_id)?) {
            Some(PeerInfo::User { auth, bot, .. }) => (*auth, *bot),
            _ => (None, None),
        };
        Some(PeerInfo::User { id: my_id, auth, bot, is_self: Some(true) })
    }

    fn change_option(&self, new: &DcOption) -> Result<(), SessionError> {
        let mut options = self.options.write().unwrap_or_else(PoisonError::into_inner);
        let old = options.get(&new.id);
        let key = match (old.and_then(|old| old.auth_key), new.auth_key) {
            (Some(old), Some(new_key)) if old != new_key && self.is_precious(new.id) => {
                let alarm = SessionAlarm::KeyRefused { dc: new.id };
                self.alarm.send_replace(Some(alarm));
                return Err(SessionError::KeyRefused { dc: new.id });
            }
            (old, new) => new.or(old),
        };
        let new = DcOption { auth_key: key, ..new.clone() };
        if old != Some(&new) {
            options.insert(new.id, new);
            self.is_core_new.store(true, Ordering::Release);
            self.wake.notify_one();
        }
        Ok(())
    }

    /// Elsewhere a login is a copy, which the client makes again when it is lost.
    fn is_precious(&self, dc: i32) -> bool {
        self.is_key_precious.load(Ordering::Acquire) && self.home.load(Ordering::Acquire) == dc
    }

    fn change_updates(&self, change: UpdateState) {
        let mut updates = lock(&self.updates);
        match change {
            UpdateState::All(all) => *updates = all.into(),
            UpdateState::Primary { pts, date, seq } => {
                (updates.pts, updates.date, updates.seq) = (pts, date, seq);
            }
            UpdateState::Secondary { qts } => updates.qts = qts,
            UpdateState::Channel { id, pts } => {
                updates.channels.insert(id, pts);
            }
        }
        drop(updates);
        self.are_updates_new.store(true, Ordering::Release);
        self.wake.notify_one();
    }
}

impl Session for AccountSession {
    type Error = SessionError;

    fn home_dc_id(&self) -> Result<i32, SessionError> {
        Ok(self.home.load(Ordering::Acquire))
    }

    fn set_home_dc_id(&self, dc_id: i32) -> BoxFuture<'_, Result<(), SessionError>> {
        if self.home.swap(dc_id, Ordering::AcqRel) != dc_id {
            self.is_core_new.store(true, Ordering::Release);
            self.wake.notify_one();
        }
        Box::pin(ready(Ok(())))
    }

    fn dc_option(&self, dc_id: i32) -> Result<Option<DcOption>, SessionError> {
        Ok(self.options.read().unwrap_or_else(PoisonError::into_inner).get(&dc_id).cloned())
    }

    fn set_dc_option(&self, dc_option: &DcOption) -> BoxFuture<'_, Result<(), SessionError>> {
        Box::pin(ready(self.change_option(dc_option)))
    }

    fn peer(&self, peer: PeerId) -> BoxFuture<'_, Result<Option<PeerInfo>, SessionError>> {
        Box::pin(ready(Ok(self.find(peer))))
    }

    fn cache_peer(&self, peer: PeerInfo) -> BoxFuture<'_, Result<(), SessionError>> {
        Box::pin(ready(self.learn(&peer)))
    }

    fn updates_state(&self) -> BoxFuture<'_, Result<UpdatesState, SessionError>> {
        Box::pin(ready(Ok(UpdatesState::from(&*lock(&self.updates)))))
    }

    /// The caller does so after what the updates brought is stored; a crash before the next write
    /// brings them once more.
    fn set_update_state(&self, update: UpdateState) -> BoxFuture<'_, Result<(), SessionError>> {
        self.change_updates(update);
        Box::pin(ready(Ok(())))
    }
}

/// Without keys and hashes.
impl fmt::Debug for AccountSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountSession")
            .field("home", &self.home)
            .field("my_id", &self.my_id)
            .finish_non_exhaustive()
    }
}

impl Drop for AccountSession {
    /// The task that writes notices that there is nothing left to write.
    fn drop(&mut self) {
        self.wake.notify_one();
    }
}

/// Nothing in here panics while it holds a lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
