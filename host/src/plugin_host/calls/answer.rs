//! A plugin's own errors in our words.

use std::time::Duration;

use tapedeck_bindings::capability::types::{self, ExtraValue};

use crate::plugin_host::{Failure, GuestFailure};

pub(super) fn refusal(error: types::PluginError) -> Failure {
    Failure::Guest(match error {
        types::PluginError::Temporary(types::Delayed { message, retry_after_ms }) => {
            GuestFailure::Temporary { message, retry_after: retry_after_ms.map(Duration::from_millis) }
        }
        types::PluginError::Permanent(message) => GuestFailure::Permanent { message },
        types::PluginError::Settings(message) => GuestFailure::Settings { message },
        types::PluginError::Denied(message) => GuestFailure::Denied { message },
        types::PluginError::Exhausted(message) => GuestFailure::Exhausted { message },
        types::PluginError::Cancelled => GuestFailure::Cancelled,
        types::PluginError::Other(types::Coded { code, message }) => GuestFailure::Other { code, message },
    })
}

/// What `configure` refuses.
pub(crate) fn bad_settings(message: String) -> Failure {
    Failure::Guest(GuestFailure::Settings { message })
}

pub(super) fn garbage(what: impl Into<String>) -> Failure {
    Failure::Garbage { what: what.into() }
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
