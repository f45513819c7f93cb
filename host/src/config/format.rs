//! Texts that mean something: periods, cron expressions, time zones, addresses, names.

use std::net::{IpAddr, SocketAddr};

use tracing_subscriber::EnvFilter;
use url::Url;

use super::{schema::Vocabulary, suggest};
use crate::model::{AccountName, ByteSize, EventName, HostPattern, JobName, Period, PluginName, Program};

/// What is wrong, and what to do.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) fix: String,
}

impl Fault {
    fn new(message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { message: message.into(), fix: fix.into() }
    }
}

/// Formats without a rule here (such as "path") take any text.
pub(super) fn check(format: &str, text: &str, vocabulary: &Vocabulary) -> Result<(), Fault> {
    match format {
        "period" => period(text),
        "cron" => cron(text, vocabulary),
        "timezone" => timezone(text),
        "event-name" => event_name(text),
        "job-name" => job_name(text),
        "account-name" => account_name(text),
        "plugin-name" => plugin_name(text),
        "byte-size" => byte_size(text),
        "host-pattern" => host_pattern(text),
        "program-name" => program_name(text),
        "socket-address" => socket_address(text),
        "ip-address" => ip_address(text),
        "log-filter" => log_filter(text),
        "uri" => uri(text),
        _ => Ok(()),
    }
}

/// What to write when something other than a text stands there.
pub(super) fn example(format: &str) -> Option<&'static str> {
    Some(match format {
        "period" => "90s",
        "cron" => "0 */6 * * *",
        "timezone" => "Europe/Madrid",
        "event-name" => "track-started",
        "job-name" => "backup",
        "account-name" => "main",
        "plugin-name" => "keywords",
        "byte-size" => "1MiB",
        "host-pattern" => "api.example.com",
        "program-name" => "yt-dlp",
        "socket-address" => "127.0.0.1:8484",
        "ip-address" => "127.0.0.1",
        "log-filter" => "info",
        "uri" => "https://example.com/",
        _ => return None,
    })
}

/// Enough of a wrong text to recognise it.
pub(super) fn quote(text: &str) -> String {
    let short: String = text.chars().take(80).flat_map(char::escape_debug).collect();
    let rest = if text.chars().count() > 80 { "…" } else { "" };
    format!("`{short}{rest}`")
}

fn period(text: &str) -> Result<(), Fault> {
    if text.parse::<Period>().is_ok() {
        return Ok(());
    }
    let fix = match text.trim().parse::<u32>() {
        Ok(number) => format!("Add a unit, such as \"{number}s\" or \"{number}m\"."),
        Err(_) => "Write numbers with units (ms, s, m, h, d, w), such as \"90s\", \"1h 30m\" or \"7d\"; \
                   ten years at most."
            .to_owned(),
    };
    Err(Fault::new(format!("{} is not a length of time", quote(text)), fix))
}

fn cron(text: &str, vocabulary: &Vocabulary) -> Result<(), Fault> {
    (vocabulary.check_cron)(text).map_err(|reason| {
        let reason = reason.trim_end_matches('.');
        Fault::new(reason, "Write, for example, \"0 */6 * * *\" or \"@daily\".")
    })
}

fn timezone(text: &str) -> Result<(), Fault> {
    if jiff::tz::TimeZone::get(text).is_ok() {
        return Ok(());
    }
    let names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    let fix = match suggest::nearest(text, names.iter().map(String::as_str)).or_else(|| city(text, &names)) {
        Some(name) => format!("Did you mean `{name}`?"),
        None => {
            "Write a name of the IANA time zone database, such as \"Europe/Madrid\" or \"UTC\".".to_owned()
        }
    };
    Err(Fault::new(format!("{} is not a time zone", quote(text)), fix))
}

/// People write `Madrid`.
fn city<'a>(text: &str, names: &'a [String]) -> Option<&'a str> {
    let city = text.rsplit('/').next()?.replace(' ', "_");
    let is_city =
        |name: &&String| name.rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case(&city));
    names.iter().find(is_city).map(String::as_str)
}

fn event_name(text: &str) -> Result<(), Fault> {
    text.parse::<EventName>().map(drop).map_err(|_| bad_name("an event name", text))
}

fn job_name(text: &str) -> Result<(), Fault> {
    text.parse::<JobName>().map(drop).map_err(|_| bad_name("a job name", text))
}

fn account_name(text: &str) -> Result<(), Fault> {
    text.parse::<AccountName>().map(drop).map_err(|_| bad_name("an account name", text))
}

fn plugin_name(text: &str) -> Result<(), Fault> {
    text.parse::<PluginName>().map(drop).map_err(|_| bad_name("a plugin name", text))
}

