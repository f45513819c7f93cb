//! One account's way to Telegram: every call goes through here and gets a time limit, its turn,
//! and another try where that helps.

mod authorize;
mod call;
mod invoke;
mod link;
mod mailbox;
mod pool;
mod settings;

use std::{fmt, sync::Arc, time::Duration};

use grammers_session::storages::MemorySession;
use grammers_tl_types::{Deserializable as _, RemoteCall};
use tokio::sync::Mutex;
use tokio_util::task::TaskTracker;

pub use mailbox::{Listening, Pushed};
pub use settings::{ClientSettings, Limits};

use super::Error;
use crate::{clock::SharedClock, lifecycle::Lifecycle, model::AccountName};
use call::Call;
use link::LinkParts;
use pool::Pool;

pub type ClientSession = MemorySession;

/// Cheap to clone; all clones share connections, waits and pace.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    patience: Patience,
}

struct Shared {
    account: AccountName,
    pool: Pool,
    /// Held while a login is copied to another data centre.
    authorizing: Mutex<()>,
    clock: SharedClock,
    lifecycle: Lifecycle,
}

/// What a client is made from.
pub struct ClientParts {
    pub account: AccountName,
    pub session: Arc<ClientSession>,
    pub settings: ClientSettings,
    pub clock: SharedClock,
    pub lifecycle: Lifecycle,
}

/// Which connection a call takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Home, where updates come from too.
    Main,
    /// Files, by data centre.
    Media(i32),
}

/// How long a caller waits when Telegram asks for a pause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patience {
    /// As a job does: as long as it takes.
    #[default]
    Endless,
    /// As a request of a page does: for a longer pause it gets [`Error::Flood`].
    UpTo(Duration),
}

impl Client {
    /// Connects with the first call.
    pub fn connect(parts: ClientParts) -> Self {
        let ClientParts { account, session, settings, clock, lifecycle } = parts;
        let tasks = TaskTracker::new();
        let pool = Pool::new(LinkParts { session, settings, tasks, mailbox: mailbox::Mailbox::default() });
        let shared = Shared { account, pool, authorizing: Mutex::default(), clock, lifecycle };
        Self { shared: Arc::new(shared), patience: Patience::default() }
    }

    pub fn account(&self) -> &AccountName {
        &self.shared.account
    }

    pub fn session(&self) -> &Arc<ClientSession> {
        &self.shared.pool.parts.session
    }

    /// The same client for a caller with less time.
    pub fn with_patience(&self, patience: Patience) -> Self {
        Self { patience, ..self.clone() }
    }

    pub async fn invoke<R: RemoteCall>(&self, call: &R) -> Result<R::Return, Error> {
        self.invoke_in(Lane::Main, call).await
    }

    pub async fn invoke_in<R: RemoteCall>(&self, lane: Lane, call: &R) -> Result<R::Return, Error> {
        let call = Call::of(call)?;
        let method = call.method;
        let bytes = self.answer_to(lane, call).await?;
        R::Return::from_bytes(&bytes).map_err(|source| Error::Decode { method, source })
    }

    /// The answer as it came, for those who keep what they cannot read.
    pub async fn invoke_raw(&self, lane: Lane, call: &impl RemoteCall) -> Result<Vec<u8>, Error> {
        self.answer_to(lane, Call::of(call)?).await
    }

    /// What Telegram pushes, undigested, to one listener at a time.
    pub fn listen(&self) -> Listening {
        self.shared.pool.parts.mailbox.listen()
    }

    /// Ends all connections.
    pub fn close(&self) {
        self.shared.pool.close();
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("account", &self.shared.account).finish_non_exhaustive()
    }
}
