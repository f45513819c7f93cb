//! The file that a message is about.

use std::{borrow::Cow, fmt};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
    ser::SerializeSeq as _,
};

use super::{super::has_nothing, marks::next};
use crate::model::{
    Audio, Blob, Extra, File, FileForm, FileRole, MediaKind, PixelSize, Size, SizeForm, Sticker, Video,
    VideoSize,
};

#[derive(Serialize, Deserialize)]
pub(super) struct ShortFile<'a> {
    /// Number, access hash and reference.
    at: Cow<'a, str>,
    dc: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    date: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bytes: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mime: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pixels: Option<(i32, i32)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    video: Option<Cow<'a, Video>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    audio: Option<Cow<'a, Audio>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sticker: Option<Cow<'a, Sticker>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_animated: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    has_stickers: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sizes: Option<Vec<ShortSize<'a>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    video_sizes: Option<Cow<'a, [VideoSize]>>,
    #[serde(default, skip_serializing_if = "has_nothing")]
    extra: Cow<'a, Extra>,
}

/// What a photo's largest picture tells: bytes and pixels.
type Largest = (i64, Option<PixelSize>);

fn usual_form(kind: MediaKind) -> FileForm {
    if kind == MediaKind::Photo { FileForm::Photo } else { FileForm::Document }
}

impl<'a> ShortFile<'a> {
    /// None when something about it is not as usual.
    pub(super) fn of(file: &'a File, kind: MediaKind, message: i64) -> Option<Self> {
        let File {
            role,
            form,
            id,
            access_hash,
            reference,
            dc,
            date,
            size_bytes,
            mime,
            name,
            picture,
            video,
            audio,
            sticker,
            is_animated,
            has_stickers,
            sizes,
            video_sizes,
            extra,
        } = file;
        let largest = largest(*form, file.largest());
        let is_usual = *role == FileRole::Main
            && *form == usual_form(kind)
            && largest.is_none_or(|(_, pixels)| pixels.is_none() || picture.is_some());
        let mut at = Vec::with_capacity(16 + reference.0.len());
        at.extend(id.to_be_bytes());
        at.extend(access_hash.to_be_bytes());
        at.extend(&reference.0);
        is_usual.then(|| Self {
            at: STANDARD_NO_PAD.encode(at).into(),
            dc: *dc,
            date: Some(*date).filter(|date| Timestamp::from_second(message).ok() != Some(*date)),
            bytes: Some(*size_bytes).filter(|bytes| largest.is_none_or(|(known, _)| known != *bytes)),
            mime: Some(mime.as_str()).filter(|mime| !mime.is_empty()).map(Cow::Borrowed),
            name: name.as_deref().map(Cow::Borrowed),
            pixels: picture
                .filter(|pixels| largest.is_none_or(|(_, known)| known != Some(*pixels)))
                .map(|pixels| (pixels.width, pixels.height)),
            video: video.as_deref().map(Cow::Borrowed),
            audio: audio.as_deref().map(Cow::Borrowed),
            sticker: sticker.as_deref().map(Cow::Borrowed),
            is_animated: *is_animated,
            has_stickers: *has_stickers,
            sizes: sizes.as_ref().map(|sizes| sizes.iter().map(|it| ShortSize(Cow::Borrowed(it))).collect()),
            video_sizes: video_sizes.as_deref().map(Cow::Borrowed),
            extra: Cow::Borrowed(extra),
        })
    }

