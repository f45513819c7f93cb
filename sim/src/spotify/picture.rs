//! Covers: for each name a picture of its own, two colours that run into one another, as a PNG.

const SIDE: u32 = 64;

/// The same one for the same name.
pub(super) fn picture(name: &str) -> Vec<u8> {
    let number = crc32fast::hash(name.as_bytes());
    let (from, to) = (colour(number), colour(number.rotate_left(16)));
    let mut rows = Vec::new();
    for y in 0..SIDE {
        rows.push(0);
        for x in 0..SIDE {
            rows.extend((0..3).map(|part| mixed(from[part], to[part], x + y, 2 * SIDE)));
        }
    }
    let mut header = [SIDE.to_be_bytes(), SIDE.to_be_bytes()].concat();
    // Eight bits for each of three colours, nothing special.
    header.extend([8, 2, 0, 0, 0]);
    let parts = [chunk(*b"IHDR", &header), chunk(*b"IDAT", &stored(&rows)), chunk(*b"IEND", &[])];
    [b"\x89PNG\r\n\x1a\n".to_vec(), parts.concat()].concat()
}

fn colour(number: u32) -> [u8; 3] {
    let [red, green, blue, _] = number.to_be_bytes();
    // Neither black nor white.
    [red, green, blue].map(|part| 40 + part / 2)
}

fn mixed(from: u8, to: u8, at: u32, of: u32) -> u8 {
    let mixed = (u32::from(from) * (of - at) + u32::from(to) * at) / of;
    u8::try_from(mixed).unwrap_or(u8::MAX)
}

fn chunk(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap_or(u32::MAX);
    let named = [name.as_slice(), content].concat();
    let sum = crc32fast::hash(&named);
    [length.to_be_bytes().as_slice(), &named, &sum.to_be_bytes()].concat()
}

/// A zlib stream that compresses nothing.
fn stored(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap_or(u16::MAX);
    let (mut a, mut b) = (1_u32, 0_u32);
    for byte in content {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    let head = [&[0x78, 0x01, 0x01][..], &length.to_le_bytes(), &(!length).to_le_bytes()].concat();
    [head, content.to_vec(), ((b << 16) | a).to_be_bytes().to_vec()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_its_own_picture() {
        let one = picture("1f");
        assert!(one.starts_with(b"\x89PNG\r\n\x1a\n") && one.ends_with(b"IEND\xae\x42\x60\x82"));
        assert_eq!(one, picture("1f"));
        assert_ne!(one, picture("2f"));
        // What it unpacks to fits into one stored block.
        assert!(SIDE * (3 * SIDE + 1) <= u32::from(u16::MAX));
    }
}
