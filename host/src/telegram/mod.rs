//! Everything that speaks to Telegram. Its types stop at `convert`: the rest of the crate speaks
//! `model`.

// Other servers than Telegram's own, for tests.
pub mod servers;
// What one account is told.
pub mod settings;
