//! Words that configuration and capture share.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ChatKind;

/// How people sort chats.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ChatType {
    Private,
    Bots,
    Groups,
    Channels,
}

impl From<ChatKind> for ChatType {
    fn from(kind: ChatKind) -> Self {
        match kind {
            ChatKind::Private => Self::Private,
            ChatKind::Bot => Self::Bots,
            ChatKind::Group | ChatKind::Supergroup | ChatKind::Direct => Self::Groups,
            ChatKind::Channel | ChatKind::Community => Self::Channels,
        }
    }
}

impl fmt::Display for ChatType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Private => "private",
            Self::Bots => "bots",
            Self::Groups => "groups",
            Self::Channels => "channels",
        })
    }
}

/// What a deletion at Telegram does in the archive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Deletions {
    /// The message stays, and is marked with the moment.
    #[default]
    Soft,
    /// The message goes.
    Hard,
    /// Nothing.
    Off,
}
