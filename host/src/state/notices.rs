//! The messages that jobs keep current: which they are, and what is about to happen to them.
//! Written before each change at Telegram.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{StateError, tree::Tree};
use crate::model::{LinkedText, MessageId, PeerId};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeRecord {
    pub account: String,
    pub job: String,
    /// As the configuration calls it, and where that is.
    pub chat_name: String,
    pub chat: PeerId,
    /// How often a message was sent: each has a number of its own.
    #[serde(default)]
    pub sends: u32,
    /// About to be sent, or sent: after a crash nobody knows.
    #[serde(default)]
    pub sending: Option<LinkedText>,
    #[serde(default)]
    pub message: Option<MessageId>,
    /// What it says.
    #[serde(default)]
    pub says: Option<LinkedText>,
    /// It is still to be pinned. Whoever unpins it later means it.
    #[serde(default)]
    pub is_to_be_pinned: bool,
    /// Somebody deleted it.
    #[serde(default)]
    pub is_deleted: bool,
    #[serde(default)]
    pub changed: Option<Timestamp>,
}

impl NoticeRecord {
    /// The name under which its present message is sent, the same after a crash.
    pub fn intent(&self) -> String {
        format!("notice/{}/{}", self.job, self.sends)
    }
}

#[derive(Clone, Debug)]
pub struct Notices {
    tree: Tree<str, NoticeRecord>,
}

impl Notices {
    pub(super) fn open(db: &sled::Db) -> Result<Self, StateError> {
        Ok(Self { tree: Tree::open(db, "notices")? })
    }

    pub fn get(&self, account: &str, job: &str) -> Result<Option<NoticeRecord>, StateError> {
        self.tree.get(&key(account, job))
    }

    pub fn put(&self, record: &NoticeRecord) -> Result<(), StateError> {
        self.tree.insert(&key(&record.account, &record.job), record)
    }

    pub fn remove(&self, account: &str, job: &str) -> Result<bool, StateError> {
        self.tree.remove(&key(account, job))
    }

    pub fn all(&self) -> Result<Vec<NoticeRecord>, StateError> {
        self.tree.values().collect()
    }
}

/// Names of accounts hold no `/`.
fn key(account: &str, job: &str) -> String {
    format!("{account}/{job}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::State;

    #[test]
    fn notices_belong_to_account_and_job() {
        let folder = tempfile::tempdir().unwrap();
        let notices = State::open(folder.path()).unwrap().notices;
        let record = NoticeRecord {
            account: "main".into(),
            job: "a".into(),
            chat_name: "me".into(),
            chat: PeerId(5),
            sends: 2,
            sending: Some("x".into()),
            message: None,
            says: None,
            is_to_be_pinned: true,
            is_deleted: false,
            changed: None,
        };
        notices.put(&record).unwrap();
        assert_eq!(notices.get("main", "a").unwrap(), Some(record.clone()));
        assert_eq!(notices.get("main", "b").unwrap(), None);
        assert_eq!((record.intent().as_str(), notices.all().unwrap().len()), ("notice/a/2", 1));
        assert!(notices.remove("main", "a").unwrap() && notices.all().unwrap().is_empty());
    }
}
