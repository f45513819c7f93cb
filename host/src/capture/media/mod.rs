//! Files of messages: which are wanted, fetched, found damaged, no longer needed.

mod choose;
mod fetch;
mod reclaim;
mod renew;
mod report;
mod rows;
mod verify;

use std::{sync::Arc, time::Duration};

pub use fetch::FetchMedia;
pub use report::{FetchedMedia, VerifiedMedia};
pub use verify::VerifyMedia;

use choose::Chooser;

use super::{Capture, CaptureError, Tell};
use crate::{
    archive::{
        FileKey, FilePlace, StoredFile,
        media::{Claim, MediaStore, link_of},
    },
    model::Period,
    telegram::download::{DownloadLimits, Downloads, Origin, Wanted, Watcher},
};

/// Files that are looked at together.
const PAGE: usize = 200;

/// Brings one file to its place in the media store.
#[derive(Clone, Debug)]
struct Porter {
    downloads: Downloads,
    told: jiff::Timestamp,
    media: Arc<MediaStore>,
    watcher: Watcher,
    patience: Duration,
    name_bytes: usize,
}

/// A file that lies where it belongs.
struct Brought {
    place: FilePlace,
    /// To be kept until the archive speaks of it.
    claim: Claim,
}

impl Porter {
    fn of(capture: &Capture, media: &Arc<MediaStore>, tell: &Tell) -> Self {
        let Capture { client, clock, section, .. } = capture;
        let (files, parts) = (section.media.files_at_once as usize, section.media.parts_at_once as usize);
        let limits = DownloadLimits { files, parts, ..DownloadLimits::default() };
        Self {
            downloads: Downloads::new(client.clone(), clock.clone(), limits),
            told: clock.now(),
            media: media.clone(),
            watcher: Watcher { cancel: tell.stop().clone(), progress: None },
            patience: section.media.file_timeout.0,
            name_bytes: section.media.name_bytes as usize,
        }
    }

    /// None: Telegram has nothing that could be asked for.
    async fn bring(&self, file: &StoredFile) -> Result<Option<Brought>, BringError> {
        let StoredFile { key, file, .. } = file;
        let FileKey { chat, id, file: number } = key;
        // It has no number of Telegram's: an import alone knows it.
        if *number < 0 {
            return Ok(None);
        }
        // The same name the next time, so that what has come is not fetched again.
        let path = self.media.arriving().join(format!("{chat}-{id}-{number}"));
        let origin = Origin { chat: *chat, message: *id };
        // When its reference was told is not known; one that has run out is renewed, together with its neighbours.
        let Some(wanted) = Wanted::of(file, Some(origin), self.told, path.clone()) else { return Ok(None) };
        let fetching = self.downloads.fetch(&wanted, &self.watcher);
        let fetched = tokio::time::timeout(self.patience, fetching).await;
        fetched.map_err(|_| BringError::Slow { limit: Period(self.patience) })??;
        let claim = self.media.claim().await?;
        let placed = self.media.put(path).await?;
        let link = link_of(*chat, file, self.name_bytes);
        self.media.link(link.clone(), placed.hash).await?;
        let place = FilePlace { hash: placed.hash, bytes: placed.bytes, link };
        Ok(Some(Brought { place, claim }))
    }
}

/// Why a file did not come to its place.
#[derive(Debug, thiserror::Error)]
enum BringError {
    #[error(transparent)]
    Download(#[from] crate::telegram::download::DownloadError),
    #[error(transparent)]
    Media(#[from] crate::archive::media::MediaError),
    #[error("it did not come within {limit}, which is `capture.media.file_timeout`; what has come is kept")]
    Slow { limit: Period },
}

impl BringError {
    /// Whether it is about this file: then it counts as a try.
    fn is_of_the_file(&self) -> bool {
        use crate::telegram::download::DownloadError as Why;
        match self {
            Self::Slow { .. } => true,
            Self::Download(Why::Disk { .. } | Why::Cancelled) | Self::Media(_) => false,
            Self::Download(Why::Telegram { source, .. }) => {
                !source.is_temporary()
                    && !matches!(
                        source,
                        crate::telegram::Error::LoggedOut { .. } | crate::telegram::Error::Closed
                    )
            }
            Self::Download(_) => true,
        }
    }
}

impl From<BringError> for CaptureError {
    fn from(error: BringError) -> Self {
        match error {
            BringError::Download(error) => Self::Download(error),
            BringError::Media(error) => Self::Media(error),
            BringError::Slow { .. } => Self::Setting(error.to_string()),
        }
    }
}
