//! A file at Telegram: where it lies, how to ask for it, and what it says of itself.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Blob, Extra};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct File {
    pub role: FileRole,
    pub form: FileForm,
    /// The same for everybody and for ever.
    pub id: i64,
    pub access_hash: i64,
    /// Runs out; a fresh one comes with the message that the file hangs on.
    pub reference: Blob,
    pub dc: i32,
    pub date: Timestamp,
    /// Of a photo: of its largest size.
    pub size_bytes: i64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mime: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Of the picture; a video has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<PixelSize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video: Option<Box<Video>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio: Option<Box<Audio>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sticker: Option<Box<Sticker>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_animated: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_stickers: bool,
    /// Smaller forms of the same picture. A photo has only these: its largest is the photo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sizes: Option<Vec<Size>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub video_sizes: Option<Vec<VideoSize>>,
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
}

impl File {
    /// An import knows it, not where it lies at Telegram. Its number is then `-1` for the first file of its message,
    /// `-2` for the second, unless the source has kept the real one.
    pub fn is_imported(&self) -> bool {
        self.dc == 0 && self.access_hash == 0 && self.reference.0.is_empty()
    }

    pub fn pixels(&self) -> Option<PixelSize> {
        self.video.as_ref().map(|video| video.pixels).or(self.picture)
    }

    pub fn seconds(&self) -> Option<f64> {
        let audio = || self.audio.as_ref().map(|audio| f64::from(audio.seconds));
        self.video.as_ref().map(|video| video.seconds).or_else(audio)
    }

    /// The largest size of a photo that is not inside the message already.
    pub fn largest(&self) -> Option<&Size> {
        let sizes = self.sizes.iter().flatten();
        sizes.filter(|size| size.data.is_none()).max_by_key(|size| (size.pixels, size.bytes()))
    }
}

/// What the file is to its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileRole {
    Main,
    /// The moving part of a live photo.
    LivePhoto,
    Cover,
    /// The same video in another size.
    Quality,
    /// Part of a page, a poll, a game or a paid album.
    Part,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileForm {
    Photo,
    Document,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PixelSize {
    pub width: i32,
    pub height: i32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Video {
    pub pixels: PixelSize,
    pub seconds: f64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_round: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_streamable: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_silent: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    /// The moment that stands for the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub still_at_seconds: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preload_bytes: Option<i32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audio {
    pub seconds: i32,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_voice: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performer: Option<String>,
    /// 5 bits for each bar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waveform: Option<Blob>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sticker {
    pub emoji: String,
    /// A custom emoji, which stands in text, and not a sticker by itself.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_custom_emoji: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_mask: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_free: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_text_color: bool,
    /// Its set, and the place of a mask on a face.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
}

/// One size of a picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Telegram's letter for it, which a download asks by.
    pub letter: String,
    pub form: SizeForm,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pixels: Option<PixelSize>,
    /// How many bytes: one number, or one for each step of a progressive picture.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<i32>,
    /// The picture itself, when it is small enough to travel inside the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Blob>,
}

impl Size {
    pub fn bytes(&self) -> i32 {
        self.steps.iter().copied().max().unwrap_or(0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SizeForm {
    Empty,
    Plain,
    Progressive,
    /// Whole, inside the message.
    Cached,
    /// A few dozen bytes that become a blurred JPEG.
    Stripped,
    /// An outline as a path.
    Path,
}

/// A moving form of a picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VideoSize {
    Video {
        letter: String,
        pixels: PixelSize,
        size_bytes: i32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        still_at_seconds: Option<f64>,
    },
    /// Made from an emoji or a sticker, as Telegram spells it.
    Markup(Extra),
}
