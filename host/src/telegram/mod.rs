//! Everything that speaks to Telegram. Its types stop at `convert`: the rest of the crate speaks
//! `model`.

// The accounts by name, and who logs in to them.
pub mod accounts;
// The words about itself that an account shows.
pub mod bio;
// One account's connections: calls, time limits, waits, live updates.
pub mod client;
// Telegram's types become ours, and stop there.
pub mod convert;
// Files come down, part by part.
pub mod download;
// What can go wrong, and whether trying again helps.
mod error;
// How an account gets its login.
pub mod login;
// The songs that a profile shows, and the messages that carry them.
pub mod music;
// A message that is edited instead of sent again.
pub mod notice;
// Pages of messages, chats and topics, read so that one bad message costs only itself.
pub mod read;
// Where Telegram's data centres are, or other servers, for tests.
pub mod servers;
// What an account needs to stay logged in, sealed.
pub mod session;
// What one account is told.
pub mod settings;
// What happens, as it happens, and what was missed.
pub mod updates;
// Files go up, and messages with them, never twice.
pub mod upload;

pub use accounts::{
    AccountError, Accounts, AccountsParts, CheckError, Checked, Connector, Deleted, Farewell,
};
pub use client::{Client, ClientParts, ClientSettings, Lane, Limits, Pacing, Patience};
pub use error::Error;
