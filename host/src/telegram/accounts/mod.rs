//! The accounts by name: whose they are, whether they are logged in, and one client for each that
//! is used, connected with its first call.

mod connect;
mod figures;
mod kept;
mod logins;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
    time::Duration,
};

use grammers_session::Session as _;
use grammers_tl_types::{enums::updates, functions};
use tokio::sync::{broadcast, watch};

pub use connect::Connector;
use connect::Purpose;
pub use logins::Logins;

use super::{
    Client, Error,
    client::{Health, Waiting},
    login::who_am_i,
    servers::ServersError,
    session::{AccountSession, Replace, SessionError, SessionStore},
    settings::AccountSettings,
};
use crate::{
    clock::SharedClock,
    config::TelegramSection,
    event::{Bus, Event},
    lifecycle::Lifecycle,
    model::{AccountName, AccountState, AccountView, AccountsView, MessageId, SelfView},
    state::{State, TelegramWaits},
    vault::{Keeper, VaultSettings},
};

/// How long a login that is replaced may take to end at Telegram.
const FAREWELL: Duration = Duration::from_secs(10);

/// What accounts are made from.
#[derive(Debug)]
pub struct AccountsParts {
    pub section: TelegramSection,
    pub state: State,
    pub bus: Bus,
    pub clock: SharedClock,
    pub lifecycle: Lifecycle,
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    inner: Arc<Inner>,
}

struct Inner {
    /// Changes with the configuration; clients keep what they were opened with.
    section: RwLock<Arc<TelegramSection>>,
    store: SessionStore,
    vault: Keeper,
    open: Mutex<BTreeMap<AccountName, Opened>>,
    /// Held while one is opened, replaced or closed.
    turn: tokio::sync::Mutex<()>,
    /// Where pauses are kept that Telegram asks for.
    waits: TelegramWaits,
    logins: Logins,
    /// How many logins have taken their place.
    arrivals: watch::Sender<u64>,
    bus: Bus,
    deletions: broadcast::Sender<Deleted>,
    clock: SharedClock,
    lifecycle: Lifecycle,
}

/// Messages of private chats that were deleted elsewhere.
#[derive(Clone, Debug)]
pub struct Deleted {
    pub account: AccountName,
    pub messages: Arc<[MessageId]>,
}

/// A client, and the settings that it keeps.
#[derive(Debug)]
struct Opened {
    client: Client,
    section: Arc<TelegramSection>,
}

/// Why an account cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error(
        "nobody is logged in to the Telegram account `{account}`: `tapedeck login telegram --account {account}`"
    )]
    NotLoggedIn { account: AccountName },
    #[error(
        "Telegram has ended the login of the account `{account}` ({reason}); log in again: \
         `tapedeck login telegram --account {account}`"
    )]
    LoggedOut { account: AccountName, reason: String },
    #[error(
        "telegram.api_id and telegram.api_hash are missing: both stand on https://my.telegram.org → API development tools"
    )]
    NoApplication,
    #[error("the login of the Telegram account `{account}` cannot be used")]
    Session { account: AccountName, source: SessionError },
    #[error(transparent)]
    Servers(#[from] ServersError),
    #[error("Telegram did not log `{account}` out")]
    LogOut { account: AccountName, source: Error },
}

/// What a log-out does when Telegram cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// The login stays.
    Needed,
    /// It is forgotten here all the same.
    Tried,
}

impl Accounts {
    pub fn new(parts: AccountsParts) -> Self {
        let AccountsParts { section, state, bus, clock, lifecycle } = parts;
        let vault = Keeper::new(VaultSettings {
            key_file: section.key_file.clone(),
            passphrase: section.passphrase.clone(),
            folder: state.folder().to_owned(),
        });
        let inner = Inner {
            waits: state.telegram_waits.clone(),
            store: SessionStore::new(state, vault.clone(), lifecycle.clone()),
            vault,
            section: RwLock::new(Arc::new(section)),
            open: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            logins: Logins::default(),
            arrivals: watch::Sender::default(),
            deletions: broadcast::Sender::new(64),
            bus,
            clock,
            lifecycle,
        };
        Self { inner: Arc::new(inner) }
    }

    /// What seals logins, here and elsewhere.
    pub fn vault(&self) -> Keeper {
        self.inner.vault.clone()
    }

