//! The short JSON in fewer bytes: pieces that come often are one byte or two, and bytes that nobody reads stand behind it.
//!
//! JSON has no control characters, so that these are free to stand for pieces. Plain SQL puts them back: the views
//! do. Without anything behind it the whole is text; else a zero comes between, and it is no text any more.

use std::{borrow::Cow, sync::LazyLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use serde::de::Error as _;

/// Each is one byte, from 1 on. Archives hold these numbers: none ever changes.
const OFTEN: [&str; 28] = [
    r#"":{""#,
    r#"":""#,
    r#"",""#,
    r#"s":"#,
    "]]}",
    "tion",
    r#"":true"#,
    r#"],[""#,
    r#"dc":"#,
    r#"[[""#,
    r#"{"file"#,
    r#"{"reac"#,
    "text",
    r#","is_"#,
    r#"{"marks":[["#,
    r#","sizes":[["i"],["m","#,
    r#","recent":["#,
    "}}}",
    r#"y","#,
    "name",
    r#"count":"#,
    r#","extra"#,
    "]],",
    r#"},{""#,
    "video",
    r#""signature"#,
    r#""comments"#,
    r#"replies_pts":"#,
];

/// Each is two bytes: 31, and a sign from `0` on. New ones come last.
const SOMETIMES: [&str; 79] = [
    r#","mime"#,
    r#"id":"#,
    r#""reactions":[[""#,
    r#","byte"#,
    "quote",
    "],[",
    "pixels",
    r#"[{""#,
    "}},",
    r#"width":"#,
    r#","height":"#,
    "voter",
    "date",
    "photo",
    r#","size"#,
    r#"},"second"#,
    "extra",
    "/mp4",
    r#""},"op"#,
    "streamable",
    "type",
    "title",
    r#"{"media"#,
    "sticker",
    "count",
    "],[null,",
    r#"]],"top":[{""#,
    r#"}],"has_list"#,
    r#","access_hash":"#,
    "detail",
    r#"{"ac"#,
    r#"{"forward"#,
    "user",
    "audio",
    r#"message":"#,
    r#"quote_offset":"#,
    r#"from":"#,
    r#"{"reply"#,
    r#","italic""#,
    r#"peer":"#,
    r#","h":"#,
    r#"[["m","#,
    "form",
    "chat_",
    "second",
    r#","post":"#,
    "anonymous",
    r#","url""#,
    "emoji",
    "button",
    "nimated",
    r#","strike""#,
    "entitie",
    r#","phone""#,
    r#","custom-emoji","#,
    r#"hash":"#,
    r#","hashtag""#,
    r#","bold"],["#,
    r#","spoiler""#,
    r#","ques"#,
    r#""},"answer"#,
    r#"total":"#,
    r#","vote"#,
    "chosen",
    r#","block"#,
    "silent",
    "WithEntities",
    r#","code""#,
    r#","email""#,
    r#","file_reference"#,
    r#"}],"dc_"#,
    r#","waveform"#,
    "documentAttribute",
    r#","results"#,
    r#"latitude":"#,
    r#","longitude":"#,
    "descrip",
    "reply_markup",
    "StrippedSize",
];

/// What comes before one of the second kind.
const ANOTHER: u8 = 31;
const FIRST_SIGN: u8 = b'0';
const END: u8 = 0;

static PIECES: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .kind(Some(AhoCorasickKind::DFA))
        .build(OFTEN.iter().chain(&SOMETIMES))
        .expect("a hundred short pieces fit")
});

/// A detail as SQLite keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packed<'a>(Cow<'a, [u8]>);

impl<'a> Packed<'a> {
    pub(super) fn new(json: &str, behind: &[u8]) -> Packed<'static> {
        let mut all = Vec::with_capacity(json.len() + behind.len() + 1);
        let mut done = 0;
        for found in PIECES.find_iter(json) {
            all.extend_from_slice(&json.as_bytes()[done..found.start()]);
            let piece = found.pattern().as_usize();
            let number = |place: usize| u8::try_from(place).expect("there are no more pieces than signs");
            match piece.checked_sub(OFTEN.len()) {
                None => all.push(number(piece + 1)),
                Some(piece) => all.extend([ANOTHER, FIRST_SIGN + number(piece)]),
            }
            done = found.end();
        }
        all.extend_from_slice(&json.as_bytes()[done..]);
        if !behind.is_empty() {
            all.push(END);
            all.extend_from_slice(behind);
        }
        Packed(Cow::Owned(all))
    }

    /// As it was read.
    pub(crate) fn stored(bytes: &'a [u8]) -> Self {
        Self(Cow::Borrowed(bytes))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn is_text(&self) -> bool {
        !self.0.contains(&END)
    }

    /// The JSON, and what stands behind it.
    pub(super) fn unpack(&self) -> Result<(Vec<u8>, Behind<'_>), serde_json::Error> {
        let (text, behind) = match self.0.iter().position(|byte| *byte == END) {
            Some(end) => (&self.0[..end], &self.0[end + 1..]),
            None => (&*self.0, &[][..]),
        };
        let mut json = Vec::with_capacity(text.len() * 3);
        let mut left = text;
        while let Some(at) = left.iter().position(|byte| *byte <= ANOTHER) {
            json.extend_from_slice(&left[..at]);
            let (piece, taken) = match left[at] {
                ANOTHER => {
                    let sign = left.get(at + 1).and_then(|sign| sign.checked_sub(FIRST_SIGN));
                    (sign.and_then(|place| SOMETIMES.get(usize::from(place))), 2)
                }
                number => (OFTEN.get(usize::from(number) - 1), 1),
            };
            let unknown = || serde_json::Error::custom("a piece of it is of a newer version");
            json.extend_from_slice(piece.ok_or_else(unknown)?.as_bytes());
            left = &left[at + taken..];
        }
        json.extend_from_slice(left);
        Ok((json, Behind(behind)))
    }
}

