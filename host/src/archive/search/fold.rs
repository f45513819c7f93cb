//! Letters that people take for one another, written alike.
//!
//! - Accents go where a script has them on top of its letters: Latin, Greek, Arabic, Hebrew. They stay where
//!   they are letters themselves: vowel signs of Thai and Hindi, the dots of Japanese, Russian `й`, Ukrainian
//!   `ї`, Belarusian `ў`. Russian `ё` is `е`, and stress marks go.
//! - Arabic: no tatweel, no short vowels, one alef, one yeh, one heh, one kaf.
//! - Digits of every script are ASCII digits; wide, circled and raised forms are plain ones.
//! - Apostrophes and invisible characters hold a word together, and are left out.

use unicode_normalization::UnicodeNormalization as _;

/// Whole words apart, the folded text is as long as the text, or nearly: signs are still in it.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len() + 8);
    for (number, chunk) in text.split(|c: char| c.is_ascii_whitespace() || c == '\0').enumerate() {
        if number > 0 {
            folded.push(' ');
        }
        // Most text needs no normalization, which costs more than everything else.
        if chunk.chars().all(is_simple) {
            folded.extend(chunk.chars().filter(|c| !is_left_out(*c)).map(plain_case).flat_map(plain));
        } else {
            fold_chunk(chunk, &mut folded);
        }
    }
    folded
}

fn fold_chunk(chunk: &str, folded: &mut String) {
    let mut base = '\0';
    let spread = chunk.chars().map(|c| if is_trade_sign(c) { ' ' } else { c }).nfkd();
    let kept = spread.flat_map(char::to_lowercase).filter(|c| !is_left_out(*c)).filter(move |c| {
        if !is_accent(*c) {
            base = *c;
            return true;
        }
        matches!((base, *c), ('и' | 'у', '\u{306}') | ('і', '\u{308}'))
    });
    folded.extend(kept.flat_map(plain).nfc());
}

/// Normalization leaves these as they are, whatever stands next to them in a chunk of such.
fn is_simple(c: char) -> bool {
    c.is_ascii()
        || matches!(c,
            'Ё' | 'ё' | '\u{410}'..='\u{44f}'   // Cyrillic
            | '\u{5d0}'..='\u{5ea}'             // Hebrew
            | '\u{621}'..='\u{63a}' | '\u{640}'..='\u{64a}' // Arabic
            | '\u{2010}'..='\u{2015}' | '\u{2018}'..='\u{201f}' | '«' | '»'
            | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{30fc}' // Kana
            | '\u{3001}' | '\u{3002}'
            | '\u{4e00}'..='\u{9fff}'           // Han
            | '\u{ac00}'..='\u{d7a3}'           // Hangul
            | '\u{fe0f}' | '\u{1f300}'..='\u{1faff}') // Emoji
}

fn plain_case(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    let mut lower = c.to_lowercase();
    // Those that become several letters are not simple.
    lower.next().unwrap_or(c)
}

/// `Brand™` is no `brandtm`.
fn is_trade_sign(c: char) -> bool {
    matches!(c, '\u{2122}' | '\u{2120}' | '\u{a9}' | '\u{ae}')
}

/// Cannot be seen, or holds a word together.
fn is_left_out(c: char) -> bool {
    if c.is_ascii() {
        return c == '\'';
    }
    matches!(c,
        '\u{2018}' | '\u{2019}' | '\u{2bc}' | '\u{2b9}' | '\u{5f3}' | '\u{5f4}'
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{640}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{1f3fb}'..='\u{1f3ff}'             // Tones of skin
        | '\u{e0000}'..='\u{e0fff}')
}

/// Marks that are put on letters and are not part of the spelling.
fn is_accent(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}'
        | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}' | '\u{5c2}' | '\u{5c4}' | '\u{5c5}' | '\u{5c7}'
        | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{670}'
        | '\u{6d6}'..='\u{6dc}' | '\u{6df}'..='\u{6e4}' | '\u{6e7}' | '\u{6e8}' | '\u{6ea}'..='\u{6ed}'
        | '\u{711}' | '\u{730}'..='\u{74a}' | '\u{8d3}'..='\u{8ff}'
        | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}')
}

/// Where the digits of a script begin.
const ZEROS: [u32; 18] = [
    0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20,
    0x1040, 0x17e0, 0x1810,
];

/// One letter, or what two letters are written for.
fn plain(c: char) -> impl Iterator<Item = char> {
    let (first, second) = plain_letter(c);
    std::iter::once(first).chain(second)
}

