//! Fields for CSV, as RFC 4180 has them.

use super::table;

const QUOTE: table::Table = table::of(b"\"");
const SPECIAL: table::Table = table::of(b"\",\r\n;\t");

/// Appends one field, in quotes where it needs them.
///
/// A field that a spreadsheet would run as a formula is made harmless by an apostrophe in front:
/// what strangers write in a chat must not act on the machine of whoever opens the export.
pub fn field(out: &mut Vec<u8>, text: &str) {
    let bytes = text.as_bytes();
    let is_formula = matches!(bytes.first(), Some(b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r'));
    let needs_quotes = is_formula || bytes.iter().any(|&byte| SPECIAL[usize::from(byte)] != 0);
    if !needs_quotes {
        out.extend_from_slice(bytes);
        return;
    }
    out.push(b'"');
    if is_formula {
        out.push(b'\'');
    }
    table::copy(out, bytes, &QUOTE, |out, _| out.extend_from_slice(b"\"\""));
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let mut out = Vec::new();
        field(&mut out, text);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn plain_fields_stay_plain() {
        assert_eq!(written("привет, нет"), "\"привет, нет\"");
        assert_eq!(written("привет"), "привет");
        assert_eq!(written(""), "");
    }

    #[test]
    fn quotes_and_lines_are_quoted() {
        assert_eq!(written("a \"b\"\nc"), "\"a \"\"b\"\"\nc\"");
    }

    #[test]
    fn formulas_do_not_run() {
        assert_eq!(written("=1+1"), "\"'=1+1\"");
        assert_eq!(written("@SUM(A1)"), "\"'@SUM(A1)\"");
    }
}
