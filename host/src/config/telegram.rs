use std::{collections::BTreeMap, path::PathBuf};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::model::{AccountName, Pace, Period};

/// Telegram: who we are to it, how sessions are kept, and how fast we ask.
#[derive(Clone, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TelegramSection {
    /// The number of your application, from my.telegram.org → API development tools. Needs `api_hash`.
    #[schemars(range(min = 1))]
    pub api_id: Option<i32>,
    /// The hash of your application, from the same page.
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    #[serde(skip_serializing)]
    pub api_hash: Option<SecretString>,
    /// The account that is meant when none is named. Default: "main".
    #[schemars(with = "String", extend("format" = "account-name"))]
    pub default_account: AccountName,
    /// The key that sessions are sealed with; made at the first login. Default: "telegram.key" in the data folder.
    #[schemars(with = "Option<String>", extend("format" = "path"))]
    pub key_file: Option<PathBuf>,
    /// Seals sessions with a passphrase instead of a key file. Default: none.
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    #[serde(skip_serializing)]
    pub passphrase: Option<SecretString>,
    /// A SOCKS5 proxy for all accounts. A secret, because it may carry a password. Default: none.
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    #[serde(skip_serializing)]
    pub proxy: Option<SecretString>,
    /// Connects by IPv6. Default: false.
    pub ipv6: bool,
    /// How fast Telegram is asked: "gentle", "normal" or "fast". Default: "gentle".
    pub pace: Pace,
    /// A file that names other servers than Telegram's own, for tests. Default: none.
    #[schemars(with = "Option<String>", extend("format" = "path"))]
    pub servers: Option<PathBuf>,
    /// How long one call may take before the connection counts as broken. Default: "30s".
    pub call_timeout: Period,
    /// How long an attempt to log in may take. Default: "10m".
    pub login_timeout: Period,
    /// Accounts by name. One that needs no settings of its own does not have to be here.
    #[schemars(
        with = "BTreeMap<String, TelegramAccountSection>",
        extend("propertyNames" = {"type": "string", "format": "account-name"})
    )]
    pub accounts: BTreeMap<AccountName, TelegramAccountSection>,
}

impl Default for TelegramSection {
    fn default() -> Self {
        Self {
            api_id: None,
            api_hash: None,
            default_account: AccountName::main(),
            key_file: None,
            passphrase: None,
            proxy: None,
            ipv6: false,
            pace: Pace::default(),
            servers: None,
            call_timeout: Period::from_secs(30),
            login_timeout: Period::from_secs(600),
            accounts: BTreeMap::new(),
        }
    }
}

/// One account: what differs from `[telegram]`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TelegramAccountSection {
    /// One line for people, shown on the page. Default: none.
    pub description: Option<String>,
    /// The phone number that `tapedeck login telegram --phone` asks about, with its country code. Default: none.
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    #[serde(skip_serializing)]
    pub phone: Option<SecretString>,
    /// An application of its own. Needs `api_hash`. Default: telegram.api_id.
    #[schemars(range(min = 1))]
    pub api_id: Option<i32>,
    /// The hash of that application. Default: telegram.api_hash.
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    #[serde(skip_serializing)]
    pub api_hash: Option<SecretString>,
    /// A SOCKS5 proxy of its own; "" for none. Default: telegram.proxy.
    #[schemars(with = "Option<String>", extend("format" = "secret"))]
    #[serde(skip_serializing)]
    pub proxy: Option<SecretString>,
    /// How fast Telegram is asked. Default: telegram.pace.
    pub pace: Option<Pace>,
}
