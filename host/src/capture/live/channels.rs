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
/// Channels of which too little is known to ask are tried again so often.
const STRANGE: Duration = Duration::from_secs(60);
/// After a question that nobody answered.
const AGAIN: Duration = Duration::from_secs(10);

/// Which channels the listener has asked about, and when it looks for new ones.
pub(super) struct Channels {
    asked: HashSet<PeerId>,
    /// Looked at, and perhaps too little known of to ask.
    seen: HashSet<PeerId>,
    tried_all: Instant,
    written: watch::Receiver<u64>,
    looked: Instant,
    has_failed: bool,
    /// Of some too little is known to ask, as far as it was tried.
    has_strange: bool,
}

impl Channels {
    pub(super) fn new(store: &SharedStore) -> Self {
        let (asked, seen, now) = (HashSet::new(), HashSet::new(), Instant::now());
        let written = store.written();
        Self { asked, seen, tried_all: now, written, looked: now, has_failed: false, has_strange: false }
    }

    /// Until something was written that may be a new chat, or a question is due again.
    pub(super) async fn may_be_more(&mut self) {
        if self.has_failed {
            return tokio::time::sleep_until(self.looked + AGAIN).await;
        }
        tokio::time::sleep_until(self.looked + PAUSE).await;
        let due = self.tried_all + STRANGE;
        let changed = async {
            if self.written.changed().await.is_err() {
                // A store that is gone gets no new chats.
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            () = changed => {}
            // Where little is written, they would stay strange for long.
            () = tokio::time::sleep_until(due), if self.has_strange => {}
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
        let tries_all = channels.has_failed || channels.tried_all.elapsed() >= STRANGE;
        if tries_all {
            channels.tried_all = Instant::now();
        }
        let (mut looked_at, mut wanted) = (Vec::new(), Vec::new());
        for chat in self.capture.store.chat_ids(self.capture.account.clone()).await? {
            let is_channel = matches!(chat.bare(), BarePeer::Channel(_));
            if !is_channel || channels.asked.contains(&chat) || channels.seen.contains(&chat) && !tries_all {
                continue;
            }
            looked_at.push(chat);
            if work.scope.of(&self.capture, chat).await?.is_some() {
                wanted.push(chat);
            }
        }
        let learned = self.tell.unless_stopped(Box::pin(updates.learn_channels(&wanted))).await?;
        channels.has_failed = learned.is_err();
        match learned {
            Ok(strange) => {
                // Those of before were not asked about again where not all were tried.
                channels.has_strange = !strange.is_empty() || channels.has_strange && !tries_all;
                channels.seen.extend(looked_at);
                channels.asked.extend(wanted.into_iter().filter(|chat| !strange.contains(chat)));
                Ok(())
            }
            Err(error) => go_on_after(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::archive::SqliteStore;

    #[tokio::test]
    async fn strange_channels_are_tried_again_though_nothing_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let store: SharedStore = Arc::new(SqliteStore::open(&folder.path().join("archive.sqlite")).unwrap());
        let mut channels = Channels::new(&store);
        let before = Instant::now().checked_sub(STRANGE).unwrap();
        (channels.tried_all, channels.looked, channels.has_strange) = (before, before, true);
        tokio::time::timeout(STRANGE / 2, channels.may_be_more()).await.unwrap();
    }
}
