//! Variables of the replaced tools that describe Telegram accounts, and systemd's credentials.
//! Several variables make one setting here, so they are no lines of the table in `env`.

use std::{ffi::OsStr, path::Path};

use super::{
    Answer, Environment,
    env::{Found, add, refuse, text_of},
    node::{Layer, Node, Table, Value},
    problem::{Problem, Problems},
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
    named_accounts(environment).into_iter().nth(number.checked_sub(1)? as usize).map(|it| it.name)
}

struct Named {
    name: String,
    /// The number of the account that had the name before, and the name.
    wanted: Option<(usize, String)>,
}

/// From number 1 on, until one is missing. No two have the same name.
fn named_accounts(environment: &Environment) -> Vec<Named> {
    let mut accounts: Vec<Named> = Vec::new();
    for number in 1..=MOST_ACCOUNTS {
        let get = |part: &str| text_of(environment, &format!("TG_ACCOUNT_{number}_{part}"));
        if !PARTS.iter().any(|part| get(part).is_some()) {
            break;
        }
        let owner = |name: &str| accounts.iter().position(|it| it.name == name).map(|at| at + 1);
        let given = get("SESSION_NAME").or_else(|| get("LABEL"));
        let given = given.as_deref().and_then(account_name).map(|name| name.to_string());
        let wanted = given.clone().and_then(|name| Some((owner(&name)?, name)));
        let mut name = given.filter(|_| wanted.is_none()).unwrap_or_else(|| format!("account{number}"));
        while owner(&name).is_some() {
            name.push('_');
        }
        accounts.push(Named { name, wanted });
    }
    accounts
}

