//! Messages that are about to be sent or were sent, each with the number by which Telegram knows
//! a second attempt. Written before the message goes out.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{StateError, tree::Tree};
use crate::model::{MessageId, PeerId};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TelegramSend {
    pub account: String,
    /// The sender's name for it, the same after a restart.
    pub intent: String,
    pub chat: PeerId,
    pub random_id: i64,
    pub begun: Timestamp,
    /// The newest message of the chat when it was begun: ours is newer.
    pub newest_before: MessageId,
    /// Set when Telegram has answered.
    pub sent: Option<MessageId>,
}

#[derive(Clone, Debug)]
pub struct TelegramSends {
    tree: Tree<str, TelegramSend>,
}

impl TelegramSends {
    pub(super) fn open(db: &sled::Db) -> Result<Self, StateError> {
        Ok(Self { tree: Tree::open(db, "telegram-sends")? })
    }

    pub fn get(&self, account: &str, intent: &str) -> Result<Option<TelegramSend>, StateError> {
        self.tree.get(&key(account, intent))
    }

    pub fn put(&self, send: &TelegramSend) -> Result<(), StateError> {
        self.tree.insert(&key(&send.account, &send.intent), send)
    }

    /// Says whether there was one.
    pub fn remove(&self, account: &str, intent: &str) -> Result<bool, StateError> {
        self.tree.remove(&key(account, intent))
    }

    pub fn of_account(&self, account: &str) -> Result<Vec<TelegramSend>, StateError> {
        let mut sends: Vec<_> = self.tree.values().collect::<Result<_, _>>()?;
        sends.retain(|send: &TelegramSend| send.account == account);
        Ok(sends)
    }
}

/// Names of accounts hold no `/`.
fn key(account: &str, intent: &str) -> String {
    format!("{account}/{intent}")
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    #[test]
    fn intents_belong_to_their_account() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        let send = TelegramSend {
            account: "main".into(),
            intent: "song/7".into(),
            chat: PeerId(5),
            random_id: 9,
            begun: Timestamp::UNIX_EPOCH,
            newest_before: MessageId(3),
            sent: None,
        };
        state.telegram_sends.put(&send).unwrap();
        assert_eq!(state.telegram_sends.get("main", "song/7").unwrap(), Some(send.clone()));
        assert_eq!(state.telegram_sends.get("other", "song/7").unwrap(), None);
        assert_eq!(state.telegram_sends.of_account("other").unwrap(), []);
        assert!(state.telegram_sends.remove("main", "song/7").unwrap());
        assert_eq!(state.telegram_sends.of_account("main").unwrap(), []);
    }
}
