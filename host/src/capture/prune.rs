//! Retention: what is older than somebody wants to keep it goes, for good.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::{Capture, CaptureError, Tell};
use crate::{
    archive::{Source, Write, media::MediaStore},
    model::PeerId,
};

#[derive(Debug)]
pub struct Prune {
    pub capture: Capture,
    pub chats: Vec<PeerId>,
    /// Older messages go.
    pub before: Timestamp,
    /// Where the files lie that go with them; none in a rehearsal.
    pub media: Option<Arc<MediaStore>>,
    pub tell: Tell,
}

/// What went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pruned {
    /// Messages.
    pub removed: u64,
    /// Files that these had.
    pub files: u64,
    /// What the files have that are here. Those that other messages have too stay.
    pub bytes: u64,
}

impl Prune {
    pub async fn run(&self) -> Result<Pruned, CaptureError> {
        let mut pruned = Pruned::default();
        for (done, chat) in self.chats.iter().copied().enumerate() {
            if self.tell.stop().is_cancelled() {
                return Err(CaptureError::Stopped);
            }
            self.tell.step(done as u64, Some(self.chats.len() as u64), "chats", chat.to_string());
            let write = Write::Prune { chat, before: self.before };
            let written = self.capture.write(Source::Recheck, vec![write]).await?;
            pruned.removed += written.deleted;
            pruned.files += written.removed_files;
            pruned.bytes += written.removed_bytes;
        }
        if let Some(media) = &self.media {
            self.capture.reclaim(media).await?;
        }
        Ok(pruned)
    }
}
