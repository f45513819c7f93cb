//! A plugin's own errors in our words.

use std::time::Duration;

use tapedeck_bindings::capability::types::{self, ExtraValue};

use crate::plugin_host::{Failure, GuestFailure};

/// Longer texts are cut: they end in logs and on the page.
const LONGEST_MESSAGE: usize = 4096;

pub(super) fn refusal(error: types::PluginError) -> Failure {
    Failure::Guest(match error {
        types::PluginError::Temporary(types::Delayed { message, retry_after_ms }) => {
            GuestFailure::Temporary {
                message: short(message),
                retry_after: retry_after_ms.map(Duration::from_millis),
            }
        }
        types::PluginError::Permanent(message) => GuestFailure::Permanent { message: short(message) },
        types::PluginError::Settings(message) => GuestFailure::Settings { message: short(message) },
        types::PluginError::Denied(message) => GuestFailure::Denied { message: short(message) },
        types::PluginError::Exhausted(message) => GuestFailure::Exhausted { message: short(message) },
        types::PluginError::Cancelled => GuestFailure::Cancelled,
        types::PluginError::Other(types::Coded { code, message }) => {
            GuestFailure::Other { code: short(code), message: short(message) }
        }
    })
}

/// What `configure` refuses.
pub(crate) fn bad_settings(message: String) -> Failure {
    Failure::Guest(GuestFailure::Settings { message: short(message) })
}

pub(super) fn garbage(what: impl Into<String>) -> Failure {
    Failure::Garbage { what: what.into() }
}

fn short(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(LONGEST_MESSAGE));
    text
}

/// Further facts as pairs; what is no JSON is taken as text.
pub(super) fn pairs(extra: Vec<ExtraValue>) -> Vec<(String, serde_json::Value)> {
    let pair = |ExtraValue { name, value }| {
        let value = serde_json::from_str(&value).unwrap_or(serde_json::Value::String(value));
        (name, value)
    };
    extra.into_iter().map(pair).collect()
}

pub(super) fn extra_values(pairs: &[(String, serde_json::Value)]) -> Vec<ExtraValue> {
    pairs.iter().map(|(name, value)| ExtraValue { name: name.clone(), value: value.to_string() }).collect()
}
