//! The interface that only tests call: single requests, and something that lives between calls.

use std::cell::RefCell;

use super::{
    PluginError, Probe, act,
    exports::tapedeck::plugin::probe::{Guest, GuestThing},
};
use crate::request::Request;

impl Guest for Probe {
    type Thing = Thing;

    fn nop() {}

    fn echo(content: Vec<u8>) -> Vec<u8> {
        content
    }

    fn act(what: String, argument: String) -> Result<String, PluginError> {
        act::act(Request { what: &what, argument: &argument })
    }
}

/// Remembers its name and what it was asked for. A name that is a request is done on the spot;
/// one that begins with `drop:` is done when the thing is dropped.
pub(super) struct Thing {
    name: String,
    asked: RefCell<Vec<String>>,
}

impl GuestThing for Thing {
    fn new(name: String) -> Self {
        if let Some(request) = Request::inside(&name) {
            drop(act::act(request));
        }
        Self { name, asked: RefCell::default() }
    }

    fn act(&self, what: String) -> Result<String, PluginError> {
        self.asked.borrow_mut().push(what.clone());
        if what == "remember" {
            return Ok(format!("{}: {}", self.name, self.asked.borrow().join(", ")));
        }
        act::act(Request::parse(&what))
    }
}

impl Drop for Thing {
    fn drop(&mut self) {
        if let Some(request) = self.name.strip_prefix("drop:") {
            drop(act::act(Request::parse(request)));
        }
    }
}
