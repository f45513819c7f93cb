//! Where players meet Telegram profiles. Sources say what plays, the player decides what counts,
//! the ledger keeps it; everything after that reads the ledger.

// Where recordings come from.
pub mod backends;
// The same song is written in many ways.
pub mod ledger;
mod names;
pub mod player;
pub mod profile;
