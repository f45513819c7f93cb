//! The conversion, and the tags of formats that keep them inside.

use std::time::Duration;

use tapedeck_plugin::{Error, run, scratch, tracks::Track};
use tapedeck_tags::Cover;

use super::{Converted, last_words, ytdlp::Source};
use crate::settings::{Bitrate, Format, Settings};

const COVER: &str = "cover";
/// For what neither the settings nor the source name.
const USUAL_KILOBITS: u32 = 128;

/// What stands in the file beside the sound.
pub(super) struct Inside<'a> {
    pub(super) cover: Option<&'a Cover>,
    pub(super) words: Option<&'a str>,
}

pub(super) fn convert(
    source: &Source,
    track: &Track,
    inside: &Inside<'_>,
    settings: &Settings,
) -> Result<Converted, Error> {
    let format = settings.format;
    let path = format!("recording.{}", format.extension());
    let cover = inside.cover.filter(|_| matches!(format, Format::M4a | Format::Flac));
    if let Some(cover) = cover {
        scratch::write(COVER, &cover.content)?;
    }
    let sound = sound(source, settings);
    let mut arguments: Vec<String> =
        ["-hide_banner", "-nostdin", "-loglevel", "error", "-nostats", "-progress", "pipe:1", "-y", "-i"]
            .map(str::to_owned)
            .into();
    arguments.push(format!("file:{}", source.path));
    if cover.is_some() {
        arguments.extend(
            ["-i", "file:cover", "-map", "0:a:0", "-map", "1:v:0", "-c:v", "copy"].map(str::to_owned),
        );
        arguments.extend(["-disposition:v:0", "attached_pic"].map(str::to_owned));
    } else {
        arguments.extend(["-map", "0:a:0"].map(str::to_owned));
    }
    arguments.extend(["-map_metadata", "-1", "-map_chapters", "-1"].map(str::to_owned));
    arguments.extend(sound.arguments);
    match format {
        // Its tags are written by hand.
        Format::Mp3 => arguments.extend(["-id3v2_version", "0", "-write_id3v1", "0"].map(str::to_owned)),
        _ => arguments.extend(metadata(track, source, inside.words)),
    }
    if format == Format::M4a {
        arguments.extend(["-movflags", "+faststart"].map(str::to_owned));
    }
    arguments.push(format!("file:{path}"));
    let ended = run::program("ffmpeg")
        .args(arguments)
        .timeout(Duration::from_secs(settings.program_seconds.into()))
        .output()?;
    if ended.code != Some(0) {
        return Err(Error::permanent(format!("ffmpeg failed: {}", last_words(&ended.stderr))));
    }
    let duration_ms = progress(&ended.stdout);
    Ok(Converted { path, duration_ms, bitrate: sound.kilobits.map(|kilobits| kilobits * 1000) })
}

struct Sound {
    arguments: Vec<String>,
    kilobits: Option<u32>,
}

fn sound(source: &Source, settings: &Settings) -> Sound {
    let format = settings.format;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "kept within what encoders take"
    )]
    let of_source = source.kilobits.map(|kilobits| kilobits.round().clamp(8.0, 320.0) as u32);
    if settings.bitrate == Bitrate::Disable && fits(source, format) {
        return Sound { arguments: ["-c:a", "copy"].map(str::to_owned).into(), kilobits: of_source };
    }
    let encoder = match format {
        Format::Mp3 => "libmp3lame",
        Format::M4a => "aac",
        Format::Opus => "libopus",
        Format::Ogg => "libvorbis",
        Format::Flac => "flac",
    };
    let mut arguments: Vec<String> = ["-c:a", encoder].map(str::to_owned).into();
    // Whatever the source knows is kept.
    if format == Format::Flac {
        return Sound { arguments, kilobits: None };
    }
    let kilobits = match settings.bitrate {
        Bitrate::Fixed(kilobits) => kilobits,
        Bitrate::Auto | Bitrate::Disable => of_source.unwrap_or(USUAL_KILOBITS),
    };
    arguments.extend(["-b:a".to_owned(), format!("{kilobits}k")]);
    Sound { arguments, kilobits: Some(kilobits) }
}

/// Whether the source's sound can stand in a file of this format.
fn fits(source: &Source, format: Format) -> bool {
    let codec = source.codec.as_deref().unwrap_or_default();
    match format {
        Format::Mp3 => codec == "mp3" || codec.is_empty() && source.extension == "mp3",
        Format::M4a => {
            codec.starts_with("mp4a") || codec == "aac" || codec.is_empty() && source.extension == "m4a"
        }
        Format::Opus => codec == "opus" || codec.is_empty() && source.extension == "opus",
        Format::Ogg => codec == "vorbis" || codec.is_empty() && source.extension == "ogg",
        Format::Flac => codec == "flac" || codec.is_empty() && source.extension == "flac",
    }
}

fn metadata(track: &Track, source: &Source, words: Option<&str>) -> Vec<String> {
    let number =
        |number: Option<u32>| number.filter(|it| *it > 0).map(|it| it.to_string()).unwrap_or_default();
    let facts = [
        ("title", track.title.clone()),
        ("artist", track.artists.join(", ")),
        ("album", track.album.clone().unwrap_or_default()),
        ("album_artist", track.album_artists.join(", ")),
        ("date", track.release_date.clone().unwrap_or_default()),
        ("track", number(track.track_number)),
        ("disc", number(track.disc_number)),
        ("isrc", tapedeck_tags::isrc(track).unwrap_or_default().to_owned()),
        ("comment", source.url.clone()),
        ("lyrics", words.unwrap_or_default().to_owned()),
    ];
    let known = facts.into_iter().filter(|(_, value)| !value.is_empty());
    known
        .flat_map(|(name, value)| ["-metadata".to_owned(), format!("{name}={}", value.replace('\0', " "))])
        .collect()
}

/// How long it became, from what ffmpeg says while it works.
fn progress(stdout: &[u8]) -> Option<u32> {
    let text = String::from_utf8_lossy(stdout);
    let times = text.lines().filter_map(|line| line.strip_prefix("out_time_us="));
    let last = times.filter_map(|time| time.trim().parse::<u64>().ok()).next_back()?;
    u32::try_from(last / 1000).ok().filter(|ms| *ms > 0)
}
