//! What became of pictures.

use std::fmt;

use serde::Serialize;

use crate::model::shown_bytes;

#[derive(Clone, Debug, Default, Serialize)]
pub struct FetchedAvatars {
    /// People who were asked for anew.
    pub asked: u64,
    pub fetched: u64,
    pub bytes: u64,
    /// Tried again in later runs, until their tries are used up.
    pub failed: u64,
    /// Of people whom this login has never met itself.
    pub unknown: u64,
}

impl fmt::Display for FetchedAvatars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} pictures fetched ({})", self.fetched, shown_bytes(self.bytes))?;
        for (number, what) in [
            (self.asked, "people asked for"),
            (self.failed, "failed"),
            (self.unknown, "of strangers left out"),
        ] {
            if number > 0 {
                write!(f, "; {number} {what}")?;
            }
        }
        Ok(())
    }
}
