//! Where players meet Telegram profiles. Sources say what plays, the player decides what counts,
//! the ledger keeps it; everything after that reads the ledger.

// Where recordings come from.
pub mod backends;
pub mod covers;
pub mod fetched;
pub mod ledger;
// The same song is written in many ways.
mod names;
// What plays, in words: a message and a bio.
pub mod now_playing;
pub mod player;
pub mod profile;
