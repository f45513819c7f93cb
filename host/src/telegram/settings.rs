//! What one account is told: its own table over `[telegram]`.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::{
    config::{TelegramAccountSection, TelegramSection},
    model::{AccountName, Pace},
};

/// What we are to Telegram.
#[derive(Clone, Debug)]
pub struct Application {
    pub api_id: i32,
    pub api_hash: SecretString,
}

#[derive(Clone, Debug)]
pub struct AccountSettings {
    /// Without one nobody can log in.
    pub application: Option<Application>,
    pub description: Option<String>,
    pub phone: Option<SecretString>,
    /// `socks5://[user:password@]host:port`
    pub proxy: Option<SecretString>,
    pub ipv6: bool,
    pub pace: Pace,
    pub call_timeout: Duration,
}

impl AccountSettings {
    /// Accounts without a table of their own are as `[telegram]` says.
    pub fn of(section: &TelegramSection, account: &AccountName) -> Self {
        let nothing = TelegramAccountSection::default();
        let own = section.accounts.get(account).unwrap_or(&nothing);
        let application = |api_id: Option<i32>, api_hash: &Option<SecretString>| {
            Some(Application { api_id: api_id?, api_hash: api_hash.clone()? })
        };
        let proxy = own.proxy.as_ref().or(section.proxy.as_ref());
        Self {
            application: application(own.api_id, &own.api_hash)
                .or_else(|| application(section.api_id, &section.api_hash)),
            description: own.description.clone(),
            phone: own.phone.clone(),
            proxy: proxy.filter(|address| !address.expose_secret().is_empty()).cloned(),
            ipv6: section.ipv6,
            pace: own.pace.unwrap_or(section.pace),
            call_timeout: section.call_timeout.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_settings_win() {
        let section: TelegramSection = serde_json::from_value(serde_json::json!({
            "api_id": 1, "api_hash": "a", "proxy": "socks5://one:1", "pace": "fast",
            "accounts": {
                "work": { "api_id": 2, "api_hash": "b", "proxy": "", "phone": "+1" },
                "half": { "pace": "normal" },
            },
        }))
        .unwrap();
        let of = |name: &str| AccountSettings::of(&section, &name.parse().unwrap());
        let (work, half, unknown) = (of("work"), of("half"), of("unknown"));
        assert_eq!(work.application.unwrap().api_id, 2);
        assert!(work.proxy.is_none() && work.phone.is_some() && work.pace == Pace::Fast);
        assert_eq!(half.application.unwrap().api_hash.expose_secret(), "a");
        assert_eq!((half.pace, unknown.pace), (Pace::Normal, Pace::Fast));
        assert_eq!(unknown.proxy.unwrap().expose_secret(), "socks5://one:1");
    }
}
