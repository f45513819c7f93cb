//! Logging in to Telegram, step by step: what is shown, and what people answer.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{AccountName, SelfView};

#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(transparent)]
#[schema(value_type = String)]
pub struct LoginId(Uuid);

impl LoginId {
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }
}

impl fmt::Display for LoginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for LoginId {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LoginMethod {
    /// A picture that the phone's Telegram scans.
    Qr,
    /// A phone number and the code that Telegram sends.
    Phone,
    /// The login of another program: a Telethon session, a Telegram Desktop folder.
    Import,
}

/// What somebody wants to log in to, and how.
#[derive(Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    pub account: AccountName,
    pub method: LoginMethod,
    /// With its country code. Without it, the account's `phone` of `config.toml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Whether another user than before may take the account's name over.
    #[serde(default)]
    pub replace: bool,
}

/// Without the number.
impl fmt::Debug for LoginRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("LoginRequest");
        shown.field("account", &self.account).field("method", &self.method).field("replace", &self.replace);
        shown.finish_non_exhaustive()
    }
}

/// How Telegram sent the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SentBy {
    /// A message in Telegram, on devices that are logged in.
    App,
    Sms,
    /// A call that says the code.
    Call,
    /// A call that is not answered: the code is in the caller's number.
    MissedCall,
    Email,
    /// Fragment, for anonymous numbers.
    Fragment,
    /// A way that Telegram offers to its own apps only.
    Other,
}

/// Where a login stands. It ends in `done`, `sign-up-required`, `other-user` or `failed`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum LoginState {
    Connecting,
    /// To be shown as a picture and scanned; another one follows when it expires.
    Qr {
        url: String,
        expires_at: Timestamp,
    },
    /// Waits for the code.
    Code {
        phone_masked: String,
        sent_by: SentBy,
        /// How many digits it has, where Telegram says so.
        length: Option<u32>,
        /// When another code may be asked for; `None`: never.
        can_resend_at: Option<Timestamp>,
        /// Whether the last one was refused.
        wrong: bool,
        /// Whether the last one was too old; this is about another one.
        expired: bool,
    },
    /// Waits for the password of two-step verification.
    Password {
        hint: Option<String>,
        /// Whether the last one was refused.
        wrong: bool,
    },
    /// Nobody has this number on Telegram, and Tapedeck does not make accounts.
    SignUpRequired,
    /// Telegram asked for a pause; the login goes on by itself afterwards.
    Waiting {
        until: Timestamp,
    },
    Done {
        account: AccountName,
        user: SelfView,
    },
    /// Somebody else than before logged in, without [`LoginRequest::replace`]: nothing was changed.
    OtherUser {
        before: SelfView,
        now: SelfView,
    },
    Failed {
        reason: String,
        fix: String,
    },
}

impl LoginState {
    /// Whether nothing follows.
    pub fn is_over(&self) -> bool {
        matches!(
            self,
            Self::Done { .. } | Self::SignUpRequired | Self::OtherUser { .. } | Self::Failed { .. }
        )
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Qr { .. } => "qr",
            Self::Code { .. } => "code",
            Self::Password { .. } => "password",
            Self::SignUpRequired => "sign-up-required",
            Self::Waiting { .. } => "waiting",
            Self::Done { .. } => "done",
            Self::OtherUser { .. } => "other-user",
            Self::Failed { .. } => "failed",
        }
    }
}

/// The link of a QR code logs in whoever has it, so logs get the step's name alone.
impl fmt::Debug for LoginState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { reason, .. } => write!(f, "failed: {reason}"),
            other => f.write_str(other.name()),
        }
    }
}

/// What people answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum LoginAnswer {
    Code {
        code: String,
    },
    /// Asks for the code to be sent again, another way.
    Resend,
    Password {
        password: String,
    },
    Cancel,
}

/// Without what was answered.
impl fmt::Debug for LoginAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Code { .. } => "code",
            Self::Resend => "resend",
            Self::Password { .. } => "password",
            Self::Cancel => "cancel",
        })
    }
}

/// Why a login is not started, or an answer not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginRefusal {
    #[error("there is no login {0}")]
    Unknown(LoginId),
    #[error("this login is over")]
    IsOver,
    #[error("the login does not ask for this now: it is at `{state}`")]
    NotAsked { state: &'static str },
    #[error("Telegram has no other way to send the code")]
    NoOtherWay,
    #[error("the login of another program is imported where its files are")]
    ImportElsewhere,
    #[error("there is no phone number to log in with")]
    NoPhone,
    #[error("{most} logins are going on already")]
    TooMany { most: usize },
    #[error("somebody is logging in to the account `{account}` already")]
    Busy { account: AccountName },
    #[error(
        "the account `{account}` has no application to log in with: telegram.api_id and telegram.api_hash are missing"
    )]
    NoApplication { account: AccountName },
    #[error("nobody is logged in to the account `{account}`")]
    NotLoggedIn { account: AccountName },
    #[error("{0}")]
    Failed(String),
}

impl LoginRefusal {
    pub fn fix(&self) -> &'static str {
        match self {
            Self::Unknown(_) | Self::IsOver => "Start a new one.",
            Self::NotAsked { .. } => "Look at its state, and answer what it asks for.",
            Self::NoOtherWay => "Wait for the code, or log in by QR code.",
            Self::ImportElsewhere => "`tapedeck login telegram --import PATH` does it.",
            Self::NoPhone => "Give one with its country code, or set `phone` in [telegram.accounts.<name>].",
            Self::TooMany { .. } | Self::Busy { .. } => "Finish or cancel it, or wait until it expires.",
            Self::NoApplication { .. } => {
                "Both stand on https://my.telegram.org → API development tools; put them into [telegram] of config.toml."
            }
            Self::NotLoggedIn { .. } => "`tapedeck accounts` lists who is.",
            Self::Failed(_) => "Correct this, and try again.",
        }
    }
}

/// One attempt to log in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LoginView {
    pub id: LoginId,
    pub account: AccountName,
    pub method: LoginMethod,
    pub started_at: Timestamp,
    /// When an attempt that nobody finishes is given up.
    pub expires_at: Timestamp,
    /// A field of its own: a step has its own `expires_at` and `account`.
    pub step: LoginState,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_tagged_by_name() {
        let state = LoginState::Password { hint: Some("dog".into()), wrong: true };
        let json = serde_json::to_value(&state).unwrap();
        assert_eq!(json, serde_json::json!({ "state": "password", "hint": "dog", "wrong": true }));
        assert_eq!(serde_json::from_value::<LoginState>(json).unwrap(), state);
        let answer: LoginAnswer = serde_json::from_str(r#"{ "answer": "code", "code": "12345" }"#).unwrap();
        assert_eq!(answer, LoginAnswer::Code { code: "12345".into() });
    }

    #[test]
    fn debug_shows_no_secrets() {
        let url = "tg://login?token=SECRET".to_owned();
        let shown = [
            format!("{:?}", LoginState::Qr { url, expires_at: Timestamp::UNIX_EPOCH }),
            format!("{:?}", LoginAnswer::Code { code: "SECRET".into() }),
            format!("{:?}", LoginAnswer::Password { password: "SECRET".into() }),
            format!(
                "{:?}",
                LoginRequest {
                    account: AccountName::main(),
                    method: LoginMethod::Phone,
                    phone: Some("SECRET".into()),
                    replace: false,
                }
            ),
        ];
        assert!(shown.iter().all(|text| !text.contains("SECRET")), "{shown:?}");
    }
}
