//! A folder as one file to download: a ZIP that is made while it is sent, with flat memory. Files of more than 4 GB, and
//! more than 65,535 of them, have the larger numbers of ZIP64.

use std::{
    fs::File,
    io::{self, Read as _, Write},
    path::{Path, PathBuf},
};

use axum::body::{Body, Bytes};
use flate2::{Compression, Crc, write::DeflateEncoder};
use futures_util::stream;
use tokio::sync::mpsc;

const BLOCK: usize = 64 * 1024;
/// Sizes are known at the end of a file, names are UTF-8.
const FLAGS: u16 = (1 << 3) | (1 << 11);
const DEFLATED: u16 = 8;
/// 1980-01-01: when a file was written says nothing that anybody asks.
const DATE: u32 = 0x0021_0000;
const LARGE: u64 = u32::MAX as u64;
/// What would only be read twice: pictures, sound and film are packed already.
const PACKED: &[&str] = &[
    "jpg", "jpeg", "png", "webp", "gif", "mp4", "mov", "webm", "mkv", "mp3", "m4a", "ogg", "oga", "opus",
    "flac", "zip", "gz", "7z", "tgs",
];

/// What becomes a file of the archive.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// With `/` between folders.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

/// Every file beneath a folder, in the order of their names. Links count as the files that they lead to.
pub(crate) fn entries(folder: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut folders = vec![(folder.to_owned(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let inside = format!("{prefix}{name}");
            // A link whose file is gone is left out.
            let Ok(facts) = std::fs::metadata(&path) else { continue };
            match facts.is_dir() {
                true => folders.push((path, format!("{inside}/"))),
                false => entries.push(Entry { name: inside, path }),
            }
        }
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

/// The ZIP of these files, made on a thread of its own as fast as it is taken.
pub(crate) fn body(entries: Vec<Entry>) -> Body {
    let (sender, receiver) = mpsc::channel(4);
    tokio::task::spawn_blocking(move || {
        let pipe = io::BufWriter::with_capacity(BLOCK, Pipe(sender.clone()));
        if let Err(error) = write(pipe, &entries, LARGE) {
            // Whoever gave up needs no reason; anybody else sees that the download has broken off.
            let _ = sender.blocking_send(Err(error));
        }
    });
    Body::from_stream(stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|block| (block, receiver))
    }))
}

struct Pipe(mpsc::Sender<io::Result<Bytes>>);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let block = Bytes::copy_from_slice(bytes);
        self.0.blocking_send(Ok(block)).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file that is in it.
struct Packed {
    name: Vec<u8>,
    crc: u32,
    packed: u64,
    size: u64,
    offset: u64,
}

/// `large`: from which size on numbers take eight bytes.
fn write(out: impl Write, entries: &[Entry], large: u64) -> io::Result<()> {
    let mut out = Counted { out, count: 0 };
    let mut packed = Vec::with_capacity(entries.len());
    for entry in entries {
        packed.push(pack(&mut out, entry, large)?);
    }
    let begin = out.count;
    for file in &packed {
        out.write_all(&listed(file, large))?;
    }
    let listed = out.count - begin;
    out.write_all(&end(packed.len() as u64, listed, begin, large))?;
    out.flush()
}

fn pack(out: &mut Counted<impl Write>, entry: &Entry, large: u64) -> io::Result<Packed> {
    let file = File::open(&entry.path)?;
    let expected = file.metadata()?.len();
    let is_large = expected >= large;
    let (name, offset) = (entry.name.clone().into_bytes(), out.count);
    let (size, extra) = if is_large { (u32::MAX, 20) } else { (0, 0) };
    let mut head = Vec::new();
    put32(&mut head, 0x0403_4b50);
    put16(&mut head, version(is_large));
    put16(&mut head, FLAGS);
    put16(&mut head, DEFLATED);
    put32(&mut head, DATE);
    put32(&mut head, 0);
    put32(&mut head, size);
    put32(&mut head, size);
    put16(&mut head, short(name.len()));
    put16(&mut head, extra);
    head.extend_from_slice(&name);
    if is_large {
        put16(&mut head, 1);
        put16(&mut head, 16);
        put64(&mut head, 0);
        put64(&mut head, 0);
    }
    out.write_all(&head)?;
    let begin = out.count;
    let ending = entry.name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let level = if PACKED.contains(&ending.as_str()) { Compression::none() } else { Compression::fast() };
    let (mut crc, mut deflate) = (Crc::new(), DeflateEncoder::new(&mut *out, level));
    let mut block = vec![0; BLOCK];
    // What somebody appends meanwhile is not part of it.
    let (mut source, mut size) = (file.take(expected), 0);
    loop {
        let read = source.read(&mut block)?;
        if read == 0 {
            break;
        }
        crc.update(&block[..read]);
        deflate.write_all(&block[..read])?;
        size += read as u64;
    }
    deflate.finish()?;
    let packed = out.count - begin;
    let mut tail = Vec::new();
    put32(&mut tail, 0x0807_4b50);
    put32(&mut tail, crc.sum());
    for size in [packed, size] {
        if is_large { put64(&mut tail, size) } else { put32(&mut tail, low(size)) }
    }
    out.write_all(&tail)?;
    Ok(Packed { name, crc: crc.sum(), packed, size, offset })
}

