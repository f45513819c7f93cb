//! What came back.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::PeerId;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Undone {
    /// Messages that are no longer marked as deleted.
    pub messages: u64,
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
        write!(f, "{} deletions in {} chats taken back", self.messages, self.chats.len())?;
        if self.removed > 0 {
            write!(f, "; about {} messages were removed for good in that time", self.removed)?;
        }
        Ok(())
    }
}
