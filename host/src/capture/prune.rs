//! Retention: what is older than somebody wants to keep it goes, for good.

use jiff::Timestamp;

use super::{Capture, CaptureError, Tell};
use crate::{
    archive::{Source, Write},
    model::PeerId,
};

#[derive(Debug)]
pub struct Prune {
    pub capture: Capture,
    pub chats: Vec<PeerId>,
    /// Older messages go.
    pub before: Timestamp,
    pub tell: Tell,
}

impl Prune {
    /// Says how many messages went.
    pub async fn run(&self) -> Result<u64, CaptureError> {
        let mut removed = 0;
        for (done, chat) in self.chats.iter().copied().enumerate() {
            if self.tell.stop().is_cancelled() {
                return Err(CaptureError::Stopped);
            }
            self.tell.step(done as u64, Some(self.chats.len() as u64), "chats", chat.to_string());
            let write = Write::Prune { chat, before: self.before };
            removed += self.capture.write(Source::Recheck, vec![write]).await?.deleted;
        }
        Ok(removed)
    }
}
