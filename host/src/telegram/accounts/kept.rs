//! What accounts keep of the configuration that they were connected under.

use std::collections::BTreeSet;

use secrecy::{ExposeSecret as _, SecretString};

use super::Accounts;
use crate::{config::TelegramSection, model::AccountName, telegram::settings::AccountSettings};

impl Accounts {
    /// The keys of settings that have changed since an account was connected, which keeps the old
    /// ones until a restart.
    pub fn kept_settings(&self) -> BTreeSet<String> {
        let now = self.section();
        let open = self.lock_open();
        open.iter().flat_map(|(account, opened)| differences(account, &opened.section, &now)).collect()
    }
}

fn differences(account: &AccountName, then: &TelegramSection, now: &TelegramSection) -> Vec<String> {
    let (old, new) = (AccountSettings::of(then, account), AccountSettings::of(now, account));
    let text = |secret: &Option<SecretString>| secret.as_ref().map(|text| text.expose_secret().to_owned());
    let api_id = |settings: &AccountSettings| settings.application.as_ref().map(|it| it.api_id);
    let key = |name: &str, is_own: bool| match is_own {
        true => format!("telegram.accounts.{account}.{name}"),
        false => format!("telegram.{name}"),
    };
    let own = [then, now].map(|section| section.accounts.get(account));
    let own = || own.into_iter().flatten();
    [
        (key("servers", false), then.servers != now.servers),
        (key("ipv6", false), old.ipv6 != new.ipv6),
        (key("call_timeout", false), old.call_timeout != new.call_timeout),
        (key("api_id", own().any(|own| own.api_id.is_some())), api_id(&old) != api_id(&new)),
        (key("proxy", own().any(|own| own.proxy.is_some())), text(&old.proxy) != text(&new.proxy)),
        (key("pace", own().any(|own| own.pace.is_some())), old.pace != new.pace),
    ]
    .into_iter()
    .filter_map(|(key, has_changed)| has_changed.then_some(key))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_that_reach_an_account_are_named() {
        let section = |value: serde_json::Value| serde_json::from_value::<TelegramSection>(value).unwrap();
        let then = section(serde_json::json!({
            "pace": "fast", "proxy": "socks5://one:1", "api_id": 1, "api_hash": "a",
            "accounts": { "work": { "pace": "normal" } },
        }));
        let now = section(serde_json::json!({
            "ipv6": true, "api_id": 2, "api_hash": "a",
            "accounts": { "work": { "proxy": "socks5://one:1" } },
        }));
        let keys = |account: &str| differences(&account.parse().unwrap(), &then, &now);
        assert_eq!(keys("main"), ["telegram.ipv6", "telegram.api_id", "telegram.proxy", "telegram.pace"]);
        assert_eq!(keys("work"), ["telegram.ipv6", "telegram.api_id", "telegram.accounts.work.pace"]);
        assert!(differences(&"work".parse().unwrap(), &now, &now).is_empty());
    }
}
