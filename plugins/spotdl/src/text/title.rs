//! Titles in two readings: as they stand, and without what editors and uploaders add to the song's name.

use super::{fold_onto, has_words, words};

/// A title, folded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Title {
    /// All of it.
    pub(crate) whole: String,
    /// The song's name alone. Never empty where `whole` is not.
    pub(crate) name: String,
    /// Where its first part ends.
    core: usize,
}

/// What begins a list of guests.
const GUESTS: [&str; 3] = ["feat", "ft", "featuring"];

/// Of a title; nobody reads more.
const MOST_PARTS: usize = 12;

impl Title {
    /// `artists` are folded: their names in a title, as in "Artist - Song", are no part of the song's name.
    pub(crate) fn of<'a>(text: &str, artists: impl Iterator<Item = &'a str> + Clone) -> Self {
        let mut whole = String::with_capacity(text.len() + 8);
        let mut parts = [(0, 0, false); MOST_PARTS];
        let mut count = 0;
        for (part, is_inside) in (Parts { rest: text, is_inside: false }) {
            let start = fold_onto(&mut whole, part);
            if start < whole.len() && count < MOST_PARTS {
                parts[count] = (start, whole.len(), is_inside);
                count += 1;
            }
        }
        let parts = &parts[..count];
        let mut name = String::with_capacity(whole.len());
        let mut core = 0;
        for (at, (start, end, is_inside)) in parts.iter().enumerate() {
            let part = &whole[*start..*end];
            let is_artist = parts.len() > 1 && artists.clone().any(|artist| artist == part);
            if is_artist || (*is_inside || at > 0) && is_editorial(part) {
                continue;
            }
            let part = without_guests(part, *is_inside);
            if part.is_empty() {
                continue;
            }
            if !name.is_empty() {
                name.push('-');
            }
            name.push_str(part);
            if core == 0 {
                core = name.len();
            }
        }
        if name.is_empty() {
            name.clone_from(&whole);
            core = name.len();
        }
        Self { whole, name, core }
    }

    /// The first part of the name: what is left when the version is left out.
    pub(crate) fn core(&self) -> &str {
        &self.name[..self.core]
    }

    pub(crate) fn has(&self, words: &str) -> bool {
        has_words(&self.whole, words)
    }
}

/// Whether a part of a title is about the file and not about the song.
fn is_editorial(part: &str) -> bool {
    let is_year =
        |word: &str| word.len() == 4 && (word.starts_with("19") || word.starts_with("20")) && is_number(word);
    let is_ordinal = |word: &str| word.strip_suffix("th").is_some_and(is_number);
    // A film's name follows: from "Frozen", From The Motion Picture.
    words(part).next() == Some("from")
        || words(part).all(|word| is_editorial_word(word) || is_year(word) || is_ordinal(word))
}

/// Words that say nothing about which song it is: a part of a title that consists of them is left out.
fn is_editorial_word(word: &str) -> bool {
    // By their lengths, since most words are none of them.
    match word.len() {
        1 => matches!(word, "m" | "v"),
        2 => matches!(word, "hd" | "hq" | "4k" | "mv"),
        3 => matches!(word, "uhd" | "new" | "ost"),
        4 => matches!(word, "clip" | "720p" | "mono" | "full" | "song" | "with" | "high"),
        5 => matches!(
            word,
            "video"
                | "audio"
                | "lyric"
                | "letra"
                | "music"
                | "1080p"
                | "album"
                | "clean"
                | "bonus"
                | "track"
                | "topic"
                | "promo"
        ),
        6 => matches!(word, "lyrics" | "single" | "stereo" | "deluxe"),
        7 => matches!(word, "oficial" | "musical" | "version" | "digital" | "edition" | "quality"),
        8 => matches!(word, "official" | "officiel" | "original" | "remaster" | "explicit"),
        9 => matches!(word, "videoclip" | "digitally"),
        10 => matches!(word, "visualizer" | "visualiser" | "remastered" | "soundtrack" | "uncensored"),
        11 => matches!(word, "anniversary" | "performance"),
        _ => false,
    }
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// In brackets, "with" begins guests too.
fn without_guests(part: &str, is_inside: bool) -> &str {
    let mut from = 0;
    for word in words(part) {
        if GUESTS.contains(&word) || is_inside && from == 0 && word == "with" {
            return part[..from].trim_end_matches('-');
        }
        from += word.len() + 1;
    }
    part
}

/// The parts of a title: what brackets hold, and what stands between dashes and bars with blanks around them.
struct Parts<'a> {
    rest: &'a str,
    is_inside: bool,
}

