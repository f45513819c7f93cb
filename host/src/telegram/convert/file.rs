//! Photos and documents: one kind of file for us.

use grammers_tl_types::{enums as tl, types};

use super::{
    date,
    json::{Further as _, fields, json},
};
use crate::model::{
    Audio, Blob, Extra, File, FileForm, FileRole, PixelSize, Size, SizeForm, Sticker, Video, VideoSize,
};

/// A photo that was deleted or is not shown comes back as it is.
pub(super) fn photo(source: tl::Photo, role: FileRole) -> Result<File, types::PhotoEmpty> {
    let source = match source {
        tl::Photo::Photo(source) => source,
        tl::Photo::Empty(empty) => return Err(empty),
    };
    let types::Photo { has_stickers, id, access_hash, file_reference, date: made, sizes, video_sizes, dc_id } =
        source;
    let mut file = File {
        role,
        form: FileForm::Photo,
        id,
        access_hash,
        reference: Blob(file_reference),
        dc: dc_id,
        date: date(made),
        size_bytes: 0,
        mime: String::new(),
        name: None,
        picture: None,
        video: None,
        audio: None,
        sticker: None,
        is_animated: false,
        has_stickers,
        sizes: Some(sizes.into_iter().map(size).collect()),
        video_sizes: video_sizes.map(|them| them.into_iter().map(video_size).collect()),
        extra: Extra::default(),
    };
    if let Some(largest) = file.largest() {
        (file.size_bytes, file.picture) = (i64::from(largest.bytes()), largest.pixels);
    }
    Ok(file)
}

pub fn document(source: tl::Document, role: FileRole) -> Result<File, types::DocumentEmpty> {
    let source = match source {
        tl::Document::Document(source) => source,
        tl::Document::Empty(empty) => return Err(empty),
    };
    let types::Document {
        id,
        access_hash,
        file_reference,
        date: made,
        mime_type,
        size: bytes,
        thumbs,
        video_thumbs,
        dc_id,
        attributes,
    } = source;
    let mut file = File {
        role,
        form: FileForm::Document,
        id,
        access_hash,
        reference: Blob(file_reference),
        dc: dc_id,
        date: date(made),
        size_bytes: bytes,
        mime: mime_type,
        name: None,
        picture: None,
        video: None,
        audio: None,
        sticker: None,
        is_animated: false,
        has_stickers: false,
        sizes: thumbs.map(|them| them.into_iter().map(size).collect()),
        video_sizes: video_thumbs.map(|them| them.into_iter().map(video_size).collect()),
        extra: Extra::default(),
    };
    for attribute in attributes {
        if let Err(second) = describe(&mut file, attribute) {
            file.extra.push("attributes", json(&second));
        }
    }
    Ok(file)
}

/// Gives back a second attribute of the same kind.
fn describe(file: &mut File, attribute: tl::DocumentAttribute) -> Result<(), tl::DocumentAttribute> {
    use tl::DocumentAttribute as Says;
    match attribute {
        Says::ImageSize(types::DocumentAttributeImageSize { w, h }) if file.picture.is_none() => {
            file.picture = Some(PixelSize { width: w, height: h });
        }
        Says::Animated if !file.is_animated => file.is_animated = true,
        Says::HasStickers if !file.has_stickers => file.has_stickers = true,
        Says::Filename(types::DocumentAttributeFilename { file_name }) if file.name.is_none() => {
            file.name = Some(file_name);
        }
        Says::Video(it) if file.video.is_none() => file.video = Some(Box::new(video(it))),
        Says::Audio(it) if file.audio.is_none() => file.audio = Some(Box::new(audio(it))),
        Says::Sticker(it) if file.sticker.is_none() => file.sticker = Some(Box::new(sticker(it))),
        Says::CustomEmoji(it) if file.sticker.is_none() => file.sticker = Some(Box::new(custom_emoji(it))),
        second => return Err(second),
    }
    Ok(())
}