/// A file's line in the list at the end.
fn listed(file: &Packed, large: u64) -> Vec<u8> {
    let is_large = [file.packed, file.size, file.offset].iter().any(|number| *number >= large);
    let fit = |number: u64| if is_large { u32::MAX } else { low(number) };
    let mut line = Vec::new();
    put32(&mut line, 0x0201_4b50);
    // Made on Unix.
    put16(&mut line, (3 << 8) | version(is_large));
    put16(&mut line, version(is_large));
    put16(&mut line, FLAGS);
    put16(&mut line, DEFLATED);
    put32(&mut line, DATE);
    put32(&mut line, file.crc);
    put32(&mut line, fit(file.packed));
    put32(&mut line, fit(file.size));
    put16(&mut line, short(file.name.len()));
    put16(&mut line, if is_large { 28 } else { 0 });
    // No comment, the first disk, nothing of its inside.
    [0_u16; 3].into_iter().for_each(|number| put16(&mut line, number));
    // A plain file that its owner may write.
    put32(&mut line, 0o100_644 << 16);
    put32(&mut line, fit(file.offset));
    line.extend_from_slice(&file.name);
    if is_large {
        put16(&mut line, 1);
        put16(&mut line, 24);
        [file.size, file.packed, file.offset].into_iter().for_each(|number| put64(&mut line, number));
    }
    line
}

fn end(count: u64, listed: u64, begin: u64, large: u64) -> Vec<u8> {
    let is_large = count >= u64::from(u16::MAX).min(large) || listed >= large || begin >= large;
    let mut end = Vec::new();
    if is_large {
        put32(&mut end, 0x0606_4b50);
        put64(&mut end, 44);
        put16(&mut end, (3 << 8) | version(true));
        put16(&mut end, version(true));
        put32(&mut end, 0);
        put32(&mut end, 0);
        [count, count, listed, begin].into_iter().for_each(|number| put64(&mut end, number));
        put32(&mut end, 0x0706_4b50);
        put32(&mut end, 0);
        put64(&mut end, begin + listed);
        put32(&mut end, 1);
    }
    let short_count = if is_large { u16::MAX } else { short(count as usize) };
    let fit = |number: u64| if is_large { u32::MAX } else { low(number) };
    put32(&mut end, 0x0605_4b50);
    put32(&mut end, 0);
    put16(&mut end, short_count);
    put16(&mut end, short_count);
    put32(&mut end, fit(listed));
    put32(&mut end, fit(begin));
    put16(&mut end, 0);
    end
}

fn version(is_large: bool) -> u16 {
    if is_large { 45 } else { 20 }
}

fn short(number: usize) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

fn low(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn put16(to: &mut Vec<u8>, number: u16) {
    to.extend_from_slice(&number.to_le_bytes());
}

fn put32(to: &mut Vec<u8>, number: u32) {
    to.extend_from_slice(&number.to_le_bytes());
}

fn put64(to: &mut Vec<u8>, number: u64) {
    to.extend_from_slice(&number.to_le_bytes());
}

/// Knows how much has gone through.
struct Counted<W> {
    out: W,
    count: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.count += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn number(bytes: &[u8], at: usize, width: usize) -> u64 {
        bytes[at..at + width].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// By the list at the end, as programs that open it do.
    fn unpack(zip: &[u8], is_large: bool) -> Vec<(String, Vec<u8>)> {
        let end = zip.len() - 22;
        assert_eq!(number(zip, end, 4), 0x0605_4b50);
        let (count, mut at) = match is_large {
            false => (number(zip, end + 10, 2), number(zip, end + 16, 4) as usize),
            true => {
                let wide = number(zip, end - 12, 8) as usize;
                assert_eq!((number(zip, end - 20, 4), number(zip, wide, 4)), (0x0706_4b50, 0x0606_4b50));
                (number(zip, wide + 32, 8), number(zip, wide + 48, 8) as usize)
            }
        };
        let mut files = Vec::new();
        for _ in 0..count {
            assert_eq!(number(zip, at, 4), 0x0201_4b50);
            let (name, extra) = (number(zip, at + 28, 2) as usize, number(zip, at + 30, 2) as usize);
            let wide = at + 46 + name + 4;
            let [size, packed, offset] = match is_large {
                true => [0, 8, 16].map(|place| number(zip, wide + place, 8) as usize),
                false => [24, 20, 42].map(|place| number(zip, at + place, 4) as usize),
            };
            assert_eq!(number(zip, offset, 4), 0x0403_4b50);
            let begin =
                offset + 30 + number(zip, offset + 26, 2) as usize + number(zip, offset + 28, 2) as usize;
            let mut content = Vec::new();
            flate2::read::DeflateDecoder::new(&zip[begin..begin + packed]).read_to_end(&mut content).unwrap();
            let mut crc = Crc::new();
            crc.update(&content);
            assert_eq!((content.len(), u64::from(crc.sum())), (size, number(zip, at + 16, 4)));
            assert_eq!(number(zip, begin + packed + 4, 4), u64::from(crc.sum()), "behind the file too");
            files.push((String::from_utf8(zip[at + 46..at + 46 + name].to_vec()).unwrap(), content));
            at += 46 + name + extra;
        }
        files
    }

    fn read_back(large: u64) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("media/a")).unwrap();
        fs::write(folder.path().join("index.html"), "hello ".repeat(10_000)).unwrap();
        fs::write(folder.path().join("media/a/Bücher 📚.jpg"), [7; 70_000]).unwrap();
        fs::write(folder.path().join("empty"), "").unwrap();
        let entries = entries(folder.path()).unwrap();
        let mut zip = Vec::new();
        write(&mut zip, &entries, large).unwrap();
        let files = unpack(&zip, large < LARGE);
        let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["empty", "index.html", "media/a/Bücher 📚.jpg"]);
        for (name, content) in &files {
            assert!(*content == fs::read(folder.path().join(name)).unwrap(), "{name}");
        }
        assert!(zip.len() < 75_000, "text is packed, pictures are not packed again");
    }

    #[test]
    fn it_is_read_back() {
        read_back(LARGE);
    }

    #[test]
    fn large_numbers_are_read_back() {
        read_back(1);
    }
}
