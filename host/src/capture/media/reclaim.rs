//! What messages leave behind that are gone for good: their files go, too.

use jiff::Timestamp;

use super::verify::REMAINS;
use crate::{
    archive::media::MediaStore,
    capture::{Capture, CaptureError},
};

impl Capture {
    /// Removes files that nothing speaks of any more, and their names. Says how many. While files come in, that is left to the
    /// next time: so whoever may have removed messages asks for it in each run.
    pub async fn reclaim(&self, media: &MediaStore) -> Result<u64, CaptureError> {
        let removed = self.remove_orphans(media).await?;
        if removed > 0 {
            let before = self.clock.now().checked_sub(REMAINS).unwrap_or(Timestamp::UNIX_EPOCH);
            media.tidy(before).await?;
            tracing::info!(files = removed, "Removed files that no message has any more");
        }
        Ok(removed)
    }
}
