//! Channels count their updates by themselves. The listener learns where each one that is captured is, so that an
//! edit in a channel that was quiet all the time is not lost when it comes while nobody listens.

use std::{collections::HashSet, time::Duration};

use tokio::{sync::watch, time::Instant};

use super::{Listen, Work, go_on_after};
use crate::{
    archive::SharedStore,
    capture::CaptureError,
    model::{BarePeer, PeerId},
    telegram::updates::Updates,
};

/// A sweep writes many times in a second, and rarely a chat that is new.
const PAUSE: Duration = Duration::from_secs(1);
/// After a question that nobody answered.
const AGAIN: Duration = Duration::from_secs(10);

/// Which channels the listener has asked about, and when it looks for new ones.
pub(super) struct Channels {
    asked: HashSet<PeerId>,
    written: watch::Receiver<u64>,
    looked: Instant,
    has_failed: bool,
}

impl Channels {
    pub(super) fn new(store: &SharedStore) -> Self {
        Self { asked: HashSet::new(), written: store.written(), looked: Instant::now(), has_failed: false }
    }

    /// Until something was written that may be a new chat, or the last question is due again.
    pub(super) async fn may_be_more(&mut self) {
        if self.has_failed {
            return tokio::time::sleep_until(self.looked + AGAIN).await;
        }
        tokio::time::sleep_until(self.looked + PAUSE).await;
        if self.written.changed().await.is_err() {
            // A store that is gone gets no new chats.
            std::future::pending::<()>().await;
        }
    }
}

impl Listen {
    /// Asks about the channels that came into the archive since the last time.
    pub(super) async fn learn(
        &self,
        work: &mut Work,
        updates: &mut Updates,
        channels: &mut Channels,
    ) -> Result<(), CaptureError> {
        channels.looked = Instant::now();
        channels.written.mark_unchanged();
        let syncs = self.capture.store.syncs(self.capture.account.clone()).await?;
        let mut wanted = Vec::new();
        for (chat, _) in syncs {
            let is_channel = matches!(chat.bare(), BarePeer::Channel(_));
            if is_channel
                && !channels.asked.contains(&chat)
                && work.scope.of(&self.capture, chat).await?.is_some()
            {
                wanted.push(chat);
            }
        }
        let learned = self.tell.unless_stopped(Box::pin(updates.learn_channels(&wanted))).await?;
        channels.has_failed = learned.is_err();
        match learned {
            Ok(strange) => {
                channels.asked.extend(wanted.into_iter().filter(|chat| !strange.contains(chat)));
                Ok(())
            }
            Err(error) => go_on_after(error),
        }
    }
}
