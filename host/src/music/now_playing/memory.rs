//! What is known of an account's words since the start, and whose turn it is to change them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use tokio::sync::OwnedMutexGuard;

use crate::model::AccountName;

/// Of all accounts. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Signs {
    accounts: Arc<Mutex<BTreeMap<AccountName, Arc<tokio::sync::Mutex<Memory>>>>>,
}

#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The bio was looked at.
    pub(super) has_looked: bool,
    pub(super) bio_changed: Option<Timestamp>,
    pub(super) notice_changed: Option<Timestamp>,
}

impl Signs {
    /// Held by whoever works on the account.
    pub(super) async fn turn(&self, account: &AccountName) -> OwnedMutexGuard<Memory> {
        let memory = {
            let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
            accounts.entry(account.clone()).or_default().clone()
        };
        memory.lock_owned().await
    }
}
