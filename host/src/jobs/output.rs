//! What a program prints, or a server answers, as lines of the run's log. Any amount of it costs
//! bounded memory and little time: long lines are cut, and beyond a rate lines are counted and
//! dropped, except the last ones, which tell how it ended.

use std::{collections::VecDeque, io::BufRead as _, time::Duration};

use tokio::time::Instant;

use crate::telemetry::without_controls;

/// Lines a second, and at once, that reach the log.
const LINES: i64 = 10_000;

/// Bytes a second, and at once, that reach the log.
const BYTES: i64 = 1024 * 1024;

/// How many of the last lines are kept whatever the rate.
const TAIL: usize = 50;

/// Where lines come from. Each has its own log target below `tapedeck::output`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stream {
    Stdout,
    Stderr,
    Response,
}

/// One stream on its way into the log.
#[derive(Debug)]
pub(super) struct Lines {
    stream: Stream,
    longest: usize,
    line: Line,
    recent: VecDeque<Line>,
    bucket: Bucket,
    /// Dropped since the last line that was logged.
    pending: u64,
    pub(super) totals: Totals,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) bytes: u64,
    pub(super) lines: u64,
    /// Lines that did not reach the log.
    pub(super) dropped: u64,
}

#[derive(Debug, Default)]
struct Line {
    bytes: Vec<u8>,
    cut: usize,
}

impl Lines {
    pub(super) fn new(stream: Stream, longest: usize, now: Instant) -> Self {
        Self {
            stream,
            longest,
            line: Line::default(),
            recent: VecDeque::with_capacity(TAIL),
            bucket: Bucket { lines: LINES, bytes: BYTES, filled: now },
            pending: 0,
            totals: Totals::default(),
        }
    }

    /// Takes what has arrived. `is_directive` sees each whole line that starts with `::`; those
    /// that it takes are not logged.
    pub(super) fn push(
        &mut self,
        mut chunk: &[u8],
        now: Instant,
        mut is_directive: impl FnMut(&str) -> bool,
    ) {
        self.bucket.fill(now);
        self.totals.bytes += chunk.len() as u64;
        while !chunk.is_empty() {
            let length = { chunk }.skip_until(b'\n').expect("memory can always be read");
            let (piece, rest) = chunk.split_at(length);
            chunk = rest;
            match piece.strip_suffix(b"\n") {
                Some(end) => {
                    self.line.append(end, self.longest);
                    self.end_line(&mut is_directive);
                }
                None => self.line.append(piece, self.longest),
            }
        }
    }

    /// The stream has ended: a last line without an end is one too, and the last lines are logged.
    pub(super) fn finish(&mut self, mut is_directive: impl FnMut(&str) -> bool) {
        if !self.line.bytes.is_empty() {
            self.end_line(&mut is_directive);
        }
        let kept = usize::try_from(self.pending).unwrap_or(usize::MAX).min(self.recent.len());
        self.pending -= kept as u64;
        self.totals.dropped -= kept as u64;
        self.mark_dropped();
        for line in self.recent.iter().skip(self.recent.len() - kept) {
            log(self.stream, &line.text());
        }
    }

    /// The last few lines, for an error's text.
    pub(super) fn last(&self, count: usize, longest: usize) -> String {
        let skipped = self.recent.len().saturating_sub(count);
        let lines: Vec<_> = self.recent.iter().skip(skipped).map(Line::text).collect();
        let text = lines.join("\n");
        let start = text.len().saturating_sub(longest);
        let start = (start..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(start);
        text[start..].to_owned()
    }

    fn end_line(&mut self, is_directive: &mut impl FnMut(&str) -> bool) {
        self.totals.lines += 1;
        if self.line.bytes.starts_with(b"::") && self.line.cut == 0 && is_directive(&self.line.text()) {
            self.line.bytes.clear();
            return;
        }
        if self.bucket.take(self.line.bytes.len()) {
            self.mark_dropped();
            log(self.stream, &self.line.text());
        } else {
            self.pending += 1;
            self.totals.dropped += 1;
        }
        let mut next =
            if self.recent.len() == TAIL { self.recent.pop_front() } else { None }.unwrap_or_default();
        next.bytes.clear();
        next.cut = 0;
        self.recent.push_back(std::mem::replace(&mut self.line, next));
    }

    fn mark_dropped(&mut self) {
        if self.pending > 0 {
            let limits = format!("more than {LINES} lines or {} MiB in a second", BYTES / (1024 * 1024));
            log(self.stream, &format!("… {} lines dropped: {limits}", self.pending));
            self.pending = 0;
        }
    }
}

impl Line {
    fn append(&mut self, piece: &[u8], longest: usize) {
        let kept = piece.len().min(longest - self.bytes.len());
        self.bytes.extend_from_slice(&piece[..kept]);
        self.cut += piece.len() - kept;
    }

