//! A simulated Telegram with Ada, who is at home in data centre 2, and clients that are logged in
//! as her.

pub(crate) mod accounts;
pub(crate) mod child;
pub(crate) mod desk;
#[path = "../../../src/archive/postgres/testing.rs"]
pub(crate) mod postgres;
pub(crate) mod random;
pub(crate) mod relay;
#[expect(dead_code, reason = "it writes damaged and old folders too, which unit tests read")]
#[path = "../../../src/telegram/login/import/tdata/writer.rs"]
pub(crate) mod tdata;

use std::{future::Future, sync::Arc, time::Duration};

use grammers_session::types::DcOption;
use tapedeck::{
    clock::{SharedClock, SystemClock},
    lifecycle::Lifecycle,
    model::{AccountName, SelfView},
    state::{State, TelegramWaits},
    telegram::{
        Client, ClientParts, ClientSettings, Limits, Pacing,
        servers::{DataCenters, Servers},
        session::AccountSession,
    },
};
use tapedeck_sim::{
    World,
    telegram::{Options, Peer, Server, Telegram, serve},
};

pub(crate) const ADA: i64 = 1;
pub(crate) const GRACE: i64 = 2;
/// Where Ada is at home.
pub(crate) const HOME: i32 = 2;

/// Waiting for something longer than this is a failure.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) server: Server,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) state: State,
    pub(crate) clock: SharedClock,
    pub(crate) limits: Limits,
    _folder: tempfile::TempDir,
}

/// Short enough for tests, long enough for a busy machine.
pub(crate) fn limits() -> Limits {
    Limits {
        call: Duration::from_secs(5),
        file: Duration::from_secs(5),
        ping: Duration::from_millis(400),
        heartbeat: Duration::from_secs(600),
        look: Duration::from_secs(600),
        tries: 4,
        first_pause: Duration::from_millis(10),
        longest_pause: Duration::from_millis(50),
    }
}

impl Scene {
    pub(crate) async fn open() -> Self {
        Self::open_with(Options::default()).await
    }

    pub(crate) async fn open_with(options: Options) -> Self {
        let world = World::default();
        world.telegram(|t| {
            t.add_account(ADA, "Ada", "+15550001", HOME);
            t.add_account(GRACE, "Grace", "+15550002", 4);
        });
        let server = serve(&world, options).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        Self {
            world,
            server,
            lifecycle: Lifecycle::default(),
            state: State::open(folder.path()).unwrap(),
            clock: Arc::new(SystemClock),
            limits: limits(),
            _folder: folder,
        }
    }

    pub(crate) fn telegram<T>(&self, look: impl FnOnce(&mut Telegram) -> T) -> T {
        self.world.telegram(look)
    }

    /// Grace says so many things to Ada.
    pub(crate) fn grace_says(&self, count: usize) {
        self.telegram(|t| {
            for number in 1..=count {
                t.say(Peer::User(ADA), GRACE, &format!("number {number}"));
            }
        });
    }

    /// Logged in as Ada in her home, as after a log-in; other data centres have keys and no login.
    pub(crate) fn session(&self) -> Arc<AccountSession> {
        let session = self.strange_session();
        let me = SelfView { id: ADA, name: "Ada".into(), username: None, phone_masked: None };
        let home = option(&session, HOME).auth_key.unwrap();
        self.telegram(|t| t.log_in_keys(&[(HOME, home)].into(), ADA));
        session.set_me(me).unwrap();
        session
    }

    /// With keys that nobody is logged in with.
    pub(crate) fn strange_session(&self) -> Arc<AccountSession> {
        let servers = serde_json::to_value(self.server.servers()).unwrap();
        let servers: Servers = serde_json::from_value(servers).unwrap();
        let keys = self.telegram(Telegram::new_keys);
        AccountSession::fresh(&DataCenters::of(&servers).with_keys(&keys))
    }

    pub(crate) fn client(&self) -> Client {
        self.client_with(self.session())
    }

    pub(crate) fn client_with(&self, session: Arc<AccountSession>) -> Client {
        self.client_of(session, |_| {})
    }

    pub(crate) fn client_of(
        &self,
        session: Arc<AccountSession>,
        change: impl FnOnce(&mut ClientSettings),
    ) -> Client {
        let mut settings = ClientSettings {
            api_id: 1,
            proxy: None,
            ipv6: false,
            pacing: Pacing::UNLIMITED,
            limits: self.limits.clone(),
        };
        change(&mut settings);
        Client::connect(ClientParts {
            account: AccountName::main(),
            session,
            settings,
            waits: Some(self.waits()),
            clock: self.clock.clone(),
            lifecycle: self.lifecycle.clone(),
        })
    }

    pub(crate) fn waits(&self) -> TelegramWaits {
        self.state.telegram_waits.clone()
    }

    pub(crate) fn calls(&self, method: &str) -> usize {
        self.telegram(|t| t.calls.count(method))
    }

    /// Ends every test: fails when something happened that nobody expected.
    pub(crate) fn finish(self) {
        self.lifecycle.drain();
        self.world.finish().unwrap();
    }
}

pub(crate) fn option(session: &AccountSession, dc: i32) -> DcOption {
    use grammers_session::Session as _;
    session.dc_option(dc).unwrap().unwrap()
}

/// Fails when it takes too long.
pub(crate) async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("it takes too long")
}

/// Waits for a claim that nobody announces.
pub(crate) async fn until(is_so: impl Fn() -> bool) {
    soon(async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

#[expect(clippy::disallowed_methods, reason = "a test reads how long, and its child where")]
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
