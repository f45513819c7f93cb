//! One recording: download, conversion, tags, and a look at what came of it.

mod ffmpeg;
mod lyrics;
#[cfg(test)]
mod tests;
mod ytdlp;

use tapedeck_plugin::{
    Error, Sink, log, scratch,
    tracks::{Audio, Candidate, Picture, Track},
};
use tapedeck_tags::Cover;

use crate::{
    extra,
    settings::{Format, Settings},
};

pub(crate) fn fetch(
    track: &Track,
    candidate: &Candidate,
    settings: &Settings,
    out: &mut Sink<'_>,
) -> Result<Audio, Error> {
    let source = ytdlp::download(&candidate.id, settings)?;
    let cover = if settings.cover { Cover::of(track, settings.max_cover_bytes) } else { None };
    // The words of an MP3 stand in the tags that are written by hand, once it is known to be the right recording.
    let is_mp3 = settings.format == Format::Mp3;
    let words = if is_mp3 { None } else { lyrics::of(track, settings) };
    let inside = ffmpeg::Inside { cover: cover.as_ref(), words: words.as_deref() };
    let file = ffmpeg::convert(&source, track, &inside, settings)?;
    check(&file, track, candidate, settings)?;
    if is_mp3 {
        out.write(&tag(track, &source, cover.as_ref(), settings))?;
    }
    if out.write_file(&file.path)? == 0 {
        return Err(Error::temporary("what was downloaded is empty"));
    }
    let mut facts = vec![extra("source", serde_json::json!(source.url).to_string())];
    facts.extend(source.codec.map(|codec| extra("source_codec", serde_json::json!(codec).to_string())));
    Ok(Audio {
        mime: settings.format.mime().into(),
        extension: settings.format.extension().into(),
        duration_ms: file.duration_ms,
        bitrate: file.bitrate,
        title: None,
        performer: None,
        picture: cover.map(|it| Picture { mime: it.kind.mime().into(), content: it.content }),
        extra: facts,
    })
}

/// A file of the scratch folder that is to be handed over.
struct Converted {
    path: String,
    duration_ms: Option<u32>,
    bitrate: Option<u32>,
}

/// A search may have told a wrong length, and a download may be cut short.
fn check(file: &Converted, track: &Track, candidate: &Candidate, settings: &Settings) -> Result<(), Error> {
    let entries = scratch::entries()?;
    if !entries.iter().any(|entry| entry.path == file.path && entry.size > 0) {
        return Err(Error::temporary("what was downloaded is empty"));
    }
    let Some(is) = file.duration_ms else {
        log::debug!("the length of the recording cannot be checked");
        return Ok(());
    };
    // Who chose a longer version by hand wants that one.
    let wanted = [candidate.duration_ms, track.duration_ms].into_iter().flatten();
    let Some(wanted) = wanted.min_by_key(|wanted| is.abs_diff(*wanted)) else { return Ok(()) };
    if is.abs_diff(wanted) <= settings.max_difference_seconds.saturating_mul(1000) {
        return Ok(());
    }
    crate::memory::keep_lost(&candidate.id, settings.forget_failures_hours);
    let (is, wanted) = (is / 1000, wanted / 1000);
    Err(Error::other(
        "wrong-length",
        format!(
            "the recording plays {is} s in place of {wanted} s; `max_difference_seconds` says how much may lack"
        ),
    ))
}

fn tag(track: &Track, source: &ytdlp::Source, cover: Option<&Cover>, settings: &Settings) -> Vec<u8> {
    let mut tag = tapedeck_tags::tag(track).source(&source.url);
    if let Some(words) = lyrics::of(track, settings) {
        tag = tag.lyrics(&words);
    }
    if let Some(cover) = cover {
        tag = tag.cover(cover.kind.mime(), &cover.content);
    }
    tag.bytes()
}

/// The end of what a program complained about: the last lines say what it failed on.
fn last_words(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = lines[lines.len().saturating_sub(2)..].join(" / ");
    if last.is_empty() { "it said nothing".to_owned() } else { last.chars().take(400).collect() }
}
