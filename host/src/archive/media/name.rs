//! Names that people can read and every file system can hold.

use unicode_normalization::UnicodeNormalization as _;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::model::{File, FileForm, PeerId};

/// What encrypted folders of Linux leave of a name.
pub const NAME_BYTES: usize = 143;
/// Kept free for the ends of names of files on their way.
const RESERVED_BYTES: usize = 40;
/// Less would leave nothing of a name.
const LEAST_BYTES: usize = 80;
/// The folder of small pictures, beside those of chats.
pub(super) const AVATARS: &str = "avatars";
/// A longer end of a name is no extension.
const LONGEST_EXTENSION: usize = 16;

/// `<chat>/<file>`: where a file of a message is found in the media folder.
pub fn link_of(chat: PeerId, file: &File, most_bytes: usize) -> String {
    format!("{chat}/{}", name_of(file, most_bytes))
}

/// `avatars/<peer>_<photo>.<extension>`: where a small picture is found in the media folder.
pub fn avatar_link(peer: PeerId, photo: i64, extension: &str) -> String {
    format!("{AVATARS}/{peer}_{photo}.{extension}")
}

fn name_of(file: &File, most_bytes: usize) -> String {
    // The number of a file has at most 20 bytes.
    let budget = most_bytes.max(LEAST_BYTES) - RESERVED_BYTES;
    let start = format!("{}_", file.id);
    match file.name.as_deref().map(|name| safe_name(name, budget - start.len())) {
        Some(name) if !name.is_empty() => format!("{start}{name}"),
        _ => format!("{}.{}", file.id, extension(file)),
    }
}

/// The last part of a path as a name of so many bytes at most, which no system reads as anything else. Empty when
/// nothing is left. It may still be one of Windows' devices: put something before it.
pub fn safe_name(original: &str, most_bytes: usize) -> String {
    let last = original.rsplit(['/', '\\']).find(|part| !part.trim_matches(['.', ' ']).is_empty());
    let plain: String = last.unwrap_or_default().chars().filter_map(safe_letter).nfc().collect();
    let plain = plain.trim_matches(|c: char| c == '.' || c.is_whitespace());
    if plain.len() <= most_bytes {
        return plain.to_owned();
    }
    let (stem, extension) = split_extension(plain);
    let mut short = String::new();
    for letter in stem.graphemes(true) {
        if short.len() + letter.len() + extension.len() > most_bytes {
            break;
        }
        short.push_str(letter);
    }
    let stem = short.trim_end_matches(|c: char| c == '.' || c.is_whitespace());
    // Nothing but one letter of many parts.
    if stem.is_empty() { "file".to_owned() + extension } else { format!("{stem}{extension}") }
}

fn split_extension(name: &str) -> (&str, &str) {
    let at = name.rfind('.').filter(|at| *at > 0 && name.len() - at <= LONGEST_EXTENSION);
    name.split_at(at.unwrap_or(name.len()))
}

fn safe_letter(c: char) -> Option<char> {
    match c {
        // Turn the rest of the name round, or cannot be seen.
        '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{ad}' => None,
        '<' | '>' | ':' | '"' | '|' | '?' | '*' | '#' | '%' | '\u{2028}' | '\u{2029}' => Some('_'),
        c if c.is_control() => None,
        c => Some(c),
    }
}

