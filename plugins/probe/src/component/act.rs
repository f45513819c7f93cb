//! Everything that the probe can be asked for, by name.

use super::{
    PluginError, bounds, capabilities, system,
    tapedeck::plugin::types::{Coded, Delayed},
};
use crate::request::Request;

pub(super) fn act(request: Request<'_>) -> Result<String, PluginError> {
    let Request { what, argument } = request;
    match what {
        "nothing" => Ok(String::new()),
        "fail" => fail(argument),
        "again" => loop {
            act(Request::parse(argument))?;
        },
        _ if bounds::knows(what) => Ok(bounds::act(&request)),
        _ if system::knows(what) => system::act(&request),
        _ => capabilities::act(&request),
    }
}

/// Fails in the named way.
fn fail(kind: &str) -> Result<String, PluginError> {
    let message = "as it was asked to".to_owned();
    Err(match kind {
        "temporary" => PluginError::Temporary(Delayed { message, retry_after_ms: Some(1500) }),
        "permanent" => PluginError::Permanent(message),
        "settings" => PluginError::Settings(message),
        "denied" => PluginError::Denied(message),
        "exhausted" => PluginError::Exhausted(message),
        "cancelled" => PluginError::Cancelled,
        code => PluginError::Other(Coded { code: code.to_owned(), message }),
    })
}
