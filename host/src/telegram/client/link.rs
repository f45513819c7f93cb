//! One connection to one data centre. It has a runner of its own, because a runner connects
//! inside its loop, without a time limit: a silent data centre blocks every call of its runner.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use grammers_mtsender::{ConnectionParams, InvocationError, NoRetries, SenderPool, SenderPoolHandle};
use grammers_tl_types::{Serializable as _, functions::Ping};
use tokio::{task::AbortHandle, time::timeout};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use super::{ClientSettings, mailbox::Mailbox};
use crate::telegram::session::AccountSession;

/// What grammers keeps for us between two looks; the mailbox empties it at once.
const UPDATES_IN_FLIGHT: NonZeroUsize = NonZeroUsize::new(8192).expect("not zero");

pub(super) struct Link {
    pub(super) dc: i32,
    handle: SenderPoolHandle,
    ended: CancellationToken,
    runner: AbortHandle,
}

pub(super) enum Answer {
    Answered(Result<Vec<u8>, InvocationError>),
    /// The connection works, this call takes long.
    Slow,
    /// Nothing comes back at all.
    Silent,
}

/// What every link of a client is made from.
pub(super) struct LinkParts {
    pub(super) session: Arc<AccountSession>,
    pub(super) settings: ClientSettings,
    pub(super) tasks: TaskTracker,
    pub(super) mailbox: Mailbox,
}

impl Link {
    /// Connects with the first call. Updates of a link that `listens` go to the mailbox.
    pub(super) fn open(dc: i32, parts: &LinkParts, proxy_url: Option<String>, listens: bool) -> Self {
        let params = connection_params(&parts.settings, proxy_url);
        let api_id = parts.settings.api_id;
        let mut pool = SenderPool::with_configuration(Arc::clone(&parts.session), api_id, params);
        let ended = CancellationToken::new();
        let runner = parts.tasks.spawn(run(pool.runner, ended.clone().drop_guard())).abort_handle();
        if listens {
            let mailbox = parts.mailbox.clone();
            parts.tasks.spawn(async move {
                while let Some(updates) = pool.updates.recv().await {
                    // Full, it has dropped some already.
                    if pool.updates.len() + 1 >= UPDATES_IN_FLIGHT.get() {
                        mailbox.note_gap();
                    }
                    mailbox.post(updates);
                }
                mailbox.note_gap();
            });
        }
        Self { dc, handle: pool.handle.thin, ended, runner }
    }

    /// The runner is over, by a panic or because it was told to.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.is_cancelled()
    }

    /// Calls that wait for an answer fail.
    pub(super) fn close(&self) {
        self.runner.abort();
    }

    pub(super) async fn call(&self, body: Vec<u8>, limit: Duration, ping_limit: Duration) -> Answer {
        match timeout(limit, self.handle.raw_invoke_in_dc(self.dc, body)).await {
            Ok(answer) => Answer::Answered(answer),
            Err(_) if matches!(self.ping(ping_limit).await, Ok(true)) => Answer::Slow,
            Err(_) => Answer::Silent,
        }
    }

    /// Whether the other end answers at all.
    pub(super) async fn ping(&self, limit: Duration) -> Result<bool, InvocationError> {
        // The answer is matched by its message, not by this number.
        let body = Ping { ping_id: 1 }.to_bytes();
        match timeout(limit, self.handle.raw_invoke_in_dc(self.dc, body)).await {
            Ok(answer) => answer.map(|_| true),
            Err(_) => Ok(false),
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.close();
    }
}

async fn run(runner: grammers_mtsender::SenderPoolRunner, _says_so: DropGuard) {
    runner.run().await;
}

fn connection_params(settings: &ClientSettings, proxy_url: Option<String>) -> ConnectionParams {
    ConnectionParams {
        device_model: "Tapedeck".to_owned(),
        app_version: env!("CARGO_PKG_VERSION").to_owned(),
        system_lang_code: "en".to_owned(),
        lang_code: "en".to_owned(),
        proxy_url,
        use_ipv6: settings.ipv6,
        // Waiting and trying again are the governor's: it is seen, and survives a restart.
        retry_policy: Box::new(NoRetries),
        updates_channel_capacity: UPDATES_IN_FLIGHT,
        ..ConnectionParams::default()
    }
}