    /// From now on, for what is opened or logged in later.
    pub fn configure(&self, section: &TelegramSection) {
        *self.inner.section.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(section.clone());
    }

    /// Of all accounts that are connected, as far as Telegram pushes it: a wake-up, no record.
    pub fn deletions(&self) -> broadcast::Receiver<Deleted> {
        self.inner.deletions.subscribe()
    }

    /// Moves whenever a login has taken its place, of whichever account and by whichever way.
    pub fn arrivals(&self) -> watch::Receiver<u64> {
        self.inner.arrivals.subscribe()
    }

    /// The attempts to log in that go on.
    pub fn logins(&self) -> &Logins {
        &self.inner.logins
    }

    pub fn default_account(&self) -> AccountName {
        self.section().default_account.clone()
    }

    /// The account's client; it connects with its first call.
    pub async fn client(&self, account: &AccountName) -> Result<Client, AccountError> {
        let _turn = self.inner.turn.lock().await;
        if let Some(client) = self.open_client(account) {
            return Ok(client);
        }
        let section = self.section();
        let client = self.connect_stored(account).await?;
        self.watch(&client);
        self.lock_open().insert(account.clone(), Opened { client: client.clone(), section });
        Ok(client)
    }

    /// Asks Telegram who the account is, and where its updates are.
    pub async fn check(&self, account: &AccountName, client: &Client) -> Result<Checked, CheckError> {
        let user = who_am_i(client).await.map_err(|error| CheckError::of(account, error))?;
        let user = user.ok_or_else(|| AccountError::NotLoggedIn { account: account.clone() })?;
        // Names change; whose login it is does not.
        let kept = client.session().set_me(user.clone());
        kept.map_err(|source| AccountError::Session { account: account.clone(), source })?;
        let updates::State::State(state) = client
            .invoke(&functions::updates::GetState {})
            .await
            .map_err(|error| CheckError::of(account, error))?;
        Ok(Checked {
            user,
            data_center: client.session().home_dc_id().unwrap_or_default(),
            updates: state.pts,
            unread: state.unread_count,
        })
    }

    /// Whose login is kept under the name.
    pub async fn stored_user(&self, account: &AccountName) -> Result<Option<SelfView>, SessionError> {
        self.inner.store.who(account).await
    }

    /// What whoever keeps the key should know, as texts.
    pub fn notices(&self) -> Vec<String> {
        self.inner.store.notices().iter().map(ToString::to_string).collect()
    }

    /// Logs the account out at Telegram and forgets it.
    pub async fn log_out(&self, account: &AccountName, farewell: Farewell) -> Result<(), AccountError> {
        let failed = |source| AccountError::Session { account: account.clone(), source };
        if !self.inner.store.accounts().map_err(failed)?.contains(account) {
            return Err(AccountError::NotLoggedIn { account: account.clone() });
        }
        match self.client(account).await {
            Ok(client) => {
                let asked = tokio::time::timeout(FAREWELL, client.invoke(&functions::auth::LogOut {})).await;
                match asked {
                    Ok(Ok(_) | Err(Error::LoggedOut { .. })) => {}
                    _ if farewell == Farewell::Tried => {}
                    Ok(Err(source)) => return Err(AccountError::LogOut { account: account.clone(), source }),
                    Err(_) => {
                        let source = Error::Timeout { method: "auth.logOut", limit: FAREWELL };
                        return Err(AccountError::LogOut { account: account.clone(), source });
                    }
                }
            }
            Err(error) if farewell == Farewell::Needed => return Err(error),
            // What cannot be opened is forgotten.
            Err(_) => {}
        }
        let _turn = self.inner.turn.lock().await;
        self.inner.store.forget(account).await.map_err(failed)?;
        if let Some(opened) = self.lock_open().remove(account) {
            opened.client.close();
        }
        tracing::info!(account = %account, "Logged out of Telegram");
        self.tell(account);
        Ok(())
    }

