//! Notices connections that died without a word: each open one is asked for a sign of life, and
//! replaced when none comes. A client that is listened to keeps its connection home open.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use futures_util::future::join_all;
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use super::{Lane, Shared, link::Link};
use crate::clock::SharedClock;

/// Beats until the client is gone.
pub(super) async fn beat(
    client: Weak<Shared>,
    clock: SharedClock,
    period: Duration,
    stop: CancellationToken,
) {
    let period = SignedDuration::try_from(period).unwrap_or(SignedDuration::MAX);
    loop {
        let Ok(due) = clock.now().checked_add(period) else { return };
        tokio::select! {
            () = clock.sleep_until(due) => {}
            () = stop.cancelled() => return,
        }
        let Some(client) = client.upgrade() else { return };
        tokio::select! {
            () = client.feel_pulses() => {}
            () = stop.cancelled() => return,
        }
    }
}

impl Shared {
    async fn feel_pulses(&self) {
        if self.pool.parts.mailbox.is_heard()
            && let Err(error) = self.pool.link(Lane::Main).await
        {
            tracing::warn!(%error, "No connection for live updates");
        }
        join_all(self.pool.open_links().into_iter().map(|(lane, link)| self.feel_pulse(lane, link))).await;
    }

    async fn feel_pulse(&self, lane: Lane, link: Arc<Link>) {
        if link.has_ended() || !link.ping(self.pool.parts.settings.limits.ping).await {
            tracing::warn!(dc = link.dc, "No sign of life from Telegram: connecting anew");
            self.pool.replace(lane, &link);
        }
    }
}
