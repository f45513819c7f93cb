//! The plugin that the host's own tests load: it is of every kind, asks for everything, and
//! misbehaves on request. What it can be asked for is in its README.
//!
//! It is written on the bare interfaces, because the crate for authors would not let it give
//! wrong answers. It is no example of a plugin: those are `keywords` and `types`.

pub mod request;

/// Only a component has these exports; a native library would not link with their names.
#[cfg(target_family = "wasm")]
mod component;
