//! The end of what a program prints: that is where it says how it went.

use std::collections::VecDeque;

use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::gauge::{Gauge, PercentReader};

const CHUNK: usize = 64 * 1024;

/// A program that prints this many times what is kept only burns time.
const FLOOD: u64 = 100;

#[derive(Debug)]
pub(super) struct Tail {
    kept: VecDeque<u8>,
    most: usize,
    seen: u64,
    percents: PercentReader,
    gauge: Gauge,
}

/// It prints without end.
#[derive(Debug)]
pub(super) struct Flood;

impl Tail {
    pub(super) fn new(most: u64, gauge: Gauge) -> Self {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        Self { kept: VecDeque::new(), most, seen: 0, percents: PercentReader::default(), gauge }
    }

    pub(super) async fn fill(&mut self, mut pipe: impl AsyncRead + Unpin) -> Result<(), Flood> {
        let mut chunk = vec![0; CHUNK];
        loop {
            match pipe.read(&mut chunk).await {
                // A pipe that cannot be read holds nothing more.
                Ok(0) | Err(_) => return Ok(()),
                Ok(length) => self.push(&chunk[..length]),
            }
            if self.is_flood() {
                return Err(Flood);
            }
        }
    }

    pub(super) fn is_flood(&self) -> bool {
        self.seen > (self.most.max(CHUNK) as u64).saturating_mul(FLOOD)
    }

    fn push(&mut self, piece: &[u8]) {
        self.seen += piece.len() as u64;
        if let Some(percent) = self.percents.read(piece) {
            self.gauge.percent(percent);
        }
        let piece = &piece[piece.len().saturating_sub(self.most)..];
        let surplus = (self.kept.len() + piece.len()).saturating_sub(self.most);
        self.kept.drain(..surplus);
        self.kept.extend(piece);
    }

    pub(super) fn is_cut(&self) -> bool {
        self.seen > self.kept.len() as u64
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.kept.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_kept() {
        let mut tail = Tail::new(5, Gauge::default());
        tail.push(b"abc");
        assert!(!tail.is_cut());
        tail.push(b"defg");
        assert!(tail.is_cut());
        tail.push(b"0123456789");
        assert_eq!(tail.into_bytes(), b"56789");
    }

    #[tokio::test]
    async fn printing_without_end_is_noticed() {
        let mut tail = Tail::new(10, Gauge::default());
        assert!(tail.fill(tokio::io::repeat(b'x')).await.is_err());
        assert_eq!(tail.into_bytes().len(), 10);
    }
}
