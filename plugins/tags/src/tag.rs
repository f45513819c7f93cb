//! Tags as ID3 version 2.3, which is what players and Telegram read.

/// A tag that is being written. Frames without a value are left out.
#[derive(Debug, Default)]
pub struct Tag {
    frames: Vec<u8>,
}

const LATIN: u8 = 0;
const UTF_16: u8 = 1;
const FRONT_COVER: u8 = 3;

impl Tag {
    pub fn text(mut self, id: &[u8; 4], text: &str) -> Self {
        // A zero would end the value, and what follows it would be another one.
        let text = text.replace('\0', " ");
        let text = text.trim();
        if text.is_empty() {
            return self;
        }
        let mut content = Vec::with_capacity(2 * text.len() + 3);
        if text.is_ascii() {
            content.push(LATIN);
            content.extend_from_slice(text.as_bytes());
        } else {
            content.extend_from_slice(&[UTF_16, 0xff, 0xfe]);
            content.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        }
        self.frame(id, &content);
        self
    }

    pub fn number(self, id: &[u8; 4], number: Option<u32>) -> Self {
        match number.filter(|number| *number > 0) {
            Some(number) => self.text(id, &number.to_string()),
            None => self,
        }
    }

    pub fn cover(mut self, mime: &str, picture: &[u8]) -> Self {
        let mut content = Vec::with_capacity(picture.len() + 16);
        content.push(LATIN);
        content.extend_from_slice(mime.as_bytes());
        // The end of the media type, what it shows, and a description without letters.
        content.extend_from_slice(&[0, FRONT_COVER, 0]);
        content.extend_from_slice(picture);
        self.frame(b"APIC", &content);
        self
    }

    /// Words of the song in a language that nobody asked for: `xxx` says so.
    pub fn lyrics(mut self, text: &str) -> Self {
        let text = text.replace('\0', " ");
        if text.trim().is_empty() {
            return self;
        }
        let mut content = vec![UTF_16];
        content.extend_from_slice(b"xxx");
        // A description without letters, in the same encoding as the text.
        content.extend_from_slice(&[0xff, 0xfe, 0, 0, 0xff, 0xfe]);
        content.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        self.frame(b"USLT", &content);
        self
    }

    /// Where the recording was found.
    pub fn source(mut self, url: &str) -> Self {
        if url.is_ascii() && !url.is_empty() && !url.contains('\0') {
            self.frame(b"WOAS", url.as_bytes());
        }
        self
    }

    fn frame(&mut self, id: &[u8; 4], content: &[u8]) {
        let length = u32::try_from(content.len()).expect("covers are bounded");
        self.frames.extend_from_slice(id);
        self.frames.extend_from_slice(&length.to_be_bytes());
        self.frames.extend_from_slice(&[0, 0]);
        self.frames.extend_from_slice(content);
    }

    /// The whole tag, to be put before the first frame of sound.
    pub fn bytes(self) -> Vec<u8> {
        let length = self.frames.len();
        let mut bytes = Vec::with_capacity(length + 10);
        bytes.extend_from_slice(b"ID3\x03\x00\x00");
        // Seven bits to a byte, so that no byte of it looks like the beginning of sound.
        bytes.extend([21, 14, 7, 0].map(|shift| (length >> shift) as u8 & 0x7f));
        bytes.extend_from_slice(&self.frames);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_counts_seven_bits_to_a_byte() {
        let bytes = Tag::default().cover("image/png", &[7; 200]).bytes();
        assert_eq!(&bytes[..6], b"ID3\x03\x00\x00");
        let length = bytes[6..10].iter().fold(0, |sum, byte| sum << 7 | usize::from(*byte));
        assert_eq!(length, bytes.len() - 10);
        assert!(bytes[6..10].iter().all(|byte| *byte < 0x80));
    }

    #[test]
    fn plain_text_stays_plain() {
        let bytes = Tag::default().text(b"TIT2", "Song").bytes();
        assert_eq!(&bytes[10..], b"TIT2\x00\x00\x00\x05\x00\x00\x00Song");
    }

    #[test]
    fn other_scripts_travel_as_utf_16() {
        let bytes = Tag::default().text(b"TPE1", "é🎵").bytes();
        assert_eq!(&bytes[10..], b"TPE1\x00\x00\x00\x09\x00\x00\x01\xff\xfe\xe9\x00\x3c\xd8\xb5\xdf");
    }

    #[test]
    fn a_zero_cannot_end_a_value() {
        let bytes = Tag::default().text(b"TIT2", "a\0b").bytes();
        assert!(bytes.ends_with(b"\x00a b"));
    }

    #[test]
    fn leaves_out_what_is_not_known() {
        let tag = Tag::default().text(b"TALB", " ").number(b"TRCK", None).number(b"TPOS", Some(0));
        assert_eq!(tag.bytes(), b"ID3\x03\x00\x00\x00\x00\x00\x00");
    }

    #[test]
    fn addresses_have_no_encoding() {
        let bytes = Tag::default().source("https://example.org/").source("https://é/").bytes();
        assert_eq!(&bytes[10..], b"WOAS\x00\x00\x00\x14\x00\x00https://example.org/");
    }

    #[test]
    fn lyrics_have_a_language_and_no_title() {
        let bytes = Tag::default().lyrics(" ").lyrics("a\né").bytes();
        let content = b"\x01xxx\xff\xfe\x00\x00\xff\xfea\x00\n\x00\xe9\x00";
        assert_eq!(bytes[20..], *content);
        assert_eq!(bytes[10..18], *b"USLT\x00\x00\x00\x10");
    }

    #[test]
    fn cover_says_what_it_is() {
        let bytes = Tag::default().cover("image/jpeg", b"\xff\xd8").bytes();
        assert_eq!(&bytes[10..], b"APIC\x00\x00\x00\x10\x00\x00\x00image/jpeg\x00\x03\x00\xff\xd8");
    }
}
