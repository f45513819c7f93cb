/// Corrects the checksum over what has just been changed at `at`: PNG has one per chunk, Ogg one
/// per page. The other formats have none over their remarks.
pub(super) fn correct(file: &mut [u8], at: usize) {
    if file.starts_with(b"\x89PNG") {
        correct_png(file, at);
    } else if file.starts_with(b"OggS") {
        correct_ogg(file, at);
    }
}

fn correct_png(file: &mut [u8], at: usize) {
    for chunk in png_chunks(file) {
        if (chunk.start..chunk.end).contains(&at) {
            let sum = crc32fast::hash(&file[chunk.start + 4..chunk.end - 4]);
            file[chunk.end - 4..chunk.end].copy_from_slice(&sum.to_be_bytes());
        }
    }
}

/// Where each chunk lies, with its length and checksum.
pub(super) fn png_chunks(file: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut chunks = Vec::new();
    let mut start = 8;
    while let Some(length) = file.get(start..start + 4) {
        let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]);
        let end = start + 12 + usize::try_from(length).unwrap_or(usize::MAX / 2);
        chunks.push(start..end);
        start = end;
    }
    chunks
}

fn correct_ogg(file: &mut [u8], at: usize) {
    for page in ogg_pages(file) {
        if page.contains(&at) {
            let sum = ogg_sum(&file[page.clone()]);
            file[page.start + 22..page.start + 26].copy_from_slice(&sum.to_le_bytes());
        }
    }
}

pub(super) fn ogg_pages(file: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut pages = Vec::new();
    let mut start = 0;
    while let Some(header) = file.get(start..start + 27) {
        let segments = usize::from(header[26]);
        let body: usize = file[start + 27..start + 27 + segments].iter().map(|size| usize::from(*size)).sum();
        let end = start + 27 + segments + body;
        pages.push(start..end);
        start = end;
    }
    pages
}

/// The checksum of a page, taken with its own place zeroed: polynomial 04c11db7, nothing reflected.
pub(super) fn ogg_sum(page: &[u8]) -> u32 {
    page.iter().enumerate().fold(0, |sum, (at, byte)| {
        let byte = if (22..26).contains(&at) { 0 } else { *byte };
        (0..8).fold(sum ^ (u32::from(byte) << 24), |sum, _| {
            if sum & 0x8000_0000 == 0 { sum << 1 } else { (sum << 1) ^ 0x04c1_1db7 }
        })
    })
}
