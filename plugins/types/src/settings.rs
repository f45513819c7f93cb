//! What the operator may set.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::kind::Kind;

/// A message is dropped if any of this speaks against it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Keeps messages of these kinds only; empty for all.
    pub only: Vec<Kind>,
    /// Drops messages of these kinds.
    pub drop: Vec<Kind>,
    /// Keeps service messages with these actions only, by Telegram's names, such as `pin_message`;
    /// empty for all.
    pub only_actions: Vec<String>,
    /// Drops service messages with these actions, such as `chat_add_user`.
    pub drop_actions: Vec<String>,
    /// What becomes of forwarded messages.
    pub forwarded: Those,
    /// What becomes of messages that were sent through a bot.
    pub via_bots: Those,
    /// Drops messages whose file is larger.
    pub max_file_bytes: Option<u64>,
    /// Drops messages whose file is smaller.
    pub min_file_bytes: u64,
    /// Drops messages whose voice, audio or video plays longer.
    pub max_seconds: Option<u64>,
    /// Looks at these chats only; empty for all. Messages of other chats are kept.
    pub chats: Vec<i64>,
    /// Does not look at these chats.
    pub except_chats: Vec<i64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Those {
    #[default]
    Keep,
    Drop,
    /// Drops all others.
    Only,
}

impl Those {
    /// Whether a message stays that is one of those, or is not.
    pub(crate) fn includes(self, is_one: bool) -> bool {
        match self {
            Self::Keep => true,
            Self::Drop => !is_one,
            Self::Only => is_one,
        }
    }
}
