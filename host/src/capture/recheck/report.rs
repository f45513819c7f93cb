//! What asking again came to.

use std::fmt;

use serde::Serialize;

#[derive(Clone, Debug, Default, Serialize)]
pub struct Rechecked {
    pub chats: u64,
    /// That were asked for.
    pub messages: u64,
    pub changed: u64,
    pub deleted: u64,
    /// That were left as they are, since somebody has to decide about them.
    pub held_back: u64,
    /// That could not be read before.
    pub healed: u64,
    /// Of which Telegram said nothing.
    pub unknown: u64,
    pub out_of_reach: u64,
}

impl fmt::Display for Rechecked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chats, messages, changed, deleted, .. } = self;
        write!(f, "{messages} messages of {chats} chats: {changed} changed, {deleted} deleted")?;
        if self.held_back > 0 {
            write!(f, "; {} held back: `tapedeck archive blocked list`", self.held_back)?;
        }
        for (number, what) in [(self.healed, "readable now"), (self.unknown, "without an answer")] {
            if number > 0 {
                write!(f, "; {number} {what}")?;
            }
        }
        if self.out_of_reach > 0 {
            write!(f, "; {} chats out of reach", self.out_of_reach)?;
        }
        Ok(())
    }
}
