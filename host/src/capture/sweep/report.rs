//! What a sweep came to.

use std::fmt;

use serde::Serialize;

use super::Candidate;
use crate::{archive::Written, capture::CaptureError, model::PeerId};

#[derive(Debug, Default, Serialize)]
pub struct Swept {
    /// Chats that were looked at.
    pub chats: u64,
    /// Of these, chats that are captured.
    pub chosen: u64,
    /// Of these, chats with something to do.
    pub visited: u64,
    pub new: u64,
    pub changed: u64,
    pub unchanged: u64,
    /// That filters or skipped topics left out.
    pub skipped: u64,
    /// That this version cannot read.
    pub unreadable: u64,
    /// Chats that Telegram does not let this account read any more.
    pub out_of_reach: u64,
    /// Messages that were marked as deleted long enough ago, and are removed for good now.
    pub removed: u64,
    pub failed: Vec<FailedChat>,
}

#[derive(Debug, Serialize)]
pub struct FailedChat {
    pub chat: PeerId,
    pub title: String,
    pub reason: String,
    #[serde(skip)]
    error: Option<Box<CaptureError>>,
}

impl Swept {
    pub(super) fn note(&mut self, written: &Written) {
        self.new += written.new;
        self.changed += written.changed;
        self.unchanged += written.unchanged;
    }

    /// Gives back the reason.
    pub(super) fn note_failure(&mut self, candidate: &Candidate, error: CaptureError) -> String {
        let chat = &candidate.listed.chat;
        let reason = causes(&error);
        tracing::warn!(
            chat.id = chat.id.0,
            reason,
            "A chat could not be captured: going on with the next one"
        );
        let (chat, title) = (chat.id, chat.title.clone());
        self.failed.push(FailedChat { chat, title, reason: reason.clone(), error: Some(Box::new(error)) });
        reason
    }

    pub(super) fn has_temporary_failures(&self) -> bool {
        self.failed
            .iter()
            .rev()
            .take(super::MOST_FAILURES)
            .all(|failed| failed.error.as_ref().is_some_and(|error| error.is_temporary()))
    }

    /// An error when a chat failed: the first one that trying again does not help, if there is one.
    pub(super) fn verdict(&mut self) -> Result<(), CaptureError> {
        let count = self.failed.len();
        let is_lasting =
            |failed: &FailedChat| failed.error.as_ref().is_some_and(|error| !error.is_temporary());
        let worst = self.failed.iter().position(is_lasting).unwrap_or(0);
        let Some(failed) = self.failed.get_mut(worst) else { return Ok(()) };
        let Some(source) = failed.error.take() else { return Ok(()) };
        Err(CaptureError::SomeChats { count, chat: failed.chat, title: failed.title.clone(), source })
    }
}

/// An error with what lies behind it.
fn causes(error: &CaptureError) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

fn count(number: u64, one: &str, more: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {more}") }
}

impl fmt::Display for Swept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let new = count(self.new, "new message", "new messages");
        write!(f, "{new} in {} of {}", self.visited, count(self.chosen, "chat", "chats"))?;
        for (number, what) in
            [(self.changed, "changed"), (self.skipped, "left out"), (self.unreadable, "unreadable")]
        {
            if number > 0 {
                write!(f, "; {number} {what}")?;
            }
        }
        if self.out_of_reach > 0 {
            write!(f, "; {} out of reach", count(self.out_of_reach, "chat", "chats"))?;
        }
        if self.removed > 0 {
            write!(f, "; {} removed for good", self.removed)?;
        }
        if !self.failed.is_empty() {
            write!(f, "; {} could not be captured", count(self.failed.len() as u64, "chat", "chats"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_read_as_sentences() {
        let mut swept = Swept { chats: 9, chosen: 7, visited: 2, new: 31, ..Swept::default() };
        assert_eq!(swept.to_string(), "31 new messages in 2 of 7 chats");
        (swept.new, swept.chosen, swept.visited) = (1, 1, 1);
        (swept.changed, swept.unreadable, swept.out_of_reach) = (2, 1, 1);
        assert_eq!(
            swept.to_string(),
            "1 new message in 1 of 1 chat; 2 changed; 1 unreadable; 1 chat out of reach"
        );
    }
}
