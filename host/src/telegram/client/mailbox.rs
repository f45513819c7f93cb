//! What Telegram pushes, on its way to the one who listens. The side that fills it never waits,
//! so that no connection stands still; what does not fit is dropped and noted as a gap, which the
//! listener fills by asking Telegram for the difference.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use grammers_session::updates::UpdatesLike;
use tokio::sync::{Notify, broadcast};

use super::glimpse;
use crate::model::MessageId;

/// How many containers of updates wait for the listener.
const MOST: usize = 4096;

#[derive(Clone, Debug, Default)]
pub(super) struct Mailbox {
    inner: Arc<Inner>,
}

/// Deletions that wait for a slow reader; it may miss older ones.
const DELETIONS: usize = 64;

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    arrived: Notify,
    deletions: broadcast::Sender<Arc<[MessageId]>>,
}

impl Default for Inner {
    fn default() -> Self {
        Self { state: Mutex::default(), arrived: Notify::new(), deletions: broadcast::Sender::new(DELETIONS) }
    }
}

#[derive(Debug, Default)]
struct State {
    letters: VecDeque<Box<UpdatesLike>>,
    has_gap: bool,
    /// Counts listeners: only the latest one is served, and without one nothing is kept.
    listener: u64,
    is_heard: bool,
}

/// What a listener takes out.
#[derive(Debug)]
pub enum Pushed {
    /// Boxed: kinds of updates are as long as their longest.
    Updates(Box<UpdatesLike>),
    /// Something may have been lost: the connection broke, or the listener was too slow.
    Gap,
}

impl Mailbox {
    /// Takes the place of an earlier listener, who hears that it is over.
    pub(super) fn listen(&self) -> Listening {
        let mut state = self.inner.lock();
        state.listener += 1;
        state.is_heard = true;
        state.letters.clear();
        state.has_gap = false;
        let number = state.listener;
        drop(state);
        self.inner.arrived.notify_waiters();
        Listening { inner: Arc::clone(&self.inner), number }
    }

    pub(super) fn deletions(&self) -> broadcast::Receiver<Arc<[MessageId]>> {
        self.inner.deletions.subscribe()
    }

    pub(super) fn post(&self, updates: UpdatesLike) {
        if let Some(ids) = glimpse::deleted(&updates) {
            // Nobody may care.
            let _ = self.inner.deletions.send(ids);
        }
        let mut state = self.inner.lock();
        if !state.is_heard {
            return;
        }
        if matches!(updates, UpdatesLike::ConnectionClosed) {
            state.has_gap = true;
        } else if state.letters.len() < MOST {
            state.letters.push_back(Box::new(updates));
        } else {
            state.has_gap = true;
        }
        drop(state);
        self.inner.arrived.notify_waiters();
    }

    pub(super) fn note_gap(&self) {
        self.inner.lock().has_gap = true;
        self.inner.arrived.notify_waiters();
    }

    pub(super) fn is_heard(&self) -> bool {
        self.inner.lock().is_heard
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What Telegram pushes, undigested. For live updates in order use [`super::super::updates`].
#[derive(Debug)]
pub struct Listening {
    inner: Arc<Inner>,
    number: u64,
}

impl Listening {
    /// The next one, in the order of arrival; a gap comes after what arrived before it. `None`
    /// when somebody else listens now.
    pub async fn next(&self) -> Option<Pushed> {
        loop {
            let arrived = self.inner.arrived.notified();
            tokio::pin!(arrived);
            arrived.as_mut().enable();
            {
                let mut state = self.inner.lock();
                if state.listener != self.number {
                    return None;
                }
                if let Some(updates) = state.letters.pop_front() {
                    return Some(Pushed::Updates(updates));
                }
                if std::mem::take(&mut state.has_gap) {
                    return Some(Pushed::Gap);
                }
            }
            arrived.await;
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut state = self.inner.lock();
        if state.listener == self.number {
            state.is_heard = false;
            state.letters.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use grammers_tl_types::enums::Updates;

    use super::*;

    fn letter() -> UpdatesLike {
        UpdatesLike::Updates(Updates::TooLong)
    }

    #[tokio::test]
    async fn overflow_becomes_a_gap() {
        let mailbox = Mailbox::default();
        let listening = mailbox.listen();
        for _ in 0..=MOST {
            mailbox.post(letter());
        }
        for _ in 0..MOST {
            assert!(matches!(listening.next().now_or_never(), Some(Some(Pushed::Updates(_)))));
        }
        assert!(matches!(listening.next().now_or_never(), Some(Some(Pushed::Gap))));
        assert!(listening.next().now_or_never().is_none());
    }

    #[tokio::test]
    async fn broken_connections_are_gaps() {
        let mailbox = Mailbox::default();
        let listening = mailbox.listen();
        mailbox.post(UpdatesLike::ConnectionClosed);
        mailbox.note_gap();
        assert!(matches!(listening.next().await, Some(Pushed::Gap)));
        assert!(listening.next().now_or_never().is_none());
    }

    #[tokio::test]
    async fn latest_listener_takes_over() {
        let mailbox = Mailbox::default();
        mailbox.post(letter());
        let first = mailbox.listen();
        let second = mailbox.listen();
        mailbox.post(letter());
        assert!(first.next().await.is_none());
        drop(first);
        assert!(matches!(second.next().await, Some(Pushed::Updates(_))));
        assert!(mailbox.is_heard());
    }
}
