//! Telegram's refusals, in words that say what to do.

use std::time::Duration;

use super::engine::Stop;
use crate::telegram::Error;

const APPLICATION: &str =
    "Compare telegram.api_id and telegram.api_hash with https://my.telegram.org → API development tools.";

pub(super) fn explain(error: &Error) -> Stop {
    match error {
        Error::Rpc { name, .. } => by_name(name).unwrap_or_else(|| {
            Stop::failed(
                error.to_string(),
                "Try again; when it stays, try the other way: QR code or phone number.",
            )
        }),
        Error::LoggedOut { reason } => by_name(reason).unwrap_or_else(|| {
            Stop::failed(format!("Telegram has ended the login at once ({reason})"), "Try again.")
        }),
        Error::Flood { until, .. } => Stop::failed(
            format!(
                "Telegram lets nobody log in to this account until {}",
                until.strftime("%Y-%m-%d %H:%M:%S %Z")
            ),
            "Try again then. Every further attempt before that makes the pause longer.",
        ),
        Error::Timeout { .. } | Error::Connection { .. } => Stop::failed(
            format!("Telegram cannot be reached: {}", chain(error)),
            "Check the network, and telegram.proxy where there is one.",
        ),
        error => Stop::failed(chain(error), "Try again; the daemon's log says more."),
    }
}

/// The reason alone.
pub(in crate::telegram) fn in_words(error: &Error) -> String {
    match explain(error) {
        Stop::Failed { reason, .. } => reason,
        _ => error.to_string(),
    }
}

fn by_name(name: &str) -> Option<Stop> {
    let (reason, fix) = match name {
        "PHONE_NUMBER_UNOCCUPIED" => return Some(Stop::SignUpRequired),
        "PHONE_NUMBER_INVALID" => (
            "Telegram does not know this phone number",
            "Write it with its country code, such as +34 600 123 456.",
        ),
        "PHONE_NUMBER_BANNED" | "USER_DEACTIVATED_BAN" => (
            "Telegram has banned this account",
            "Ask Telegram: https://telegram.org/support, or recover@telegram.org.",
        ),
        "USER_DEACTIVATED" => ("this account was deleted", "Use another one."),
        "PHONE_NUMBER_FLOOD" | "PHONE_PASSWORD_FLOOD" | "FLOOD_WAIT" => {
            ("somebody has tried to log in to this account too often", "Wait a day, or log in by QR code.")
        }
        "PHONE_PASSWORD_PROTECTED" => {
            ("Telegram asks for the password of two-step verification first", "Log in by QR code.")
        }
        "API_ID_INVALID" => ("Telegram does not know this application", APPLICATION),
        "API_ID_PUBLISHED_FLOOD" => (
            "this application's number is public, and Telegram refuses it",
            "Register your own: https://my.telegram.org → API development tools.",
        ),
        "UPDATE_APP_TO_LOGIN" => (
            "Telegram asks for a newer app to log in to this account",
            "Update tapedeck, or log in by QR code.",
        ),
        "SEND_CODE_UNAVAILABLE" => {
            ("Telegram has sent the code every way that it has", "Wait some hours, or log in by QR code.")
        }
        "AUTH_KEY_DUPLICATED" => (
            "two programs used the same login at the same time, so Telegram ended it",
            "Log in again, with one program only.",
        ),
        "AUTH_KEY_UNREGISTERED" | "SESSION_REVOKED" | "SESSION_EXPIRED" | "AUTH_KEY_INVALID" => {
            ("Telegram does not know this login any more", "Log in by QR code or phone number.")
        }
        _ => return None,
    };
    Some(Stop::failed(reason, fix))
}

pub(super) fn took_too_long(limit: Duration) -> Stop {
    Stop::failed(
        format!("nobody finished the login within {} minutes", limit.as_secs().div_ceil(60)),
        "Start it again; telegram.login_timeout gives more time.",
    )
}

/// With the causes.
pub(in crate::telegram) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str) -> Stop {
        explain(&Error::Rpc { method: "auth.sendCode", code: 400, name: name.into(), value: None })
    }

    #[test]
    fn known_refusals_say_what_to_do() {
        let Stop::Failed { reason, fix } = refused("PHONE_NUMBER_INVALID") else { panic!("a failure") };
        assert!(reason.contains("phone number") && fix.contains("country code"));
        let Stop::Failed { fix, .. } = refused("API_ID_INVALID") else { panic!("a failure") };
        assert!(fix.contains("my.telegram.org"));
        assert!(matches!(refused("PHONE_NUMBER_UNOCCUPIED"), Stop::SignUpRequired));
    }

    #[test]
    fn unknown_refusals_are_named() {
        let Stop::Failed { reason, .. } = refused("SOMETHING_NEW") else { panic!("a failure") };
        assert!(reason.contains("SOMETHING_NEW") && reason.contains("auth.sendCode"), "{reason}");
    }
}
