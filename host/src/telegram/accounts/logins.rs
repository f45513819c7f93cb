//! The attempts to log in that go on: a few at once, each for the one who started it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::{AccountError, Accounts, connect::Purpose};
use crate::{
    event::Event,
    model::{AccountName, LoginAnswer, LoginId, LoginMethod, LoginRefusal, LoginRequest, LoginView},
    telegram::{
        login::{Login, LoginParts, Way, chain, import::ImportedLogin},
        session::AccountSession,
        settings::AccountSettings,
    },
};

/// Attempts that go on at the same time.
const MOST: usize = 4;

/// How long the end of an attempt can be read.
const KEPT: SignedDuration = SignedDuration::from_mins(10);

#[derive(Debug, Default)]
pub struct Logins {
    entries: Mutex<BTreeMap<LoginId, Entry>>,
}

#[derive(Debug)]
struct Entry {
    login: Login,
    account: AccountName,
    method: LoginMethod,
    started_at: Timestamp,
    expires_at: Timestamp,
    /// Nobody else may see or answer it.
    creator: String,
}

impl Entry {
    fn view(&self, id: LoginId) -> LoginView {
        LoginView {
            id,
            account: self.account.clone(),
            method: self.method,
            started_at: self.started_at,
            expires_at: self.expires_at,
            step: self.login.state(),
        }
    }
}

impl Accounts {
    /// Starts to log in.
    pub async fn start_login(&self, request: LoginRequest, creator: &str) -> Result<LoginView, LoginRefusal> {
        let settings = AccountSettings::of(&self.section(), &request.account);
        let way = match request.method {
            LoginMethod::Qr => Way::Qr,
            LoginMethod::Phone => Way::Phone(phone(&request, &settings)?),
            // An import is a QR login whose code the other program's login accepts.
            LoginMethod::Import => return Err(LoginRefusal::ImportElsewhere),
        };
        let session = AccountSession::fresh(&self.centers_for_login().await?);
        self.start(request, way, session, creator)
    }

    /// Makes another program's login the account's own.
    pub async fn take_over(
        &self,
        account: AccountName,
        imported: &ImportedLogin,
        replace: bool,
        creator: &str,
    ) -> Result<LoginView, LoginRefusal> {
        let session = AccountSession::imported(&self.centers_for_login().await?, imported);
        let request = LoginRequest { account, method: LoginMethod::Import, phone: None, replace };
        self.start(request, Way::TakeOver, session, creator)
    }

    fn start(
        &self,
        request: LoginRequest,
        way: Way,
        session: std::sync::Arc<AccountSession>,
        creator: &str,
    ) -> Result<LoginView, LoginRefusal> {
        let section = self.section();
        let LoginRequest { account, method, replace, .. } = request;
        let no_application = || LoginRefusal::NoApplication { account: account.clone() };
        let application = AccountSettings::of(&section, &account).application.ok_or_else(no_application)?;
        let client = self
            .connector()
            .connect(&account, session, Purpose::LogIn)
            .map_err(|error| refused(&account, &error))?;
        let now = self.inner.clock.now();
        let mut entries = self.inner.logins.lock();
        entries.retain(|_, entry| match entry.login.state().is_over() {
            true => entry.expires_at + KEPT > now,
            // Who begins again has left the attempt before: a window was closed, an address lost.
            false => entry.account != account || entry.creator != creator,
        });
        let going = || entries.values().filter(|entry| !entry.login.state().is_over());
        if going().any(|entry| entry.account == account) {
            return Err(LoginRefusal::Busy { account });
        }
        if going().count() >= MOST {
            return Err(LoginRefusal::TooMany { most: MOST });
        }
        let time_limit = section.login_timeout.0;
        let id = LoginId::new(random_id()?);
        let login = Login::start(LoginParts {
            account: account.clone(),
            way,
            application,
            client,
            may_replace: replace,
            time_limit,
            accounts: self.clone(),
            clock: self.inner.clock.clone(),
            lifecycle: self.inner.lifecycle.clone(),
        });
        self.announce(id, &account, &login);
        let expires_at = now.saturating_add(time_limit).unwrap_or(now);
        let entry =
            Entry { login, account, method, started_at: now, expires_at, creator: creator.to_owned() };
        let view = entry.view(id);
        entries.insert(id, entry);
        Ok(view)
    }

