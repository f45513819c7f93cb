//! Files go along with their messages.

use super::{Transfer, TransferSummary};
use crate::{
    archive::{ChatKey, FileState, StoredFile, Write},
    import::error::ImportError,
};

impl Transfer {
    pub(super) fn file(
        &self,
        key: &ChatKey,
        file: StoredFile,
        writes: &mut Vec<Write>,
        summary: &mut TransferSummary,
    ) {
        let state = match file.state {
            FileState::Held(_) if !self.takes_files => return,
            FileState::Held(place) => {
                summary.files += 1;
                summary.file_bytes += place.bytes;
                writes.push(Write::Blob { hash: place.hash, bytes: place.bytes });
                FileState::Held(place)
            }
            // It is the target's own business what it wants.
            FileState::Wanted => return,
            other => other,
        };
        writes.push(Write::File { key: crate::archive::FileKey { chat: key.chat, ..file.key }, state });
    }

    pub(super) async fn avatar(&self, key: &ChatKey, writes: &mut Vec<Write>) -> Result<(), ImportError> {
        let Some(avatar) = self.from.avatar(key.account.clone(), key.chat).await? else { return Ok(()) };
        if self.takes_files {
            let (photo, hash, extension) = (avatar.photo, avatar.hash, avatar.extension);
            writes.push(Write::Avatar { peer: key.chat, photo, hash, extension });
        }
        Ok(())
    }
}
