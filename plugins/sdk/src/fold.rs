//! Capitals made small without moving a byte, so that what is found in the folded text lies at the
//! same place in the message.
//!
//! Letters whose small form has another length in UTF-8 (`İ`, `ẞ`) stay as they are. Letters of up to two
//! bytes go through a table: Latin, Greek, Cyrillic, Armenian. Chinese, Japanese and Korean are passed over.

/// Characters below this take one or two bytes.
const SHORT: usize = 0x800;

/// Makes capitals small, so that words are found however they are written.
#[derive(Debug)]
pub struct Fold {
    /// The second form of each short character, as its two bytes.
    short: Box<[[u8; 2]]>,
}

impl Fold {
    /// Makes its table: once, when settings come, and not for every message.
    pub fn new() -> Self {
        let folded = |code: u32| {
            let mut bytes = [0; 4];
            fold(char::from_u32(code).unwrap_or_default()).encode_utf8(&mut bytes);
            [bytes[0], bytes[1]]
        };
        Self { short: (0..SHORT as u32).map(folded).collect() }
    }

    /// The folded text, which is as long.
    pub fn folded(&self, text: &str) -> String {
        let mut folded = Vec::new();
        self.text(text, &mut folded);
        String::from_utf8(folded).expect("letters become letters")
    }

    /// Writes the folded text in place of what was in `out`: it is UTF-8 and as long.
    pub fn text(&self, text: &str, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(text.as_bytes());
        out.make_ascii_lowercase();
        let mut at = 0;
        while let Some(found) = out[at..].iter().position(|byte| !byte.is_ascii()) {
            at += found;
            at += match out[at] {
                ..0xe0 => {
                    let code = usize::from(out[at] & 0x1f) << 6 | usize::from(out[at + 1] & 0x3f);
                    out[at..at + 2].copy_from_slice(&self.short[code]);
                    2
                }
                lead => {
                    if may_have_case(lead, out[at + 1]) {
                        one(&text[at..], &mut out[at..]);
                    }
                    if lead < 0xf0 { 3 } else { 4 }
                }
            };
        }
    }
}

impl Default for Fold {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether letters of three or four bytes that begin so may have a small form.
fn may_have_case(lead: u8, second: u8) -> bool {
    match lead {
        0xe1 => true,
        0xe2 => matches!(second, 0x84..=0x86 | 0x92..=0x93 | 0xb0..=0xb4),
        0xea => matches!(second, 0x99..=0xae),
        0xef => second == 0xbc,
        0xf0 => second < 0x9f,
        _ => false,
    }
}

/// Folds the first character where it stands.
fn one(text: &str, out: &mut [u8]) {
    if let Some(character) = text.chars().next() {
        fold(character).encode_utf8(out);
    }
}

/// The small form if it is one character of the same length.
fn fold(character: char) -> char {
    if character == 'ς' {
        return 'σ';
    }
    let mut small = character.to_lowercase();
    match (small.next(), small.next()) {
        (Some(small), None) if small.len_utf8() == character.len_utf8() => small,
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_folds_in_its_place() {
        let all: Vec<char> = (0..=0x10_ffff).filter_map(char::from_u32).collect();
        let text: String = all.iter().collect();
        let folded = Fold::new().folded(&text);
        assert_eq!(folded.len(), text.len());
        let differs = all.iter().zip(folded.chars()).find(|&(&before, after)| fold(before) != after);
        assert_eq!(differs, None);
    }

    #[test]
    fn languages_with_capitals_fold() {
        let all = Fold::new();
        for (text, folded) in [
            ("СПАМ Ёж", "спам ёж"),
            ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
            ("σίσυφος", "σίσυφοσ"),
            ("ÉCOLE ŁÓDŹ", "école łódź"),
            ("VIỆT", "việt"),
            ("你好 ＡＢ", "你好 ａｂ"),
        ] {
            assert_eq!(all.folded(text), folded);
        }
    }
}
