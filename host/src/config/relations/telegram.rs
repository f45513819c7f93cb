//! Rules between the keys of `[telegram]`.

use secrecy::ExposeSecret as _;

use crate::config::{
    node::{Layer, Node, Value, join},
    problem::{Problem, Problems},
};

/// Where applications are registered.
const REGISTER: &str = "Both stand on https://my.telegram.org → API development tools, after logging in there with your phone number.";

pub(super) fn check(tree: &Node, known: &Problems, problems: &mut Problems) {
    let Some(telegram) = tree.get("telegram") else { return };
    application("telegram", telegram, problems);
    one_seal(telegram, problems);
    proxy("telegram", telegram, known, problems);
    for (key, least) in [("call_timeout", 1), ("login_timeout", 30)] {
        at_least(telegram, key, least, problems);
    }
    let has_application = telegram.get("api_id").is_some() && telegram.get("api_hash").is_some();
    for (name, account) in telegram.get("accounts").and_then(Node::as_table).into_iter().flatten() {
        let path = join("telegram.accounts", name);
        application(&path, account, problems);
        proxy(&path, account, known, problems);
        phone(&path, account, known, problems);
        if !has_application && account.get("api_id").is_none() && account.get("api_hash").is_none() {
            let message = "nobody can log in to it: `telegram.api_id` and `telegram.api_hash` are missing";
            problems.push(Problem::at_key(account, &path, message).fix(REGISTER).into_warning());
        }
    }
}

/// `api_id` and `api_hash` are one thing in two parts.
fn application(path: &str, section: &Node, problems: &mut Problems) {
    for (key, other) in [("api_id", "api_hash"), ("api_hash", "api_id")] {
        let has_other = section.get(other).is_some() || section.get(&format!("{other}_file")).is_some();
        let Some(node) = section.get(key).filter(|_| !has_other) else { continue };
        let message = format!("`{key}` is given without `{other}`");
        let problem =
            Problem::at_key(node, &join(path, key), message).fix(format!("Add `{other}`. {REGISTER}"));
        // Those variables may be meant for a program that a job runs.
        let is_variable = matches!(node.layer, Layer::Environment(_));
        problems.push(if is_variable { problem.into_warning() } else { problem });
    }
    if let Some(node) = section.get("api_hash")
        && let Value::Secret(hash) = &node.value
        && !hash.expose_secret().is_empty()
        && !is_hash(hash.expose_secret())
    {
        let fix = format!("It has 32 digits and letters from a to f. {REGISTER}");
        problems.push(Problem::at(node, &join(path, "api_hash"), "this is not an API hash").fix(fix));
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn one_seal(telegram: &Node, problems: &mut Problems) {
    if let (Some(key), Some(_)) = (telegram.get("key_file"), telegram.get("passphrase")) {
        let message = "`key_file` and `passphrase` are both given";
        let fix = "Keep the one that your sessions are sealed with.";
        problems.push(Problem::at_key(key, "telegram.key_file", message).fix(fix));
    }
    if let Some(node) = telegram.get("passphrase")
        && let Value::Secret(passphrase) = &node.value
        && passphrase.expose_secret().is_empty()
    {
        let message = "an empty passphrase keeps nobody out";
        problems.push(Problem::at(node, "telegram.passphrase", message).fix("Write one, or remove the key."));
    }
    if let Some(node) = telegram.get("key_file")
        && node.as_text().is_some_and(|path| path.ends_with('/'))
    {
        let message = "this is a folder, not a file";
        problems.push(Problem::at(node, "telegram.key_file", message).fix("Name the file with the key."));
    }
}

fn proxy(path: &str, section: &Node, known: &Problems, problems: &mut Problems) {
    let path = join(path, "proxy");
    let Some(node) = section.get("proxy").filter(|_| !known.has_any_at(&path)) else { return };
    let Value::Secret(address) = &node.value else { return };
    let address = address.expose_secret();
    if address.is_empty() && path != "telegram.proxy" {
        return;
    }
    let usage = "Write \"socks5://host:port\", or \"socks5://user:password@host:port\".";
    let fault = match url::Url::parse(address) {
        Ok(address) if !matches!(address.scheme(), "socks5" | "socks5h") => {
            Some("the proxy is not a SOCKS5 one, and no other kind is supported")
        }
        Ok(address) if address.host().is_none() || address.port().is_none() => {
            Some("the proxy has no host or no port")
        }
        Ok(_) => None,
        Err(_) => Some("this is not the address of a proxy"),
    };
    if let Some(message) = fault {
        problems.push(Problem::at(node, &path, message).fix(usage));
    }
}

fn phone(path: &str, account: &Node, known: &Problems, problems: &mut Problems) {
    let path = join(path, "phone");
    let Some(node) = account.get("phone").filter(|_| !known.has_any_at(&path)) else { return };
    let Value::Secret(phone) = &node.value else { return };
    let digits = phone.expose_secret().chars().filter(char::is_ascii_digit).count();
    let is_plain = |c: char| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '(' | ')');
    if !phone.expose_secret().chars().all(is_plain) || !(5..=17).contains(&digits) {
        let fix = "Write it with its country code, such as \"+34 600 123 456\".";
        problems.push(Problem::at(node, &path, "this is not a phone number").fix(fix));
    }
}

fn at_least(telegram: &Node, key: &str, least: u64, problems: &mut Problems) {
    use crate::model::Period;
    let period = |node: &Node| node.as_text().and_then(|text| text.parse::<Period>().ok());
    if let Some(node) = telegram.get(key)
        && period(node).is_some_and(|period| period < Period::from_secs(least))
    {
        let fix = format!("Write at least \"{least}s\".");
        problems
            .push(Problem::at(node, &join("telegram", key), "nothing could be done in that time").fix(fix));
    }
}
