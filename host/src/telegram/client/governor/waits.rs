//! Pauses that Telegram asked for, by what they hold back; kept in the state, so that a restart
//! does not ask again too early, which would make them longer.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use jiff::Timestamp;

use crate::{
    model::AccountName,
    state::{TelegramWait, TelegramWaits},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub until: Timestamp,
    /// The call that was refused.
    pub method: String,
    /// As Telegram said.
    pub seconds: u32,
}

#[derive(Debug)]
pub(super) struct Waits {
    account: String,
    stored: Option<TelegramWaits>,
    by_scope: HashMap<String, TelegramWait>,
}

impl Waits {
    pub(super) fn load(account: &AccountName, stored: Option<TelegramWaits>, now: Timestamp) -> Self {
        let account = account.to_string();
        let found = stored.as_ref().map(|stored| {
            stored.remove_over(now)?;
            stored.of_account(&account)
        });
        let found = found.transpose().unwrap_or_else(|error| {
            tracing::warn!(%error, "Pauses that Telegram asked for before cannot be read; going on without");
            None
        });
        let by_scope = found.into_iter().flatten().map(|wait| (wait.bucket.clone(), wait)).collect();
        Self { account, stored, by_scope }
    }

    /// The later end counts.
    pub(super) fn add(&mut self, scope: String, until: Timestamp, seconds: u32, method: &str) {
        if self.by_scope.get(&scope).is_some_and(|wait| wait.until >= until) {
            return;
        }
        let account = self.account.clone();
        let wait = TelegramWait { account, bucket: scope, until, seconds, method: method.to_owned() };
        self.in_state(|stored| stored.put(&wait));
        self.by_scope.insert(wait.bucket.clone(), wait);
    }

    pub(super) fn in_force(&mut self, scope: &str, now: Timestamp) -> Option<Waiting> {
        let wait = self.by_scope.get(scope)?;
        if wait.until > now {
            return Some(wait.into());
        }
        self.by_scope.remove(scope);
        self.in_state(|stored| stored.remove(&self.account, scope).map(drop));
        None
    }

    pub(super) fn longest(&self, now: Timestamp) -> Option<Waiting> {
        let waits = self.by_scope.values().filter(|wait| wait.until > now);
        waits.max_by_key(|wait| wait.until).map(Waiting::from)
    }

    /// A pause that cannot be written down still holds.
    fn in_state(&self, change: impl FnOnce(&TelegramWaits) -> Result<(), crate::state::StateError>) {
        if let Some(Err(error)) = self.stored.as_ref().map(change) {
            tracing::warn!(%error, "A pause that Telegram asked for will not survive a restart");
        }
    }
}

/// Tells one caller's owner, a run for example, that it waits, and that it goes on.
pub type TellWaits = Arc<dyn Fn(Option<&Waiting>) + Send + Sync>;

/// Several calls of one owner may wait; it goes on when none does.
#[derive(Clone)]
pub(in crate::telegram::client) struct Teller {
    tell: TellWaits,
    waiting: Arc<AtomicUsize>,
}

impl Teller {
    pub(in crate::telegram::client) fn new(tell: TellWaits) -> Self {
        Self { tell, waiting: Arc::default() }
    }

    pub(super) fn begin(&self, waiting: &Waiting) -> Told<'_> {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        (self.tell)(Some(waiting));
        Told(self)
    }
}

impl fmt::Debug for Teller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Teller").field("waiting", &self.waiting).finish_non_exhaustive()
    }
}

pub(super) struct Told<'teller>(&'teller Teller);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        if self.0.waiting.fetch_sub(1, Ordering::AcqRel) == 1 {
            (self.0.tell)(None);
        }
    }
}