fn plain_letter(c: char) -> (char, Option<char>) {
    if c.is_ascii() {
        return (c, None);
    }
    let one = match c {
        'ø' => 'o',
        'ł' => 'l',
        'đ' | 'ð' => 'd',
        'ħ' => 'h',
        'ı' => 'i',
        'ŋ' => 'n',
        'ŧ' => 't',
        'ß' => return ('s', Some('s')),
        'æ' => return ('a', Some('e')),
        'œ' => return ('o', Some('e')),
        'þ' => return ('t', Some('h')),
        'ς' => 'σ',
        'ё' => 'е',
        'ґ' => 'г',
        'أ' | 'إ' | 'آ' | 'ٱ' => 'ا',
        'ى' | 'ی' | 'ئ' => 'ي',
        'ؤ' => 'و',
        'ة' | 'ہ' | 'ھ' | 'ە' | 'ۀ' => 'ه',
        'ک' | 'ڪ' => 'ك',
        _ => digit(c).unwrap_or(c),
    };
    (one, None)
}

fn digit(c: char) -> Option<char> {
    if !c.is_numeric() {
        return None;
    }
    let code = u32::from(c);
    let zero = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code))?;
    char::from_digit(code - zero, 10)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn letters_are_written_alike() {
        for (text, folded) in [
            ("Crème BRÛLÉE", "creme brulee"),
            ("Straße, STRASSE, ẞ", "strasse, strasse, ss"),
            ("İstanbul ISPARTA ısı", "istanbul isparta isi"),
            ("Łódź Ørsted Đặng Þór œuvre", "lodz orsted dang thor oeuvre"),
            ("Οδυσσεύς ΟΔΥΣΣΕΥΣ", "οδυσσευσ οδυσσευσ"),
            ("ﬁne ｗｉｄｅ ① m² ½", "fine wide 1 m2 1\u{2044}2"),
            ("Don’t don't donʼt", "dont dont dont"),
            ("Brand™ Firm®", "brand  firm "),
            ("soft\u{ad}hyphen zero\u{200d}width", "softhyphen zerowidth"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn cyrillic_letters_stay_letters() {
        for (text, folded) in [
            ("Ёлка ЁЖ", "елка еж"),
            ("Мой край", "мой край"),
            ("Мои\u{306} краи\u{306}", "мой край"),
            ("за́мок", "замок"),
            ("ки\u{301}й", "кий"),
            ("Київ і Ґанок", "київ і ганок"),
            ("Быў у Ніжы", "быў у ніжы"),
            ("м'ята м’ята", "мята мята"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
        assert_ne!(fold("мои"), fold("мой"));
    }

    #[test]
    fn arabic_is_read_without_ornaments() {
        for (text, folded) in [
            ("مُحَمَّد", "محمد"),
            ("مـــحـــمد", "محمد"),
            ("أحمد إحسان آدم ٱلله", "احمد احسان ادم الله"),
            ("مدرسة", "مدرسه"),
            ("على", "علي"),
            ("مسؤول رئيس", "مسوول رييس"),
            ("می\u{200c}خواهم کتاب", "ميخواهم كتاب"),
            ("ﻻ ﺍﻟﺴﻼﻡ", "لا السلام"),
            ("٢٠٢٤ ۱۴۰۳", "2024 1403"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn vowel_signs_and_syllables_stay() {
        for text in ["สวัสดีชาวโลก", "नमस्ते दुनिया", "안녕하세요", "がぎぐげご", "ガギグ", "中文字"]
        {
            assert_eq!(fold(text), text);
        }
        assert_eq!(fold("ｶﾞｷﾞｸﾞ"), "ガギグ");
        assert_eq!(fold("か\u{3099}"), "が");
        assert_eq!(fold("한국"), "한국");
        assert_eq!(fold("שָׁלוֹם"), "שלום");
        assert_eq!(fold("२०२४ ๒๕๖๗"), "2024 2567");
    }

    #[test]
    fn emoji_lose_tone_and_selector() {
        assert_eq!(fold("👍🏽 ❤\u{fe0f} 👨\u{200d}👩"), "👍 ❤ 👨👩");
    }

    proptest! {
        /// What is written in simple letters is folded without normalization: nothing may depend on that.
        #[test]
        fn the_short_way_is_the_long_way(text in "[a-zA-Z'ЁёА-яא-תآ-غـ-يぁ-ゖァ-ヺー一-龥가-힣👍🏽—«»“”’]{0,24}") {
            let mut long = String::new();
            fold_chunk(&text, &mut long);
            prop_assert_eq!(fold(&text), long);
        }

        #[test]
        fn folding_again_changes_nothing(text in "\\PC{0,40}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }
}
