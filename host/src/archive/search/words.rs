//! Where words begin and end in folded text.

/// A stretch of folded text that is looked for as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Letters and digits between spaces and signs.
    Word(&'a str),
    /// Letters of scripts that write without spaces: where its words end is not to be seen.
    Run(&'a str),
    /// An emoji, or the two letters of a flag.
    Sign(&'a str),
}

impl<'a> Piece<'a> {
    pub(super) fn as_str(self) -> &'a str {
        match self {
            Self::Word(text) | Self::Run(text) | Self::Sign(text) => text,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Word,
    Run,
    Sign,
    Flag,
    /// Belongs to the letter before it.
    Mark,
    Other,
}

fn class(c: char) -> Class {
    if c.is_ascii() {
        return if c.is_ascii_alphanumeric() { Class::Word } else { Class::Other };
    }
    match c {
        '\u{e00}'..='\u{eff}' | '\u{f40}'..='\u{fbc}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17d3}' => {
            run(c)
        }
        '\u{1100}'..='\u{11ff}' | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}' => Class::Run,
        '\u{3005}'..='\u{3007}' | '\u{3031}'..='\u{3035}' | '\u{303b}' | '\u{303c}' => Class::Run,
        '\u{3041}'..='\u{3096}' | '\u{3099}'..='\u{309a}' | '\u{309d}'..='\u{309f}' => Class::Run,
        '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{31ff}' => Class::Run,
        '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' => Class::Run,
        '\u{20000}'..='\u{3ffff}' => Class::Run,
        '\u{1f1e6}'..='\u{1f1ff}' => Class::Flag,
        '\u{1f000}'..='\u{1faff}'
        | '\u{2600}'..='\u{27bf}'
        | '\u{2300}'..='\u{23ff}'
        | '\u{2b00}'..='\u{2bff}' => Class::Sign,
        _ if c.is_alphanumeric() => Class::Word,
        _ if unicode_normalization::char::is_combining_mark(c) => Class::Mark,
        _ => Class::Other,
    }
}

/// Signs and digits of such a script are none of its letters.
fn run(c: char) -> Class {
    if c.is_alphabetic() || unicode_normalization::char::is_combining_mark(c) {
        Class::Run
    } else if c.is_numeric() {
        Class::Word
    } else {
        Class::Other
    }
}

/// The pieces of folded text in their order.
pub(super) fn pieces(folded: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = folded.char_indices().peekable();
    std::iter::from_fn(move || {
        loop {
            let (start, first) = rest.next()?;
            let kind = class(first);
            let mut end = start + first.len_utf8();
            let mut is_whole = matches!(kind, Class::Sign);
            while let Some((at, c)) = rest.peek().copied() {
                let goes_on = match class(c) {
                    Class::Mark => matches!(kind, Class::Word | Class::Run),
                    next => next == kind && !is_whole,
                };
                if !goes_on {
                    break;
                }
                is_whole |= kind == Class::Flag;
                end = at + c.len_utf8();
                rest.next();
            }
            let text = &folded[start..end];
            match kind {
                Class::Word => return Some(Piece::Word(text)),
                Class::Run => return Some(Piece::Run(text)),
                Class::Sign | Class::Flag => return Some(Piece::Sign(text)),
                Class::Mark | Class::Other => {}
            }
        }
    })
}

/// Hashtags and cashtags of folded text, with their sign.
pub(super) fn tags(folded: &str) -> impl Iterator<Item = &str> {
    let mut before = ' ';
    folded.char_indices().filter_map(move |(at, c)| {
        let is_apart = !is_of_tag(before);
        before = c;
        if !matches!(c, '#' | '$') || !is_apart {
            return None;
        }
        let text = &folded[at + 1..];
        let end = text.find(|c| !is_of_tag(c)).unwrap_or(text.len());
        let first = text[..end].chars().next()?;
        // A price is no tag.
        (c == '#' || first.is_alphabetic()).then(|| &folded[at..=at + end])
    })
}

fn is_of_tag(c: char) -> bool {
    c == '_' || matches!(class(c), Class::Word | Class::Run | Class::Mark)
}

#[cfg(test)]
mod tests {
    use super::{super::fold::fold, *};

    fn words(text: &str) -> Vec<String> {
        pieces(&fold(text)).map(|piece| piece.as_str().to_owned()).collect()
    }

    #[test]
    fn words_end_at_signs() {
        assert_eq!(words("Hello, world!"), ["hello", "world"]);
        assert_eq!(words("snake_case kebab-case"), ["snake", "case", "kebab", "case"]);
        assert_eq!(words("3.14 1,000 +34 600"), ["3", "14", "1", "000", "34", "600"]);
        assert_eq!(words("https://Example.com/a?b=1#c"), ["https", "example", "com", "a", "b", "1", "c"]);
        assert_eq!(words("  \u{0}\t\n!!! "), [""; 0]);
    }

    #[test]
    fn scripts_without_spaces_are_runs() {
        let folded = fold("iPhone手机15を買う。พูดไทย 한국어");
        let found: Vec<Piece<'_>> = pieces(&folded).collect();
        assert_eq!(
            found,
            [
                Piece::Word("iphone"),
                Piece::Run("手机"),
                Piece::Word("15"),
                Piece::Run("を買う"),
                Piece::Run("พูดไทย"),
                Piece::Run("한국어"),
            ]
        );
    }

    #[test]
    fn vowel_signs_do_not_end_words() {
        assert_eq!(words("नमस्ते, दुनिया"), ["नमस्ते", "दुनिया"]);
    }

    #[test]
    fn every_emoji_stands_alone() {
        assert_eq!(words("👍👍🏽ok❤️🇪🇸🇫🇷👨‍👩‍👧"), ["👍", "👍", "ok", "❤", "🇪🇸", "🇫🇷", "👨", "👩", "👧"]);
    }

    #[test]
    fn tags_are_apart_and_begin_words() {
        let found = |text| tags(&fold(text)).map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(
            found("#Rust_Lang and #привет, (#中文) ＃wide"),
            ["#rust_lang", "#привет", "#中文", "#wide"]
        );
        assert_eq!(found("$TSLA costs $50"), ["$tsla"]);
        assert_eq!(found("C# a#b # ## url/#"), [""; 0]);
    }
}
