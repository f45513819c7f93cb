//! Real little files, distinct by number.
//!
//! Each is a committed template with the number written into a place that its format sets aside for
//! remarks, so it opens everywhere and no two are equal. The number is in the file's id: nothing is
//! stored, a file is made when somebody reads it. `scripts/make-media-templates.py` made the templates.

mod checksum;

use std::ops::Range;

/// What a generated file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// JPEG, 480 x 360, with a small size and a stripped one.
    Photo,
    /// JPEG, 160 x 160: a profile picture.
    Face,
    /// JPEG, 200 x 200: the cover of a track.
    Cover,
    /// PNG, 160 x 120, sent as a file.
    Picture,
    /// WebP, 512 x 512.
    Sticker,
    /// TGS, 512 x 512, one second.
    AnimatedSticker,
    /// WebM, 512 x 512.
    VideoSticker,
    /// MP4 with sound, 160 x 120, one second.
    Video,
    /// MP4 with sound, 240 x 240, one second.
    Round,
    /// MP4 without sound, 160 x 120, one second.
    Animation,
    /// Ogg Opus, two seconds.
    Voice,
    /// MP3, three seconds.
    Music,
    /// PDF of one page.
    Page,
    /// Plain text.
    Text,
}

/// Every kind, in the order of their numbers in ids.
pub const KINDS: [Kind; 14] = [
    Kind::Photo,
    Kind::Face,
    Kind::Cover,
    Kind::Picture,
    Kind::Sticker,
    Kind::AnimatedSticker,
    Kind::VideoSticker,
    Kind::Video,
    Kind::Round,
    Kind::Animation,
    Kind::Voice,
    Kind::Music,
    Kind::Page,
    Kind::Text,
];

/// A generated file: what it is, and which one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Made {
    pub kind: Kind,
    /// Below 2^40.
    pub number: u64,
}

/// What the ids of generated files begin with.
const PREFIX: i64 = 0x2dec;
const NUMBER_BITS: u32 = 40;

const MARK: &[u8] = b"tapedeck:0000000000000000";
const DIGITS: usize = 16;

impl Made {
    pub fn new(kind: Kind, number: u64) -> Self {
        Self { kind, number: number & ((1 << NUMBER_BITS) - 1) }
    }

    /// The file that an id of a photo or document means, if it is a generated one.
    pub fn of_id(id: i64) -> Option<Self> {
        if id >> 48 != PREFIX {
            return None;
        }
        let kind = *KINDS.get(usize::from((id >> NUMBER_BITS).to_le_bytes()[0]))?;
        Some(Self::new(kind, id.cast_unsigned()))
    }

    pub fn id(self) -> i64 {
        let kind = KINDS.iter().position(|kind| *kind == self.kind).unwrap_or_default();
        let kind = i64::try_from(kind).unwrap_or_default();
        (PREFIX << 48) | (kind << NUMBER_BITS) | self.number.cast_signed()
    }

    /// The whole file.
    pub fn read(self) -> Vec<u8> {
        match self.kind {
            Kind::Photo => marked(PHOTOS[self.scene()].0, self.number),
            Kind::Text => text(self.number).into_bytes(),
            kind => marked(template(kind), self.number),
        }
    }

    pub fn size(self) -> usize {
        match self.kind {
            Kind::Photo => PHOTOS[self.scene()].0.len(),
            Kind::Text => text(self.number).len(),
            kind => template(kind).len(),
        }
    }

    /// The smaller picture of a photo, video or track.
    pub fn read_small(self) -> Option<Vec<u8>> {
        self.small().map(|small| marked(small, self.number))
    }

    pub fn small_size(self) -> Option<usize> {
        self.small().map(<[u8]>::len)
    }

    /// The few bytes that clients unpack into a blurred picture.
    pub fn stripped(self) -> Option<&'static [u8]> {
        matches!(self.kind, Kind::Photo | Kind::Video).then(|| PHOTOS[self.scene()].2)
    }

    fn small(self) -> Option<&'static [u8]> {
        match self.kind {
            Kind::Photo | Kind::Video | Kind::Round | Kind::Animation | Kind::Picture => {
                Some(PHOTOS[self.scene()].1)
            }
            Kind::Music => Some(template(Kind::Cover)),
            _ => None,
        }
    }

    fn scene(self) -> usize {
        usize::try_from(self.number).unwrap_or_default() % PHOTOS.len()
    }
}

macro_rules! template {
    ($name:expr) => {
        include_bytes!(concat!("templates/", $name))
    };
}

macro_rules! photo {
    ($number:literal) => {
        (
            template!(concat!("photo", $number, ".jpg")),
            template!(concat!("photo", $number, "-small.jpg")),
            template!(concat!("photo", $number, "-stripped.bin")),
        )
    };
}

/// Whole, small, stripped.
const PHOTOS: [(&[u8], &[u8], &[u8]); 6] =
    [photo!("0"), photo!("1"), photo!("2"), photo!("3"), photo!("4"), photo!("5")];

fn template(kind: Kind) -> &'static [u8] {
    match kind {
        Kind::Photo => PHOTOS[0].0,
        Kind::Face => template!("face.jpg"),
        Kind::Cover => template!("cover.jpg"),
        Kind::Picture => template!("picture.png"),
        Kind::Sticker => template!("sticker.webp"),
        Kind::AnimatedSticker => template!("sticker.tgs"),
        Kind::VideoSticker => template!("sticker.webm"),
        Kind::Video => template!("video.mp4"),
        Kind::Round => template!("round.mp4"),
        Kind::Animation => template!("silent.mp4"),
        Kind::Voice => template!("voice.ogg"),
        Kind::Music => template!("music.mp3"),
        Kind::Page => template!("page.pdf"),
        Kind::Text => MARK,
    }
}

fn text(number: u64) -> String {
    let lines = number % 40 + 3;
    let shopping = ["bread", "молоко", "قهوة", "茶叶", "🍋 lemons", "tape", "batteries"];
    let lines = (0..lines).zip(shopping.iter().cycle()).map(|(line, what)| format!("{}. {what}\n", line + 1));
    format!("List {number}\n\n{}", lines.collect::<String>())
}

/// The template with the number in its mark, and with the checksum that covers it made right.
fn marked(template: &[u8], number: u64) -> Vec<u8> {
    let mut file = template.to_vec();
    if let Some(at) = file.windows(MARK.len()).position(|window| window == MARK) {
        let digits: Range<usize> = at + MARK.len() - DIGITS..at + MARK.len();
        file[digits].copy_from_slice(format!("{number:016x}").as_bytes());
        checksum::correct(&mut file, at);
    }
    file
}

#[cfg(test)]
mod tests;
