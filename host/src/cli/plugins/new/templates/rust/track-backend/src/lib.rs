//! Fetches recordings by their ISRC from a server that has them under it.

use schemars::JsonSchema;
use serde::Deserialize;
use tapedeck_plugin::{
    Error, Sink, TrackBackend, Wants, WantsHttp, http, log,
    tracks::{Audio, Candidate, ExternalId, Track},
};

/// What the operator may write under `[plugins.{{name}}.settings]`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// Where recordings are; {isrc} is replaced by the track's ISRC.
    address: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            address: "https://music.example.com/{isrc}.mp3".into(),
        }
    }
}

struct Plugin {
    settings: Settings,
}

impl TrackBackend for Plugin {
    type Settings = Settings;

    const WANTS: Wants = Wants {
        http: &[WantsHttp {
            host: "music.example.com",
            methods: &["GET"],
            why: "has the recordings",
        }],
        ..Wants::NOTHING
    };

    fn new(settings: Settings) -> Result<Self, Error> {
        if !settings.address.contains("{isrc}") {
            return Err(Error::settings(
                "`address` needs {isrc} where the ISRC belongs",
            ));
        }
        Ok(Self { settings })
    }

    fn find(&mut self, track: &Track) -> Result<Vec<Candidate>, Error> {
        let Some(url) = address(&track.ids, &self.settings.address) else {
            log::debug!("no ISRC: nothing to look for");
            return Ok(Vec::new());
        };
        Ok(vec![Candidate {
            id: url.clone(),
            url,
            title: track.title.clone(),
            artists: track.artists.clone(),
            album: track.album.clone(),
            duration_ms: track.duration_ms,
            score: 90.0,
            is_verified: true,
            is_explicit: track.is_explicit,
            views: None,
            memo: String::new(),
            extra: Vec::new(),
        }])
    }

    fn fetch(
        &mut self,
        track: &Track,
        candidate: &Candidate,
        out: &mut Sink<'_>,
    ) -> Result<Audio, Error> {
        let answer = http::get(&candidate.id)?.successful()?;
        if !is_mp3(&answer.body) {
            return Err(Error::permanent(format!(
                "{} is no recording",
                candidate.id
            )));
        }
        out.write(&answer.body)?;
        Ok(Audio {
            mime: "audio/mpeg".into(),
            extension: "mp3".into(),
            duration_ms: track.duration_ms,
            bitrate: None,
            title: None,
            performer: None,
            picture: None,
            extra: Vec::new(),
        })
    }
}

tapedeck_plugin::export!(Plugin: TrackBackend, settings: "settings.schema.json");

/// The address of a track's recording, if its ISRC is known.
fn address(ids: &[ExternalId], pattern: &str) -> Option<String> {
    let is_plain = |id: &&ExternalId| id.value.chars().all(|c| c.is_ascii_alphanumeric());
    let isrc = ids.iter().filter(|id| id.scheme == "isrc").find(is_plain)?;
    Some(pattern.replace("{isrc}", &isrc.value.to_uppercase()))
}

/// Whether these are the first bytes of an MP3 file; an error page is none.
fn is_mp3(bytes: &[u8]) -> bool {
    bytes.starts_with(b"ID3") || matches!(bytes, [0xff, next, ..] if *next > 0xe0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(scheme: &str, value: &str) -> ExternalId {
        ExternalId {
            scheme: scheme.into(),
            value: value.into(),
        }
    }

    #[test]
    fn address_names_the_isrc() {
        let ids = [
            id("spotify", "4cOdK2wGLETKBW3PvgPWqT"),
            id("isrc", "gbarl9300135"),
        ];
        let address = address(&ids, "https://music.example.com/{isrc}.mp3");
        assert_eq!(
            address.as_deref(),
            Some("https://music.example.com/GBARL9300135.mp3")
        );
    }

    #[test]
    fn no_address_without_an_isrc() {
        assert_eq!(
            address(&[id("spotify", "4cOdK2wGLETKBW3PvgPWqT")], "{isrc}"),
            None
        );
    }

    #[test]
    fn a_page_is_no_music() {
        assert!(is_mp3(b"ID3\x03") && is_mp3(b"\xff\xfb\x90\x00"));
        assert!(!is_mp3(b"<!doctype html>") && !is_mp3(b""));
    }
}
