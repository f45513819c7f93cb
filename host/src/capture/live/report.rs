//! What a listener has heard.

use std::fmt;

use serde::Serialize;

#[derive(Clone, Debug, Default, Serialize)]
pub struct Heard {
    pub new: u64,
    pub edited: u64,
    pub deleted: u64,
    pub reactions: u64,
    /// Edits and deletions that wait for somebody to decide.
    pub held_back: u64,
    /// Deletions of messages that are not here, or in more than one chat.
    pub unclear: u64,
    /// Stretches that had to be read.
    pub gaps: u64,
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let new =
            if self.new == 1 { "1 new message".to_owned() } else { format!("{} new messages", self.new) };
        write!(f, "{new}, {} edited, {} deleted", self.edited, self.deleted)?;
        if self.held_back > 0 {
            write!(f, "; {} held back", self.held_back)?;
        }
        if self.gaps > 0 {
            write!(f, "; {} missed stretches read", self.gaps)?;
        }
        Ok(())
    }
}
