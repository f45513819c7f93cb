//! Texts that have to fit: cut between words, or else between what people take for one character.

use unicode_segmentation::UnicodeSegmentation as _;

const DOTS: &str = "…";

/// As Telegram counts.
pub(super) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// At most `most` long, with dots where something is missing.
pub(super) fn shorten(text: &str, most: usize) -> String {
    if length(text) <= most {
        return text.to_owned();
    }
    let Some(room) = most.checked_sub(length(DOTS)) else { return String::new() };
    let by_words = beginning(text, text.split_word_bounds(), room);
    // A long word is cut where half of the room would be lost for it.
    let is_enough = 2 * length(by_words.trim_end()) >= room;
    let cut = if is_enough { by_words } else { beginning(text, text.graphemes(true), room) };
    let is_loose =
        |c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '-' | '–' | '—' | '(' | '[' | '/' | '&');
    format!("{}{DOTS}", cut.trim_end_matches(is_loose))
}

/// As many whole parts of the text, from its beginning, as there is room for.
fn beginning<'a>(text: &'a str, parts: impl Iterator<Item = &'a str>, room: usize) -> &'a str {
    let (mut units, mut bytes) = (0, 0);
    for part in parts {
        units += length(part);
        if units > room {
            break;
        }
        bytes += part.len();
    }
    &text[..bytes]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_are_cut_between_words() {
        assert_eq!(shorten("one two three", 13), "one two three");
        assert_eq!(shorten("one two three", 12), "one two…");
        assert_eq!(shorten("one (two) three", 6), "one…");
        assert_eq!(shorten("one, two three", 6), "one…");
        assert_eq!(shorten("a Donaudampfschifffahrt", 12), "a Donaudamp…");
        assert_eq!([shorten("ab", 1), shorten("ab", 0)], ["…", ""]);
    }

    #[test]
    fn characters_are_never_torn() {
        let family = "👩\u{200d}👩\u{200d}👧";
        assert_eq!(length(family), 8);
        assert_eq!(shorten(&format!("{family}{family}"), 15), format!("{family}…"));
        assert_eq!(shorten(&family.repeat(2), 8), "…");
        // A letter with its marks, flags, a script without blanks.
        assert_eq!(shorten("e\u{301}e\u{301}e\u{301}", 4), "e\u{301}…");
        assert_eq!(shorten("🇪🇸🇪🇸", 5), "🇪🇸…");
        assert_eq!(shorten("東京事変の歌", 4), "東京事…");
    }

    proptest! {
        #[test]
        fn what_is_cut_fits(text in any::<String>(), most in 0..200_usize) {
            let short = shorten(&text, most);
            prop_assert!(length(&short) <= most);
            let beginning = short.strip_suffix(DOTS).unwrap_or(&short);
            prop_assert!(text.starts_with(beginning));
        }
    }
}
