//! Reactions to a message.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::PeerId;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reaction {
    Emoji(String),
    /// The document of a custom emoji.
    Custom(i64),
    Paid,
    Empty,
}

/// One word for a column: the emoji itself, `custom_<document>`, `paid`.
impl fmt::Display for Reaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Emoji(emoji) => f.write_str(emoji),
            Self::Custom(document) => write!(f, "custom_{document}"),
            Self::Paid => f.write_str("paid"),
            Self::Empty => f.write_str("empty"),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reactions {
    pub counts: Vec<ReactionCount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recent: Option<Vec<PeerReaction>>,
    /// Who paid most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top: Option<Vec<Reactor>>,
    /// Without what we chose ourselves: not to be trusted for that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_partial: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_list: bool,
    /// In Saved Messages, reactions are tags.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub are_tags: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReactionCount {
    pub reaction: Reaction,
    pub count: i32,
    /// Set when it is ours; the order in which we chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<i32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerReaction {
    pub peer: PeerId,
    pub reaction: Reaction,
    pub date: Timestamp,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_big: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_unread: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_ours: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reactor {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<PeerId>,
    pub count: i32,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_top: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_ours: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_anonymous: bool,
}
