//! Texts as they are compared: without case, accents, scripts and signs.

mod ratio;
mod title;

pub(crate) use ratio::ratio;
pub(crate) use title::Title;

/// Words in lower-case Latin letters and digits with dashes between them. What consists of signs alone stays as it is: there
/// are songs that are called so.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_onto(&mut folded, text);
    folded
}

/// Adds a folded text to the end of another, with a dash between them, and says where it begins.
pub(crate) fn fold_onto(folded: &mut String, text: &str) -> usize {
    let before = folded.len();
    if before > 0 {
        folded.push('-');
    }
    let start = folded.len();
    let mut folder = Folder { folded, start, run: 0 };
    if text.is_ascii() {
        folder.push(text);
    } else {
        for letter in text.chars() {
            match letter {
                // Arrows, signs and emoji have names in the tables, which nobody means.
                '\u{2190}'..='\u{2bff}' | '\u{1f000}'.. => folder.push(" "),
                _ => folder.push(deunicode::deunicode_char(letter).unwrap_or(" ")),
            }
        }
    }
    folded[start..].make_ascii_lowercase();
    if folded.len() > start && folded.ends_with('-') {
        folded.pop();
    }
    if folded.len() == start {
        folded.extend(text.chars().filter(|letter| !letter.is_whitespace() && !is_punctuation(*letter)));
    }
    if folded.len() == start {
        folded.truncate(before);
    }
    start.min(folded.len())
}

/// Between parts of a title, it is no name.
fn is_punctuation(letter: char) -> bool {
    matches!(letter, ',' | '.' | ';' | ':' | '-' | '/' | '"' | '\'')
}

/// The words of a folded text.
pub(crate) fn words(folded: &str) -> impl Iterator<Item = &str> + Clone {
    folded.split('-').filter(|word| !word.is_empty())
}

/// Whether all of `part` stands in `whole`, as whole words in this order.
pub(crate) fn has_words(whole: &str, part: &str) -> bool {
    let (mut rest, part) = (whole.as_bytes(), part.as_bytes());
    // Texts are so short that preparing a search takes longer than searching.
    while !part.is_empty() && rest.len() >= part.len() {
        if rest.starts_with(part) && matches!(rest.get(part.len()), None | Some(b'-')) {
            return true;
        }
        let Some(end) = rest.iter().position(|byte| *byte == b'-') else { return false };
        rest = &rest[end + 1..];
    }
    false
}

/// Whether a word stands somewhere in `text`, as a part of another word too.
pub(crate) fn has_letters(text: &str, word: &str) -> bool {
    let Some(first) = word.as_bytes().first() else { return true };
    let mut places = text.as_bytes().windows(word.len());
    places.any(|place| place[0] == *first && place == word.as_bytes())
}

struct Folder<'a> {
    folded: &'a mut String,
    start: usize,
    /// Letters since the last sign.
    run: usize,
}

impl Folder<'_> {
    /// Of ASCII alone.
    fn push(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            let is_sign = |byte: &u8| !byte.is_ascii_alphanumeric();
            let end = rest.as_bytes().iter().position(is_sign).unwrap_or(rest.len());
            self.folded.push_str(&rest[..end]);
            self.run += end;
            match rest.as_bytes().get(end) {
                Some(sign) => self.push_sign(*sign),
                None => return,
            }
            rest = &rest[end + 1..];
        }
    }

    fn push_sign(&mut self, sign: u8) {
        match sign {
            // It's, its.
            b'\'' | b'`' => {}
            // R.E.M., REM.
            b'.' if self.run == 1 => self.run = 0,
            _ => {
                self.run = 0;
                if self.folded.len() > self.start && !self.folded.ends_with('-') {
                    self.folded.push('-');
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_are_equal() {
        for (one, other) in [
            ("Beyoncé", "BEYONCE"),
            ("Don’t Stop Me Now", "Dont stop me now"),
            ("R.E.M.", "REM"),
            ("Кино", "Kino"),
            ("Björk", "bjork"),
            ("AC/DC", "AC-DC"),
            ("Guns N' Roses", "guns n roses"),
            ("  Crazy   In   Love ", "Crazy in Love"),
        ] {
            assert_eq!(fold(one), fold(other));
        }
        assert_eq!(fold("Mr. Brightside"), "mr-brightside");
        assert_eq!(fold("🔥 Song ★ 2"), "song-2");
    }

    #[test]
    fn signs_alone_are_a_name() {
        assert_eq!(fold("★ ★"), "★★");
        assert_eq!(fold("???"), "???");
        assert_eq!(fold(" "), "");
    }

    #[test]
    fn only_whole_words_are_found() {
        assert!(has_words("the-real-adele-hello", "adele"));
        assert!(has_words("hello", "hello"));
        assert!(!has_words("othello", "hello") && !has_words("hello-ween", "hell"));
        assert!(has_words("hellos-hello", "hello"));
        assert!(!has_words("hello", "") && !has_words("★-é", "é★"));
    }
}