    /// Gives a finished login its place. What was there before is ended at Telegram, so that the
    /// list of devices has us once.
    pub(super) async fn adopt(
        &self,
        account: &AccountName,
        session: &Arc<AccountSession>,
        may_replace: bool,
    ) -> Result<(), SessionError> {
        let turn = self.inner.turn.lock().await;
        let old = match self.open_client(account) {
            Some(client) => Some(client),
            // One that cannot be opened cannot be ended either.
            None => self.connect_stored(account).await.ok(),
        };
        let replace = if may_replace { Replace::Anyone } else { Replace::SameUser };
        self.inner.store.commit(account, session, replace).await?;
        self.lock_open().remove(account);
        drop(turn);
        // Before the old one ends: who loses it by that sees that there is another.
        self.inner.arrivals.send_modify(|count| *count += 1);
        if let Some(old) = old {
            self.end(old, session).await;
        }
        self.tell(account);
        Ok(())
    }

    async fn end(&self, old: Client, session: &AccountSession) {
        // A key that was taken over twice is still in use.
        if key_of(old.session()) != key_of(session) {
            let farewell = old.invoke(&functions::auth::LogOut {});
            match tokio::time::timeout(FAREWELL, farewell).await {
                Ok(Ok(_) | Err(Error::LoggedOut { .. })) => {}
                _ => tracing::warn!(
                    account = %old.account(),
                    "The login before this one could not be ended: remove it in Telegram under Settings → Devices"
                ),
            }
        }
        old.close();
    }

    /// It is in the configuration, or somebody has logged in to it.
    pub fn is_known(&self, account: &AccountName) -> Result<bool, SessionError> {
        let section = self.section();
        let is_named = *account == section.default_account || section.accounts.contains_key(account);
        Ok(is_named || self.inner.store.accounts()?.contains(account))
    }

    /// Everybody: from the configuration, from the vault, and the default.
    pub async fn list(&self) -> Result<AccountsView, SessionError> {
        let section = self.section();
        let stored = self.inner.store.accounts()?;
        let mut names: BTreeSet<AccountName> = section.accounts.keys().chain(&stored).cloned().collect();
        names.insert(section.default_account.clone());
        let mut accounts = Vec::new();
        for name in names {
            accounts.push(self.view(&section, name).await);
        }
        let has_application =
            accounts.iter().any(|account| AccountSettings::of(&section, &account.name).application.is_some());
        Ok(AccountsView { has_application, accounts })
    }

    async fn view(&self, section: &TelegramSection, name: AccountName) -> AccountView {
        let settings = AccountSettings::of(section, &name);
        let client = self.open_client(&name);
        let (user, state) = match self.stored_user(&name).await {
            Ok(None) => (None, AccountState::LoggedOut),
            Ok(user) => (user, client.as_ref().map_or(AccountState::Idle, |client| self.state_of(client))),
            Err(error) => (None, AccountState::Unusable { reason: error.to_string() }),
        };
        AccountView {
            is_default: name == section.default_account,
            description: settings.description,
            user,
            data_center: client.as_ref().and_then(|client| client.session().home_dc_id().ok()),
            pace: settings.pace,
            last_answer: client.and_then(|client| client.governor().borrow().last_answer),
            state,
            name,
        }
    }

    fn state_of(&self, client: &Client) -> AccountState {
        let now = self.inner.clock.now();
        let waiting = client.governor().borrow().waiting.as_ref().map(|waiting| waiting.until);
        match (client.health().borrow().clone(), waiting.filter(|until| *until > now)) {
            (Health::LoggedOut { reason }, _) => AccountState::Revoked { reason },
            (_, Some(until)) => AccountState::Waiting { until },
            (Health::Idle, None) => AccountState::Idle,
            (Health::Connected, None) => AccountState::Connected,
            (Health::Unreachable { reason }, None) => AccountState::Unreachable { reason },
            (Health::KeyUnknown { dc }, None) => {
                AccountState::Unreachable { reason: Error::KeyUnknown { dc }.to_string() }
            }
        }
    }

    /// Asks about every login once, so that the page knows how they are.
    pub fn spawn_first_checks(&self) {
        let (accounts, draining) = (self.clone(), self.inner.lifecycle.draining());
        self.inner.lifecycle.spawn("telegram-accounts", async move {
            let names = accounts.inner.store.accounts().unwrap_or_default();
            let checks = names.iter().map(async |name| {
                let client = accounts.client(name).await?;
                accounts.check(name, &client).await
            });
            let checking = futures_util::future::join_all(checks);
            tokio::select! {
                outcomes = checking => {
                    for (name, outcome) in names.iter().zip(outcomes) {
                        if let Err(error) = outcome {
                            let error = &error as &dyn std::error::Error;
                            tracing::warn!(account = %name, error, "A Telegram account cannot be used");
                        }
                    }
                }
                () = draining.cancelled() => {}
            }
        });
    }

