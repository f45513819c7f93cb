//! Where files lie beside the export, or why they do not.

use serde::Deserialize;
use tapedeck_plugin::Message;

/// The files of one message.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Files(Vec<Entry>);

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Entry {
    id: i64,
    path: Option<String>,
    missing: Option<String>,
    /// In a word, for programs.
    absence: Option<Absence>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Absence {
    /// Nobody asked for it.
    NotIncluded,
    TooLarge,
    /// It could not be had.
    #[serde(other)]
    Unavailable,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// Relative to the export.
    At(&'a str),
    Missing(Absence, &'a str),
}

impl Files {
    pub fn of(message: &Message<'_>) -> Self {
        let files = message.extra("files").and_then(|files| serde_json::from_str(files).ok());
        files.unwrap_or_default()
    }

    /// Of a file by Telegram's number. One that nobody speaks of was not asked for.
    pub fn place(&self, id: i64) -> Place<'_> {
        let Some(entry) = self.0.iter().find(|entry| entry.id == id) else {
            return Place::Missing(Absence::NotIncluded, "not part of this export");
        };
        match &entry.path {
            Some(path) => Place::At(path),
            None => Place::Missing(
                entry.absence.unwrap_or(Absence::Unavailable),
                entry.missing.as_deref().unwrap_or("not in the archive"),
            ),
        }
    }
}

/// A path as an address in a page: what would mean something else there is escaped.
pub fn href(path: &str) -> String {
    let mut address = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => {
                address.push(char::from(byte))
            }
            _ => {
                let digits = b"0123456789ABCDEF";
                address.push('%');
                address.push(char::from(digits[usize::from(byte >> 4)]));
                address.push(char::from(digits[usize::from(byte & 15)]));
            }
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_by_number() {
        let text = r#"[{"id":1,"path":"media/a b.jpg"},{"id":2,"missing":"larger than 5 MB","absence":"too-large"},{"id":3,"missing":"gone","absence":"melted"}]"#;
        let files: Files = serde_json::from_str(text).unwrap();
        assert_eq!(files.place(1), Place::At("media/a b.jpg"));
        assert_eq!(files.place(2), Place::Missing(Absence::TooLarge, "larger than 5 MB"));
        assert_eq!(files.place(3), Place::Missing(Absence::Unavailable, "gone"));
        assert!(matches!(files.place(4), Place::Missing(Absence::NotIncluded, _)));
    }

    #[test]
    fn addresses_are_plain() {
        assert_eq!(href("media/a b#ä?.jpg"), "media/a%20b%23%C3%A4%3F.jpg");
        assert_eq!(href("javascript:x"), "javascript%3Ax");
    }
}
