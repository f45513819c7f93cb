//! A track backend that always answers, at once and without a download: a fraction of a second of silence,
//! tagged with what the host knows of the track. Better recordings may take its place later.

mod silence;

use schemars::JsonSchema;
use serde::Deserialize;
use tapedeck_plugin::{
    Error, Sink, TrackBackend, Wants,
    tracks::{self, Audio, Candidate, Track},
};
use tapedeck_tags::{COVERS, Cover};

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

    const WANTS: Wants = Wants { http: &COVERS, ..Wants::NOTHING };

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
        let cover = if self.settings.cover { Cover::of(track, self.settings.max_cover_bytes) } else { None };
        let mut tag = tapedeck_tags::tag(track);
        if let Some(cover) = &cover {
            tag = tag.cover(cover.kind.mime(), &cover.content);
        }
        out.write(&tag.bytes())?;
        out.write(&silence::frames())?;
        Ok(Audio {
            mime: silence::MIME.into(),
            extension: silence::EXTENSION.into(),
            duration_ms: Some(silence::DURATION_MS),
            bitrate: Some(silence::BITRATE),
            title: None,
            performer: None,
            picture: cover.map(|it| tracks::Picture { mime: it.kind.mime().into(), content: it.content }),
            extra: Vec::new(),
        })
    }
}

tapedeck_plugin::export!(Zero: TrackBackend, settings: "settings.schema.json");

#[cfg(test)]
mod tests;
