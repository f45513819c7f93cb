//! The little picture beside a song: a JPEG of at most 320 pixels and 200 kB, or Telegram shows none.

use std::{
    io::{Cursor, Write as _},
    path::Path,
    time::Duration,
};

use futures_util::StreamExt as _;
use image::{DynamicImage, ImageReader, Limits, codecs::jpeg::JpegEncoder};
use tempfile::{NamedTempFile, TempPath};

use super::Found;
use crate::{
    model::{Cover, Track},
    music::backends,
};

const WIDEST: u32 = 320;
const MOST_BYTES: usize = 200_000;
/// A song does not wait longer for its picture.
const LIMIT: Duration = Duration::from_secs(5);
/// Larger ones are not fetched.
const MOST_FETCHED: usize = 8 << 20;
/// Larger ones are not unpacked: some bytes can stand for any number of pixels.
const WIDEST_UNPACKED: u32 = 6_000;
const MOST_UNPACKED: u64 = 128 << 20;
const QUALITY: u8 = 85;

/// From the recording, else from where the track says, else from the file; a song without a picture is still
/// a song.
pub(super) async fn fetch(
    http: &reqwest::Client,
    track: &Track,
    found: &Found,
    folder: &Path,
) -> Option<TempPath> {
    let given = found.recording.picture.as_ref().map(|(_, bytes)| bytes.clone());
    let mut cover = small(given).await;
    if cover.is_none() {
        cover = tokio::time::timeout(LIMIT, from_afar(http, track)).await.unwrap_or_default();
    }
    if cover.is_none() && !found.is_placeholder {
        let file = found.file.path().to_owned();
        let inside = tokio::task::spawn_blocking(move || backends::picture(&file)).await;
        cover = small(inside.unwrap_or_default()).await;
    }
    kept(&cover?, folder)
}

/// The largest that need not be made smaller, else the smallest of the others.
fn best(covers: &[Cover]) -> Option<&Cover> {
    let width = |cover: &&Cover| cover.width.max(cover.height);
    let fit = covers.iter().filter(|cover| (1..=WIDEST).contains(&width(cover))).max_by_key(width);
    fit.or_else(|| covers.iter().min_by_key(width))
}

async fn from_afar(http: &reqwest::Client, track: &Track) -> Option<Vec<u8>> {
    match download(http, &best(&track.covers)?.url).await {
        Ok(bytes) => small(Some(bytes)).await,
        Err(error) => {
            tracing::debug!(error = &error as &dyn std::error::Error, "A cover cannot be fetched");
            None
        }
    }
}

async fn download(http: &reqwest::Client, url: &str) -> reqwest::Result<Vec<u8>> {
    let mut stream = http.get(url).send().await?.error_for_status()?.bytes_stream();
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        bytes.extend_from_slice(&chunk?);
        if bytes.len() > MOST_FETCHED {
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

/// As it is if it fits, else made so.
async fn small(picture: Option<Vec<u8>>) -> Option<Vec<u8>> {
    let picture = picture?;
    if is_fit(&picture) {
        return Some(picture);
    }
    tokio::task::spawn_blocking(move || made_small(&picture)).await.unwrap_or_default()
}

fn made_small(picture: &[u8]) -> Option<Vec<u8>> {
    let mut reader = ImageReader::new(Cursor::new(picture)).with_guessed_format().ok()?;
    let mut limits = Limits::no_limits();
    (limits.max_image_width, limits.max_image_height) = (Some(WIDEST_UNPACKED), Some(WIDEST_UNPACKED));
    limits.max_alloc = Some(MOST_UNPACKED);
    reader.limits(limits);
    let decoded = reader.decode();
    let image = decoded.inspect_err(|error| tracing::debug!(%error, "A cover cannot be read")).ok()?;
    let is_large = image.width().max(image.height()) > WIDEST;
    let image = if is_large { image.thumbnail(WIDEST, WIDEST) } else { image };
    let mut jpeg = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, QUALITY);
    DynamicImage::from(image.into_rgb8()).write_with_encoder(encoder).ok()?;
    is_fit(&jpeg).then_some(jpeg)
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
    use image::{ImageFormat, Rgb, RgbImage};

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

    /// A gradient, so that it is no trivial picture.
    fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let pixel = |x: u32, y: u32| Rgb([(x % 256) as u8, (y % 256) as u8, ((x * y) % 256) as u8]);
        let mut bytes = Vec::new();
        let image = DynamicImage::from(RgbImage::from_fn(width, height, pixel));
        image.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
        bytes
    }

    #[test]
    fn pictures_of_any_kind_become_small_jpegs() {
        for (width, height, format, small) in [
            (640, 640, ImageFormat::Jpeg, (320, 320)),
            (1000, 500, ImageFormat::Png, (320, 160)),
            (100, 300, ImageFormat::Png, (100, 300)),
            (400, 800, ImageFormat::WebP, (160, 320)),
        ] {
            let made = made_small(&picture(width, height, format)).expect("a picture");
            assert!(is_fit(&made), "{width}x{height} {format:?}");
            assert_eq!(jpeg_size(&made), Some(small), "{format:?}");
        }
    }

    #[test]
    fn what_would_fill_the_memory_is_left_alone() {
        let mut bomb = picture(8, 8, ImageFormat::Png);
        // Width and height of the header, whose checksum follows its 13 bytes.
        bomb[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
        let sum = crc32(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&sum.to_be_bytes());
        assert_eq!(made_small(&bomb), None);
        assert_eq!(made_small(b"<html>404</html>"), None);
        assert_eq!(made_small(&picture(8, 8, ImageFormat::Png)[..40]), None);
    }

    fn crc32(bytes: &[u8]) -> u32 {
        let step = |sum: u32, byte: &u8| {
            (0..8)
                .fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg()))
        };
        !bytes.iter().fold(u32::MAX, step)
    }

    #[test]
    fn a_cover_that_fits_is_asked_for_first() {
        let cover = |width: u32| Cover { url: width.to_string(), width, height: width };
        let best_of = |widths: &[u32]| {
            let covers: Vec<Cover> = widths.iter().map(|width| cover(*width)).collect();
            best(&covers).map(|cover| cover.width)
        };
        assert_eq!(best_of(&[640, 300, 64]), Some(300));
        assert_eq!(best_of(&[1000, 640]), Some(640));
        assert_eq!(best_of(&[0]), Some(0), "nobody says how large it is");
        assert_eq!(best_of(&[]), None);
    }
}
