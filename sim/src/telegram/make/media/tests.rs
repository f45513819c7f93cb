use std::io::Read as _;

use super::{checksum, *};

#[test]
fn ids_lead_back_to_files() {
    for kind in KINDS {
        let made = Made::new(kind, 123_456_789_012);
        assert_eq!(Made::of_id(made.id()), Some(made));
        assert!(made.id() > 0);
    }
    assert_eq!(Made::of_id(5), None);
    assert_eq!(Made::of_id((PREFIX << 48) | (200 << NUMBER_BITS)), None);
}

#[test]
fn numbers_make_distinct_files() {
    for kind in KINDS {
        let (one, two) = (Made::new(kind, 6), Made::new(kind, 12));
        assert_ne!(one.read(), two.read(), "{kind:?}");
        assert_eq!(one.read(), Made::new(kind, 6).read(), "{kind:?}");
        assert_eq!(one.read().len(), one.size(), "{kind:?}");
        assert_eq!(one.read_small().map(|small| small.len()), one.small_size(), "{kind:?}");
    }
}

#[test]
fn marks_are_written_once() {
    let number = 0xab_cdef;
    for kind in KINDS.into_iter().filter(|kind| *kind != Kind::Text) {
        let file = Made::new(kind, number).read();
        let written = b"tapedeck:0000000000abcdef";
        assert_eq!(file.windows(written.len()).filter(|window| window == written).count(), 1, "{kind:?}");
    }
}

#[test]
fn jpegs_stay_whole() {
    for number in 0..6 {
        let photo = Made::new(Kind::Photo, number);
        assert_eq!(jpeg_size(&photo.read()), (480, 360));
        assert_eq!(jpeg_size(&photo.read_small().unwrap()), (160, 120));
        assert_eq!(&photo.stripped().unwrap()[..3], [1, 30, 40]);
    }
    assert_eq!(jpeg_size(&Made::new(Kind::Face, 3).read()), (160, 160));
    assert_eq!(jpeg_size(&Made::new(Kind::Cover, 3).read()), (200, 200));
}

#[test]
fn png_stays_whole() {
    let file = Made::new(Kind::Picture, 77).read();
    let chunks = checksum::png_chunks(&file);
    let names: Vec<&[u8]> = chunks.iter().map(|chunk| &file[chunk.start + 4..chunk.start + 8]).collect();
    assert_eq!(names.first(), Some(&&b"IHDR"[..]));
    assert_eq!(names.last(), Some(&&b"IEND"[..]));
    assert!(names.contains(&&b"tEXt"[..]));
    assert_eq!(chunks.last().unwrap().end, file.len());
    for chunk in chunks {
        let sum = crc32fast::hash(&file[chunk.start + 4..chunk.end - 4]);
        assert_eq!(sum.to_be_bytes(), file[chunk.end - 4..chunk.end]);
    }
    assert_eq!(file[16..24], [0, 0, 0, 160, 0, 0, 0, 120]);
}

#[test]
fn webp_stays_whole() {
    let file = Made::new(Kind::Sticker, 77).read();
    assert_eq!((&file[..4], &file[8..16]), (&b"RIFF"[..], &b"WEBPVP8X"[..]));
    let mut names = Vec::new();
    let mut at = 12;
    while at < file.len() {
        let size = little(&file[at + 4..at + 8]);
        names.push(String::from_utf8(file[at..at + 4].to_vec()).unwrap());
        at += 8 + size + size % 2;
    }
    assert_eq!(at, file.len());
    assert_eq!(little(&file[4..8]) + 8, file.len());
    assert_eq!(names, ["VP8X", "ALPH", "VP8 ", "XMP "]);
    assert_eq!((file[20] & 0b100, file[24], file[25]), (0b100, 255, 1), "it announces XMP and 512 wide");
}