impl<'a> Iterator for Parts<'a> {
    /// And whether it stands in brackets.
    type Item = (&'a str, bool);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let mut before = ' ';
        for (at, letter) in self.rest.char_indices() {
            let after = at + letter.len_utf8();
            let part = (&self.rest[..at], self.is_inside);
            let is_blank_next = || self.rest[after..].starts_with(char::is_whitespace);
            let is_inside = match letter {
                '(' | '[' | '{' | '（' | '【' | '「' | '『' => true,
                ')' | ']' | '}' | '）' | '】' | '」' | '』' => false,
                '|' | '｜' => self.is_inside,
                '-' | '–' | '—' | '~' if before.is_whitespace() && is_blank_next() => self.is_inside,
                _ => {
                    before = letter;
                    continue;
                }
            };
            (self.rest, self.is_inside) = (&self.rest[after..], is_inside);
            return Some(part);
        }
        Some((std::mem::take(&mut self.rest), self.is_inside))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> String {
        Title::of(text, ["adele", "queen", "a-ha"].into_iter()).name
    }

    #[test]
    fn what_is_added_is_left_out() {
        for text in [
            "Hello",
            "Adele - Hello",
            "Adele - Hello (Official Music Video)",
            "Hello [Official Video] [4K]",
            "Hello - 2011 Remaster",
            "Hello - Remastered 2009",
            "Hello (feat. Somebody & Others)",
            "Hello feat. Somebody",
            "Hello (with Somebody)",
            "Hello - From \"Frozen\"",
            "Hello | Adele",
            "【Adele】Hello (Lyrics)",
        ] {
            assert_eq!(name(text), "hello", "{text}");
        }
        assert_eq!(name("a-ha - Take On Me (Official Video) [4K]"), "take-on-me");
    }

    #[test]
    fn what_makes_another_song_stays() {
        assert_eq!(name("(I Can't Get No) Satisfaction"), "i-cant-get-no-satisfaction");
        assert_eq!(name("Hello (Live at the Royal Albert Hall)"), "hello-live-at-the-royal-albert-hall");
        assert_eq!(name("With or Without You"), "with-or-without-you");
        assert_eq!(name("Video"), "video");
        assert_eq!(name("1999"), "1999");
        assert_eq!(name("Song 2"), "song-2");
        assert_eq!(name("Un-Break My Heart"), "un-break-my-heart");
        assert_eq!(name("Love/Hate"), "love-hate");
        assert_eq!(name("Queen"), "queen");
        assert_eq!(name("(Official Video)"), "official-video");
    }

    #[test]
    fn versions_stand_behind_the_core() {
        let core = |text| Title::of(text, ["adele"].into_iter()).core().to_owned();
        assert_eq!(core("Adele - Hello (Live at the Royal Albert Hall)"), "hello");
        assert_eq!(core("Hello - Live"), "hello");
        assert_eq!(core("(I Can't Get No) Satisfaction"), "i-cant-get-no");
    }

    #[test]
    fn the_whole_title_is_kept_too() {
        let title = Title::of("Adele - Hello (Live)", [].into_iter());
        assert_eq!(
            (title.whole.as_str(), title.has("hello"), title.has("hell")),
            ("adele-hello-live", true, false)
        );
        assert_eq!(Title::of("", [].into_iter()), Title::default());
    }
}
