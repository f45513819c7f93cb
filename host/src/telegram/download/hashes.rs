//! Telegram's own hashes of a large file, compared once it is there.

use std::sync::Arc;

use grammers_tl_types::{enums as tl, functions};
use sha2::{Digest as _, Sha256};

use super::{
    DownloadError, PART, Shared, Wanted,
    fetch::blocking,
    part_file::{PartFile, disk},
};
use crate::telegram::Lane;

/// The parts that are not what they should be. A file that Telegram has no hashes of is right.
pub(super) async fn wrong_parts(
    shared: &Shared,
    wanted: &Wanted,
    file: &Arc<PartFile>,
    size: u64,
) -> Result<Vec<usize>, DownloadError> {
    let mut wrong = Vec::new();
    let mut offset = 0;
    while offset < size {
        let hashes = ask(shared, wanted, offset).await?;
        let Some(end) = end_of(&hashes).filter(|end| *end > offset) else { break };
        offset = end;
        let file = Arc::clone(file);
        wrong.extend(blocking(move || compare(&file, &hashes)).await?);
    }
    wrong.dedup();
    Ok(wrong)
}

async fn ask(shared: &Shared, wanted: &Wanted, offset: u64) -> Result<Vec<tl::FileHash>, DownloadError> {
    let mut renewals = 0;
    loop {
        let reference = shared.references.current(wanted);
        let location = wanted.location(reference.clone());
        let offset = i64::try_from(offset).unwrap_or(i64::MAX);
        let call = functions::upload::GetFileHashes { location, offset };
        match (shared.client.invoke_in(Lane::Media(wanted.dc), &call).await, reference) {
            (Ok(hashes), _) => return Ok(hashes),
            (Err(error), Some(refused)) if error.is("FILE_REFERENCE_*") && renewals < 2 => {
                renewals += 1;
                shared.references.refresh(wanted, &refused).await?;
            }
            (Err(source), _) => {
                return Err(DownloadError::Telegram { path: wanted.path.clone(), source });
            }
        }
    }
}

fn end_of(hashes: &[tl::FileHash]) -> Option<u64> {
    let ends = hashes.iter().map(|tl::FileHash::Hash(hash)| hash.offset + i64::from(hash.limit));
    u64::try_from(ends.max()?).ok()
}

fn compare(file: &PartFile, hashes: &[tl::FileHash]) -> Result<Vec<usize>, DownloadError> {
    let mut wrong = Vec::new();
    for tl::FileHash::Hash(hash) in hashes {
        let (Ok(offset), Ok(length)) = (u64::try_from(hash.offset), usize::try_from(hash.limit)) else {
            continue;
        };
        // The last one may be said to reach beyond the end.
        let length = length.min(file.left_from(offset));
        let bytes = file.read_range(offset, length).map_err(disk(file.part_path(), "read"))?;
        if Sha256::digest(&bytes).as_slice() != hash.hash.as_slice() {
            let parts = offset / u64::from(PART)..=(offset + length.max(1) as u64 - 1) / u64::from(PART);
            wrong.extend(parts.filter_map(|part| usize::try_from(part).ok()));
        }
    }
    Ok(wrong)
}
