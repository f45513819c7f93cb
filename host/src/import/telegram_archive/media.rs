//! Media of Telegram-Archive: a row of its own, or columns of the message in old versions.

use std::path::Path;

use jiff::Timestamp;

use crate::{
    import::{
        blank,
        fields::Fields,
        folder::{Folder, Found},
    },
    model::{Audio, File, FileForm, Media, MediaKind, PixelSize, Video},
};

pub(super) fn media(mut row: Fields, folder: Option<&Folder>, date: Timestamp) -> (Media, Option<Found>) {
    let name = row.text("type").unwrap_or_default();
    let kind = kind(&name);
    let mut media = blank::media(kind);
    if matches!(kind, MediaKind::Contact | MediaKind::Place | MediaKind::Poll | MediaKind::Unsupported) {
        media.extra.insert("type", name.into());
        return (media, None);
    }
    let path = row.text("file_path").filter(|path| !path.is_empty());
    let found = match (&path, folder) {
        (Some(path), Some(folder)) => folder.find_end(folder.path(), path),
        (Some(_), None) => {
            Found::Nothing("nobody has said where the files are: `--media` names their folder".into())
        }
        (None, _) => Found::Nothing("it was not downloaded".into()),
    };
    let file = file(&mut row, kind, path.as_deref(), &found, date);
    media.file = Some(Box::new(file));
    (media, Some(found))
}

fn kind(name: &str) -> MediaKind {
    match name {
        "photo" => MediaKind::Photo,
        "video" => MediaKind::Video,
        "video_note" => MediaKind::VideoNote,
        "animation" => MediaKind::Animation,
        "voice" => MediaKind::Voice,
        "audio" => MediaKind::Audio,
        "sticker" => MediaKind::Sticker,
        "document" => MediaKind::Document,
        "contact" => MediaKind::Contact,
        "geo" => MediaKind::Place,
        "poll" => MediaKind::Poll,
        _ => MediaKind::Unsupported,
    }
}

fn file(row: &mut Fields, kind: MediaKind, path: Option<&str>, found: &Found, date: Timestamp) -> File {
    let form = if kind == MediaKind::Photo { FileForm::Photo } else { FileForm::Document };
    let mut file = blank::file(form, date);
    let stored_name =
        path.and_then(|path| Path::new(path).file_name()).map(|name| name.to_string_lossy().into_owned());
    let named = stored_name.as_deref().and_then(number_and_name);
    if let Some((number, _)) = named {
        file.id = number;
    }
    file.mime = row.text("mime_type").unwrap_or_default();
    file.size_bytes = match found {
        // It keeps sizes that are off by a little.
        Found::File { bytes, .. } => i64::try_from(*bytes).unwrap_or(0),
        Found::Nothing(_) => row.number("file_size").filter(|size| *size > 0).unwrap_or(0),
    };
    let told_name = row
        .text("file_name")
        .map(|name| number_and_name(&name).map_or(name.clone(), |(_, rest)| rest.to_owned()));
    let original = named.map(|(_, rest)| rest.to_owned()).filter(|rest| !rest.is_empty());
    file.name = original.or(told_name.filter(|name| !name.is_empty())).filter(|_| form == FileForm::Document);
    let pixels =
        row.small("width").zip(row.small("height")).map(|(width, height)| PixelSize { width, height });
    let seconds = row.get("duration").and_then(serde_json::Value::as_f64);
    match kind {
        MediaKind::Video | MediaKind::VideoNote | MediaKind::Animation => {
            file.video = Some(Box::new(Video {
                pixels: pixels.unwrap_or(PixelSize { width: 0, height: 0 }),
                seconds: seconds.unwrap_or(0.0),
                is_round: kind == MediaKind::VideoNote,
                is_streamable: false,
                is_silent: kind == MediaKind::Animation,
                codec: None,
                still_at_seconds: None,
                preload_bytes: None,
            }));
            file.is_animated = kind == MediaKind::Animation;
        }
        MediaKind::Voice | MediaKind::Audio => {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a float becomes the nearest number there is"
            )]
            let seconds = seconds.unwrap_or(0.0) as i32;
            let is_voice = kind == MediaKind::Voice;
            file.audio =
                Some(Box::new(Audio { seconds, is_voice, title: None, performer: None, waveform: None }));
        }
        _ => file.picture = pixels,
    }
    file
}

/// `<Telegram's number>_<name>` or `<Telegram's number>.<end>`. Short numbers are of somebody else.
fn number_and_name(name: &str) -> Option<(i64, &str)> {
    let end = name.find(|c: char| !c.is_ascii_digit()).filter(|end| *end >= 15)?;
    let number = name[..end].parse().ok()?;
    match &name[end..] {
        rest if rest.starts_with('_') => Some((number, &rest[1..])),
        rest if rest.starts_with('.') => Some((number, "")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_telegram_are_long() {
        assert_eq!(number_and_name("5368324170671202286_a.pdf"), Some((5_368_324_170_671_202_286, "a.pdf")));
        assert_eq!(number_and_name("5368324170671202286.jpg"), Some((5_368_324_170_671_202_286, "")));
        assert_eq!(number_and_name("20240101_120000.jpg"), None);
        assert_eq!(number_and_name("99999999999999999999_a"), None);
    }
}
