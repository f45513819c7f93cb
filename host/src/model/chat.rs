//! Chats, the people in them, and the topics of forums.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Extra, MessageId, PeerId, message::Restriction};

/// A group, a supergroup, a channel, or the private chat with a user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chat {
    pub id: PeerId,
    pub kind: ChatKind,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// All public names that are in use, the main one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub usernames: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participants: Option<i32>,
    /// The small picture, by which a new one is noticed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<i64>,
    /// Where a basic group went when it became a supergroup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_to: Option<PeerId>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_forum: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_verified: bool,
    /// Content may not be saved or forwarded, says the owner.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_protected: bool,
    /// We are not in it any more, or may not read it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_left: bool,
    /// Telegram told only part; never overwrite more with this.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_partial: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restrictions: Vec<Restriction>,
    /// All that Telegram said, without the access hash, which belongs to one login.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
}

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ChatKind {
    Private,
    Bot,
    Group,
    Supergroup,
    Channel,
    /// The direct messages of a channel.
    Direct,
    Community,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    pub id: PeerId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub usernames: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<i64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_self: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_contact: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_bot: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_deleted: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_verified: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_premium: bool,
    /// Telegram told only part; never overwrite more with this.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_partial: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restrictions: Vec<Restriction>,
    /// All that Telegram said, without the access hash, which belongs to one login.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
}

impl Chat {
    /// The chat with somebody.
    pub fn private(user: User) -> Self {
        Self {
            id: user.id,
            kind: if user.is_bot { ChatKind::Bot } else { ChatKind::Private },
            title: user.name(),
            usernames: user.usernames,
            created: None,
            participants: None,
            photo: user.photo,
            moved_to: None,
            is_forum: false,
            is_verified: user.is_verified,
            is_protected: false,
            is_left: false,
            is_partial: user.is_partial,
            restrictions: user.restrictions,
            extra: Extra::default(),
        }
    }
}

impl User {
    /// First and last name; empty for deleted accounts.
    pub fn name(&self) -> String {
        let parts = [&self.first_name, &self.last_name];
        let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        parts.join(" ")
    }
}

/// A topic of a forum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Topic {
    pub id: MessageId,
    pub title: String,
    pub created: Timestamp,
    pub by: PeerId,
    pub icon_color: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon_emoji: Option<i64>,
    pub newest: MessageId,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_closed: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_pinned: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_hidden: bool,
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
}
