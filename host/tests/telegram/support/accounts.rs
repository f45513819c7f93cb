//! Accounts of a daemon, on the simulated Telegram.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tapedeck::{
    clock::ManualClock,
    config::TelegramSection,
    event::Bus,
    lifecycle::Lifecycle,
    model::{
        AccountName, AccountState, LoginAnswer, LoginId, LoginMethod, LoginRequest, LoginState, LoginView,
    },
    state::State,
    telegram::{Accounts, AccountsParts, Connector},
};
use tapedeck_sim::{
    World,
    telegram::{self, Options, Password, Server, Telegram},
};
use tempfile::TempDir;

pub(crate) const ANN: i64 = 1001;
pub(crate) const BOB: i64 = 1002;
pub(crate) const ANNS_PHONE: &str = "+34 600 111 222";
pub(crate) const WHO: &str = "the test";
const SOON: Duration = Duration::from_secs(15);

/// A daemon's accounts, and the Telegram that they are at.
pub(crate) struct Deck {
    pub(crate) world: World,
    pub(crate) server: Server,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) accounts: Accounts,
    pub(crate) bus: Bus,
    lifecycle: Lifecycle,
    section: TelegramSection,
    folder: TempDir,
}

impl Deck {
    /// Ann lives in data centre 4, Bob in 2, where clients begin.
    pub(crate) async fn start() -> Self {
        let world = World::default();
        let now = Timestamp::from_second(1_790_000_000).unwrap();
        world.telegram(|t| {
            t.set_now(i32::try_from(now.as_second()).unwrap());
            t.add_account(ANN, "Ann", ANNS_PHONE, 4);
            t.add_account(BOB, "Bob", "+34600333444", 2);
        });
        let server = telegram::serve(&world, Options::default()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let servers = folder.path().join("servers.json");
        std::fs::write(&servers, serde_json::to_vec(server.servers()).unwrap()).unwrap();
        let section: TelegramSection = serde_json::from_value(json!({
            "api_id": 1, "api_hash": "0123456789abcdef0123456789abcdef", "servers": servers, "call_timeout": "5s",
        }))
        .unwrap();
        let clock = ManualClock::at(now);
        let (lifecycle, bus) = (Lifecycle::default(), Bus::default());
        let accounts = accounts(&section, &folder, &clock, &lifecycle, &bus);
        Self { world, server, clock, accounts, bus, lifecycle, section, folder }
    }

    /// As when the daemon is stopped and started again.
    pub(crate) async fn restart(&mut self) {
        self.lifecycle.drain();
        self.lifecycle.wait(SOON).await;
        self.accounts.close().await;
        self.lifecycle = Lifecycle::default();
        // The old state lets go of its folder when nobody holds it any more.
        let elsewhere = tempfile::tempdir().unwrap();
        let placeholder = accounts(&self.section, &elsewhere, &self.clock, &self.lifecycle, &self.bus);
        drop(std::mem::replace(&mut self.accounts, placeholder));
        // Connections that were closed end a moment later, and hold the state until then.
        let reopening = async {
            while State::open(self.folder.path()).is_err() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(SOON, reopening).await.expect("nobody holds the state any more");
        self.accounts = accounts(&self.section, &self.folder, &self.clock, &self.lifecycle, &self.bus);
    }

    pub(crate) fn connector(&self) -> Connector {
        let (section, clock) = (Arc::new(self.section.clone()), self.clock.clone());
        Connector { section, clock, lifecycle: self.lifecycle.clone() }
    }

    pub(crate) fn telegram<T>(&self, look: impl FnOnce(&mut Telegram) -> T) -> T {
        self.world.telegram(look)
    }

    pub(crate) fn protect(&self, user: i64, password: &str, hint: Option<&str>) {
        self.telegram(|t| t.account(user).unwrap().password = Some(Password::new(password, hint)));
    }

    /// Both clocks.
    pub(crate) fn advance(&self, seconds: i32) {
        self.telegram(|t| t.advance(seconds));
        self.clock.advance(SignedDuration::from_secs(seconds.into()));
    }

    pub(crate) async fn begin(&self, account: &str, method: LoginMethod) -> LoginView {
        self.accounts.start_login(request(account, method), WHO).await.unwrap()
    }

    pub(crate) async fn begin_replacing(&self, account: &str) -> LoginView {
        let request = LoginRequest { replace: true, ..request(account, LoginMethod::Qr) };
        self.accounts.start_login(request, WHO).await.unwrap()
    }

    /// The first step that fits.
    pub(crate) async fn step(&self, id: LoginId, fits: impl Fn(&LoginState) -> bool) -> LoginState {
        let mut states = self.accounts.login_states(id, WHO).unwrap();
        let waiting = tokio::time::timeout(SOON, states.wait_for(|state| fits(state)));
        match waiting.await {
            Ok(state) => state.unwrap().clone(),
            Err(_) => panic!("it stays at {:?}", self.accounts.login(id, WHO).unwrap().step),
        }
    }

    pub(crate) async fn named_step(&self, id: LoginId, name: &str) -> LoginState {
        self.step(id, |state| state.name() == name || state.is_over()).await
    }

    /// The link of the code that is shown.
    pub(crate) async fn link(&self, id: LoginId) -> String {
        match self.named_step(id, "qr").await {
            LoginState::Qr { url, .. } => url,
            other => panic!("{other:?} instead of a code"),
        }
    }

    pub(crate) async fn end(&self, id: LoginId) -> LoginState {
        self.step(id, LoginState::is_over).await
    }

    pub(crate) fn answer(&self, id: LoginId, answer: LoginAnswer) {
        self.accounts.answer_login(id, WHO, answer).unwrap();
    }

    pub(crate) fn answer_code(&self, id: LoginId, code: &str) {
        self.answer(id, LoginAnswer::Code { code: code.to_owned() });
    }

    pub(crate) fn answer_password(&self, id: LoginId, password: &str) {
        self.answer(id, LoginAnswer::Password { password: password.to_owned() });
    }

    pub(crate) fn last_code(&self) -> String {
        self.telegram(|t| t.last_code(ANNS_PHONE)).expect("a code was sent")
    }

    /// By QR code, to the end.
    pub(crate) async fn log_in(&self, account: &str, user: i64) {
        let id = self.begin(account, LoginMethod::Qr).await.id;
        let link = self.link(id).await;
        self.telegram(|t| t.scan(&link, user)).unwrap();
        let end = self.end(id).await;
        assert!(matches!(&end, LoginState::Done { user: logged_in, .. } if logged_in.id == user), "{end:?}");
    }

    /// Whose login works, as Telegram says.
    pub(crate) async fn whose(&self, account: &str) -> Option<i64> {
        let account: AccountName = account.parse().unwrap();
        let client = self.accounts.client(&account).await.ok()?;
        self.accounts.check(&account, &client).await.ok().map(|checked| checked.user.id)
    }

    pub(crate) async fn state(&self, account: &str) -> AccountState {
        let list = self.accounts.list().await.unwrap().accounts;
        list.into_iter().find(|view| view.name.as_str() == account).expect("it is listed").state
    }

    pub(crate) fn devices(&self, user: i64) -> usize {
        self.telegram(|t| t.logins_of(user).count())
    }

    /// Nothing unexpected has happened at Telegram.
    pub(crate) async fn finish(self) {
        self.lifecycle.drain();
        self.lifecycle.wait(SOON).await;
        self.world.finish().unwrap();
    }
}

fn accounts(
    section: &TelegramSection,
    folder: &TempDir,
    clock: &Arc<ManualClock>,
    lifecycle: &Lifecycle,
    bus: &Bus,
) -> Accounts {
    Accounts::new(AccountsParts {
        section: section.clone(),
        state: State::open(folder.path()).unwrap(),
        bus: bus.clone(),
        clock: clock.clone(),
        lifecycle: lifecycle.clone(),
    })
}

fn request(account: &str, method: LoginMethod) -> LoginRequest {
    let phone = (method == LoginMethod::Phone).then(|| ANNS_PHONE.to_owned());
    LoginRequest { account: account.parse().unwrap(), method, phone, replace: false }
}
