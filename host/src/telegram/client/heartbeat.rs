//! Notices connections that died without a word: each open one is asked for a sign of life, and
//! replaced when none comes. A client that is listened to keeps its connection home open. What this
//! shows about the login, and what the session raises its alarm for, is told as the account's health.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use futures_util::future::join_all;
use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use super::{Lane, Shared, invoke::refused_key, link::Link};
use crate::{
    clock::SharedClock,
    telegram::{Error, session::SessionAlarm},
};

/// Beats until the client is gone.
pub(super) async fn beat(
    client: Weak<Shared>,
    clock: SharedClock,
    period: Duration,
    stop: CancellationToken,
) {
    let period = SignedDuration::try_from(period).unwrap_or(SignedDuration::MAX);
    let Some(mut alarm) = client.upgrade().map(|client| client.pool.parts.session.alarm()) else { return };
    // It may have been raised before anybody listened.
    alarm.mark_changed();
    loop {
        let Ok(due) = clock.now().checked_add(period) else { return };
        let is_alarm = tokio::select! {
            () = clock.sleep_until(due) => false,
            Ok(()) = alarm.changed() => true,
            () = stop.cancelled() => return,
        };
        let Some(client) = client.upgrade() else { return };
        if is_alarm {
            client.note_alarm(*alarm.borrow_and_update());
            continue;
        }
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
        let pulse = match link.has_ended() {
            true => Ok(false),
            false => link.ping(self.pool.parts.settings.limits.ping).await,
        };
        match pulse {
            Ok(true) => return,
            Ok(false) => tracing::warn!(dc = link.dc, "No sign of life from Telegram: connecting anew"),
            Err(error) => {
                tracing::warn!(dc = link.dc, %error, "The connection to Telegram is broken: connecting anew");
                if lane == Lane::Main
                    && let Some(refused) = refused_key(link.dc, &error)
                {
                    self.health.note_error(&refused);
                }
            }
        }
        self.pool.replace(lane, &link);
    }

    fn note_alarm(&self, alarm: Option<SessionAlarm>) {
        if let Some(SessionAlarm::KeyRefused { dc }) = alarm {
            tracing::error!(account = %self.account, dc, "Telegram does not know this login's key; it is kept");
            self.health.note_error(&Error::KeyUnknown { dc });
        }
    }
}
