//! Files come down: several parts in flight, kept part by part, visible only when whole.
//!
//! Desired properties:
//! - A file appears under its name whole and synced, or not at all.
//! - After a kill, what had arrived is not fetched again, but for the one part that was being
//!   written. Nobody has to remember anything: the folder says what is there.
//! - A part that is shorter than it must be is an error, never a hole.
//! - A file reference that ran out is renewed with those of its neighbours, in one call.
//!
//! Accepted: parts on their way at the moment of a kill are asked for again.

mod error;
mod fetch;
mod hashes;
mod part_file;
mod references;
mod wanted;
mod window;

use std::{fmt, sync::Arc};

use futures_util::{StreamExt as _, stream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

pub use error::DownloadError;
pub use wanted::{Origin, Place, Wanted};
pub(super) use window::Window;

use super::Client;
use crate::clock::SharedClock;
use references::References;

/// The longest that the connection takes, and what Telegram's servers divide a mebibyte by.
pub(super) const PART: u32 = 512 * 1024;

/// All downloads of one account. Cheap to clone; clones share the limits.
#[derive(Clone)]
pub struct Downloads {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    references: References,
    files: Semaphore,
    /// In units of [`BYTES_UNIT`].
    bytes: Semaphore,
    limits: DownloadLimits,
}

const BYTES_UNIT: u32 = 4096;

#[derive(Clone, Copy, Debug)]
pub struct DownloadLimits {
    /// How many files are on their way at the same time.
    pub files: usize,
    /// How many bytes are asked for and not yet written, over all files.
    pub bytes: u32,
    /// How many parts of one file are asked for at the same time, at most.
    pub parts: usize,
    /// From this size on, Telegram's own hashes are asked for and compared. Below, one more call
    /// for each file would cost more than it could find: every answer carries its own hash.
    pub hashed_from_bytes: u64,
}

impl Default for DownloadLimits {
    fn default() -> Self {
        Self { files: 16, bytes: 16 * 1024 * 1024, parts: 16, hashed_from_bytes: 10 * 1024 * 1024 }
    }
}

/// Who waits for a download, and how far it is.
#[derive(Clone, Default)]
pub struct Watcher {
    pub cancel: CancellationToken,
    /// Called with what an earlier attempt left, and after each part that is written.
    pub progress: Option<Arc<dyn Fn(DownloadProgress) + Send + Sync>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DownloadProgress {
    /// Of this file; what an earlier attempt left counts.
    pub done_bytes: u64,
    pub total_bytes: Option<u64>,
}

/// How a download ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Downloaded {
    pub bytes: u64,
    /// Fetched now; the rest was there from an earlier attempt.
    pub fetched_bytes: u64,
}

impl Downloads {
    pub fn new(client: Client, clock: SharedClock, limits: DownloadLimits) -> Self {
        let references = References::new(client.clone(), clock);
        let bytes = Semaphore::new((limits.bytes.max(PART) / BYTES_UNIT) as usize);
        let files = Semaphore::new(limits.files.max(1));
        Self { shared: Arc::new(Shared { client, references, files, bytes, limits }) }
    }

    /// Returns when the file lies whole under its name.
    pub async fn fetch(&self, wanted: &Wanted, watcher: &Watcher) -> Result<Downloaded, DownloadError> {
        let _known = self.shared.references.note(std::slice::from_ref(wanted));
        self.fetch_known(wanted, watcher).await
    }

    /// Fetches many files at the same time, in the given order as far as limits allow, and hands
    /// over each end as it comes.
    pub async fn fetch_all(
        &self,
        wanted: &[Wanted],
        watcher: &Watcher,
        mut ended: impl FnMut(&Wanted, Result<Downloaded, DownloadError>),
    ) {
        let _known = self.shared.references.note(wanted);
        let mut ends = stream::iter(wanted)
            .map(|one| async move { (one, self.fetch_known(one, watcher).await) })
            .buffer_unordered(self.shared.limits.files.max(1));
        while let Some((one, end)) = ends.next().await {
            ended(one, end);
        }
    }

    async fn fetch_known(&self, wanted: &Wanted, watcher: &Watcher) -> Result<Downloaded, DownloadError> {
        let fetched = async {
            let _slot = self.shared.files.acquire().await.map_err(|_| DownloadError::Cancelled)?;
            self.shared.references.refresh_if_old(wanted).await?;
            fetch::fetch(&self.shared, wanted, watcher).await
        };
        tokio::select! {
            biased;
            () = watcher.cancel.cancelled() => Err(DownloadError::Cancelled),
            fetched = fetched => fetched,
        }
    }
}

impl fmt::Debug for Downloads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Downloads").field("limits", &self.shared.limits).finish_non_exhaustive()
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watcher").field("cancel", &self.cancel).finish_non_exhaustive()
    }
}
