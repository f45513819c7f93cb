//! Photos, documents and the messages' media that hold them.

use grammers_tl_types::{
    enums::{self, DocumentAttribute, InputStickerSet, MessageMedia, PhotoSize},
    types,
};

use super::{
    dice::Dice,
    media::{Kind, Made},
    scene::Scene,
};

/// The data centre that holds a file.
pub(crate) fn home_dc(made: Made) -> i32 {
    [2, 4, 2, 1, 5][usize::try_from(made.number).unwrap_or_default() % 5]
}

pub(crate) fn photo(made: Made, date: i32) -> enums::Photo {
    let (wide, high) = small_size(made.kind);
    let whole = match made.kind {
        Kind::Photo => PhotoSize::Progressive(types::PhotoSizeProgressive {
            r#type: "y".into(),
            w: 480,
            h: 360,
            sizes: [made.size() / 3, made.size() * 2 / 3, made.size()].map(count).to_vec(),
        }),
        _ => types::PhotoSize { r#type: "y".into(), w: 160, h: 160, size: count(made.size()) }.into(),
    };
    let mut sizes = Vec::new();
    if let Some(bytes) = made.stripped() {
        sizes.push(types::PhotoStrippedSize { r#type: "i".into(), bytes: bytes.to_vec() }.into());
    }
    if let Some(size) = made.small_size() {
        sizes.push(types::PhotoSize { r#type: "m".into(), w: wide, h: high, size: count(size) }.into());
    }
    sizes.push(whole);
    types::Photo {
        has_stickers: false,
        id: made.id(),
        access_hash: access_hash(made),
        file_reference: reference(made),
        date,
        sizes,
        video_sizes: None,
        dc_id: home_dc(made),
    }
    .into()
}

pub(crate) fn document(made: Made, date: i32) -> enums::Document {
    let mut thumbs: Vec<PhotoSize> = Vec::new();
    if let Some(bytes) = made.stripped() {
        thumbs.push(types::PhotoStrippedSize { r#type: "i".into(), bytes: bytes.to_vec() }.into());
    }
    if let Some(size) = made.small_size() {
        let (w, h) = small_size(made.kind);
        thumbs.push(types::PhotoSize { r#type: "m".into(), w, h, size: count(size) }.into());
    }
    if made.kind == Kind::AnimatedSticker {
        let bytes = vec![0x47, 0x82, 0x17, 0xc5];
        thumbs.push(types::PhotoPathSize { r#type: "j".into(), bytes }.into());
    }
    types::Document {
        id: made.id(),
        access_hash: access_hash(made),
        file_reference: reference(made),
        date,
        mime_type: mime_type(made.kind).into(),
        size: i64::from(count(made.size())),
        thumbs: (!thumbs.is_empty()).then_some(thumbs),
        video_thumbs: None,
        dc_id: home_dc(made),
        attributes: attributes(made),
    }
    .into()
}

pub(crate) fn access_hash(made: Made) -> i64 {
    Dice::at(0x6861_7368, &[made.id()]).long()
}

/// The first reference that was ever good for it; the world gives newer ones.
pub(crate) fn reference(made: Made) -> Vec<u8> {
    let mut reference = vec![0; 8];
    reference.extend(made.id().to_be_bytes());
    reference
}

/// How many variants of media with files there are.
pub(crate) const FILE_VARIANTS: usize = 17;

/// Media with a file: what people send most comes first.
pub(crate) fn file_media(variant: usize, scene: &mut Scene<'_>) -> MessageMedia {
    match variant {
        0 => photo_media(scene, Kind::Photo),
        1 => document_media(scene, Kind::Video),
        2 => document_media(scene, Kind::Voice),
        3 => document_media(scene, Kind::Music),
        4 => document_media(scene, Kind::Sticker),
        5 => document_media(scene, Kind::Page),
        6 => document_media(scene, Kind::Round),
        7 => document_media(scene, Kind::Animation),
        8 => document_media(scene, Kind::AnimatedSticker),
        9 => document_media(scene, Kind::Picture),
        10 => document_media(scene, Kind::Text),
        11 => document_media(scene, Kind::VideoSticker),
        12 => {
            let MessageMedia::Photo(mut media) = photo_media(scene, Kind::Photo) else { unreachable!() };
            media.spoiler = true;
            media.into()
        }
        // Looked at once, and gone.
        13 => types::MessageMediaPhoto {
            spoiler: false,
            live_photo: false,
            photo: None,
            ttl_seconds: Some(i32::MAX),
            video: None,
        }
        .into(),
        14 => {
            let MessageMedia::Photo(mut media) = photo_media(scene, Kind::Photo) else { unreachable!() };
            media.live_photo = true;
            media.video = Some(scene.document(Kind::Animation));
            media.into()
        }
        15 => {
            let MessageMedia::Document(mut media) = document_media(scene, Kind::Video) else {
                unreachable!()
            };
            media.spoiler = true;
            media.video_timestamp = Some(1);
            media.video_cover = Some(scene.photo());
            media.alt_documents = Some(vec![scene.document(Kind::Animation)]);
            media.into()
        }
        _ => {
            let MessageMedia::Document(mut media) = document_media(scene, Kind::Voice) else {
                unreachable!()
            };
            media.document = None;
            media.ttl_seconds = Some(60);
            media.into()
        }
    }
}

fn photo_media(scene: &mut Scene<'_>, kind: Kind) -> MessageMedia {
    let photo = Some(photo(scene.file(kind), scene.date));
    types::MessageMediaPhoto { spoiler: false, live_photo: false, photo, ttl_seconds: None, video: None }
        .into()
}

fn document_media(scene: &mut Scene<'_>, kind: Kind) -> MessageMedia {
    types::MessageMediaDocument {
        nopremium: false,
        spoiler: false,
        video: matches!(kind, Kind::Video | Kind::Round),
        round: kind == Kind::Round,
        voice: kind == Kind::Voice,
        document: Some(scene.document(kind)),
        alt_documents: None,
        video_cover: None,
        video_timestamp: None,
        ttl_seconds: None,
    }
    .into()
}

pub(crate) fn attributes(made: Made) -> Vec<DocumentAttribute> {
    let dice = &mut Dice::at(0, &[made.id()]);
    let number = made.number % 10_000;
    let name = |name: String| types::DocumentAttributeFilename { file_name: name }.into();
    match made.kind {
        Kind::Photo | Kind::Face | Kind::Cover => {
            let (w, h) = if made.kind == Kind::Photo { (480, 360) } else { small_size(made.kind) };
            vec![types::DocumentAttributeImageSize { w, h }.into(), name(format!("photo-{number}.jpg"))]
        }
        Kind::Picture => vec![
            types::DocumentAttributeImageSize { w: 160, h: 120 }.into(),
            name(format!("scan {number}.png")),
        ],
        Kind::Sticker => vec![
            types::DocumentAttributeImageSize { w: 512, h: 512 }.into(),
            sticker(dice),
            name("sticker.webp".into()),
        ],
        Kind::AnimatedSticker => vec![
            types::DocumentAttributeImageSize { w: 512, h: 512 }.into(),
            sticker(dice),
            name("AnimatedSticker.tgs".into()),
        ],
        Kind::VideoSticker => {
            vec![video(512, 512, 0.6, false, true), sticker(dice), name("sticker.webm".into())]
        }
        Kind::Video => vec![video(160, 120, 1.0, false, false), name(format!("VID_{number}.mp4"))],
        Kind::Round => vec![video(240, 240, 1.0, true, false)],
        Kind::Animation => vec![
            video(160, 120, 1.0, false, true),
            DocumentAttribute::Animated,
            name(format!("wave-{number}.gif.mp4")),
        ],
        Kind::Voice => {
            let waveform = Some(dice.bytes(63));
            let (title, performer) = (None, None);
            vec![
                types::DocumentAttributeAudio { voice: true, duration: 2, title, performer, waveform }.into(),
            ]
        }
        Kind::Music => {
            let (performer, title) = dice.pick(&TRACKS);
            let file = name(format!("{performer} - {title}.mp3"));
            let (title, performer) = (Some(title.to_owned()), Some(performer.to_owned()));
            let (voice, waveform) = (false, None);
            vec![
                types::DocumentAttributeAudio { voice, duration: 3, title, performer, waveform }.into(),
                file,
            ]
        }
        Kind::Page => vec![name(format!("Invoice №{number} — {}.pdf", dice.pick(&["año", "год", "年"])))],
        Kind::Text => vec![name(format!("list-{number}.txt"))],
    }
}

fn video(w: i32, h: i32, duration: f64, is_round: bool, is_silent: bool) -> DocumentAttribute {
    types::DocumentAttributeVideo {
        round_message: is_round,
        supports_streaming: !is_round,
        nosound: is_silent,
        duration,
        w,
        h,
        preload_prefix_size: None,
        video_start_ts: None,
        video_codec: None,
    }
    .into()
}

fn sticker(dice: &mut Dice) -> DocumentAttribute {
    let alt = dice.pick(&["🙂", "🎧", "📼"]).to_owned();
    let stickerset = match dice.below(3) {
        0 => InputStickerSet::Empty,
        1 => types::InputStickerSetId { id: dice.long(), access_hash: dice.long() }.into(),
        _ => types::InputStickerSetShortName { short_name: "TapeFaces".into() }.into(),
    };
    types::DocumentAttributeSticker { mask: false, alt, stickerset, mask_coords: None }.into()
}

pub(crate) fn mime_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Photo | Kind::Face | Kind::Cover => "image/jpeg",
        Kind::Picture => "image/png",
        Kind::Sticker => "image/webp",
        Kind::AnimatedSticker => "application/x-tgsticker",
        Kind::VideoSticker => "video/webm",
        Kind::Video | Kind::Round | Kind::Animation => "video/mp4",
        Kind::Voice => "audio/ogg",
        Kind::Music => "audio/mpeg",
        Kind::Page => "application/pdf",
        Kind::Text => "text/plain",
    }
}

pub(crate) fn small_size(kind: Kind) -> (i32, i32) {
    match kind {
        Kind::Face => (160, 160),
        Kind::Music | Kind::Cover => (200, 200),
        _ => (160, 120),
    }
}

fn count(size: usize) -> i32 {
    i32::try_from(size).unwrap_or(i32::MAX)
}

/// Nobody's, by nobody.
const TRACKS: [(&str, &str); 8] = [
    ("The Azimuths", "Slow Rewind"),
    ("Marta Quilez", "Cinta azul"),
    ("Плёнка 12", "Сторона Б"),
    ("Nour & the Reels", "ليل طويل"),
    ("小磁带", "第二面"),
    ("Ferric Oxide", "Bias"),
    ("The Azimuths", "Leader (Live)"),
    ("Wow and Flutter", "Dropout"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_files() {
        for number in 0..6 {
            let made = Made::new(Kind::Photo, number);
            let enums::Photo::Photo(photo) = photo(made, 5) else { panic!("a photo") };
            assert_eq!(Made::of_id(photo.id), Some(made));
            let Some(PhotoSize::Progressive(whole)) = photo.sizes.last() else { panic!("the whole photo") };
            assert_eq!(whole.sizes.last().copied(), Some(count(made.read().len())));
        }
        for kind in super::super::media::KINDS {
            let made = Made::new(kind, 9);
            let enums::Document::Document(document) = document(made, 5) else {
                panic!("a document");
            };
            assert_eq!(document.size, i64::from(count(made.read().len())));
            assert_eq!(Made::of_id(document.id), Some(made));
        }
    }
}