    /// Tells listeners that there is something new to read, never what.
    fn announce(&self, id: LoginId, account: &AccountName, login: &Login) {
        let (bus, account, mut states) = (self.inner.bus.clone(), account.clone(), login.states());
        let aborting = self.inner.lifecycle.aborting();
        self.inner.lifecycle.spawn("telegram-login-events", async move {
            loop {
                let step = states.borrow_and_update().clone();
                bus.send(Event::Login { id, account: account.clone(), step: step.name() });
                if step.is_over() {
                    return;
                }
                tokio::select! {
                    changed = states.changed() => if changed.is_err() { return },
                    () = aborting.cancelled() => return,
                }
            }
        });
    }

    pub fn login(&self, id: LoginId, creator: &str) -> Result<LoginView, LoginRefusal> {
        self.with_login(id, creator, |entry| Ok(entry.view(id)))
    }

    pub fn answer_login(
        &self,
        id: LoginId,
        creator: &str,
        answer: LoginAnswer,
    ) -> Result<LoginView, LoginRefusal> {
        self.with_login(id, creator, |entry| {
            entry.login.answer(answer)?;
            Ok(entry.view(id))
        })
    }

    /// Gives the attempt up and forgets it.
    pub fn cancel_login(&self, id: LoginId, creator: &str) -> Result<(), LoginRefusal> {
        self.with_login(id, creator, |entry| {
            entry.login.cancel();
            Ok(())
        })?;
        self.inner.logins.lock().remove(&id);
        Ok(())
    }

    /// Follows the attempt; for who is in the same process.
    pub fn login_states(
        &self,
        id: LoginId,
        creator: &str,
    ) -> Result<tokio::sync::watch::Receiver<crate::model::LoginState>, LoginRefusal> {
        self.with_login(id, creator, |entry| Ok(entry.login.states()))
    }

    fn with_login<T>(
        &self,
        id: LoginId,
        creator: &str,
        take: impl FnOnce(&Entry) -> Result<T, LoginRefusal>,
    ) -> Result<T, LoginRefusal> {
        let entries = self.inner.logins.lock();
        let entry = entries.get(&id).filter(|entry| entry.creator == creator);
        take(entry.ok_or(LoginRefusal::Unknown(id))?)
    }

    async fn centers_for_login(&self) -> Result<crate::telegram::servers::DataCenters, LoginRefusal> {
        self.connector().data_centers().await.map_err(|error| LoginRefusal::Failed(chain(&error)))
    }
}

impl Logins {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<LoginId, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn phone(request: &LoginRequest, settings: &AccountSettings) -> Result<SecretString, LoginRefusal> {
    let given = request.phone.as_deref().filter(|phone| !phone.trim().is_empty());
    let phone = given.map(SecretString::from).or_else(|| settings.phone.clone());
    phone
        .filter(|phone| phone.expose_secret().chars().any(|c| c.is_ascii_digit()))
        .ok_or(LoginRefusal::NoPhone)
}

fn refused(account: &AccountName, error: &AccountError) -> LoginRefusal {
    match error {
        AccountError::NoApplication => LoginRefusal::NoApplication { account: account.clone() },
        error => LoginRefusal::Failed(chain(error)),
    }
}

/// Not in the order of time: who guesses an id must not get far.
fn random_id() -> Result<Uuid, LoginRefusal> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| LoginRefusal::Failed(format!("this machine has no random numbers: {error}")))?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
}
