//! Telegram accounts as the page and the command line show them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::AccountName;

/// How fast an account may ask Telegram for things.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Pace {
    /// Slow enough that Telegram hardly ever asks to wait.
    #[default]
    Gentle,
    /// As a person with two apps open.
    Normal,
    /// As fast as Telegram answers; waits will be asked for.
    Fast,
}

/// Who an account belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SelfView {
    pub id: i64,
    pub name: String,
    pub username: Option<String>,
    /// The last digits only: `•••• 4567`.
    pub phone_masked: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum AccountState {
    /// Nobody has logged in under this name.
    LoggedOut,
    /// Logged in, and not asked for anything yet.
    Idle,
    Connected,
    /// Telegram asked for a pause.
    Waiting {
        until: Timestamp,
    },
    /// Telegram cannot be reached; it is tried again.
    Unreachable {
        reason: String,
    },
    /// What is kept of the login cannot be opened or read: somebody has to look after its key.
    Unusable {
        reason: String,
    },
    /// Telegram ended the session: somebody has to log in again.
    Revoked {
        reason: String,
    },
}

impl AccountState {
    /// Every name there is, for those who count.
    pub const NAMES: [&str; 7] =
        ["logged-out", "idle", "connected", "waiting", "unreachable", "unusable", "revoked"];

    /// As in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::LoggedOut => "logged-out",
            Self::Idle => "idle",
            Self::Connected => "connected",
            Self::Waiting { .. } => "waiting",
            Self::Unreachable { .. } => "unreachable",
            Self::Unusable { .. } => "unusable",
            Self::Revoked { .. } => "revoked",
        }
    }
}

/// All accounts: those of `config.toml`, those that somebody has logged in to, and the default one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AccountsView {
    /// Whether `telegram.api_id` and `telegram.api_hash` are known. Without them nobody can log in.
    pub has_application: bool,
    pub accounts: Vec<AccountView>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AccountView {
    pub name: AccountName,
    pub description: Option<String>,
    #[serde(flatten)]
    pub state: AccountState,
    pub user: Option<SelfView>,
    /// The data centre that the account lives in.
    pub data_center: Option<i32>,
    pub pace: Pace,
    /// When Telegram last answered.
    pub last_answer: Option<Timestamp>,
    /// Whether it is the one that is meant when none is named.
    pub is_default: bool,
}

/// What an account asks of Telegram, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TelegramFigures {
    pub calls: u64,
    /// How often Telegram asked for a pause.
    pub floods: u64,
    /// How often it was connected anew after a break.
    pub reconnects: u64,
    pub in_flight: u32,
    /// What is left of the longest pause.
    pub waiting_s: f64,
}