    pub(super) fn into_file(self, kind: MediaKind, message: i64) -> Result<File, serde_json::Error> {
        let at = STANDARD_NO_PAD.decode(&*self.at).map_err(serde_json::Error::custom)?;
        let (Some((id, rest)), form) = (at.split_first_chunk(), usual_form(kind)) else {
            return Err(serde_json::Error::custom("the place of a file is too short"));
        };
        let Some((hash, reference)) = rest.split_first_chunk() else {
            return Err(serde_json::Error::custom("the place of a file is too short"));
        };
        let date = match self.date {
            Some(date) => date,
            None => Timestamp::from_second(message).map_err(serde_json::Error::custom)?,
        };
        let sizes: Option<Vec<Size>> =
            self.sizes.map(|sizes| sizes.into_iter().map(|size| size.0.into_owned()).collect());
        let mut file = File {
            role: FileRole::Main,
            form,
            id: i64::from_be_bytes(*id),
            access_hash: i64::from_be_bytes(*hash),
            reference: Blob(reference.to_vec()),
            dc: self.dc,
            date,
            size_bytes: 0,
            mime: self.mime.map(Cow::into_owned).unwrap_or_default(),
            name: self.name.map(Cow::into_owned),
            picture: None,
            video: self.video.map(|video| Box::new(video.into_owned())),
            audio: self.audio.map(|audio| Box::new(audio.into_owned())),
            sticker: self.sticker.map(|sticker| Box::new(sticker.into_owned())),
            is_animated: self.is_animated,
            has_stickers: self.has_stickers,
            sizes,
            video_sizes: self.video_sizes.map(Cow::into_owned),
            extra: self.extra.into_owned(),
        };
        let largest = largest(form, file.largest());
        file.size_bytes = self.bytes.or(largest.map(|(bytes, _)| bytes)).unwrap_or(0);
        let pixels = self.pixels.map(|(width, height)| PixelSize { width, height });
        file.picture = pixels.or(largest.and_then(|(_, pixels)| pixels));
        Ok(file)
    }
}

fn largest(form: FileForm, size: Option<&Size>) -> Option<Largest> {
    let size = size.filter(|_| form == FileForm::Photo)?;
    Some((i64::from(size.bytes()), size.pixels))
}

/// `["i", data]` and `["j", data]` of pictures inside the message, `["m", width, height, bytes]`, with several numbers
/// of bytes for a progressive one; or as `model` spells it.
struct ShortSize<'a>(Cow<'a, Size>);

const STRIPPED: &str = "i";
const PATH: &str = "j";

impl Serialize for ShortSize<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Size { letter, form, pixels, steps, data } = &*self.0;
        match (form, pixels, steps.as_slice(), data) {
            (SizeForm::Stripped, None, [], Some(data)) if letter == STRIPPED => {
                (letter, data).serialize(serializer)
            }
            (SizeForm::Path, None, [], Some(data)) if letter == PATH => (letter, data).serialize(serializer),
            (SizeForm::Plain, Some(pixels), [_], None)
            | (SizeForm::Progressive, Some(pixels), [_, _, ..], None)
                if letter != STRIPPED && letter != PATH =>
            {
                let mut list = serializer.serialize_seq(Some(3 + steps.len()))?;
                list.serialize_element(letter)?;
                list.serialize_element(&pixels.width)?;
                list.serialize_element(&pixels.height)?;
                for step in steps {
                    list.serialize_element(step)?;
                }
                list.end()
            }
            _ => self.0.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ShortSize<'_> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadSize).map(|size| Self(Cow::Owned(size)))
    }
}

struct ReadSize;

impl<'de> Visitor<'de> for ReadSize {
    type Value = Size;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size of a picture")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Size, A::Error> {
        let letter: String = next(&mut list)?;
        if letter == STRIPPED || letter == PATH {
            // Neither letter is ever that of a picture that has to be fetched.
            let form = if letter == STRIPPED { SizeForm::Stripped } else { SizeForm::Path };
            return Ok(Size { letter, form, pixels: None, steps: Vec::new(), data: Some(next(&mut list)?) });
        }
        let pixels = Some(PixelSize { width: next(&mut list)?, height: next(&mut list)? });
        let mut steps = Vec::new();
        while let Some(step) = list.next_element()? {
            steps.push(step);
        }
        let form = if steps.len() > 1 { SizeForm::Progressive } else { SizeForm::Plain };
        Ok(Size { letter, form, pixels, steps, data: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Size, A::Error> {
        Size::deserialize(MapAccessDeserializer::new(map))
    }
}
