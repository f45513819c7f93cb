//! One file, from the first part to the last.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt as _, future::join, stream::FuturesUnordered};
use grammers_tl_types::{enums as tl, functions};
use tokio::time::Instant;

use super::{
    BYTES_UNIT, DownloadError, DownloadProgress, Downloaded, PART, Shared, Wanted, Watcher, hashes,
    part_file::{PartFile, offset, write_whole},
    window::Window,
};
use crate::telegram::{Error, Lane};

/// How often the same part may come short, or be refused for its reference.
const MOST_TRIES: u32 = 3;

/// Avatars and thumbnails have a few hundred kilobytes.
const MOST_UNTOLD: usize = 32 * 1024 * 1024;

pub(super) async fn fetch(
    shared: &Shared,
    wanted: &Wanted,
    watcher: &Watcher,
) -> Result<Downloaded, DownloadError> {
    let Some(size) = wanted.size_bytes else { return fetch_to_the_end(shared, wanted, watcher).await };
    let (path, fingerprint) = (wanted.path.clone(), wanted.fingerprint());
    // A file gets its name only when it is whole.
    let there = tokio::fs::metadata(&path).await;
    if there.is_ok_and(|there| there.is_file() && there.len() == size) {
        return Ok(Downloaded { bytes: size, fetched_bytes: 0 });
    }
    let file = Arc::new(blocking(move || PartFile::open(&path, size, fingerprint)).await?);
    watcher.tell(file.done_bytes(), wanted.size_bytes);
    let hashes = async {
        if size < shared.limits.hashed_from_bytes {
            return Ok(Vec::new());
        }
        hashes::all(shared, wanted, size).await
    };
    // Both to their end: what is on its way when the other fails is not lost.
    let (fetched, hashes) = join(fetch_missing(shared, wanted, &file, watcher), hashes).await;
    let fetched_bytes = fetched? + check_hashes(shared, wanted, &file, Arc::new(hashes?), watcher).await?;
    blocking(move || file.finish()).await?;
    Ok(Downloaded { bytes: size, fetched_bytes })
}

/// Fetches what is not there yet; says how much came.
async fn fetch_missing(
    shared: &Shared,
    wanted: &Wanted,
    file: &Arc<PartFile>,
    watcher: &Watcher,
) -> Result<u64, DownloadError> {
    let mut missing = file.missing().into_iter();
    let mut window = Window::up_to(shared.limits.parts);
    let mut in_flight = FuturesUnordered::new();
    let mut fetched = 0;
    let mut failure = None;
    loop {
        while failure.is_none() && in_flight.len() < window.size() {
            let Some(index) = missing.next() else { break };
            in_flight.push(one(shared, wanted, file, index));
        }
        let Some(Arrival { index, took, troubles, bytes, permit }) = in_flight.next().await else { break };
        match bytes {
            Ok(bytes) => {
                if troubles {
                    window.note_trouble()
                } else {
                    window.note_part(took)
                }
                fetched += bytes.len() as u64;
                let file = Arc::clone(file);
                let done = blocking(move || file.write(index, &bytes).map(|()| file.done_bytes())).await?;
                watcher.tell(done, wanted.size_bytes);
            }
            // What is on its way is still taken in; it would be fetched again otherwise.
            Err(error) => failure = failure.or(Some(error)),
        }
        drop(permit);
    }
    failure.map_or(Ok(fetched), Err)
}

struct Arrival<'a> {
    index: usize,
    took: Duration,
    /// It did not come at the first try.
    troubles: bool,
    bytes: Result<Vec<u8>, DownloadError>,
    /// Held until the bytes are written.
    permit: Option<tokio::sync::SemaphorePermit<'a>>,
}

async fn one<'a>(shared: &'a Shared, wanted: &Wanted, file: &PartFile, index: usize) -> Arrival<'a> {
    let units = u32::try_from(file.length(index)).unwrap_or(PART).div_ceil(BYTES_UNIT);
    // Never closed.
    let permit = shared.bytes.acquire_many(units).await.ok();
    let started = Instant::now();
    let (tries, bytes) = part(shared, wanted, offset(index), Some(file.length(index))).await;
    Arrival { index, took: started.elapsed(), troubles: tries > 1, bytes, permit }
}