    /// Writes what is new and ends all connections: for the end of a process.
    pub async fn close(&self) {
        let open = std::mem::take(&mut *self.lock_open());
        for Opened { client, .. } in open.into_values() {
            if let Err(error) = client.session().flush().await {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "A session was not written at the end"
                );
            }
            client.close();
        }
    }

    async fn connect_stored(&self, account: &AccountName) -> Result<Client, AccountError> {
        let failed = |source| AccountError::Session { account: account.clone(), source };
        if !self.inner.store.accounts().map_err(failed)?.contains(account) {
            return Err(AccountError::NotLoggedIn { account: account.clone() });
        }
        let centers = self.connector().data_centers().await?;
        let session = self.inner.store.load(account, &centers).await.map_err(failed)?;
        let session = session.ok_or_else(|| AccountError::NotLoggedIn { account: account.clone() })?;
        self.connector().connect(account, session, Purpose::Work(self.inner.waits.clone()))
    }

    pub(super) fn connector(&self) -> Connector {
        let (clock, lifecycle) = (self.inner.clock.clone(), self.inner.lifecycle.clone());
        Connector { section: self.section(), clock, lifecycle }
    }

    pub(super) fn section(&self) -> Arc<TelegramSection> {
        self.inner.section.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells the page whenever the client's state is another one.
    fn watch(&self, client: &Client) {
        let (accounts, account) = (self.clone(), client.account().clone());
        let (mut health, mut governor) = (client.health(), client.governor());
        let mut deletions = client.deletions();
        let draining = self.inner.lifecycle.draining();
        self.inner.lifecycle.spawn("telegram-account-events", async move {
            loop {
                let until = |waiting: Option<&Waiting>| waiting.map(|waiting| waiting.until);
                let waited = until(governor.borrow().waiting.as_ref());
                let has_gone = tokio::select! {
                    changed = health.changed() => changed.is_err(),
                    changed = governor.wait_for(|state| until(state.waiting.as_ref()) != waited) => changed.is_err(),
                    deleted = deletions.recv() => {
                        match deleted {
                            Ok(messages) => {
                                let account = account.clone();
                                // Nobody may care.
                                let _ = accounts.inner.deletions.send(Deleted { account, messages });
                                continue;
                            }
                            // Older ones were missed: whoever looks finds them.
                            Err(broadcast::error::RecvError::Lagged(_)) => continue,
                            Err(broadcast::error::RecvError::Closed) => true,
                        }
                    }
                    () = draining.cancelled() => true,
                };
                if has_gone {
                    return;
                }
                accounts.tell(&account);
            }
        });
    }

    fn open_client(&self, account: &AccountName) -> Option<Client> {
        self.lock_open().get(account).map(|opened| opened.client.clone())
    }

    fn tell(&self, account: &AccountName) {
        self.inner.bus.send(Event::Account(account.clone()));
    }

    fn lock_open(&self) -> MutexGuard<'_, BTreeMap<AccountName, Opened>> {
        self.inner.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What Telegram says of an account.
#[derive(Clone, Debug)]
pub struct Checked {
    pub user: SelfView,
    pub data_center: i32,
    /// The number of the newest update that Telegram keeps for it.
    pub updates: i32,
    pub unread: i32,
}

/// Why an account could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(transparent)]
    Telegram(#[from] Error),
}

impl CheckError {
    /// With the name of the account that somebody has to log in to again.
    fn of(account: &AccountName, error: Error) -> Self {
        match error {
            Error::LoggedOut { reason } => {
                Self::Account(AccountError::LoggedOut { account: account.clone(), reason })
            }
            error => Self::Telegram(error),
        }
    }
}

fn key_of(session: &AccountSession) -> Option<[u8; super::servers::KEY_LENGTH]> {
    session.dc_option(session.home_dc_id().ok()?).ok()??.auth_key
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts").finish_non_exhaustive()
    }
}
