//! Text that PostgreSQL takes, and that comes back as it was.
//!
//! It refuses NUL in texts, which Telegram lets people send. Such a text is kept with an escape, so that
//! nothing is lost and everybody else can read the column as it is.

use std::borrow::Cow;

/// No character of any text: Unicode will never give it a meaning.
const ESCAPE: char = '\u{10ffff}';

/// For a column of the type text. JSON has an escape of its own.
pub(super) fn to_column(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', ESCAPE]) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\0' => safe.extend([ESCAPE, '0']),
            ESCAPE => safe.extend([ESCAPE, '1']),
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

pub(super) fn from_column(text: String) -> String {
    if !text.contains(ESCAPE) {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(c) = letters.next() {
        plain.push(match (c, c == ESCAPE) {
            (_, true) => {
                if letters.next() == Some('0') {
                    '\0'
                } else {
                    ESCAPE
                }
            }
            (c, false) => c,
        });
    }
    plain
}

/// For a column of the type json, whose functions refuse the escape of NUL as well.
pub(super) fn json_to_column(json: String) -> String {
    if !json.contains(ESCAPE) && !json.contains(NUL) {
        return json;
    }
    let mut safe = String::with_capacity(json.len() + 8);
    let mut rest = json.as_str();
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '\\' if rest.starts_with(NUL) => {
                safe.extend([ESCAPE, '0']);
                NUL.len()
            }
            // A backslash and what it stands before belong together.
            '\\' => {
                let pair = rest.char_indices().nth(2).map_or(rest.len(), |(end, _)| end);
                safe.push_str(&rest[..pair]);
                pair
            }
            ESCAPE => {
                safe.extend([ESCAPE, '1']);
                c.len_utf8()
            }
            c => {
                safe.push(c);
                c.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    safe
}

pub(super) fn json_from_column(column: String) -> String {
    if !column.contains(ESCAPE) {
        return column;
    }
    let mut json = String::with_capacity(column.len() + 8);
    let mut letters = column.chars();
    while let Some(c) = letters.next() {
        if c != ESCAPE {
            json.push(c);
        } else if letters.next() == Some('0') {
            json.push_str(NUL);
        } else {
            json.push(ESCAPE);
        }
    }
    json
}

/// NUL as JSON writes it.
const NUL: &str = "\\u0000";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_text_comes_back(text in "[\u{0}a0 1\u{10ffff}]{0,12}|.{0,20}") {
            let column = to_column(&text);
            prop_assert!(!column.contains('\0'));
            prop_assert_eq!(from_column(column.into_owned()), text);
        }
    }

    proptest! {
        #[test]
        fn every_json_comes_back(text in "[\u{0}au0\\\\\"\u{10ffff}]{0,16}|.{0,20}") {
            let json = serde_json::to_string(&[&text]).unwrap();
            let column = json_to_column(json.clone());
            prop_assert!(!column.replace("\\\\", "").contains(NUL), "{}", column);
            prop_assert!(serde_json::from_str::<Vec<String>>(&column).is_ok());
            prop_assert_eq!(json_from_column(column), json);
        }
    }

    #[test]
    fn plain_text_is_not_touched() {
        assert!(matches!(to_column("наука \u{f8ff} \u{fffd}"), Cow::Borrowed(_)));
    }
}
