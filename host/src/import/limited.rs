//! Files of others, read in bounds: how much of it is read is counted, and no single value may be without end.

use std::{
    cell::Cell,
    fs::File,
    io::{self, BufReader, Read, Seek as _, SeekFrom},
    path::Path,
    rc::Rc,
};

use super::{error::ImportError, kind, source::Meter};

/// No message of Telegram's comes near it.
const LONGEST_VALUE: u64 = 32 << 20;

/// How much may still be read before something has to be done with it.
#[derive(Clone, Debug)]
pub(super) struct Budget(Rc<Cell<u64>>);

impl Budget {
    /// A value begins that is kept in memory.
    pub(super) fn renew(&self) {
        self.0.set(LONGEST_VALUE);
    }

    /// What is read now is thrown away at once.
    pub(super) fn lift(&self) {
        self.0.set(u64::MAX);
    }
}

#[derive(Debug)]
pub(super) struct Limited {
    file: File,
    budget: Budget,
    meter: Meter,
    /// The beginning of an escape, of which the rest was not read yet.
    held: Vec<u8>,
}

/// Opens a text file, behind the mark of its encoding.
pub(super) fn open(path: &Path, meter: &Meter) -> Result<(BufReader<Limited>, Budget), ImportError> {
    let cannot = |error| ImportError::open(path, error);
    kind::refuse_special(path)?;
    let mut file = File::open(path).map_err(cannot)?;
    meter.expect(file.metadata().map_err(cannot)?.len());
    let mut start = [0; 3];
    let read = read_start(&mut file, &mut start).map_err(cannot)?;
    let skipped = if start[..read] == *b"\xef\xbb\xbf" { 3 } else { 0 };
    file.seek(SeekFrom::Start(skipped)).map_err(cannot)?;
    let budget = Budget(Rc::new(Cell::new(LONGEST_VALUE)));
    let limited = Limited { file, budget: budget.clone(), meter: meter.clone(), held: Vec::new() };
    Ok((BufReader::with_capacity(256 << 10, limited), budget))
}

fn read_start(file: &mut File, start: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while read < start.len() {
        match file.read(&mut start[read..])? {
            0 => break,
            more => read += more,
        }
    }
    Ok(read)
}

/// Halves of a character become the mark of what cannot be shown, which is as long: JSON may hold them, text cannot, and
/// one of them would end the whole import. Buffers are longer than two escapes.
impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.len() < 2 * ESCAPE {
            return Err(io::Error::other("a buffer is too short for an escape"));
        }
        let mut filled = self.held.len();
        buffer[..filled].copy_from_slice(&self.held);
        self.held.clear();
        loop {
            let read = match self.fill(&mut buffer[filled..]) {
                Ok(read) => read,
                Err(error) => {
                    // Whoever was only interrupted asks again.
                    self.held.extend_from_slice(&buffer[..filled]);
                    return Err(error);
                }
            };
            filled += read;
            let whole = mend(&mut buffer[..filled], read == 0);
            if whole > 0 || read == 0 {
                self.held.extend_from_slice(&buffer[whole..filled]);
                return Ok(whole);
            }
        }
    }
}

impl Limited {
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        let bytes = read as u64;
        self.meter.advance(bytes);
        match self.budget.0.get().checked_sub(bytes) {
            Some(left) => self.budget.0.set(left),
            None => return Err(io::Error::other("a single value is longer than 32 MiB")),
        }
        Ok(read)
    }
}

const ESCAPE: usize = 6;
const HALF: &[u8; ESCAPE] = br"\ufffd";

/// Up to where the text is whole: what an escape stands for may depend on the one behind it.
fn mend(text: &mut [u8], is_end: bool) -> usize {
    let mut at = 0;
    while let Some(found) = text[at..].iter().position(|byte| *byte == b'\\') {
        at += found;
        if !is_end && text.len() - at < 2 * ESCAPE {
            return at;
        }
        at += match (unit(text, at), unit(text, at + ESCAPE)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => 2 * ESCAPE,
            (Some(0xd800..0xe000), _) => {
                text[at..at + ESCAPE].copy_from_slice(HALF);
                ESCAPE
            }
            (Some(_), _) => ESCAPE,
            (None, _) => 2.min(text.len() - at),
        };
    }
    text.len()
}

/// What `\u` and four digits stand for.
fn unit(text: &[u8], at: usize) -> Option<u16> {
    let digits = text.get(at..at + ESCAPE)?.strip_prefix(br"\u")?;
    // A sign would be taken for a part of the number.
    let digits = std::str::from_utf8(digits).ok().filter(|it| it.bytes().all(|it| it.is_ascii_hexdigit()))?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Read in buffers of this length.
    fn read(json: &str, length: usize) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        std::fs::write(&path, json).unwrap();
        let (reader, _) = open(&path, &Meter::default()).unwrap();
        let reader = BufReader::with_capacity(length, reader.into_inner());
        // One byte after the other, as JSON is read: then every buffer is filled whole.
        let bytes: io::Result<Vec<u8>> = reader.bytes().collect();
        String::from_utf8(bytes.unwrap()).unwrap()
    }

    #[test]
    fn what_is_held_outlives_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        std::fs::write(&path, r#"["\ud83d\ude00"]"#).unwrap();
        let (reader, budget) = open(&path, &Meter::default()).unwrap();
        let (mut limited, mut buffer) = (reader.into_inner(), [0; 2 * ESCAPE]);
        assert_eq!(limited.read(&mut buffer).unwrap(), 2);
        let held = limited.held.clone();
        assert_eq!(held, br"\ud83d\ude");
        budget.0.set(0);
        limited.read(&mut buffer).unwrap_err();
        assert_eq!(limited.held, held);
    }

    #[test]
    fn halves_of_characters_are_marked_and_whole_ones_stay() {
        for (json, wanted) in [
            (r#"["\ud800 a"]"#, r#"["\ufffd a"]"#),
            (r#"["\udc00"]"#, r#"["\ufffd"]"#),
            (r#"["\ud83d\ude00!"]"#, r#"["\ud83d\ude00!"]"#),
            (r#"["\ud83d\ud83d\ude00"]"#, r#"["\ufffd\ud83d\ude00"]"#),
            (r#"["\\ud800 \n\"\\"]"#, r#"["\\ud800 \n\"\\"]"#),
            (r#"["\u00e9", "\ud800"#, r#"["\u00e9", "\ufffd"#),
            (r#""\ud8"#, r#""\ud8"#),
            ("", ""),
        ] {
            for length in [24, 25, 31, 4096] {
                assert_eq!(read(json, length), wanted, "{length}");
            }
        }
    }
}
