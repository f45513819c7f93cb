use tokio::sync::watch;

use super::{Lane, call::Call};
use crate::telegram::Error;

/// How the account stands with Telegram, for the page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// Not asked for anything yet.
    #[default]
    Idle,
    Connected,
    /// No connection, or no answer; it is tried again with the next call.
    Unreachable {
        reason: String,
    },
    /// A data centre does not know our key any more.
    KeyUnknown {
        dc: i32,
    },
    /// Somebody has to log in again.
    LoggedOut {
        reason: String,
    },
}

#[derive(Debug, Default)]
pub(super) struct HealthRecord(watch::Sender<Health>);

impl HealthRecord {
    pub(super) fn watch(&self) -> watch::Receiver<Health> {
        self.0.subscribe()
    }

    pub(super) fn note_answer(&self, lane: Lane, call: &Call) {
        // Anybody gets an answer to these, logged in or not.
        let is_for_anybody = call.method.starts_with("auth.") || call.method.starts_with("help.");
        self.0.send_if_modified(|health| {
            let is_proof = lane == Lane::Main && !is_for_anybody;
            let is_news = *health != Health::Connected
                && (is_proof || matches!(health, Health::Idle | Health::Unreachable { .. }));
            if is_news {
                *health = Health::Connected;
            }
            is_news
        });
    }

    pub(super) fn note_error(&self, error: &Error) {
        let health = match error {
            Error::LoggedOut { reason } => Health::LoggedOut { reason: reason.clone() },
            Error::KeyUnknown { dc } => Health::KeyUnknown { dc: *dc },
            Error::Connection { source, .. } => Health::Unreachable { reason: source.to_string() },
            Error::Timeout { .. } => Health::Unreachable { reason: error.to_string() },
            _ => return,
        };
        self.0.send_if_modified(|known| {
            // What somebody has to act on is not covered up by what follows from it.
            let is_cause = matches!(known, Health::KeyUnknown { .. } | Health::LoggedOut { .. });
            if is_cause && matches!(health, Health::Unreachable { .. }) {
                return false;
            }
            *known = health;
            true
        });
    }
}
