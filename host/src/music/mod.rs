//! Where players meet Telegram profiles. Sources say what plays, the player decides what counts,
//! the ledger keeps it; everything after that reads the ledger.

pub mod ledger;
pub mod player;
pub mod profile;
