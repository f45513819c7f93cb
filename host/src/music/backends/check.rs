//! Whether a file is what was asked for. A wrong one is worse than none: it would stay on the profile.

use std::{path::Path, time::Duration};

use lofty::{
    config::ParseOptions,
    file::{AudioFile as _, FileType, TaggedFile, TaggedFileExt as _},
    picture::PictureType,
    probe::Probe,
};
use tokio_util::sync::CancellationToken;

use super::hear::{Heard, hear};
use crate::model::Track;

/// Encoders add and take away a little at both ends.
const SLACK: Duration = Duration::from_secs(2);
/// One part of so many: a click is no reason to have silence instead.
const MOST_DAMAGED: u32 = 20;

/// What a recording has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// How much longer or shorter than the track it may be.
    pub(crate) tolerance: Duration,
    pub(crate) most_bytes: u64,
}

/// A file that may go up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Checked {
    pub(super) bytes: u64,
    pub(super) duration: Duration,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum Unfit {
    #[error("the file is empty")]
    Empty,
    #[error("the file has {bytes} bytes, more than {most}")]
    TooLarge { bytes: u64, most: u64 },
    #[error("it cannot be played: {reason}")]
    Unplayable { reason: String },
    #[error("it ends after {} s of {} s: it was cut off", .there.as_secs(), .promised.as_secs())]
    CutOff { there: Duration, promised: Duration },
    #[error("{} s of its {} s are damaged", .damaged.as_secs(), .of.as_secs())]
    Damaged { damaged: Duration, of: Duration },
    #[error("it plays for {} s, the track for {} s", .is.as_secs(), .wanted.as_secs())]
    WrongLength { is: Duration, wanted: Duration },
}

/// `is_placeholder`: the backend says itself that it is not the song, so it may be as short as it is.
pub(super) fn check(
    file: &Path,
    track: &Track,
    limits: &Limits,
    is_placeholder: bool,
    stop: &CancellationToken,
) -> Result<Checked, Unfit> {
    let unplayable = |error: &dyn std::fmt::Display| Unfit::Unplayable { reason: error.to_string() };
    let bytes = std::fs::metadata(file).map_err(|error| unplayable(&error))?.len();
    if bytes == 0 {
        return Err(Unfit::Empty);
    }
    if bytes > limits.most_bytes {
        return Err(Unfit::TooLarge { bytes, most: limits.most_bytes });
    }
    let read = read(file, false).map_err(|error| unplayable(&error))?;
    let promised = read.properties().duration();
    let heard = if is_placeholder { None } else { hear(file, stop).map_err(|error| unplayable(&error))? };
    let duration = heard.map_or(promised, |heard| heard.duration);
    if let Some(Heard { duration, damaged }) = heard
        && damaged > duration / MOST_DAMAGED
    {
        return Err(Unfit::Damaged { damaged, of: duration });
    }
    let kilobits = read.properties().audio_bitrate().unwrap_or(0);
    let expected = promised.as_millis() * u128::from(kilobits) / 8;
    if heard.is_none() && !is_placeholder && u128::from(bytes) < expected / 2 {
        // What encoders say of bitrates is rough.
        return Err(Unfit::CutOff { there: promised.mul_f64(bytes as f64 / expected as f64), promised });
    }
    // An MP3 file that says nothing of its length is taken for as long as its first frame makes it.
    let is_guess = read.file_type() == FileType::Mpeg && u128::from(bytes) + 64 >= expected;
    let is_short = |than: Duration| duration + SLACK < than;
    if !is_guess && is_short(promised) && track.duration.is_none_or(is_short) {
        return Err(Unfit::CutOff { there: duration, promised });
    }
    match track.duration {
        Some(wanted) if !is_placeholder && duration.abs_diff(wanted) > limits.tolerance => {
            Err(Unfit::WrongLength { is: duration, wanted })
        }
        _ if !is_placeholder && duration.is_zero() => {
            Err(Unfit::Unplayable { reason: "there is no sound in it".into() })
        }
        _ => Ok(Checked { bytes, duration }),
    }
}

/// The picture that came with a recording.
pub(in crate::music) fn picture(file: &Path) -> Option<Vec<u8>> {
    let options = ParseOptions::new().read_properties(false);
    let read = Probe::open(file).ok()?.guess_file_type().ok()?.options(options).read().ok()?;
    let tag = read.primary_tag().or_else(|| read.first_tag())?;
    let pictures = tag.pictures();
    let front = pictures.iter().find(|it| it.pic_type() == PictureType::CoverFront);
    front.or(pictures.first()).map(|picture| picture.data().to_vec())
}

/// The kind of file is found by its content: a name proves nothing.
pub(super) fn read(file: &Path, with_tags: bool) -> anyhow::Result<TaggedFile> {
    let options = ParseOptions::new().read_tags(with_tags).read_cover_art(false);
    Ok(Probe::open(file)?.guess_file_type()?.options(options).read()?)
}
