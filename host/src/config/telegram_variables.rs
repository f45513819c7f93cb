//! Variables of the replaced tools that describe Telegram accounts, and systemd's credentials.
//! Several variables make one setting here, so they are no lines of the table in `env`.

use std::path::Path;

use super::{
    Environment,
    env::{Found, add, refuse, text_of},
    node::{Layer, Node, Table, Value},
    problem::Problems,
};
use crate::model::AccountName;

/// More accounts than Telegram lets anybody have in one app.
const MOST_ACCOUNTS: u32 = 100;
const PARTS: &[&str] = &["API_ID", "API_HASH", "PHONE_NUMBER", "LABEL", "SESSION_NAME"];

/// Whether programs that jobs run have no business with it.
pub(super) fn is_private(name: &str) -> bool {
    matches!(
        name,
        "TELEGRAM_API_ID"
            | "TELEGRAM_API_HASH"
            | "TELEGRAM_PHONE"
            | "TELEGRAM_PROXY_USERNAME"
            | "TELEGRAM_PROXY_PASSWORD"
    ) || name.starts_with("TG_ACCOUNT_")
}

pub(super) fn defaults(environment: &Environment, root: &mut Node, problems: &mut Problems) {
    let account = only_account(environment, root);
    if let Some(phone) = text_of(environment, "TELEGRAM_PHONE") {
        add(root, &["telegram", "accounts", account.as_str(), "phone"], Value::Text(phone), "TELEGRAM_PHONE");
    }
    accounts(environment, root, problems);
    proxy(environment, root, problems);
    credentials(environment, root);
}

/// `SESSION_NAME` named the session's file; here it names the account.
fn only_account(environment: &Environment, root: &mut Node) -> AccountName {
    match text_of(environment, "SESSION_NAME").as_deref().and_then(account_name) {
        // Others than the replaced tools use this variable as well.
        Some(name) if text_of(environment, "TELEGRAM_API_ID").is_some() => {
            let value = Value::Text(name.to_string());
            add(root, &["telegram", "default_account"], value, "SESSION_NAME");
            name
        }
        _ => AccountName::main(),
    }
}

/// The nearest name that we take: a path's last part, in lower case.
fn account_name(text: &str) -> Option<AccountName> {
    let file = text.rsplit('/').next()?.trim().to_lowercase();
    let file = file.strip_suffix(".session").unwrap_or(&file);
    let plain = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' { c } else { '_' };
    let name: String = file.chars().map(plain).take(64).collect();
    name.trim_start_matches(['-', '_']).parse().ok()
}

/// What the account of a number is called here; `None`: there is none.
pub(super) fn account_of_number(environment: &Environment, number: u32) -> Option<String> {
    let get = |part: &str| text_of(environment, &format!("TG_ACCOUNT_{number}_{part}"));
    PARTS.iter().find_map(|part| get(part))?;
    let name = get("SESSION_NAME").or_else(|| get("LABEL"));
    let name = name.as_deref().and_then(account_name);
    Some(name.map_or_else(|| format!("account{number}"), |name| name.to_string()))
}

/// `TG_ACCOUNT_1_…`, `TG_ACCOUNT_2_…`, until a number is missing.
fn accounts(environment: &Environment, root: &mut Node, problems: &mut Problems) {
    for number in 1..=MOST_ACCOUNTS {
        let variable = |part: &str| format!("TG_ACCOUNT_{number}_{part}");
        let get = |part: &str| text_of(environment, &variable(part));
        let Some(name) = account_of_number(environment, number) else { return };
        let named_by = if get("SESSION_NAME").is_some() { "SESSION_NAME" } else { "LABEL" };
        let mut set = |key: &str, value: Option<Value>, part: &str| {
            if let Some(value) = value {
                add(root, &["telegram", "accounts", &name, key], value, &variable(part));
            }
        };
        match get("API_ID").map(|text| api_id(&text)) {
            Some(Ok(id)) => set("api_id", id, "API_ID"),
            Some(Err(reason)) => refuse(problems, &variable("API_ID"), "telegram.accounts", reason),
            None => {}
        }
        set("api_hash", get("API_HASH").map(Value::Text), "API_HASH");
        set("phone", get("PHONE_NUMBER").map(Value::Text), "PHONE_NUMBER");
        set("description", get("LABEL").map(Value::Text), "LABEL");
        if number == 1 {
            add(root, &["telegram", "default_account"], Value::Text(name), &variable(named_by));
        }
    }
}

