//! The little picture beside a song: a JPEG of at most 320 pixels and 200 kB, or Telegram shows none.

use std::{io::Write as _, path::Path, time::Duration};

use futures_util::StreamExt as _;
use tempfile::{NamedTempFile, TempPath};

use crate::model::{Recording, Track};

const WIDEST: u32 = 320;
const MOST_BYTES: usize = 200_000;
/// A song does not wait longer for its picture.
const LIMIT: Duration = Duration::from_secs(5);

/// From the recording, or else from where the track says; a song without a picture is still a song.
pub(super) async fn fetch(
    http: &reqwest::Client,
    track: &Track,
    recording: &Recording,
    folder: &Path,
) -> Option<TempPath> {
    if let Some((_, bytes)) = recording.picture.as_ref().filter(|(_, bytes)| is_fit(bytes)) {
        return kept(bytes, folder);
    }
    let covers = track.covers.iter().filter(|cover| cover.width.max(cover.height) <= WIDEST);
    let url = &covers.max_by_key(|cover| cover.width)?.url;
    let bytes = match tokio::time::timeout(LIMIT, download(http, url)).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) => {
            tracing::debug!(error = &error as &dyn std::error::Error, "A cover cannot be fetched");
            return None;
        }
        Err(_) => return None,
    };
    if is_fit(&bytes) { kept(&bytes, folder) } else { None }
}

async fn download(http: &reqwest::Client, url: &str) -> reqwest::Result<Vec<u8>> {
    let mut stream = http.get(url).send().await?.error_for_status()?.bytes_stream();
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        bytes.extend_from_slice(&chunk?);
        if bytes.len() > MOST_BYTES {
            break;
        }
    }
    Ok(bytes)
}

fn kept(bytes: &[u8], folder: &Path) -> Option<TempPath> {
    let write = || {
        std::fs::create_dir_all(folder)?;
        let mut file = NamedTempFile::new_in(folder)?;
        file.write_all(bytes)?;
        Ok::<_, std::io::Error>(file.into_temp_path())
    };
    write().inspect_err(|error| tracing::warn!(%error, "A cover cannot be kept")).ok()
}

fn is_fit(bytes: &[u8]) -> bool {
    let fits = |(width, height): (u32, u32)| width.max(height) <= WIDEST && width.min(height) > 0;
    bytes.len() <= MOST_BYTES && jpeg_size(bytes).is_some_and(fits)
}

/// Width and height, from the frame header.
fn jpeg_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let word = |at: usize| Some(u16::from_be_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
    if !bytes.starts_with(&[0xff, 0xd8]) {
        return None;
    }
    let mut at = 2;
    loop {
        let (mark, kind) = (*bytes.get(at)?, *bytes.get(at + 1)?);
        if mark != 0xff {
            return None;
        }
        // c4, c8 and cc are no frames.
        if matches!(kind, 0xc0..=0xcf) && !matches!(kind, 0xc4 | 0xc8 | 0xcc) {
            return Some((word(at + 7)?.into(), word(at + 5)?.into()));
        }
        at += 2 + usize::from(word(at + 2)?);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header that says how large the picture is.
    fn jpeg(width: u16, height: u16) -> Vec<u8> {
        let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xc0, 0, 17, 8];
        bytes.extend(height.to_be_bytes());
        bytes.extend(width.to_be_bytes());
        bytes
    }

    #[test]
    fn only_small_jpegs_are_fit() {
        assert!(is_fit(&jpeg(300, 320)));
        assert!(!is_fit(&jpeg(640, 300)) && !is_fit(&jpeg(0, 300)));
        assert!(!is_fit(b"\x89PNG\r\n\x1a\n") && !is_fit(&[]));
        let mut large = jpeg(300, 300);
        large.resize(MOST_BYTES + 1, 0);
        assert!(!is_fit(&large));
    }
}
