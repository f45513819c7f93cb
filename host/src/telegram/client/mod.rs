//! One account's way to Telegram: every call goes through here and gets a time limit, its turn,
//! and another try where that helps.

mod authorize;
mod call;
mod glimpse;
mod governor;
mod health;
mod heartbeat;
mod invoke;
mod link;
mod mailbox;
mod peers;
mod pool;
mod settings;

use std::{fmt, sync::Arc, time::Duration};

use grammers_tl_types::{Deserializable as _, RemoteCall};
use tokio::sync::{Mutex, broadcast, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use governor::{GovernorState, Pacing, Rate, TellWaits, Waiting};
pub use health::Health;
pub use mailbox::{Listening, Pushed};
pub use settings::{ClientSettings, Limits};

use super::{Error, session::AccountSession};
use crate::{
    clock::SharedClock,
    lifecycle::Lifecycle,
    model::{AccountName, MessageId},
    state::TelegramWaits,
};
use call::Call;
use governor::{Governor, Teller};
use health::HealthRecord;
use link::LinkParts;
use pool::Pool;

/// Cheap to clone; all clones share connections, waits and pace.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    patience: Patience,
    teller: Option<Teller>,
}

struct Shared {
    account: AccountName,
    pool: Pool,
    governor: Governor,
    /// Held while a login is copied to another data centre.
    authorizing: Mutex<()>,
    health: HealthRecord,
    closed: CancellationToken,
}

/// What a client is made from.
pub struct ClientParts {
    pub account: AccountName,
    pub session: Arc<AccountSession>,
    pub settings: ClientSettings,
    /// Where pauses are kept that Telegram asks for; without it a restart forgets them.
    pub waits: Option<TelegramWaits>,
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
        let ClientParts { account, session, settings, waits, clock, lifecycle } = parts;
        let governor = Governor::new(&account, settings.pacing, waits, clock.clone());
        let tasks = TaskTracker::new();
        let pool = Pool::new(LinkParts { session, settings, tasks, mailbox: mailbox::Mailbox::default() });
        let closed = lifecycle.draining().child_token();
        let period = pool.parts.settings.limits.heartbeat;
        let (authorizing, health) = Default::default();
        let shared =
            Arc::new(Shared { account, pool, governor, authorizing, health, closed: closed.clone() });
        lifecycle
            .spawn("telegram-heartbeat", heartbeat::beat(Arc::downgrade(&shared), clock, period, closed));
        Self { shared, patience: Patience::default(), teller: None }
    }

    pub fn account(&self) -> &AccountName {
        &self.shared.account
    }

    pub fn session(&self) -> &Arc<AccountSession> {
        &self.shared.pool.parts.session
    }

    /// The same client for a caller with less time.
    pub fn with_patience(&self, patience: Patience) -> Self {
        Self { patience, ..self.clone() }
    }

    /// The same client for a caller whose owner wants to hear when it waits for Telegram.
    pub fn telling_waits(&self, tell: TellWaits) -> Self {
        Self { teller: Some(Teller::new(tell)), ..self.clone() }
    }

    /// Pauses and figures, as they change.
    pub fn governor(&self) -> watch::Receiver<GovernorState> {
        self.shared.governor.state()
    }

    pub fn health(&self) -> watch::Receiver<Health> {
        self.shared.health.watch()
    }

    /// How often the account was connected anew after a break.
    pub fn reconnects(&self) -> u64 {
        self.shared.pool.reconnects()
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

    /// Messages of private chats that were deleted elsewhere, as far as Telegram pushes it.
    pub fn deletions(&self) -> broadcast::Receiver<Arc<[MessageId]>> {
        self.shared.pool.parts.mailbox.deletions()
    }

    /// How long to wait after so many failures in a row.
    pub(super) fn pause_after(&self, failures: u32) -> Duration {
        self.shared.pool.parts.settings.limits.pause(failures)
    }

    pub(super) fn look_period(&self) -> Duration {
        self.shared.pool.parts.settings.limits.look
    }

    /// Ends all connections.
    pub fn close(&self) {
        self.shared.closed.cancel();
        self.shared.pool.close();
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.closed.cancel();
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("account", &self.shared.account).finish_non_exhaustive()
    }
}
