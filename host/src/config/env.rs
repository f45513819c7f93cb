//! Variables of the tools that Tapedeck replaces, read as defaults beneath `config.toml`, so that
//! an existing `docker run` line keeps working. Those that mean nothing here yet are left alone.

use super::{
    Environment,
    node::{Layer, Node, Table, Value},
    problem::{Problem, Problems},
};

/// A variable, the key that it sets, and what its text means there.
type Variable = (&'static str, &'static [&'static str], fn(&str) -> Result<Option<String>, &'static str>);

/// Empty variables count as unset, as they did there. `VIEWER_HOST` and `VIEWER_PORT` are not here:
/// they named the viewer that a backup notified, not an address to listen on.
const VARIABLES: &[Variable] = &[
    ("LOG_LEVEL", &["log", "level"], log_level),
    ("TZ", &["scheduler", "timezone"], timezone),
    ("VIEWER_USERNAME", &["auth", "username"], as_it_is),
    ("VIEWER_PASSWORD", &["auth", "password"], as_it_is),
    ("AUTH_SESSION_DAYS", &["auth", "session_lifetime"], days),
];

fn log_level(text: &str) -> Result<Option<String>, &'static str> {
    let level = text.trim().to_ascii_lowercase();
    match level.as_str() {
        "debug" | "info" | "warn" | "error" | "trace" => Ok(Some(level)),
        "warning" => Ok(Some("warn".into())),
        "critical" | "fatal" => Ok(Some("error".into())),
        _ => Err("it is none of DEBUG, INFO, WARNING and ERROR"),
    }
}

/// The system's zone follows `TZ` in its other forms too; only names can be shown and checked.
fn timezone(text: &str) -> Result<Option<String>, &'static str> {
    let name = text.trim_start_matches(':');
    Ok(jiff::tz::TimeZone::get(name).is_ok().then(|| name.to_owned()))
}

fn as_it_is(text: &str) -> Result<Option<String>, &'static str> {
    Ok(Some(text.to_owned()))
}

fn days(text: &str) -> Result<Option<String>, &'static str> {
    match text.trim().parse::<u32>() {
        Ok(days @ 1..=3650) => Ok(Some(format!("{days}d"))),
        _ => Err("it is not a number of days between 1 and 3650"),
    }
}

/// The lowest layer above the built-in defaults. A value that makes no sense is only a warning:
/// these variables are general enough to be meant for somebody else.
/// Variables that are for the daemon alone.
pub(super) fn private(environment: &Environment) -> impl Iterator<Item = String> {
    let is_private = |name: &&str| name.starts_with("TAPEDECK_") || *name == "VIEWER_PASSWORD";
    environment.iter().map(|(name, _)| name).filter(is_private).map(str::to_owned)
}

pub(super) fn defaults(environment: &Environment, problems: &mut Problems) -> Node {
    let mut root = Node::new(Value::Table(Table::new()), Layer::Environment("".into()));
    for (name, key, meaning) in VARIABLES {
        let Some(text) = environment.get(name).filter(|text| !text.is_empty()) else { continue };
        let layer = Layer::Environment((*name).into());
        match text.to_str().ok_or("it is not UTF-8 text").and_then(meaning) {
            Ok(Some(text)) => {
                let nest = |inner, key: &&str| {
                    Node::new(Value::Table(Table::from([((*key).to_owned(), inner)])), layer.clone())
                };
                root.lay_over(key.iter().rev().fold(Node::new(Value::Text(text), layer.clone()), nest));
            }
            Ok(None) => {}
            Err(reason) => {
                let fix = format!("Correct or unset {name}, or set `{}` in the file.", key.join("."));
                let message = format!("this variable is not used: {reason}");
                problems.push(Problem::in_file(name, message).key(&key.join(".")).fix(fix).into_warning());
            }
        }
    }
    root
}
