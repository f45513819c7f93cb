//! The files of a message.

use std::{borrow::Cow, fmt};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
    ser::SerializeSeq as _,
};

use super::{
    super::has_nothing,
    marks::next,
    packed::{Behind, put_bytes, put_number},
};
use crate::model::{
    Audio, Blob, Extra, File, FileForm, FileRole, MediaKind, PixelSize, Size, SizeForm, Sticker, Video,
    VideoSize,
};

#[derive(Serialize, Deserialize)]
pub(super) struct ShortFile<'a> {
    /// Number, access hash and reference, where they do not stand behind the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role: Option<FileRole>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    form: Option<FileForm>,
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

/// What is not said of a file when it is so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usual {
    role: FileRole,
    form: FileForm,
    /// That of its message, in Unix seconds.
    date: i64,
}

impl Usual {
    pub(super) fn main(kind: MediaKind, date: i64) -> Self {
        let form = if kind == MediaKind::Photo { FileForm::Photo } else { FileForm::Document };
        Self { role: FileRole::Main, form, date }
    }

    pub(super) fn more(date: i64) -> Self {
        Self { role: FileRole::Part, form: FileForm::Document, date }
    }
}

impl<'a> ShortFile<'a> {
    /// None when something about it does not fit. `behind` takes what nobody reads; else it is part of the text.
    pub(super) fn of(file: &'a File, usual: Usual, behind: Option<&mut Vec<u8>>) -> Option<Self> {
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
        let is_usual = (*role, *form) == (usual.role, usual.form);
        if behind.is_none() && !is_usual {
            // The fourth schema had no words for it.
            return None;
        }
        let largest = largest(*form, file.largest());
        if largest.is_some_and(|(_, pixels)| pixels.is_some() && picture.is_none()) {
            return None;
        }
        let (at, sizes) = match behind {
            Some(behind) => {
                put_number(behind, *id);
                put_number(behind, *access_hash);
                put_bytes(behind, &reference.0);
                let sizes =
                    sizes.as_ref().map(|all| all.iter().map(|it| ShortSize::of(it, behind)).collect());
                (None, sizes)
            }
            None => {
                let mut at = Vec::with_capacity(16 + reference.0.len());
                put_number(&mut at, *id);
                put_number(&mut at, *access_hash);
                at.extend(&reference.0);
                let sizes = sizes.as_ref().map(|all| all.iter().map(ShortSize::told).collect());
                (Some(STANDARD_NO_PAD.encode(at).into()), sizes)
            }
        };
        Some(Self {
            at,
            role: Some(*role).filter(|role| *role != usual.role),
            form: Some(*form).filter(|form| *form != usual.form),
            dc: *dc,
            date: Some(*date).filter(|date| Timestamp::from_second(usual.date).ok() != Some(*date)),
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
            sizes,
            video_sizes: video_sizes.as_deref().map(Cow::Borrowed),
            extra: Cow::Borrowed(extra),
        })
    }

    pub(super) fn into_file(self, usual: Usual, behind: &mut Behind<'_>) -> Result<File, serde_json::Error> {
        let (id, access_hash, reference) = match self.at {
            Some(at) => {
                let at = STANDARD_NO_PAD.decode(&*at).map_err(serde_json::Error::custom)?;
                let too_short = || serde_json::Error::custom("the place of a file is too short");
                let (id, rest) = at.split_first_chunk().ok_or_else(too_short)?;
                let (hash, reference) = rest.split_first_chunk().ok_or_else(too_short)?;
                (i64::from_be_bytes(*id), i64::from_be_bytes(*hash), reference.to_vec())
            }
            None => (behind.number()?, behind.number()?, behind.bytes()?.to_vec()),
        };
        let form = self.form.unwrap_or(usual.form);
        let date = match self.date {
            Some(date) => date,
            None => Timestamp::from_second(usual.date).map_err(serde_json::Error::custom)?,
        };
        let sizes = self.sizes.map(|all| all.into_iter().map(|it| it.into_size(behind)).collect());
        let sizes: Option<Vec<Size>> = sizes.transpose()?;
        let mut file = File {
            role: self.role.unwrap_or(usual.role),
            form,
            id,
            access_hash,
            reference: Blob(reference),
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

/// `["i", data]` and `["j", data]` of pictures inside the message, without the data where they stand behind the text;
/// `["m", width, height, bytes]`, with several numbers of bytes for a progressive one; or as `model` spells it.
enum ShortSize<'a> {
    Told(Cow<'a, Size>),
    Behind(SizeForm),
}

const STRIPPED: &str = "i";
const PATH: &str = "j";

impl<'a> ShortSize<'a> {
    fn told(size: &'a Size) -> Self {
        Self::Told(Cow::Borrowed(size))
    }

    fn of(size: &'a Size, behind: &mut Vec<u8>) -> Self {
        let Size { letter, form, pixels, steps, data } = size;
        match (form, pixels, steps.as_slice(), data) {
            (SizeForm::Stripped | SizeForm::Path, None, [], Some(data)) if letter == letter_inside(*form) => {
                put_bytes(behind, &data.0);
                Self::Behind(*form)
            }
            _ => Self::told(size),
        }
    }

    fn into_size(self, behind: &mut Behind<'_>) -> Result<Size, serde_json::Error> {
        Ok(match self {
            Self::Told(size) => size.into_owned(),
            Self::Behind(form) => inside(form, Blob(behind.bytes()?.to_vec())),
        })
    }
}

/// Neither letter is ever that of a picture that has to be fetched.
fn letter_inside(form: SizeForm) -> &'static str {
    if form == SizeForm::Stripped { STRIPPED } else { PATH }
}

fn inside(form: SizeForm, data: Blob) -> Size {
    Size { letter: letter_inside(form).to_owned(), form, pixels: None, steps: Vec::new(), data: Some(data) }
}

impl Serialize for ShortSize<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let size = match self {
            Self::Behind(form) => return [letter_inside(*form)].serialize(serializer),
            Self::Told(size) => size,
        };
        let Size { letter, form, pixels, steps, data } = &**size;
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
            _ => size.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ShortSize<'_> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReadSize)
    }
}

struct ReadSize;

impl<'de> Visitor<'de> for ReadSize {
    type Value = ShortSize<'static>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a size of a picture")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let letter: String = next(&mut list)?;
        if letter == STRIPPED || letter == PATH {
            let form = if letter == STRIPPED { SizeForm::Stripped } else { SizeForm::Path };
            let data = list.next_element::<Blob>()?;
            return Ok(
                data.map_or(ShortSize::Behind(form), |data| ShortSize::Told(Cow::Owned(inside(form, data))))
            );
        }
        let pixels = Some(PixelSize { width: next(&mut list)?, height: next(&mut list)? });
        let mut steps = Vec::new();
        while let Some(step) = list.next_element()? {
            steps.push(step);
        }
        let form = if steps.len() > 1 { SizeForm::Progressive } else { SizeForm::Plain };
        Ok(ShortSize::Told(Cow::Owned(Size { letter, form, pixels, steps, data: None })))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Size::deserialize(MapAccessDeserializer::new(map)).map(|size| ShortSize::Told(Cow::Owned(size)))
    }
}
