//! Whether bytes from the network are a picture. A page that says "not found" is none, whatever
//! its headers claim.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    Jpeg,
    Png,
}

impl Picture {
    /// What these bytes are, if they are a whole picture: from its mark to its end, with a size.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        if is_png(bytes) {
            return Some(Self::Png);
        }
        is_jpeg(bytes).then_some(Self::Jpeg)
    }

    pub const fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }
}

fn is_png(bytes: &[u8]) -> bool {
    const START: &[u8] = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR";
    const END: &[u8] = b"\x00\x00\x00\x00IEND\xaeB`\x82";
    let Some(size) = bytes.strip_prefix(START).and_then(|rest| rest.first_chunk::<8>()) else { return false };
    let (width, height) = size.split_at(4);
    width != [0; 4] && height != [0; 4] && bytes.ends_with(END)
}

/// Walks from segment to segment up to the one that tells the size.
fn is_jpeg(bytes: &[u8]) -> bool {
    const END: &[u8] = b"\xff\xd9";
    let Some(mut rest) = bytes.strip_prefix(b"\xff\xd8") else { return false };
    // Some encoders fill up with zeros after the end.
    let last = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
    if !bytes[..last].ends_with(END) {
        return false;
    }
    while let [0xff, marker, high, low, ..] = *rest {
        match marker {
            // Filling before a marker.
            0xff => rest = &rest[1..],
            // Frames but for tables (c4), extensions (c8) and arithmetic conditioning (cc).
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                return matches!(rest.get(5..9), Some(size) if size[..2] != [0; 2] && size[2..] != [0; 2]);
            }
            0xd0..=0xda => return false,
            _ => match rest.get(2 + usize::from(u16::from_be_bytes([high, low]))..) {
                Some(next) => rest = next,
                None => return false,
            },
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::JPEG;

    fn png(width: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(1_u32.to_be_bytes());
        bytes.extend(b"\x08\x00\x00\x00\x00....\x00\x00\x00\x00IEND\xaeB`\x82");
        bytes
    }

    #[test]
    fn knows_whole_pictures() {
        assert_eq!(Picture::of(JPEG), Some(Picture::Jpeg));
        assert_eq!(Picture::of(&[JPEG, &[0; 3]].concat()), Some(Picture::Jpeg));
        assert_eq!(Picture::of(&png(640)), Some(Picture::Png));
    }

    #[test]
    fn takes_no_page_for_a_picture() {
        for bytes in [&b""[..], b"<!doctype html><title>404</title>", b"GIF89a", b"\xff\xd8", b"RIFF....WEBP"]
        {
            assert_eq!(Picture::of(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn takes_no_half_picture() {
        for end in 0..JPEG.len() {
            assert_eq!(Picture::of(&JPEG[..end]), None, "{end} bytes");
        }
        let png = png(1);
        assert_eq!(Picture::of(&png[..png.len() - 1]), None);
    }

    #[test]
    fn takes_no_picture_without_size() {
        assert_eq!(Picture::of(&png(0)), None);
        let mut flat = JPEG.to_vec();
        flat[13..15].fill(0);
        assert_eq!(Picture::of(&flat), None);
    }

    #[test]
    fn lengths_that_lie_end_the_walk() {
        let mut bytes = JPEG.to_vec();
        bytes[4..6].copy_from_slice(&[0xff, 0xff]);
        assert_eq!(Picture::of(&bytes), None);
        bytes[4..6].copy_from_slice(&[0, 0]);
        assert_eq!(Picture::of(&bytes), None);
    }
}
