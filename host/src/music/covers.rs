//! Pictures of what was played: fetched once and handed on, so that whoever looks at the page asks nobody else.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures_util::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Semaphore;

use crate::{
    clock::SharedClock,
    model::{Cover, Track},
};

/// Large enough for a page.
const WANTED_PIXELS: u32 = 200;
const MOST_BYTES: usize = 1024 * 1024;
/// Of all pictures that are kept.
const MOST_KEPT_BYTES: usize = 4 * 1024 * 1024;
const MOST_KEPT: usize = 200;
const LIMIT: Duration = Duration::from_secs(5);
/// A picture that could not be had is not asked for again before.
const PAUSE: SignedDuration = SignedDuration::from_secs(60);
const AT_ONCE: usize = 4;

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Covers {
    http: reqwest::Client,
    clock: SharedClock,
    kept: Arc<Mutex<Shelf>>,
    places: Arc<Semaphore>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub mime: &'static str,
    pub bytes: Bytes,
}

/// The newest first.
#[derive(Debug, Default)]
struct Shelf(VecDeque<Kept>);

#[derive(Debug)]
struct Kept {
    url: String,
    /// None: it could not be had at that time.
    picture: Result<Picture, Timestamp>,
}

impl Covers {
    pub fn new(http: reqwest::Client, clock: SharedClock) -> Self {
        Self { http, clock, kept: Arc::default(), places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Of this track, in a size for pages.
    pub async fn of(&self, track: &Track) -> Option<Picture> {
        self.fetch(&fitting(&track.covers)?.url).await
    }

    pub async fn fetch(&self, url: &str) -> Option<Picture> {
        if let Some(known) = self.shelf().known(url, self.clock.now()) {
            return known;
        }
        let _place = self.places.acquire().await.ok()?;
        // Somebody may have fetched it meanwhile.
        if let Some(known) = self.shelf().known(url, self.clock.now()) {
            return known;
        }
        let fetched = tokio::time::timeout(LIMIT, self.download(url)).await;
        let picture = match fetched {
            Ok(Ok(picture)) => picture,
            Ok(Err(error)) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "A cover cannot be fetched");
                None
            }
            Err(_) => None,
        };
        self.shelf().keep(url, picture.clone(), self.clock.now());
        picture
    }

    async fn download(&self, url: &str) -> reqwest::Result<Option<Picture>> {
        let mut stream = self.http.get(url).send().await?.error_for_status()?.bytes_stream();
        let mut bytes = Vec::new();
        while let Some(chunk) = stream.next().await {
            bytes.extend_from_slice(&chunk?);
            if bytes.len() > MOST_BYTES {
                return Ok(None);
            }
        }
        // What a server says of its files is not believed: a page of its must not become one of ours.
        Ok(kind_of(&bytes).map(|mime| Picture { mime, bytes: bytes.into() }))
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    fn known(&self, url: &str, now: Timestamp) -> Option<Option<Picture>> {
        match &self.0.iter().find(|kept| kept.url == url)?.picture {
            Ok(picture) => Some(Some(picture.clone())),
            Err(failed) => (now.duration_since(*failed) < PAUSE).then_some(None),
        }
    }

    fn keep(&mut self, url: &str, picture: Option<Picture>, now: Timestamp) {
        let kept = &mut self.0;
        kept.retain(|kept| kept.url != url);
        kept.push_front(Kept { url: url.to_owned(), picture: picture.ok_or(now) });
        let size = |kept: &Kept| kept.picture.as_ref().map_or(0, |picture| picture.bytes.len());
        let mut bytes = 0;
        let fitting = kept.iter().take(MOST_KEPT).take_while(|kept| {
            bytes += size(kept);
            bytes <= MOST_KEPT_BYTES
        });
        let fitting = fitting.count();
        kept.truncate(fitting);
    }
}

/// The smallest that is large enough, or the largest.
fn fitting(covers: &[Cover]) -> Option<&Cover> {
    let large = covers.iter().filter(|cover| cover.width.max(cover.height) >= WANTED_PIXELS);
    large.min_by_key(|cover| cover.width).or_else(|| covers.iter().max_by_key(|cover| cover.width))
}

fn kind_of(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_that_is_large_enough_is_taken() {
        let cover = |width: u32| Cover { url: width.to_string(), width, height: width };
        let of = |widths: &[u32]| {
            let covers: Vec<_> = widths.iter().map(|width| cover(*width)).collect();
            fitting(&covers).map(|cover| cover.width)
        };
        assert_eq!(of(&[640, 300, 64]), Some(300));
        assert_eq!((of(&[64, 32]), of(&[0]), of(&[])), (Some(64), Some(0), None));
    }

    #[test]
    fn only_pictures_are_handed_on() {
        assert_eq!(kind_of(b"\xff\xd8\xff\xe0"), Some("image/jpeg"));
        for other in [b"<!doctype html>".as_slice(), b"<svg onload=x>", b"", b"RIFF\0\0\0\0WAVE"] {
            assert_eq!(kind_of(other), None);
        }
    }

    #[test]
    fn keeps_only_so_many_bytes() {
        let mut shelf = Shelf::default();
        let picture = || Picture { mime: "image/jpeg", bytes: vec![0; MOST_BYTES].into() };
        for number in 0..10 {
            shelf.keep(&number.to_string(), Some(picture()), Timestamp::UNIX_EPOCH);
        }
        let known: Vec<_> = (0..10)
            .filter(|it: &u32| shelf.known(&it.to_string(), Timestamp::UNIX_EPOCH).is_some())
            .collect();
        assert_eq!(known, [6, 7, 8, 9]);
    }

    #[test]
    fn a_failure_is_remembered_for_a_minute() {
        let (mut shelf, now) = (Shelf::default(), Timestamp::UNIX_EPOCH);
        shelf.keep("gone", None, now);
        assert_eq!(shelf.known("gone", now), Some(None));
        assert_eq!(shelf.known("gone", now + PAUSE), None);
    }
}
