//! What came back.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::{PeerId, counted};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Undone {
    /// Messages that are as they were: no longer marked as deleted, or with their words of before.
    pub messages: u64,
    /// Of these, messages whose edit was taken back.
    pub edits: u64,
    pub chats: Vec<UndoneChat>,
    /// That were removed for good in the same time, and cannot come back.
    pub removed: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UndoneChat {
    pub chat: PeerId,
    pub title: String,
    pub messages: u64,
}

impl fmt::Display for Undone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.edits > 0 { "edit" } else { "deletion" };
        let (messages, chats) = (counted(self.messages, what), counted(self.chats.len() as u64, "chat"));
        write!(f, "{messages} in {chats} taken back")?;
        if self.removed > 0 {
            let verb = if self.removed == 1 { "was" } else { "were" };
            write!(f, "; about {} {verb} removed for good in that time", counted(self.removed, "message"))?;
        }
        Ok(())
    }
}