#[test]
fn mp4s_stay_whole() {
    for (kind, tracks) in [(Kind::Video, 2), (Kind::Round, 2), (Kind::Animation, 1)] {
        let file = Made::new(kind, 77).read();
        let boxes = mp4_boxes(&file);
        let names: Vec<&str> = boxes.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names.first(), Some(&"ftyp"), "{kind:?}");
        assert_eq!(names.last(), Some(&"free"), "{kind:?}");
        assert!(names.contains(&"moov") && names.contains(&"mdat"), "{kind:?}: {names:?}");
        let (_, inside) = boxes.iter().find(|(name, _)| name == "moov").unwrap();
        assert_eq!(mp4_boxes(inside).iter().filter(|(name, _)| name == "trak").count(), tracks);
    }
}

#[test]
fn ogg_stays_whole() {
    let file = Made::new(Kind::Voice, 77).read();
    let pages = checksum::ogg_pages(&file);
    assert_eq!(pages.last().unwrap().end, file.len());
    for page in &pages {
        let page = &file[page.clone()];
        assert_eq!(&page[..4], b"OggS");
        assert_eq!(checksum::ogg_sum(page).to_le_bytes(), page[22..26]);
    }
    assert_eq!(&file[28..36], b"OpusHead");
}

#[test]
fn mp3_stays_whole() {
    let file = Made::new(Kind::Music, 77).read();
    assert_eq!(&file[..3], b"ID3");
    let audio = 10 + (usize::from(file[8]) << 7) + usize::from(file[9]);
    assert_eq!((file[audio], file[audio + 1] & 0xe0), (0xff, 0xe0), "a frame follows the tag");
}

#[test]
fn animated_sticker_unpacks() {
    let file = Made::new(Kind::AnimatedSticker, 77).read();
    let mut lottie = String::new();
    flate2::read::GzDecoder::new(&file[..]).read_to_string(&mut lottie).unwrap();
    assert!(lottie.starts_with(r#"{"tgs":1"#), "{lottie}");
}

#[test]
fn webm_stays_whole() {
    let file = Made::new(Kind::VideoSticker, 77).read();
    assert_eq!(&file[..4], [0x1a, 0x45, 0xdf, 0xa3]);
    // The segment follows the header: its size, of eight bytes, reaches to the end.
    let segment = 5 + usize::from(file[4] & 0x7f);
    assert_eq!(&file[segment..segment + 5], [0x18, 0x53, 0x80, 0x67, 0x01]);
    let size = file[segment + 5..segment + 12].iter().fold(0, |size, byte| size << 8 | usize::from(*byte));
    assert_eq!(segment + 12 + size, file.len());
}

#[test]
fn pdf_offsets_stay_true() {
    let file = Made::new(Kind::Page, 77).read();
    let text = String::from_utf8(file).unwrap();
    let start: usize = text.lines().rev().nth(1).unwrap().parse().unwrap();
    assert!(text[start..].starts_with("xref"));
    for (number, line) in text[start..].lines().skip(3).take(5).enumerate() {
        let offset: usize = line[..10].parse().unwrap();
        assert!(text[offset..].starts_with(&format!("{} 0 obj", number + 1)));
    }
}

/// Width and height from the frame header, after walking every segment up to the scan.
fn jpeg_size(file: &[u8]) -> (usize, usize) {
    assert_eq!((&file[..2], &file[file.len() - 2..]), (&[0xff, 0xd8][..], &[0xff, 0xd9][..]));
    let mut found = None;
    let mut at = 2;
    loop {
        assert_eq!(file[at], 0xff);
        let marker = file[at + 1];
        let length = big(&file[at + 2..at + 4]);
        if (0xc0..=0xc2).contains(&marker) {
            found = Some((big(&file[at + 7..at + 9]), big(&file[at + 5..at + 7])));
        }
        if marker == 0xda {
            return found.unwrap();
        }
        at += 2 + length;
    }
}

fn mp4_boxes(mut rest: &[u8]) -> Vec<(String, &[u8])> {
    let mut boxes = Vec::new();
    while !rest.is_empty() {
        let size = big(&rest[..4]);
        boxes.push((String::from_utf8(rest[4..8].to_vec()).unwrap(), &rest[8..size]));
        rest = &rest[size..];
    }
    boxes
}

fn big(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
}

fn little(bytes: &[u8]) -> usize {
    bytes.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
}