/// By what the file is, when it has no name.
fn extension(file: &File) -> &str {
    if file.form == FileForm::Photo {
        return "jpg";
    }
    let mime = file.mime.split(';').next().unwrap_or_default().trim();
    let known = match mime {
        "image/jpeg" => "jpg",
        "video/quicktime" => "mov",
        "video/x-matroska" => "mkv",
        "audio/mpeg" => "mp3",
        "audio/mp4" | "audio/x-m4a" => "m4a",
        "audio/x-wav" | "audio/vnd.wave" => "wav",
        "application/x-tgsticker" => "tgs",
        "application/x-tgwallpattern" => "tgv",
        "text/plain" => "txt",
        "application/octet-stream" => "bin",
        "image/svg+xml" => "svg",
        _ => "",
    };
    let subtype = mime.split_once('/').map_or("", |(_, subtype)| subtype);
    let is_short =
        (1..=5).contains(&subtype.len()) && subtype.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_voice = file.audio.as_ref().is_some_and(|audio| audio.is_voice);
    match known {
        "" if is_short => subtype,
        "" if is_voice => "ogg",
        "" if file.video.is_some() => "mp4",
        "" => "bin",
        known => known,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(name: Option<&str>, mime: &str) -> File {
        let mut file: File = serde_json::from_value(serde_json::json!({
            "role": "main", "form": "document", "id": 5_368_324_170_671_202_286_i64, "access_hash": 1, "reference": "",
            "dc": 1, "date": "2024-01-01T00:00:00Z", "size_bytes": 1, "mime": mime,
        }))
        .unwrap();
        file.name = name.map(str::to_owned);
        file
    }

    #[test]
    fn names_are_number_and_original() {
        let id = "5368324170671202286";
        for (name, safe) in [
            ("report.pdf", "report.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\me\\Ünï.txt", "Ünï.txt"),
            ("/a/b/..", "b"),
            ("what? #1 100%.txt", "what_ _1 100_.txt"),
            ("a<b>c:d\"e|f*g.txt", "a_b_c_d_e_f_g.txt"),
            ("new\nline\t\u{0}nul\u{7f}.txt", "newlinenul.txt"),
            ("evil\u{202e}gpj.exe", "evilgpj.exe"),
            ("dots... . ", "dots"),
            ("CON.txt", "CON.txt"),
            ("отчёт 報告.docx", "отчёт 報告.docx"),
            ("e\u{301}te\u{301}.jpg", "été.jpg"),
        ] {
            assert_eq!(name_of(&file(Some(name), ""), NAME_BYTES), format!("{id}_{safe}"), "{name:?}");
        }
    }

    #[test]
    fn without_a_name_the_kind_gives_the_end() {
        for (name, mime, end) in [
            (None, "video/mp4", "mp4"),
            (None, "audio/mpeg", "mp3"),
            (None, "application/x-tgsticker", "tgs"),
            (None, "text/plain; charset=utf-8", "txt"),
            (None, "", "bin"),
            (None, "a/../../b", "bin"),
            (Some(".."), "image/webp", "webp"),
            (Some("\u{202e}"), "image/png", "png"),
        ] {
            assert_eq!(
                name_of(&file(name, mime), NAME_BYTES),
                format!("5368324170671202286.{end}"),
                "{name:?} {mime}"
            );
        }
        let mut photo = file(None, "");
        photo.form = FileForm::Photo;
        assert_eq!(link_of(PeerId(-1_001_234), &photo, NAME_BYTES), "-1001234/5368324170671202286.jpg");
    }

    #[test]
    fn long_names_keep_number_and_end() {
        let name = name_of(&file(Some(&format!("{}.tar.gz", "報告書".repeat(60))), ""), NAME_BYTES);
        assert!(
            name.len() <= 103 && name.starts_with("5368324170671202286_報告書") && name.ends_with(".gz"),
            "{name}"
        );
        let family = "👨\u{200d}👩\u{200d}👧".repeat(20);
        assert!(name_of(&file(Some(&family), ""), NAME_BYTES).len() <= 103);
        let end = name_of(&file(Some(&format!("a.{}", "b".repeat(300))), ""), NAME_BYTES);
        assert!(end.len() == 103 && end.starts_with("5368324170671202286_a.b"), "{end}");
    }

    proptest! {
        #[test]
        fn every_name_can_be_a_file_everywhere(name in "\\PC{0,80}|[./\\\\ a?*:]{0,30}|(.{0,20}\\.){0,4}", most in 24..120_usize) {
            let safe = safe_name(&name, most);
            prop_assert!(safe.len() <= most);
            prop_assert!(!safe.contains(['/', '\\', '<', '>', ':', '"', '|', '?', '*', '#', '%']));
            prop_assert!(!safe.chars().any(char::is_control));
            prop_assert!(!safe.ends_with(['.', ' ']) && !safe.starts_with('.'));
            prop_assert_eq!(safe_name(&safe, most), safe);
        }
    }
}