fn video(source: types::DocumentAttributeVideo) -> Video {
    let types::DocumentAttributeVideo {
        round_message,
        supports_streaming,
        nosound,
        duration,
        w,
        h,
        preload_prefix_size,
        video_start_ts,
        video_codec,
    } = source;
    Video {
        pixels: PixelSize { width: w, height: h },
        seconds: duration,
        is_round: round_message,
        is_streamable: supports_streaming,
        is_silent: nosound,
        codec: video_codec,
        still_at_seconds: video_start_ts,
        preload_bytes: preload_prefix_size,
    }
}

fn audio(source: types::DocumentAttributeAudio) -> Audio {
    let types::DocumentAttributeAudio { voice, duration, title, performer, waveform } = source;
    Audio { seconds: duration, is_voice: voice, title, performer, waveform: waveform.map(Blob) }
}

fn sticker(source: types::DocumentAttributeSticker) -> Sticker {
    let types::DocumentAttributeSticker { mask, alt, stickerset, mask_coords } = source;
    let mut extra = Extra::default();
    extra.put("stickerset", &stickerset);
    extra.some("mask_coords", mask_coords);
    Sticker {
        emoji: alt,
        is_custom_emoji: false,
        is_mask: mask,
        is_free: false,
        has_text_color: false,
        extra,
    }
}

fn custom_emoji(source: types::DocumentAttributeCustomEmoji) -> Sticker {
    let types::DocumentAttributeCustomEmoji { free, text_color, alt, stickerset } = source;
    let mut extra = Extra::default();
    extra.put("stickerset", &stickerset);
    Sticker {
        emoji: alt,
        is_custom_emoji: true,
        is_mask: false,
        is_free: free,
        has_text_color: text_color,
        extra,
    }
}

fn size(source: tl::PhotoSize) -> Size {
    let pixels = |width, height| Some(PixelSize { width, height });
    let (letter, form, pixels, steps, data) = match source {
        tl::PhotoSize::Empty(types::PhotoSizeEmpty { r#type }) => {
            (r#type, SizeForm::Empty, None, Vec::new(), None)
        }
        tl::PhotoSize::Size(types::PhotoSize { r#type, w, h, size }) => {
            (r#type, SizeForm::Plain, pixels(w, h), vec![size], None)
        }
        tl::PhotoSize::Progressive(types::PhotoSizeProgressive { r#type, w, h, sizes }) => {
            (r#type, SizeForm::Progressive, pixels(w, h), sizes, None)
        }
        tl::PhotoSize::PhotoCachedSize(types::PhotoCachedSize { r#type, w, h, bytes }) => {
            (r#type, SizeForm::Cached, pixels(w, h), Vec::new(), Some(bytes))
        }
        tl::PhotoSize::PhotoStrippedSize(types::PhotoStrippedSize { r#type, bytes }) => {
            (r#type, SizeForm::Stripped, None, Vec::new(), Some(bytes))
        }
        tl::PhotoSize::PhotoPathSize(types::PhotoPathSize { r#type, bytes }) => {
            (r#type, SizeForm::Path, None, Vec::new(), Some(bytes))
        }
    };
    Size { letter, form, pixels, steps, data: data.map(Blob) }
}

fn video_size(source: tl::VideoSize) -> VideoSize {
    match source {
        tl::VideoSize::Size(types::VideoSize { r#type, w, h, size, video_start_ts }) => VideoSize::Video {
            letter: r#type,
            pixels: PixelSize { width: w, height: h },
            size_bytes: size,
            still_at_seconds: video_start_ts,
        },
        markup @ (tl::VideoSize::EmojiMarkup(_) | tl::VideoSize::StickerMarkup(_)) => {
            let (name, mut fields) = fields(&markup);
            fields.insert("_".to_owned(), name.into());
            VideoSize::Markup(fields.into())
        }
    }
}