    /// What a terminal would show: after the last carriage return, without colours.
    fn text(&self) -> String {
        let bytes = self.bytes.strip_suffix(b"\r").unwrap_or(&self.bytes);
        let start = bytes.iter().rposition(|byte| *byte == b'\r').map_or(0, |at| at + 1);
        let mut text = without_controls(&String::from_utf8_lossy(&bytes[start..]));
        if self.cut > 0 {
            text.push_str(&format!(" … ({} bytes cut)", self.cut));
        }
        text
    }
}

fn log(stream: Stream, text: &str) {
    // A target is fixed where the macro stands.
    match stream {
        Stream::Stdout => tracing::info!(target: "tapedeck::output::stdout", "{text}"),
        Stream::Stderr => tracing::info!(target: "tapedeck::output::stderr", "{text}"),
        Stream::Response => tracing::info!(target: "tapedeck::output::response", "{text}"),
    }
}

/// A token bucket for both limits: each holds what is allowed at once, and gains as much a second.
#[derive(Debug)]
struct Bucket {
    lines: i64,
    /// Below zero after a line that is longer than what was left.
    bytes: i64,
    filled: Instant,
}

impl Bucket {
    fn fill(&mut self, now: Instant) {
        // Coarse steps, so that many small chunks do not round every refill down to nothing.
        let passed = now.duration_since(self.filled);
        if passed >= Duration::from_millis(10) {
            let passed_ms = i64::try_from(passed.as_millis()).unwrap_or(i64::MAX);
            let filled = |tokens: i64, rate: i64| {
                tokens.saturating_add(passed_ms.saturating_mul(rate) / 1000).min(rate)
            };
            self.lines = filled(self.lines, LINES);
            self.bytes = filled(self.bytes, BYTES);
            self.filled = now;
        }
    }

    fn take(&mut self, length: usize) -> bool {
        let has_room = self.lines > 0 && self.bytes > 0;
        if has_room {
            self.lines -= 1;
            self.bytes -= i64::try_from(length).unwrap_or(i64::MAX);
        }
        has_room
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&[u8]]) -> Lines {
        let now = Instant::now();
        let mut lines = Lines::new(Stream::Stdout, 16, now);
        chunks.iter().for_each(|chunk| lines.push(chunk, now, |_| false));
        lines.finish(|_| false);
        lines
    }

    #[test]
    fn lines_survive_any_split() {
        let split = lines(&[b"one\ntw", b"o\r", b"\n", b"thr", b"ee"]);
        assert_eq!(split.last(9, 100), "one\ntwo\nthree");
        assert_eq!(split.totals, Totals { bytes: 14, lines: 3, dropped: 0 });
    }

    #[test]
    fn long_lines_are_cut() {
        let cut = lines(&[b"0123456789", b"0123456789\nnext\n"]);
        assert_eq!(cut.last(2, 100), "0123456789012345 … (4 bytes cut)\nnext");
    }

    #[test]
    fn foreign_bytes_become_text() {
        assert_eq!(lines(&[b"caf\xe9\x00\n"]).last(1, 100), "caf\u{fffd}\u{fffd}");
        assert_eq!(lines(&[b"\x1b[1;31mred\x1b[0m\n"]).last(1, 100), "red");
        assert_eq!(lines(&[b"10 %\r55 %\r99 %\r\n"]).last(1, 100), "99 %");
    }

    #[test]
    fn a_flood_keeps_its_last_lines() {
        let now = Instant::now();
        let mut lines = Lines::new(Stream::Stderr, 100, now);
        for n in 0..30_000 {
            lines.push(format!("line {n}\n").as_bytes(), now, |_| false);
        }
        assert_eq!(lines.totals.dropped, 20_000);
        lines.finish(|_| false);
        assert_eq!(lines.totals, Totals { bytes: lines.totals.bytes, lines: 30_000, dropped: 20_000 - 50 });
        assert!(lines.last(1, 100).ends_with("line 29999"));
    }

    #[test]
    fn a_flood_of_long_lines_counts_bytes() {
        let now = Instant::now();
        let mut lines = Lines::new(Stream::Stdout, 8192, now);
        let line = [b"x".repeat(8191).as_slice(), b"\n"].concat();
        for _ in 0..1000 {
            lines.push(&line, now, |_| false);
        }
        assert_eq!(lines.totals.dropped, 1000 - 129);
        lines.push(&line, now + Duration::from_secs(1), |_| false);
        assert_eq!((lines.totals.dropped, lines.pending), (1000 - 129, 0));
    }

    #[test]
    fn the_log_goes_on_after_a_flood() {
        let now = Instant::now();
        let mut lines = Lines::new(Stream::Stderr, 100, now);
        lines.push(b"x\n".repeat(10_100).as_slice(), now, |_| false);
        lines.push(b"x\n".repeat(100).as_slice(), now + Duration::from_secs(1), |_| false);
        assert_eq!((lines.totals.dropped, lines.pending), (100, 0));
    }

    #[test]
    fn directives_are_not_logged() {
        let now = Instant::now();
        let mut lines = Lines::new(Stream::Stdout, 100, now);
        let mut seen = Vec::new();
        lines.push(b"::progress 1\nplain\n::other\n", now, |line| {
            seen.push(line.to_owned());
            line.starts_with("::progress")
        });
        assert_eq!(seen, ["::progress 1", "::other"]);
        assert_eq!(lines.last(9, 100), "plain\n::other");
        assert_eq!(lines.totals.lines, 3);
    }
}
