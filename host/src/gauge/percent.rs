//! Percentages in what a program prints, as it comes: `[download]  42.3% of 3.4MiB`, `\r 7 %|##`.

/// Reads byte by byte and keeps nothing of the text, so that it costs the same however much a program prints and
/// however it comes in pieces.
#[derive(Debug, Default)]
pub(crate) struct PercentReader {
    place: Place,
}

/// Where in the text it is.
#[derive(Clone, Copy, Debug, Default)]
enum Place {
    /// A number may begin here.
    #[default]
    Open,
    /// In a number, after its point or not.
    Number { whole: u16, has_point: bool },
    /// Between a number and its sign.
    Gap { whole: u16 },
    /// In something that only looks like a number further on: `v1.2.3`, `mp3`.
    Word,
    /// In a colour, or whatever else a terminal is told.
    Escape { has_bracket: bool },
}

impl PercentReader {
    /// The last percentage in this piece, without its fraction. One that is cut in two belongs to the second piece.
    pub(crate) fn read(&mut self, piece: &[u8]) -> Option<u8> {
        let mut last = None;
        for byte in piece {
            let (place, found) = self.place.after(*byte);
            self.place = place;
            last = found.or(last);
        }
        last
    }
}

impl Place {
    fn after(self, byte: u8) -> (Self, Option<u8>) {
        let next = match (self, byte) {
            (Self::Escape { has_bracket: false }, b'[') => Self::Escape { has_bracket: true },
            (Self::Escape { has_bracket: true }, b'0'..=b'9' | b';' | b'?') => self,
            (Self::Escape { .. }, _) | (_, b'\n' | b'\r') => Self::Open,
            (_, 0x1b) => Self::Escape { has_bracket: false },
            (Self::Number { whole, .. } | Self::Gap { whole }, b'%') => {
                let found = u8::try_from(whole).ok().filter(|percent| *percent <= 100);
                return (Self::Open, found);
            }
            (Self::Number { whole, has_point: false }, b'0'..=b'9') => {
                let whole = whole.saturating_mul(10).saturating_add(u16::from(byte - b'0'));
                Self::Number { whole, has_point: false }
            }
            (Self::Number { has_point: true, .. }, b'0'..=b'9') => self,
            (Self::Number { whole, has_point: false }, b'.' | b',') => {
                Self::Number { whole, has_point: true }
            }
            (Self::Number { whole, .. }, b' ') => Self::Gap { whole },
            (Self::Open | Self::Gap { .. }, b'0'..=b'9') => {
                Self::Number { whole: (byte - b'0').into(), has_point: false }
            }
            (_, b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'.' | b'-' | 0x80..) => Self::Word,
            _ => Self::Open,
        };
        (next, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<u8> {
        PercentReader::default().read(text.as_bytes())
    }

    #[test]
    fn finds_what_programs_print() {
        for (text, percent) in [
            ("[download]  42.3% of    3.42MiB at    1.20MiB/s ETA 00:01\n", Some(42)),
            ("[download] 100% of    3.42MiB in 00:00:02", Some(100)),
            ("[download]   0.0% of ~ 3.42MiB (frag 0/10)", Some(0)),
            ("\r 7%|##        | 7/100 [00:01<00:20]", Some(7)),
            ("\r12 %\r 99,9 %", Some(99)),
            ("\x1b[0;94m 17.5%\x1b[0m of \x1b[0m3.4MiB", Some(17)),
            ("\x1b[32m8%\x1b[0m", Some(8)),
            ("(55%)", Some(55)),
            ("downloaded=63%", Some(63)),
        ] {
            assert_eq!(read(text), percent, "{text:?}");
        }
    }

    #[test]
    fn other_text_says_nothing() {
        for text in [
            "",
            "%",
            "5 of 10",
            "5 songs, %d left",
            "101%",
            "99999999999999999999%",
            "mp3%",
            "v1.2.3%",
            "1.2.3%",
            "a-5%",
            "12\n%",
            "5 5 songs",
            "\u{b2}5%",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_last_one_counts() {
        assert_eq!(read("1% 2% 3%\n50% of 7 files\n"), Some(50));
        assert_eq!(read("10%\r20%\r30"), Some(20));
    }

    #[test]
    fn pieces_may_end_anywhere() {
        let text = b"[download]  42.3% of 3.4MiB\r\x1b[0;94m 57%\x1b[0m\r[download] 100% done 9";
        for size in 1..text.len() {
            let mut reader = PercentReader::default();
            let found: Vec<u8> = text.chunks(size).filter_map(|piece| reader.read(piece)).collect();
            assert_eq!(found.last(), Some(&100), "pieces of {size}: {found:?}");
            if size < 10 {
                assert_eq!(found, [42, 57, 100], "pieces of {size}");
            }
        }
    }

    #[test]
    fn a_flood_is_only_text() {
        let mut reader = PercentReader::default();
        assert_eq!(reader.read(&vec![b'9'; 1 << 20]), None);
        assert_eq!(reader.read(b"%"), None, "a number that large is no percentage");
        assert_eq!(reader.read(&b"12%\n".repeat(1 << 16)), Some(12));
    }
}
