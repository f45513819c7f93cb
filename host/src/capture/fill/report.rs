//! What filling came to.

use std::fmt;

use serde::Serialize;

#[derive(Clone, Debug, Default, Serialize)]
pub struct Filled {
    /// Chats that were looked at.
    pub chats: u64,
    pub with_holes: u64,
    /// Stretches that were read.
    pub holes: u64,
    pub new: u64,
    pub out_of_reach: u64,
}

impl fmt::Display for Filled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chats, with_holes, holes, new, out_of_reach } = self;
        if *with_holes == 0 {
            return write!(f, "nothing is missing in {chats} chats");
        }
        write!(f, "{holes} holes in {with_holes} of {chats} chats read, {new} messages found")?;
        if *out_of_reach > 0 {
            write!(f, "; {out_of_reach} chats out of reach")?;
        }
        Ok(())
    }
}