pub(super) fn api_id(text: &str) -> Found {
    match text.trim().parse::<i32>() {
        Ok(id @ 1..) => Ok(Some(Value::Integer(id.into()))),
        _ => Err("it is not the number of an application"),
    }
}

/// `TELEGRAM_PROXY_{TYPE,ADDR,PORT,USERNAME,PASSWORD}`; `RDNS` is not needed: names go to the proxy.
fn proxy(environment: &Environment, root: &mut Node, problems: &mut Problems) {
    let get = |part: &str| text_of(environment, &format!("TELEGRAM_PROXY_{part}"));
    let (Some(host), Some(port)) = (get("ADDR"), get("PORT")) else { return };
    let kind = get("TYPE").unwrap_or_else(|| "socks5".into()).to_ascii_lowercase();
    if !matches!(kind.as_str(), "socks5" | "socks5h") {
        return refuse(
            problems,
            "TELEGRAM_PROXY_TYPE",
            "telegram.proxy",
            "only SOCKS5 proxies are supported",
        );
    }
    match proxy_address(&host, &port, get("USERNAME"), get("PASSWORD")) {
        Some(address) => add(root, &["telegram", "proxy"], Value::Text(address), "TELEGRAM_PROXY_ADDR"),
        None => refuse(problems, "TELEGRAM_PROXY_ADDR", "telegram.proxy", "this is not a host with a port"),
    }
}

fn proxy_address(host: &str, port: &str, user: Option<String>, password: Option<String>) -> Option<String> {
    let port: u16 = port.trim().parse().ok()?;
    let host =
        if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
    let mut address = url::Url::parse(&format!("socks5://{host}:{port}")).ok()?;
    address.set_username(user.as_deref().unwrap_or_default()).ok()?;
    address.set_password(password.as_deref()).ok()?;
    Some(address.into())
}

/// `LoadCredential=telegram.key:…` and `telegram.passphrase` of a systemd unit.
fn credentials(environment: &Environment, root: &mut Node) {
    const VARIABLE: &str = "CREDENTIALS_DIRECTORY";
    let Some(folder) = text_of(environment, VARIABLE) else { return };
    let file = |name: &str| Some(Path::new(&folder).join(name)).filter(|file| file.is_file());
    if let Some(file) = file("telegram.passphrase") {
        let name = Node::new(Value::Text(file.display().to_string()), Layer::Environment(VARIABLE.into()));
        let reference = Value::Table(Table::from([("file".to_owned(), name)]));
        add(root, &["telegram", "passphrase"], reference, VARIABLE);
    } else if let Some(file) = file("telegram.key") {
        add(root, &["telegram", "key_file"], Value::Text(file.display().to_string()), VARIABLE);
    }
}

#[cfg(test)]
mod tests {
    use crate::config::tests::World;

    fn values(world: &World) -> Vec<String> {
        let loaded = world.load();
        assert!(loaded.problems.is_empty(), "{:#?}", loaded.problems);
        let ours = loaded.values.iter().filter(|value| value.key.starts_with("telegram."));
        let set = ours.filter(|value| value.source != crate::config::Source::Default);
        set.map(|value| format!("{} = {} from {}", value.key, value.value, value.source)).collect()
    }

