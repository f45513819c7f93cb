//! Telegram's own hashes of a large file, compared once it is there.

use std::sync::Arc;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use grammers_tl_types::{enums as tl, functions};
use sha2::{Digest as _, Sha256};

use super::{
    DownloadError, PART, Shared, Wanted,
    fetch::blocking,
    part_file::{PartFile, disk},
};
use crate::telegram::Lane;

/// How many calls for hashes are on their way at once: an answer covers about a mebibyte.
const AHEAD: usize = 8;

/// An answer that covers less than this is none: it would take calls without end.
const LEAST: u64 = 64 * 1024;

/// What Telegram says of the whole file; nothing, when it has no hashes of it.
pub(super) async fn all(
    shared: &Shared,
    wanted: &Wanted,
    size: u64,
) -> Result<Vec<tl::FileHash>, DownloadError> {
    let mut hashes = ask(shared, wanted, 0).await?;
    let Some(step) = end_of(&hashes).filter(|end| *end >= LEAST.min(size)) else { return Ok(hashes) };
    let starts = (1..).map(|number| number * step).take_while(|start| *start < size);
    let rest = starts.map(|start| range(shared, wanted, start, (start + step).min(size)));
    let mut rest = stream::iter(rest).buffered(AHEAD);
    while let Some(more) = rest.try_next().await? {
        hashes.extend(more);
    }
    Ok(hashes)
}

/// An answer may cover less than the first one did.
async fn range(
    shared: &Shared,
    wanted: &Wanted,
    start: u64,
    end: u64,
) -> Result<Vec<tl::FileHash>, DownloadError> {
    let mut hashes = Vec::new();
    let mut offset = start;
    while offset < end {
        let more = ask(shared, wanted, offset).await?;
        let Some(next) = end_of(&more).filter(|next| *next >= (offset + LEAST).min(end)) else { break };
        offset = next;
        hashes.extend(more);
    }
    Ok(hashes)
}

/// The parts that are not what they should be.
pub(super) async fn wrong_parts(
    file: &Arc<PartFile>,
    hashes: &Arc<Vec<tl::FileHash>>,
) -> Result<Vec<usize>, DownloadError> {
    let (file, hashes) = (Arc::clone(file), Arc::clone(hashes));
    let mut wrong = blocking(move || compare(&file, &hashes)).await?;
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
    let ends = hashes.iter().map(|tl::FileHash::Hash(hash)| hash.offset.saturating_add(hash.limit.into()));
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
        // Behind the end there is nothing to compare.
        if length == 0 {
            continue;
        }
        let bytes = file.read_range(offset, length).map_err(disk(file.part_path(), "read"))?;
        if Sha256::digest(&bytes).as_slice() != hash.hash.as_slice() {
            let parts = offset / u64::from(PART)..=(offset + length as u64 - 1) / u64::from(PART);
            wrong.extend(parts.filter_map(|part| usize::try_from(part).ok()));
        }
    }
    Ok(wrong)
}

#[cfg(test)]
mod tests {
    use grammers_tl_types::types;

    use super::*;

    fn hash(offset: i64, limit: i32, bytes: &[u8]) -> tl::FileHash {
        types::FileHash { offset, limit, hash: Sha256::digest(bytes).to_vec() }.into()
    }

    #[test]
    fn only_parts_of_the_file_are_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let size = 2 * u64::from(PART);
        let file = PartFile::open(&folder.path().join("film.mp4"), size, 7).unwrap();
        for index in 0..2 {
            file.write(index, &vec![1; PART as usize]).unwrap();
        }
        let (part, right) = (PART.cast_signed(), vec![1; PART as usize]);
        let hashes = [
            hash(0, part, &right),
            hash(part.into(), part, b"other"),
            hash(size.cast_signed(), part, b"behind the end"),
            hash(i64::MAX, i32::MAX, b"far behind"),
            hash(-1, -1, b"nowhere"),
        ];
        assert_eq!(compare(&file, &hashes).unwrap(), [1]);
        assert_eq!(end_of(&hashes), Some(i64::MAX.cast_unsigned()));
    }
}
