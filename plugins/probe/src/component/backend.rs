//! A track backend: it finds what the title asks for, and answers garbage on request.

use serde_json::Value;

use super::{
    PluginError, Probe, act, asked_of, configure,
    exports::tapedeck::plugin::track_backend::Guest,
    tapedeck::plugin::{
        scratch,
        sink::Sink,
        tracks::{Audio, Candidate, Picture, Track},
        types::ExtraValue,
    },
    wish_of,
};
use crate::request::Request;

/// What a file has that it fetches.
const FILE: &[u8] = b"the sound in a file";

impl Guest for Probe {
    fn configure(settings: String) -> Result<(), String> {
        configure(&settings)
    }

    fn find(track: Track) -> Result<Vec<Candidate>, PluginError> {
        let (what, argument) = wish_of("find");
        if what == "garbage" {
            return Ok(vec![Candidate { score: score(&argument), ..candidate(&track, 0) }]);
        }
        if what == "many" {
            let count = argument.parse().unwrap_or(1_000_000);
            return Ok((0..count).map(|number| candidate(&track, number)).collect());
        }
        asked_of("find")?;
        if track.title == "nothing" {
            return Ok(Vec::new());
        }
        let mut candidate = candidate(&track, 0);
        if let Some(request) = Request::inside(&track.title) {
            let answer = Value::from(act::act(request)?).to_string();
            candidate.extra.push(ExtraValue { name: "answer".to_owned(), value: answer });
        }
        Ok(vec![candidate])
    }

    fn fetch(_: Track, candidate: Candidate, out: Sink) -> Result<Audio, PluginError> {
        let (what, argument) = wish_of("fetch");
        match what.as_str() {
            "bytes" => write_much(&out, argument.parse().unwrap_or(1 << 30))?,
            "file" => {
                scratch::write(&argument, FILE)?;
                out.write_file(&argument)?;
            }
            // A plugin that goes on after it was told that nothing more is taken.
            "stubborn" => {
                let _ = write_much(&out, argument.parse().unwrap_or(1 << 30));
            }
            "empty" => {}
            _ => {
                asked_of("fetch")?;
                if let Some(request) = Request::inside(&candidate.memo) {
                    act::act(request)?;
                }
                out.write(format!("the sound of {}", candidate.title).as_bytes())?;
            }
        }
        Ok(Audio {
            mime: "audio/mpeg".to_owned(),
            extension: "mp3".to_owned(),
            duration_ms: candidate.duration_ms,
            bitrate: Some(128_000),
            title: None,
            performer: None,
            picture: Some(Picture { mime: "image/png".to_owned(), content: vec![0x89, b'P', b'N', b'G'] }),
            extra: Vec::new(),
        })
    }
}

fn candidate(track: &Track, number: u32) -> Candidate {
    Candidate {
        id: format!("probe-{number}"),
        url: format!("https://example.com/{number}"),
        title: track.title.clone(),
        artists: track.artists.clone(),
        album: track.album.clone(),
        duration_ms: track.duration_ms,
        score: 90.0,
        is_verified: true,
        is_explicit: track.is_explicit,
        views: Some(1),
        memo: track.title.clone(),
        extra: Vec::new(),
    }
}

/// Scores that are none.
fn score(kind: &str) -> f64 {
    match kind {
        "nan" => f64::NAN,
        "endless" => f64::INFINITY,
        "negative" => -1.0,
        _ => 1e9,
    }
}

fn write_much(out: &Sink, mut bytes: u64) -> Result<(), PluginError> {
    let piece = [b'x'; 64 << 10];
    while bytes > 0 {
        let length = bytes.min(piece.len() as u64);
        out.write(&piece[..length as usize])?;
        bytes -= length;
    }
    Ok(())
}
