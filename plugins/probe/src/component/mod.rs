//! The exports, and what they have in common.

#![expect(unsafe_code, reason = "the bindings of the component ABI are generated")]

mod act;
mod backend;
mod bounds;
mod capabilities;
mod exporter;
mod filter;
mod system;
mod thing;

use std::cell::RefCell;

use serde_json::Value;

use crate::request::{self, Request};

wit_bindgen::generate!({ path: "../../wit", world: "probe-plugin", generate_all });

pub(crate) use tapedeck::plugin::types::PluginError;

tapedeck_plugin::manifest! {
    wants: tapedeck_plugin::Wants {
        http: &[
            tapedeck_plugin::WantsHttp { host: "*", methods: &["GET", "POST"], why: "tests" },
            tapedeck_plugin::WantsHttp { host: "localhost", methods: &["GET", "POST"], why: "tests" },
            tapedeck_plugin::WantsHttp { host: "127.0.0.1", methods: &["GET", "POST"], why: "tests" },
        ],
        run: &[
            tapedeck_plugin::WantsRun { program: "sh", why: "tests" },
            tapedeck_plugin::WantsRun { program: "cat", why: "tests" },
            tapedeck_plugin::WantsRun { program: "env", why: "tests" },
            tapedeck_plugin::WantsRun { program: "sleep", why: "tests" },
        ],
        kv_bytes: 1 << 20,
        scratch_bytes: 10 << 20,
    },
    columns: &["mime", "entities"],
    settings_schema: include_str!("../../settings.schema.json"),
}

struct Probe;

export!(Probe);

thread_local! {
    static SETTINGS: RefCell<Value> = const { RefCell::new(Value::Null) };
}

/// Keeps the settings, and does what they ask to be done in `configure`.
fn configure(settings: &str) -> Result<(), String> {
    let settings = serde_json::from_str(settings).map_err(|error| format!("not JSON: {error}"))?;
    SETTINGS.set(settings);
    asked_of("configure").map(drop).map_err(|error| format!("{error:?}"))
}

/// Does what the settings ask to be done in this call, and gives what that answers.
fn asked_of(call: &str) -> Result<String, PluginError> {
    let settings = SETTINGS.take();
    let done = request::of_call(&settings, call).map(act::act);
    SETTINGS.set(settings);
    done.transpose().map(Option::unwrap_or_default)
}

/// The text in the settings for this call, to the calls that read it in their own way.
fn wish_of(call: &str) -> (String, String) {
    SETTINGS.with_borrow(|settings| {
        request::of_call(settings, call)
            .map(|Request { what, argument }| (what.to_owned(), argument.to_owned()))
            .unwrap_or_default()
    })
}

impl exports::tapedeck::plugin::describe::Guest for Probe {
    fn describe() -> String {
        String::from_utf8_lossy(&MANIFEST_BYTES).into_owned()
    }
}
