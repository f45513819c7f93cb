//! Files of others, read in bounds: how much of it is read is counted, and no single value may be without end.

use std::{
    cell::Cell,
    fs::File,
    io::{self, BufReader, Read, Seek as _, SeekFrom},
    path::Path,
    rc::Rc,
};

use super::{error::ImportError, source::Meter};

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
}

/// Opens a text file, behind the mark of its encoding.
pub(super) fn open(path: &Path, meter: &Meter) -> Result<(BufReader<Limited>, Budget), ImportError> {
    let cannot = |error| ImportError::open(path, error);
    let mut file = File::open(path).map_err(cannot)?;
    meter.expect(file.metadata().map_err(cannot)?.len());
    let mut start = [0; 3];
    let read = read_start(&mut file, &mut start).map_err(cannot)?;
    let skipped = if start[..read] == *b"\xef\xbb\xbf" { 3 } else { 0 };
    file.seek(SeekFrom::Start(skipped)).map_err(cannot)?;
    let budget = Budget(Rc::new(Cell::new(LONGEST_VALUE)));
    let limited = Limited { file, budget: budget.clone(), meter: meter.clone() };
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

impl Read for Limited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
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
