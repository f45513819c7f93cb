//! What plugins for Tapedeck are written with.
//!
//! A plugin is a type that implements one of [`ChatFilter`], [`Exporter`] or [`TrackBackend`], and
//! one line that exports it. It is built with `cargo build --target wasm32-wasip2 --release` and dropped into
//! the plugin folder.
//!
//! ```
//! use tapedeck_plugin::{ChatFilter, Error, Messages, NoSettings, Verdicts};
//!
//! struct NoLinks;
//!
//! impl ChatFilter for NoLinks {
//!     type Settings = NoSettings;
//!
//!     fn new(_: NoSettings) -> Result<Self, Error> {
//!         Ok(Self)
//!     }
//!
//!     fn judge(&mut self, messages: &Messages<'_>, verdicts: &mut Verdicts) -> Result<(), Error> {
//!         for message in messages.iter().filter(|message| message.text().contains("https://")) {
//!             verdicts.drop(&message).because("a link");
//!         }
//!         Ok(())
//!     }
//! }
//!
//! tapedeck_plugin::export!(NoLinks: ChatFilter);
//! ```
//!
//! # Settings
//!
//! Settings are a type that serde reads and schemars describes. The description is part of the
//! finished file, because a host checks settings and shows a form for them without running the plugin. Part of a file can only be
//! what is known while it is compiled, which a description by schemars is not. So it is a file
//! beside `Cargo.toml`, named in the export line, and a test that this line brings along
//! compares it with the type, and writes it anew when it differs:
//!
//! ```ignore
//! tapedeck_plugin::export!(Keywords: ChatFilter, settings: "settings.schema.json");
//! ```
//!
//! # Talking to the host
//!
//! [`log`], [`http`], [`kv`], [`run`] and [`scratch`] are plain functions. All but the log need an entry
//! in the plugin's `WANTS`, and the operator's grant.
//!
//! # Tests
//!
//! All of it compiles natively, where the functions lead to a [`testing::Host`] instead: a plugin is tested with `cargo test`.
//!
//! # Speed
//!
//! Messages come by the hundred, and texts are read where they lie. With
//! `rustflags = ["-C", "target-feature=+simd128"]` for WebAssembly in `.cargo/config.toml`, searching in texts
//! takes two thirds of the time.

#[doc(hidden)]
pub mod bindings;
#[doc(hidden)]
pub mod component;
mod date;
mod error;
pub mod escape;
mod export;
mod fold;
mod host;
mod kinds;
mod manifest;
mod messages;
mod settings;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

pub use bindings::host::tapedeck::plugin::{chats, tracks, types::PluginError as Error};
pub use date::Date;
pub use escape::{csv, html, json};
pub use fold::Fold;
pub use host::{http, kv, log, run, scratch};
pub use kinds::{
    ChatFilter, Exporter, Output, Sink, TrackBackend, Verdicts,
    exporter::{FileFormat, Options},
    filter::Reason,
};
pub use manifest::{Manifest, Wants, WantsHttp, WantsRun};
pub use messages::{MediaKind, Message, Messages, marks};
pub use settings::{NoSettings, Settings};
