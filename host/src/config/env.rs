//! Variables of the tools that Tapedeck replaces, read as defaults beneath `config.toml`, so that
//! an existing `docker run` line keeps working. Those that mean nothing here yet are left alone.

use super::{
    Environment,
    node::{Layer, Node, Table, Value},
    problem::{Problem, Problems},
    telegram_variables,
};

/// What a variable's text means; `None`: nothing to us.
pub(super) type Found = Result<Option<Value>, &'static str>;

/// A variable, the key that it sets, and what its text means there.
type Variable = (&'static str, &'static [&'static str], fn(&str) -> Found);

/// Empty variables count as unset, as they did there. `VIEWER_HOST` and `VIEWER_PORT` are not here:
/// they named the viewer that a backup notified, not an address to listen on.
const VARIABLES: &[Variable] = &[
    ("LOG_LEVEL", &["log", "level"], log_level),
    ("TZ", &["scheduler", "timezone"], timezone),
    ("VIEWER_USERNAME", &["auth", "username"], as_it_is),
    ("VIEWER_PASSWORD", &["auth", "password"], as_it_is),
    ("AUTH_SESSION_DAYS", &["auth", "session_lifetime"], days),
    ("TELEGRAM_API_ID", &["telegram", "api_id"], telegram_variables::api_id),
    ("TELEGRAM_API_HASH", &["telegram", "api_hash"], as_it_is),
    ("SPOTIFY_CLIENT_ID", &["spotify", "client_id"], as_it_is),
    ("SPOTIFY_CLIENT_SECRET", &["spotify", "client_secret"], as_it_is),
    ("SPOTIFY_REDIRECT_URI", &["spotify", "redirect_uri"], redirect_uri),
    ("SPOTIFY_SCOPE", &["spotify", "scope"], as_it_is),
    ("SPOTIFY_REFRESH_TOKEN", &["spotify", "refresh_token"], as_it_is),
];

fn log_level(text: &str) -> Found {
    let level = text.trim().to_ascii_lowercase();
    match level.as_str() {
        "debug" | "info" | "warn" | "error" | "trace" => Ok(Some(Value::Text(level))),
        "warning" => Ok(Some(Value::Text("warn".into()))),
        "critical" | "fatal" => Ok(Some(Value::Text("error".into()))),
        _ => Err("it is none of DEBUG, INFO, WARNING and ERROR"),
    }
}

/// The system's zone follows `TZ` in its other forms too; only names can be shown and checked.
fn timezone(text: &str) -> Found {
    let name = text.trim_start_matches(':');
    Ok(jiff::tz::TimeZone::get(name).is_ok().then(|| Value::Text(name.to_owned())))
}

fn as_it_is(text: &str) -> Found {
    Ok(Some(Value::Text(text.to_owned())))
}

fn redirect_uri(text: &str) -> Found {
    match url::Url::parse(text.trim()) {
        Ok(address) if matches!(address.scheme(), "http" | "https") => {
            Ok(Some(Value::Text(text.trim().to_owned())))
        }
        _ => Err("it is no whole address, such as http://127.0.0.1:7000/callback"),
    }
}

fn days(text: &str) -> Found {
    match text.trim().parse::<u32>() {
        Ok(days @ 1..=3650) => Ok(Some(Value::Text(format!("{days}d")))),
        _ => Err("it is not a number of days between 1 and 3650"),
    }
}

/// Variables that are for the daemon alone.
pub(super) fn private(environment: &Environment) -> impl Iterator<Item = String> {
    let is_private = |name: &&str| {
        name.starts_with("TAPEDECK_")
            || matches!(*name, "VIEWER_PASSWORD" | "SPOTIFY_CLIENT_SECRET" | "SPOTIFY_REFRESH_TOKEN")
            || telegram_variables::is_private(name)
    };
    environment.iter().map(|(name, _)| name).filter(is_private).map(str::to_owned)
}

/// The lowest layer above the built-in defaults. A value that makes no sense is only a warning:
/// these variables are general enough to be meant for somebody else.
pub(super) fn defaults(environment: &Environment, problems: &mut Problems) -> Node {
    let mut root = Node::new(Value::Table(Table::new()), Layer::Environment("".into()));
    for (name, key, meaning) in VARIABLES {
        let Some(text) = environment.get(name).filter(|text| !text.is_empty()) else { continue };
        match text.to_str().ok_or("it is not UTF-8 text").and_then(meaning) {
            Ok(Some(value)) => add(&mut root, key, value, name),
            Ok(None) => {}
            Err(reason) => refuse(problems, name, &key.join("."), reason),
        }
    }
    telegram_variables::defaults(environment, &mut root, problems);
    root
}

/// The text of a variable that is set to something.
pub(super) fn text_of(environment: &Environment, name: &str) -> Option<String> {
    environment.get(name)?.to_str().filter(|text| !text.trim().is_empty()).map(str::to_owned)
}

/// Puts what a variable says at its key.
pub(super) fn add(root: &mut Node, key: &[&str], value: Value, variable: &str) {
    let layer = Layer::Environment(variable.into());
    let nest =
        |inner, key: &&str| Node::new(Value::Table(Table::from([((*key).to_owned(), inner)])), layer.clone());
    root.lay_over(key.iter().rev().fold(Node::new(value, layer.clone()), nest));
}

pub(super) fn refuse(problems: &mut Problems, variable: &str, key: &str, reason: &str) {
    let fix = format!("Correct or unset {variable}, or set `{key}` in the file.");
    let message = format!("this variable is not used: {reason}");
    problems.push(Problem::in_file(variable, message).key(key).fix(fix).into_warning());
}