/// Bytes that stand behind the text, in the order in which the text speaks of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Behind<'a>(&'a [u8]);

impl<'a> Behind<'a> {
    pub(super) const NOTHING: Behind<'static> = Behind(&[]);

    pub(super) fn number(&mut self) -> Result<i64, serde_json::Error> {
        let (number, rest) = self.0.split_first_chunk().ok_or_else(too_short)?;
        self.0 = rest;
        Ok(i64::from_be_bytes(*number))
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], serde_json::Error> {
        let (mut length, mut shift) = (0_usize, 0);
        loop {
            let (byte, rest) = self.0.split_first().ok_or_else(too_short)?;
            self.0 = rest;
            length |= usize::from(byte & 127) << shift;
            shift += 7;
            if byte & 128 == 0 {
                break;
            }
            if shift > 28 {
                return Err(serde_json::Error::custom("the length of something behind it is impossible"));
            }
        }
        let (bytes, rest) = self.0.split_at_checked(length).ok_or_else(too_short)?;
        self.0 = rest;
        Ok(bytes)
    }

    pub(super) fn end(self) -> Result<(), serde_json::Error> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(serde_json::Error::custom("more stands behind it than it speaks of"))
    }
}

fn too_short() -> serde_json::Error {
    serde_json::Error::custom("what stands behind it is too short")
}

pub(super) fn put_number(behind: &mut Vec<u8>, number: i64) {
    behind.extend(number.to_be_bytes());
}

/// With their length before them, seven bits a byte, the lowest first.
pub(super) fn put_bytes(behind: &mut Vec<u8>, bytes: &[u8]) {
    let mut length = bytes.len();
    while length > 127 {
        behind.push(length.to_le_bytes()[0] | 128);
        length >>= 7;
    }
    behind.push(length.to_le_bytes()[0]);
    behind.extend_from_slice(bytes);
}

/// Every piece, and what stands for it.
#[cfg(test)]
pub(crate) fn pieces() -> impl Iterator<Item = (Vec<u8>, &'static str)> {
    let often = (1..).zip(OFTEN).map(|(number, piece)| (vec![number], piece));
    often.chain((FIRST_SIGN..).zip(SOMETIMES).map(|(sign, piece)| (vec![ANOTHER, sign], piece)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_has_a_place_and_comes_back() {
        for (code, piece) in pieces() {
            assert!(code.iter().all(|byte| *byte != END && *byte < 127), "{piece}");
            let packed = Packed::new(piece, &[]);
            assert_eq!(packed.as_bytes(), code, "{piece}");
            assert_eq!(packed.unpack().unwrap().0, piece.as_bytes());
        }
        let mut all: Vec<_> = pieces().map(|(code, _)| code).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), OFTEN.len() + SOMETIMES.len());
    }

    #[test]
    fn what_stands_behind_comes_back() {
        let long = vec![7; 70_000];
        let mut behind = Vec::new();
        put_number(&mut behind, -5);
        for bytes in [&[][..], &[0, 1], &long[..127], &long[..128], &long] {
            put_bytes(&mut behind, bytes);
        }
        let packed = Packed::new("{\"reactions\":[[\"👍\",3]]}", &behind);
        assert!(!packed.is_text());
        let (json, mut read) = packed.unpack().unwrap();
        assert_eq!(json, "{\"reactions\":[[\"👍\",3]]}".as_bytes());
        assert_eq!(read.number().unwrap(), -5);
        for bytes in [&[][..], &[0, 1], &long[..127], &long[..128]] {
            assert_eq!(read.bytes().unwrap(), bytes);
        }
        assert!(read.end().is_err());
        assert_eq!(read.bytes().unwrap(), long);
        read.end().unwrap();
    }

    #[test]
    fn damage_is_told() {
        for damaged in [&[29][..], &[31], &[31, b'!'], &[31, 127], &[31, 255]] {
            assert!(Packed::stored(damaged).unpack().is_err(), "{damaged:?}");
        }
        for damaged in [&[][..], &[5, 1], &[255, 255, 255, 255, 255, 1], &[200]] {
            assert!(Behind(damaged).bytes().is_err(), "{damaged:?}");
        }
        assert!(Behind(&[1, 2]).number().is_err());
    }
}
