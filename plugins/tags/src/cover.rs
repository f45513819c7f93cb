//! The album's picture, fetched where the track says that it is.

use tapedeck_plugin::{Error, WantsHttp, http, log, tracks::Track};

use crate::Picture;

/// Where covers lie. A plugin names them in its `WANTS`.
pub const COVERS: [WantsHttp; 3] = [
    WantsHttp { host: "*.scdn.co", methods: &["GET"], why: "covers of albums on Spotify" },
    WantsHttp { host: "coverartarchive.org", methods: &["GET"], why: "covers of albums on MusicBrainz" },
    WantsHttp { host: "*.archive.org", methods: &["GET"], why: "where the Cover Art Archive keeps them" },
];

/// A whole picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cover {
    pub kind: Picture,
    pub content: Vec<u8>,
}

impl Cover {
    /// The track's, of at most so many bytes. A recording without its cover is better than none: whatever goes wrong is
    /// only logged.
    pub fn of(track: &Track, max_bytes: u32) -> Option<Self> {
        // The largest come first; a small one may fit where a large one does not.
        track.covers.iter().find_map(|cover| match Self::fetch(&cover.url, max_bytes.into()) {
            Ok(cover) => Some(cover),
            Err(error) => {
                log::debug!("no cover from {}: {}", cover.url, error.message());
                None
            }
        })
    }

    fn fetch(url: &str, max_bytes: u64) -> Result<Self, Error> {
        let answer = http::request("GET", url).max_bytes(max_bytes).send()?.successful()?;
        if answer.body.len() as u64 > max_bytes {
            return Err(Error::permanent(format!("it is larger than {max_bytes} bytes")));
        }
        match Picture::of(&answer.body) {
            Some(kind) => Ok(Self { kind, content: answer.body }),
            None => Err(Error::permanent("this is no whole JPEG or PNG")),
        }
    }
}