    const HASH: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn variables_of_one_account_are_honoured() {
        let world = World::with("")
            .variable("TELEGRAM_API_ID", "12345")
            .variable("TELEGRAM_API_HASH", HASH)
            .variable("TELEGRAM_PHONE", "+34600123456")
            .variable("SESSION_NAME", "session/Telegram Backup.session")
            .variable("TELEGRAM_PROXY_TYPE", "SOCKS5")
            .variable("TELEGRAM_PROXY_ADDR", "proxy.example.com")
            .variable("TELEGRAM_PROXY_PORT", "1080")
            .variable("TELEGRAM_PROXY_USERNAME", "me")
            .variable("TELEGRAM_PROXY_PASSWORD", "p@ss/word");
        insta::assert_snapshot!(values(&world).join("\n"), @r#"
        telegram.accounts.telegram_backup.phone = "•••" from variable TELEGRAM_PHONE
        telegram.api_hash = "•••" from variable TELEGRAM_API_HASH
        telegram.api_id = 12345 from variable TELEGRAM_API_ID
        telegram.default_account = "telegram_backup" from variable SESSION_NAME
        telegram.proxy = "•••" from variable TELEGRAM_PROXY_ADDR
        "#);
        use secrecy::ExposeSecret as _;
        let telegram = world.load().config.unwrap().telegram;
        assert_eq!(
            telegram.proxy.unwrap().expose_secret(),
            "socks5://me:p%40ss%2Fword@proxy.example.com:1080"
        );
    }

    #[test]
    fn numbered_accounts_are_honoured() {
        let world = World::with("")
            .variable("TG_ACCOUNT_1_API_ID", "1")
            .variable("TG_ACCOUNT_1_API_HASH", HASH)
            .variable("TG_ACCOUNT_1_LABEL", "My Work")
            .variable("TG_ACCOUNT_2_API_ID", "2")
            .variable("TG_ACCOUNT_2_API_HASH", HASH)
            .variable("TG_ACCOUNT_2_PHONE_NUMBER", "+1 202 555 0100")
            .variable("TG_ACCOUNT_4_LABEL", "beyond the gap");
        insta::assert_snapshot!(values(&world).join("\n"), @r#"
        telegram.accounts.account2.api_hash = "•••" from variable TG_ACCOUNT_2_API_HASH
        telegram.accounts.account2.api_id = 2 from variable TG_ACCOUNT_2_API_ID
        telegram.accounts.account2.phone = "•••" from variable TG_ACCOUNT_2_PHONE_NUMBER
        telegram.accounts.my_work.api_hash = "•••" from variable TG_ACCOUNT_1_API_HASH
        telegram.accounts.my_work.api_id = 1 from variable TG_ACCOUNT_1_API_ID
        telegram.accounts.my_work.description = "My Work" from variable TG_ACCOUNT_1_LABEL
        telegram.default_account = "my_work" from variable TG_ACCOUNT_1_LABEL
        "#);
    }

    #[test]
    fn credentials_of_systemd_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let world = World::with("").variable("CREDENTIALS_DIRECTORY", folder.path().to_str().unwrap());
        assert!(values(&world).is_empty());
        std::fs::write(folder.path().join("telegram.key"), "key").unwrap();
        assert_eq!(world.load().config.unwrap().telegram.key_file, Some(folder.path().join("telegram.key")));
        std::fs::write(folder.path().join("telegram.passphrase"), "phrase").unwrap();
        assert!(world.load().config.unwrap().telegram.passphrase.is_some());
    }

    #[test]
    fn senseless_variables_are_warned_about() {
        let world = World::with("")
            .variable("TELEGRAM_API_HASH", HASH)
            .variable("TELEGRAM_PROXY_TYPE", "http")
            .variable("TELEGRAM_PROXY_ADDR", "proxy")
            .variable("TELEGRAM_PROXY_PORT", "1080")
            .variable("TG_ACCOUNT_1_API_ID", "none");
        insta::assert_snapshot!(world.problems(), @r"
        TELEGRAM_API_HASH: warning: telegram.api_hash: `api_hash` is given without `api_id`. Add `api_id`. Both stand on https://my.telegram.org → API development tools, after logging in there with your phone number.
        TELEGRAM_PROXY_TYPE: warning: telegram.proxy: this variable is not used: only SOCKS5 proxies are supported. Correct or unset TELEGRAM_PROXY_TYPE, or set `telegram.proxy` in the file.
        TG_ACCOUNT_1_API_ID: warning: telegram.accounts: this variable is not used: it is not the number of an application. Correct or unset TG_ACCOUNT_1_API_ID, or set `telegram.accounts` in the file.
        ");
    }
}
