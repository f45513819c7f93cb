//! Files go along with their messages.

use std::path::PathBuf;

use super::{Files, Transfer, TransferSummary};
use crate::{
    archive::{
        BlobHash, ChatKey, FileState, StoredFile, Write,
        media::{Claim, MediaError},
    },
    import::error::ImportError,
};

impl Transfer {
    pub(super) async fn file(
        &self,
        key: &ChatKey,
        file: StoredFile,
        writes: &mut Vec<Write>,
        summary: &mut TransferSummary,
    ) -> Result<(), ImportError> {
        let state = match file.state {
            FileState::Held(_) if matches!(self.files, Files::Left) => return Ok(()),
            FileState::Held(place) => {
                if !self.blob(place.hash, Some(&place.link)).await? {
                    summary.files_missing += 1;
                    return Ok(());
                }
                summary.files += 1;
                summary.file_bytes += place.bytes;
                writes.push(Write::Blob { hash: place.hash, bytes: place.bytes });
                FileState::Held(place)
            }
            // It is the target's own business what it wants.
            FileState::Wanted => return Ok(()),
            other => other,
        };
        writes.push(Write::File { key: crate::archive::FileKey { chat: key.chat, ..file.key }, state });
        Ok(())
    }

    /// To be kept until the target speaks of the files that were brought.
    pub(super) async fn claim(&self) -> Result<Option<Claim>, ImportError> {
        let Files::Between { to, .. } = &self.files else { return Ok(None) };
        let path = to.arriving().to_owned();
        let claimed = to.claim().await;
        claimed.map(Some).map_err(|error| ImportError::Media { path, reason: error.to_string() })
    }

    /// How large it is where the target looks for it, unless both archives use one folder.
    pub(super) async fn size(&self, hash: BlobHash) -> Result<Option<u64>, ImportError> {
        let Files::Between { to, .. } = &self.files else { return Ok(None) };
        to.size(hash).await.map_err(|error| failed(hash, &error))
    }

    /// Whether its bytes are where the target looks for them.
    pub(super) async fn blob(&self, hash: BlobHash, link: Option<&str>) -> Result<bool, ImportError> {
        let (from, to) = match &self.files {
            Files::Left | Files::Nowhere => return Ok(false),
            Files::Shared => return Ok(true),
            Files::Between { from, to } => (from, to),
        };
        if to.size(hash).await.map_err(|error| failed(hash, &error))?.is_none() {
            let arriving: PathBuf = to.arriving().join(format!("transfer-{}", uuid::Uuid::now_v7()));
            match from.copy_to(hash, arriving.clone()).await {
                Ok(()) => {}
                Err(MediaError::Missing { .. }) => return Ok(false),
                Err(error) => return Err(failed(hash, &error)),
            }
            let placed = to.put(arriving).await.map_err(|error| failed(hash, &error))?;
            if placed.hash != hash {
                // Its bytes are not what they were: the archive that it comes from should be verified.
                if placed.is_new {
                    to.remove(placed.hash).await.map_err(|error| failed(hash, &error))?;
                }
                return Ok(false);
            }
        }
        if let Some(link) = link {
            to.link(link.to_owned(), hash).await.map_err(|error| failed(hash, &error))?;
        }
        Ok(true)
    }
}

fn failed(hash: BlobHash, error: &MediaError) -> ImportError {
    ImportError::Media { path: hash.to_hex().into(), reason: error.to_string() }
}
