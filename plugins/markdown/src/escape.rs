//! Text that reads as itself in Markdown, whatever is in it.

/// Letters that could begin something.
const SPECIAL: &[char] =
    &['\\', '`', '*', '_', '[', ']', '<', '>', '~', '|', '&', '#', '!', '$', '{', '}', ':'];

/// On one line.
pub(crate) fn plain(out: &mut Vec<u8>, text: &str) {
    let mut is_start = true;
    for letter in text.chars() {
        let letter =
            if letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}') { ' ' } else { letter };
        one(out, letter, is_start);
        is_start = false;
    }
}

/// A stretch within a line; `is_start` if a line begins with it.
pub(crate) fn inline(out: &mut Vec<u8>, text: &str, mut is_start: bool) {
    let mut after_digits = false;
    for letter in text.chars() {
        // `1.` and `1)` would begin a list.
        if after_digits && matches!(letter, '.' | ')') {
            out.push(b'\\');
        }
        after_digits = letter.is_ascii_digit() && (is_start || after_digits);
        one(out, letter, is_start);
        is_start = false;
    }
}

fn one(out: &mut Vec<u8>, letter: char, is_start: bool) {
    let begins = is_start && matches!(letter, '+' | '-' | '=');
    if begins || SPECIAL.contains(&letter) {
        out.push(b'\\');
    }
    // Four spaces at the beginning of a line would be code.
    let letter = if is_start && matches!(letter, ' ' | '\t') { '\u{a0}' } else { letter };
    out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
}

/// An address between parentheses: `<…>` would end at another `>`.
pub(crate) fn address(out: &mut Vec<u8>, address: &str) {
    for letter in address.chars() {
        match letter {
            '(' | ')' | '<' | '>' | '\\' | '"' | '\'' | '`' => {
                out.extend_from_slice(format!("%{:02X}", letter as u32).as_bytes());
            }
            letter if letter.is_whitespace() || letter.is_control() => out.extend_from_slice(b"%20"),
            letter => out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}