fn byte_size(text: &str) -> Result<(), Fault> {
    if text.parse::<ByteSize>().is_ok() {
        return Ok(());
    }
    let fix = match text.trim().parse::<u32>() {
        Ok(number) => format!("Add a unit, such as \"{number}KiB\" or \"{number}MiB\"."),
        Err(_) => {
            "Write a whole number with a unit (B, KiB, MiB, GiB, kB, MB, GB), such as \"512KiB\" or \"1MiB\"."
                .to_owned()
        }
    };
    Err(Fault::new(format!("{} is not a size", quote(text)), fix))
}

fn host_pattern(text: &str) -> Result<(), Fault> {
    text.parse::<HostPattern>().map(drop).map_err(|error| in_two(&error.to_string(), "; "))
}

fn program_name(text: &str) -> Result<(), Fault> {
    text.parse::<Program>().map(drop).map_err(|error| in_two(&error.to_string(), ": "))
}

/// What is wrong, and after the `separator` what to do.
fn in_two(text: &str, separator: &str) -> Fault {
    let (message, fix) = text.rsplit_once(separator).unwrap_or((text, ""));
    let mut fix = fix.to_owned();
    if let Some(first) = fix.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    Fault::new(message, format!("{fix}."))
}

fn bad_name(what: &str, text: &str) -> Fault {
    let allowed = |c: char| if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' { c } else { '-' };
    let suggestion: String = text.to_lowercase().chars().take(64).map(allowed).collect();
    let suggestion = suggestion.trim_matches(['-', '_']);
    let rule = "Use 1 to 64 lower-case letters, digits, `-` and `_`, starting with a letter or a digit";
    let fix = match suggestion.is_empty() {
        true => format!("{rule}."),
        false => format!("{rule}, such as \"{suggestion}\"."),
    };
    Fault::new(format!("{} is not {what}", quote(text)), fix)
}

fn socket_address(text: &str) -> Result<(), Fault> {
    if text.parse::<SocketAddr>().is_ok() {
        return Ok(());
    }
    let guess = match text.trim().strip_prefix("localhost:").or_else(|| text.trim().strip_prefix(':')) {
        Some(port) => port.parse::<u16>().ok().map(|port| format!("127.0.0.1:{port}")),
        None => match (text.trim().parse::<u16>(), text.trim().parse::<IpAddr>()) {
            (Ok(port), _) => Some(format!("127.0.0.1:{port}")),
            (_, Ok(address)) => Some(SocketAddr::new(address, 8484).to_string()),
            _ => None,
        },
    };
    let fix = match guess {
        Some(guess) => format!("Did you mean \"{guess}\"?"),
        None => {
            "Write an IP address and a port, such as \"127.0.0.1:8484\", \"0.0.0.0:8484\" or \"[::1]:8484\"."
                .into()
        }
    };
    Err(Fault::new(format!("{} is not an address with a port", quote(text)), fix))
}

fn ip_address(text: &str) -> Result<(), Fault> {
    text.parse::<IpAddr>().map(drop).map_err(|_| {
        let fix = "Write one address, such as \"10.0.0.2\" or \"::1\": neither a name nor a range.";
        Fault::new(format!("{} is not an IP address", quote(text)), fix)
    })
}

const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

fn log_filter(text: &str) -> Result<(), Fault> {
    let fault = |fix: String| Fault::new(format!("{} is not a log filter", quote(text)), fix);
    let usage = || {
        "Write a level (error, warn, info, debug, trace), or \"info,tapedeck::scheduler=debug\".".to_owned()
    };
    if text.trim().is_empty() {
        return Err(fault(usage()));
    }
    // A filter takes any word for the name of a module; a lone one is a level with a mistake in it.
    let is_level = |word: &str| LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word));
    let is_plain = |word: &&str| word.chars().all(char::is_alphanumeric) && !word.starts_with("tapedeck");
    if let Some(word) = text.split(',').map(str::trim).filter(is_plain).find(|word| !is_level(word)) {
        let word = if word.eq_ignore_ascii_case("warning") { "warn" } else { word };
        return Err(fault(
            suggest::nearest(word, LEVELS).map_or_else(usage, |level| format!("Did you mean `{level}`?")),
        ));
    }
    EnvFilter::builder().parse(text).map(drop).map_err(|_| fault(usage()))
}

fn uri(text: &str) -> Result<(), Fault> {
    let usage = "Write a whole address, such as \"https://example.com/path\".";
    match Url::parse(text) {
        Ok(address) if !matches!(address.scheme(), "http" | "https") => {
            Err(Fault::new("the address is neither http nor https", usage))
        }
        Ok(_) => Ok(()),
        Err(reason) => Err(Fault::new(format!("this is not an address: {reason}"), usage)),
    }
}
