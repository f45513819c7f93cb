//! What the host does for a plugin, as plain functions. In a native test they lead to
//! [`testing::Host`](crate::testing::Host).

pub mod http;
pub mod kv;
pub mod log;
pub mod run;
pub mod scratch;

#[cfg(target_family = "wasm")]
use crate::bindings::host::tapedeck::plugin as call;
#[cfg(not(target_family = "wasm"))]
use crate::testing::call;
