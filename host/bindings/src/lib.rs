//! What wasmtime makes of the contract in `wit/`: a crate of its own, since it takes minutes to compile.
//!
//! All that plugins may ask of the host is generated once, in [`capability`], and shared by all
//! worlds, so a store implements each trait once. Functions of `http` and `run` wait for the
//! outside world and are async. [`link_async`] links them as they are, for track backends, which
//! are called from the runtime; [`link_blocking`] lets the calling thread wait, for filters and
//! exporters, which are called sync from threads that may.
//!
//! Every function of the host may also trap: for what a plugin must not be able to ignore, such as
//! a spent budget.

mod link;
mod worlds;

pub use link::{Granted, MayBlock, link_async, link_blocking};
pub use worlds::{chat_filter, chat_filter_records, describe, exporter, probe, probe_async, track_backend};

/// What the host offers: a module per interface, each with its types and the trait `Host`.
pub use worlds::capability::tapedeck::plugin as capability;