/// `TG_ACCOUNT_1_…`, `TG_ACCOUNT_2_…`, until a number is missing.
fn accounts(environment: &Environment, root: &mut Node, problems: &mut Problems) {
    for (number, Named { name, wanted }) in (1..).zip(named_accounts(environment)) {
        let variable = |part: &str| format!("TG_ACCOUNT_{number}_{part}");
        let get = |part: &str| text_of(environment, &variable(part));
        let named_by = if get("SESSION_NAME").is_some() { "SESSION_NAME" } else { "LABEL" };
        if let Some((other, wanted)) = wanted {
            let message = format!(
                "the account of TG_ACCOUNT_{other} is called `{wanted}` already: this one is `{name}`"
            );
            let fix = format!("Give it a TG_ACCOUNT_{number}_SESSION_NAME of its own.");
            let problem = Problem::in_file(&variable(named_by), message).key("telegram.accounts").fix(fix);
            problems.push(problem.into_warning());
        }
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

/// Variables of accounts that nobody reads, because a number before theirs is missing.
pub(super) fn unread(environment: &Environment) -> Vec<Answer> {
    let count = named_accounts(environment).len();
    let is_read = |number: &str| number.parse::<usize>().is_ok_and(|it| (1..=count).contains(&it));
    let is_unread = |(name, value): &(&str, &OsStr)| {
        let rest = name.strip_prefix("TG_ACCOUNT_").and_then(|rest| rest.split_once('_'));
        rest.is_some_and(|(number, _)| !value.is_empty() && !is_read(number))
    };
    let says = "accounts are read from TG_ACCOUNT_1 on, up to the first number that is missing";
    let answer = |(name, _): (&str, &OsStr)| Answer { variable: name.to_owned(), says };
    environment.iter().filter(is_unread).map(answer).collect()
}

/// `TELEGRAM_PROXY_{TYPE,ADDR,PORT,USERNAME,PASSWORD}`; `RDNS` is not needed: names go to the proxy. Who names a proxy
/// may hide behind it: without it, nothing starts, unless somebody has set another in its place.
pub(super) fn proxy(
    environment: &Environment,
    file: Option<&Node>,
    root: &mut Node,
    problems: &mut Problems,
) {
    let get = |part: &str| {
        text_of(environment, &format!("TELEGRAM_PROXY_{part}")).map(|text| text.trim().to_owned())
    };
    let section = file.and_then(|file| file.get("telegram"));
    let in_file = ["proxy", "proxy_file"].iter().any(|key| section.is_some_and(|it| it.get(key).is_some()));
    let is_set_otherwise = in_file || environment.iter().any(|(name, _)| sets_proxy(name));
    let mut refuse = |part: &str, reason: &str| {
        let variable = format!("TELEGRAM_PROXY_{part}");
        if is_set_otherwise {
            return refuse(problems, &variable, "telegram.proxy", reason);
        }
        let message = format!("{reason}, and Telegram would be reached without a proxy");
        let fix = format!("Correct or unset {variable}, or set `telegram.proxy` in the file.");
        problems.push(Problem::in_file(&variable, message).key("telegram.proxy").fix(fix));
    };
    let (host, port) = match (get("ADDR"), get("PORT")) {
        (Some(host), Some(port)) => (host, port),
        (Some(_), None) => return refuse("ADDR", "it is given without TELEGRAM_PROXY_PORT"),
        (None, Some(_)) => return refuse("PORT", "it is given without TELEGRAM_PROXY_ADDR"),
        (None, None) => return,
    };
    let kind = get("TYPE").unwrap_or_else(|| "socks5".into()).to_ascii_lowercase();
    if !matches!(kind.as_str(), "socks5" | "socks5h") {
        return refuse("TYPE", "only SOCKS5 proxies are supported");
    }
    if !port.parse::<u16>().is_ok_and(|port| port > 0) {
        return refuse("PORT", "this is no port");
    }
    match proxy_address(&host, &port, get("USERNAME"), get("PASSWORD")) {
        Some(address) => add(root, &["telegram", "proxy"], Value::Text(address), "TELEGRAM_PROXY_ADDR"),
        None => refuse("ADDR", "this is not a host"),
    }
}

/// Whether a variable is of those that stand above the file, and sets `telegram.proxy`.
fn sets_proxy(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let rest = name.strip_prefix("TAPEDECK__TELEGRAM__PROXY");
    rest.is_some_and(|rest| matches!(rest, "" | "_FILE" | "__FILE" | "__ENV"))
}

fn proxy_address(host: &str, port: &str, user: Option<String>, password: Option<String>) -> Option<String> {
    let port: u16 = port.parse().ok()?;
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
            .variable("TELEGRAM_PROXY_TYPE", " SOCKS5")
            .variable("TELEGRAM_PROXY_ADDR", " proxy.example.com ")
            .variable("TELEGRAM_PROXY_PORT", " 1080 ")
            .variable("TELEGRAM_PROXY_USERNAME", "me ")
            .variable("TELEGRAM_PROXY_PASSWORD", " p@ss/word\n");
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
        TELEGRAM_PROXY_TYPE: error: telegram.proxy: only SOCKS5 proxies are supported, and Telegram would be reached without a proxy. Correct or unset TELEGRAM_PROXY_TYPE, or set `telegram.proxy` in the file.
        TG_ACCOUNT_1_API_ID: warning: telegram.accounts: this variable is not used: it is not the number of an application. Correct or unset TG_ACCOUNT_1_API_ID, or set `telegram.accounts` in the file.
        ");
    }

    #[test]
    fn two_accounts_never_become_one() {
        for (first, second) in [("Work", "work"), ("x", "X"), ("A.B", "A_B")] {
            let world = World::with("")
                .variable("TG_ACCOUNT_1_API_ID", "1")
                .variable("TG_ACCOUNT_1_API_HASH", HASH)
                .variable("TG_ACCOUNT_1_LABEL", first)
                .variable("TG_ACCOUNT_2_API_ID", "2")
                .variable("TG_ACCOUNT_2_API_HASH", HASH)
                .variable("TG_ACCOUNT_2_LABEL", second);
            let loaded = world.load();
            let accounts = loaded.config.unwrap().telegram.accounts;
            let ids: Vec<_> = accounts.iter().map(|(name, it)| (name.to_string(), it.api_id)).collect();
            let name = first.to_lowercase().replace('.', "_");
            assert!(ids.contains(&(name.clone(), Some(1))), "{ids:?}");
            assert!(ids.contains(&("account2".to_owned(), Some(2))), "{ids:?}");
            let told = loaded.problems.iter().map(ToString::to_string).collect::<Vec<_>>();
            assert!(
                matches!(&told[..], [one] if one.starts_with("TG_ACCOUNT_2_LABEL: warning")
                    && one.contains(&format!("is called `{name}` already: this one is `account2`"))),
                "{told:?}"
            );
        }
    }

    #[test]
    fn names_given_in_place_of_others_are_free() {
        let environment: super::Environment = [
            ("TG_ACCOUNT_1_SESSION_NAME", "account2"),
            ("TG_ACCOUNT_2_LABEL", "account2"),
            ("TG_ACCOUNT_3_PHONE_NUMBER", "+12025550100"),
        ]
        .into_iter()
        .collect();
        let accounts = super::named_accounts(&environment);
        let names: Vec<_> = accounts.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["account2", "account2_", "account3"]);
    }

    #[test]
    fn numbers_behind_a_gap_are_answered() {
        let world = World::with("")
            .variable("TG_ACCOUNT_1_API_ID", "1")
            .variable("TG_ACCOUNT_1_API_HASH", HASH)
            .variable("TG_ACCOUNT_3_API_ID", "3")
            .variable("TG_ACCOUNT_3_CHAT_IDS", "-5")
            .variable("TG_ACCOUNT_4_LABEL", "");
        let answers = |world: &World| {
            world.load().answers.into_iter().map(|answer| answer.variable).collect::<Vec<_>>()
        };
        assert_eq!(answers(&world), ["TG_ACCOUNT_3_API_ID", "TG_ACCOUNT_3_CHAT_IDS"]);
        let world = World::with("").variable("TG_ACCOUNT_2_API_ID", "2");
        assert_eq!(answers(&world), ["TG_ACCOUNT_2_API_ID"]);
    }

    #[test]
    fn proxies_that_cannot_be_used_stop_the_start() {
        for (variables, at) in [
            (&[("ADDR", "proxy")][..], "TELEGRAM_PROXY_ADDR"),
            (&[("PORT", "1080")][..], "TELEGRAM_PROXY_PORT"),
            (&[("ADDR", "proxy"), ("PORT", "1080"), ("TYPE", "http")][..], "TELEGRAM_PROXY_TYPE"),
            (&[("ADDR", "proxy"), ("PORT", "99999")][..], "TELEGRAM_PROXY_PORT"),
            (&[("ADDR", "a proxy"), ("PORT", "1080")][..], "TELEGRAM_PROXY_ADDR"),
        ] {
            let world = |text: &str| {
                let all = variables.iter();
                all.fold(World::with(text), |world, (part, value)| {
                    world.variable(&format!("TELEGRAM_PROXY_{part}"), value)
                })
            };
            let loaded = world("").load();
            assert!(loaded.config.is_none(), "{variables:?}");
            assert_eq!((loaded.problems.len(), loaded.problems[0].file.as_str()), (1, at), "{variables:?}");
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("proxy");
            std::fs::write(&file, "socks5://other:1080\n").unwrap();
            let file = file.to_str().unwrap();
            for (world, how) in [
                (world("[telegram]\nproxy = \"socks5://other:1080\"\n"), "in the file"),
                (world(&format!("[telegram]\nproxy_file = \"{file}\"\n")), "in a file of its own"),
                (world("").variable("TAPEDECK__TELEGRAM__PROXY", "socks5://other:1080"), "PROXY"),
                (world("").variable("TAPEDECK__TELEGRAM__PROXY_FILE", file), "PROXY_FILE"),
                (world("").variable("TAPEDECK__TELEGRAM__PROXY__FILE", file), "PROXY__FILE"),
                (
                    world("")
                        .variable("OTHER", "socks5://o:1")
                        .variable("Tapedeck__Telegram__Proxy__Env", "OTHER"),
                    "PROXY__ENV",
                ),
            ] {
                let loaded = world.load();
                assert!(
                    loaded.config.is_some() && loaded.problems.len() == 1,
                    "{how}: {:?}",
                    loaded.problems
                );
            }
        }
    }
}
