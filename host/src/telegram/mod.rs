//! Everything that speaks to Telegram. Its types stop at `convert`: the rest of the crate speaks
//! `model`.

// One account's connections: calls, time limits, waits, live updates.
pub mod client;
// What can go wrong, and whether trying again helps.
mod error;
// Other servers than Telegram's own, for tests.
pub mod servers;
// What one account is told.
pub mod settings;

pub use client::{Client, ClientParts, ClientSettings, Lane, Limits, Patience};
pub use error::Error;
