//! Text with marks, exactly as Telegram keeps it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::PeerId;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RichText {
    pub text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub entities: Vec<Entity>,
}

/// A mark on a stretch of text. Offset and length count UTF-16 units and are never adjusted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entity {
    pub offset: i32,
    pub length: i32,
    #[serde(flatten)]
    pub kind: EntityKind,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum EntityKind {
    Unknown,
    Mention,
    Hashtag,
    BotCommand,
    Url,
    Email,
    Bold,
    Italic,
    Code,
    Pre {
        language: String,
    },
    TextUrl {
        url: String,
    },
    MentionName {
        user: PeerId,
    },
    Phone,
    Cashtag,
    Underline,
    Strike,
    BankCard,
    Spoiler,
    CustomEmoji {
        document: i64,
    },
    Blockquote {
        is_collapsed: bool,
    },
    FormattedDate(DateMark),
    DiffInsert,
    DiffReplace {
        old_text: String,
    },
    DiffDelete,
    TonAddress,
    /// A mark that only senders use, as Telegram spells it.
    Other {
        entity: Value,
    },
}

/// A moment that each reader sees in their own zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DateMark {
    /// Unix seconds.
    pub date: i32,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_relative: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_short_time: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_long_time: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_short_date: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_long_date: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_day_of_week: bool,
}
