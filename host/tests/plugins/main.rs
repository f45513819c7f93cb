//! Plugins as the daemon runs them: from files in a folder to answers, by the public way alone.
//! What single guests try against the host is tested beside the host's own code.
//!
//! | what happens | module |
//! |---|---|
//! | one plugin misbehaves while others work; new code takes over under load | `load` |
//! | files that are no plugins, links, half a copy, huge and oddly named ones; folders that come and go | `files` |
//! | every capability without its grant, and withdrawn | `denied` |
//! | each capability within its grant and its bounds | `http`, `run`, `kv`, `scratch`, `wasi` |
//! | recordings and exports, whole and broken off | `backend`, `exporter` |
//! | settings that are refused, and secret ones | `settings` |
#![expect(clippy::unwrap_used, reason = "a test that cannot go on may panic")]

mod backend;
mod denied;
mod exporter;
mod files;
mod http;
mod kv;
mod load;
mod run;
mod scratch;
mod settings;
mod support;
mod wasi;
