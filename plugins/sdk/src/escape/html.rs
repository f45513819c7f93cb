//! Text for HTML and XML.

use super::table;

const TABLE: table::Table = table::of(b"&<>\"'");

/// Appends `text` so that it reads as itself between tags and inside quoted attributes.
pub fn text(out: &mut Vec<u8>, text: &str) {
    table::copy(out, text.as_bytes(), &TABLE, |out, byte| {
        out.extend_from_slice(match byte {
            b'&' => b"&amp;".as_slice(),
            b'<' => b"&lt;",
            b'>' => b"&gt;",
            b'"' => b"&quot;",
            _ => b"&#39;",
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_plain_text() {
        let mut out = b"<p>".to_vec();
        text(&mut out, "<b title=\"x\">R&B 'мир' 🎵</b>");
        let expected = "<p>&lt;b title=&quot;x&quot;&gt;R&amp;B &#39;мир&#39; 🎵&lt;/b&gt;";
        assert_eq!(String::from_utf8(out).expect("UTF-8"), expected);
    }
}
