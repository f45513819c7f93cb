//! A track backend that always answers, at once and without a download: a fraction of a second of silence,
//! tagged with what the host knows of the track. Better recordings may take its place later.

mod cover;
mod silence;
mod tag;

use cover::Picture;
use schemars::JsonSchema;
use serde::Deserialize;
use tag::Tag;
use tapedeck_plugin::{
    Error, Sink, TrackBackend, Wants, WantsHttp, http, log,
    tracks::{self, Audio, Candidate, Track},
};

/// What the operator may set.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// Puts the album's picture into the file. It is fetched where the track says that it is, so this needs the grant.
    cover: bool,
    /// Leaves out larger pictures.
    max_cover_bytes: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { cover: true, max_cover_bytes: 2 << 20 }
    }
}

#[derive(Debug)]
struct Zero {
    settings: Settings,
}

impl TrackBackend for Zero {
    type Settings = Settings;

    const WANTS: Wants = Wants {
        http: &[
            WantsHttp { host: "*.scdn.co", methods: &["GET"], why: "covers of albums on Spotify" },
            WantsHttp {
                host: "coverartarchive.org",
                methods: &["GET"],
                why: "covers of albums on MusicBrainz",
            },
            WantsHttp {
                host: "*.archive.org",
                methods: &["GET"],
                why: "where the Cover Art Archive keeps them",
            },
        ],
        ..Wants::NOTHING
    };

    fn new(settings: Settings) -> Result<Self, Error> {
        Ok(Self { settings })
    }

    /// The only candidate is the track itself. Its score says that anything real is better.
    fn find(&mut self, track: &Track) -> Result<Vec<Candidate>, Error> {
        Ok(vec![Candidate {
            id: "silence".into(),
            url: String::new(),
            title: track.title.clone(),
            artists: track.artists.clone(),
            album: track.album.clone(),
            duration_ms: Some(silence::DURATION_MS),
            score: 0.0,
            is_verified: false,
            is_explicit: track.is_explicit,
            views: None,
            memo: String::new(),
            extra: Vec::new(),
        }])
    }

    fn fetch(&mut self, track: &Track, _: &Candidate, out: &mut Sink<'_>) -> Result<Audio, Error> {
        let cover = self.cover(track);
        out.write(&tagged(track, cover.as_ref()).bytes())?;
        out.write(&silence::frames())?;
        Ok(Audio {
            mime: silence::MIME.into(),
            extension: silence::EXTENSION.into(),
            duration_ms: Some(silence::DURATION_MS),
            bitrate: Some(silence::BITRATE),
            title: None,
            performer: None,
            picture: cover.map(|(kind, content)| tracks::Picture { mime: kind.mime().into(), content }),
            extra: Vec::new(),
        })
    }
}

impl Zero {
    /// A recording without its cover is better than none: whatever goes wrong here is only logged.
    fn cover(&self, track: &Track) -> Option<(Picture, Vec<u8>)> {
        if !self.settings.cover {
            return None;
        }
        // The largest come first; a small one may fit where a large one does not.
        track.covers.iter().find_map(|cover| match self.fetch_cover(&cover.url) {
            Ok(picture) => Some(picture),
            Err(error) => {
                log::debug!("no cover from {}: {}", cover.url, error.message());
                None
            }
        })
    }

    fn fetch_cover(&self, url: &str) -> Result<(Picture, Vec<u8>), Error> {
        let limit = self.settings.max_cover_bytes.into();
        let answer = http::request("GET", url).max_bytes(limit).send()?.successful()?;
        if answer.body.len() as u64 > limit {
            return Err(Error::permanent(format!("it is larger than {limit} bytes")));
        }
        match Picture::of(&answer.body) {
            Some(kind) => Ok((kind, answer.body)),
            None => Err(Error::permanent("this is no whole JPEG or PNG")),
        }
    }
}

fn tagged(track: &Track, cover: Option<&(Picture, Vec<u8>)>) -> Tag {
    let year = track.release_date.as_deref().and_then(|date| date.get(..4)).unwrap_or_default();
    let isrc = track.ids.iter().find(|id| id.scheme == "isrc").map_or("", |id| &id.value);
    let tag = Tag::default()
        .text(b"TIT2", &track.title)
        .text(b"TPE1", &track.artists.join(", "))
        .text(b"TALB", track.album.as_deref().unwrap_or_default())
        .text(b"TPE2", &track.album_artists.join(", "))
        .text(b"TYER", year)
        .number(b"TRCK", track.track_number)
        .number(b"TPOS", track.disc_number)
        .text(b"TSRC", isrc);
    match cover {
        Some((kind, picture)) => tag.cover(kind.mime(), picture),
        None => tag,
    }
}

tapedeck_plugin::export!(Zero: TrackBackend, settings: "settings.schema.json");

#[cfg(test)]
mod tests;