/// One part of the expected length, and how many calls it took.
async fn part(
    shared: &Shared,
    wanted: &Wanted,
    offset: u64,
    expected: Option<usize>,
) -> (u32, Result<Vec<u8>, DownloadError>) {
    let mut tries = 0;
    loop {
        tries += 1;
        let reference = shared.references.current(wanted);
        let call = functions::upload::GetFile {
            precise: false,
            cdn_supported: false,
            location: wanted.location(reference.clone()),
            offset: i64::try_from(offset).unwrap_or(i64::MAX),
            limit: PART.cast_signed(),
        };
        let answer = shared.client.invoke_in(Lane::Media(wanted.dc), &call).await;
        let again = match (answer, reference) {
            (Ok(tl::upload::File::File(file)), _) => match expected {
                Some(expected) if file.bytes.len() != expected => Err(DownloadError::Short {
                    path: wanted.path.clone(),
                    offset,
                    got: file.bytes.len(),
                    expected,
                }),
                _ => return (tries, Ok(file.bytes)),
            },
            (Ok(tl::upload::File::CdnRedirect(_)), _) => {
                return (tries, Err(DownloadError::ContentNetwork { path: wanted.path.clone() }));
            }
            (Err(error), Some(refused)) if error.is("FILE_REFERENCE_*") => {
                match shared.references.refresh(wanted, &refused).await {
                    Ok(()) => Err(telegram(wanted, error)),
                    Err(gone) => return (tries, Err(gone)),
                }
            }
            (Err(error), _) => return (tries, Err(telegram(wanted, error))),
        };
        if tries == MOST_TRIES {
            return (tries, again);
        }
    }
}

fn telegram(wanted: &Wanted, source: Error) -> DownloadError {
    DownloadError::Telegram { path: wanted.path.clone(), source }
}

/// A file that is not what Telegram's hashes say is mended once.
async fn check_hashes(
    shared: &Shared,
    wanted: &Wanted,
    file: &Arc<PartFile>,
    hashes: Arc<Vec<tl::FileHash>>,
    watcher: &Watcher,
) -> Result<u64, DownloadError> {
    if hashes::wrong_parts(file, &hashes).await?.is_empty() {
        return Ok(0);
    }
    // These came while the file came: they may be older than some of its parts.
    let size = wanted.size_bytes.unwrap_or_default();
    let hashes = Arc::new(hashes::all(shared, wanted, size).await?);
    let wrong = hashes::wrong_parts(file, &hashes).await?;
    forget(file, &wrong)?;
    tracing::warn!(
        parts = wrong.len(),
        "A file is not what Telegram's hashes say: fetching parts of it again"
    );
    let fetched = fetch_missing(shared, wanted, file, watcher).await?;
    let wrong = hashes::wrong_parts(file, &hashes).await?;
    forget(file, &wrong)?;
    match wrong.first() {
        None => Ok(fetched),
        Some(first) => Err(DownloadError::Hash { path: file.path().to_owned(), offset: offset(*first) }),
    }
}

fn forget(file: &PartFile, parts: &[usize]) -> Result<(), DownloadError> {
    parts.iter().try_for_each(|index| file.forget(*index))
}

/// For small things whose size nobody told: they are held in memory.
async fn fetch_to_the_end(
    shared: &Shared,
    wanted: &Wanted,
    watcher: &Watcher,
) -> Result<Downloaded, DownloadError> {
    let mut whole = Vec::new();
    loop {
        let _permit = shared.bytes.acquire_many(PART / BYTES_UNIT).await.ok(); // Never closed.
        let bytes = part(shared, wanted, whole.len() as u64, None).await.1?;
        whole.extend_from_slice(&bytes);
        if whole.len() > MOST_UNTOLD {
            let (path, bytes) = (wanted.path.clone(), whole.len() as u64);
            return Err(DownloadError::TooLarge { path, bytes, most: MOST_UNTOLD as u64 });
        }
        watcher.tell(whole.len() as u64, None);
        if bytes.len() < PART as usize {
            break;
        }
    }
    let (path, fingerprint, bytes) = (wanted.path.clone(), wanted.fingerprint(), whole.len() as u64);
    blocking(move || write_whole(&path, &whole, fingerprint)).await?;
    Ok(Downloaded { bytes, fetched_bytes: bytes })
}

impl Watcher {
    fn tell(&self, done_bytes: u64, total_bytes: Option<u64>) {
        if let Some(progress) = &self.progress {
            progress(DownloadProgress { done_bytes, total_bytes });
        }
    }
}

/// Work on the disk, off the threads that talk to Telegram.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DownloadError> + Send + 'static,
) -> Result<T, DownloadError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(DownloadError::Cancelled),
    }
}
