//! How long Telegram asked each account to wait. It holds over a restart: asking again at once
//! makes such a wait longer.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{StateError, tree::Tree};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TelegramWait {
    pub account: String,
    /// Which calls it holds back.
    pub bucket: String,
    pub until: Timestamp,
    /// As asked for.
    pub seconds: u32,
    /// The call that was refused.
    pub method: String,
}

#[derive(Clone, Debug)]
pub struct TelegramWaits {
    tree: Tree<str, TelegramWait>,
}

impl TelegramWaits {
    pub(super) fn open(db: &sled::Db) -> Result<Self, StateError> {
        Ok(Self { tree: Tree::open(db, "telegram-waits")? })
    }

    pub fn put(&self, wait: &TelegramWait) -> Result<(), StateError> {
        self.tree.insert(&key(&wait.account, &wait.bucket), wait)
    }

    pub fn remove(&self, account: &str, bucket: &str) -> Result<bool, StateError> {
        self.tree.remove(&key(account, bucket))
    }

    pub fn of_account(&self, account: &str) -> Result<Vec<TelegramWait>, StateError> {
        let mut waits: Vec<_> = self.tree.values().collect::<Result<_, _>>()?;
        waits.retain(|wait: &TelegramWait| wait.account == account);
        Ok(waits)
    }

    pub fn remove_over(&self, now: Timestamp) -> Result<(), StateError> {
        for wait in self.tree.values() {
            let wait = wait?;
            if wait.until <= now {
                self.tree.remove(&key(&wait.account, &wait.bucket))?;
            }
        }
        Ok(())
    }
}

/// Names hold no `/`.
fn key(account: &str, bucket: &str) -> String {
    format!("{account}/{bucket}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(account: &str, bucket: &str, until: i64) -> TelegramWait {
        TelegramWait {
            account: account.into(),
            bucket: bucket.into(),
            until: Timestamp::from_second(until).unwrap(),
            seconds: 31,
            method: "messages.getHistory".into(),
        }
    }

    #[test]
    fn waits_survive_a_restart_until_over() {
        let folder = tempfile::tempdir().unwrap();
        let state = crate::state::State::open(folder.path()).unwrap();
        for (account, bucket, until) in [("main", "read", 100), ("main", "send", 200), ("other", "read", 300)]
        {
            state.telegram_waits.put(&wait(account, bucket, until)).unwrap();
        }
        state.telegram_waits.put(&wait("main", "read", 150)).unwrap();
        drop(state);
        let waits = crate::state::State::open(folder.path()).unwrap().telegram_waits;
        assert_eq!(waits.of_account("main").unwrap(), [wait("main", "read", 150), wait("main", "send", 200)]);
        waits.remove_over(Timestamp::from_second(150).unwrap()).unwrap();
        assert_eq!(waits.of_account("main").unwrap(), [wait("main", "send", 200)]);
        assert!(waits.remove("main", "send").unwrap());
        assert_eq!(waits.of_account("main").unwrap(), []);
        assert_eq!(waits.of_account("other").unwrap().len(), 1);
    }
}
