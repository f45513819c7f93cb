//! Media in a few words.

use crate::{
    amount::{bytes, clock},
    files::{Files, Place},
    media::{File, Media, Poll},
};

/// `Photo`, `Voice message, 0:05`, `notes.pdf, 1.2 MB`.
pub fn describe(media: &Media) -> String {
    let detail = &media.detail;
    let with_length = |word: &str| match media.file.as_ref().and_then(File::seconds) {
        Some(seconds) if seconds > 0 => format!("{word}, {}", clock(seconds.unsigned_abs())),
        _ => word.to_owned(),
    };
    let text = |pointer: &str| {
        let value = media.extra.get(pointer.split('/').next().unwrap_or_default());
        let inner = pointer.find('/').map_or("", |at| &pointer[at..]);
        value
            .and_then(|value| value.pointer(inner))
            .and_then(|value| value.as_str())
            .unwrap_or_default()
            .to_owned()
    };
    match media.kind.as_str() {
        "photo" => "Photo".to_owned(),
        "video" => with_length("Video"),
        "video-note" => with_length("Video message"),
        "animation" => "GIF".to_owned(),
        "voice" => with_length("Voice message"),
        "audio" => with_length(&media.file.as_ref().map_or_else(|| "Audio".to_owned(), song)),
        "sticker" => {
            let emoji =
                media.file.as_ref().and_then(|file| file.sticker.as_ref()).map(|it| it.emoji.as_str());
            format!("{} sticker", emoji.unwrap_or_default()).trim_start().to_owned()
        }
        "document" => media.file.as_ref().map_or_else(|| "File".to_owned(), named),
        "contact" => detail.contact.as_ref().map_or_else(
            || "Contact".to_owned(),
            |contact| format!("Contact {}, {}", contact.name(), contact.phone),
        ),
        "place" | "live-place" | "venue" => detail.place.as_ref().map_or_else(
            || "Place".to_owned(),
            |place| match &place.venue {
                Some(venue) => format!("{}, {}", venue.title, venue.address),
                None => format!("Place {}, {}", place.latitude, place.longitude),
            },
        ),
        "poll" => detail.poll.as_ref().map_or_else(|| "Poll".to_owned(), poll),
        "web-page" => detail.web_page.as_ref().map_or_else(String::new, |page| page.url.clone()),
        "dice" => {
            detail.dice.as_ref().map_or_else(String::new, |dice| format!("{} {}", dice.emoji, dice.value))
        }
        "game" => format!("Game {}", text("game/title")),
        "invoice" => format!("Invoice {}", text("title")),
        "to-do" => format!("List {}", text("todo/title/text")),
        "story" => "Story".to_owned(),
        "giveaway" | "giveaway-results" => "Giveaway".to_owned(),
        "paid" => "Paid media".to_owned(),
        "unsupported" => "Something newer than the app that archived it".to_owned(),
        "empty" => "Media that is gone".to_owned(),
        other => other.replace('-', " "),
    }
}

/// `Performer – Title`, or the name of the file.
pub fn song(file: &File) -> String {
    let audio = file.audio.as_ref();
    let title = audio.and_then(|audio| audio.title.as_deref()).filter(|it| !it.is_empty());
    let performer = audio.and_then(|audio| audio.performer.as_deref()).filter(|it| !it.is_empty());
    match (performer, title) {
        (Some(performer), Some(title)) => format!("{performer} – {title}"),
        (None, Some(title)) => title.to_owned(),
        _ => file.name.clone().unwrap_or_else(|| "Audio".to_owned()),
    }
}

fn named(file: &File) -> String {
    let name = file.name.as_deref().filter(|it| !it.is_empty()).unwrap_or("File");
    format!("{name}, {}", bytes(file.size_bytes.unsigned_abs()))
}

fn poll(poll: &Poll) -> String {
    let answers = poll.answers.iter().map(|answer| {
        let voters = poll.votes(answer).and_then(|votes| votes.voters).unwrap_or(0);
        format!("{} {voters}", answer.text.text)
    });
    let kind = if poll.is_quiz { "Quiz" } else { "Poll" };
    format!("{kind}: {} ({})", poll.question.text, answers.collect::<Vec<_>>().join(", "))
}

/// Where the files of a message lie, those of an album of paid media included.
pub fn paths<'a>(media: &'a Media, files: &'a Files) -> impl Iterator<Item = &'a str> {
    let all = media.file.iter().chain(&media.more_files);
    all.filter_map(|file| match files.place(file.id) {
        Place::At(path) => Some(path),
        Place::Missing(..) => None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn said(media: Value) -> String {
        describe(&serde_json::from_value(media).unwrap())
    }

    #[test]
    fn media_is_said_in_few_words() {
        let song = json!({ "kind": "audio", "file": { "id": 1, "audio": { "seconds": 65, "title": "So", "performer": "Bo" } } });
        assert_eq!(said(song), "Bo – So, 1:05");
        assert_eq!(
            said(json!({ "kind": "document", "file": { "name": "a.pdf", "size_bytes": 1200 } })),
            "a.pdf, 1.2 KB"
        );
        assert_eq!(
            said(json!({ "kind": "sticker", "file": { "sticker": { "emoji": "😀" } } })),
            "😀 sticker"
        );
        assert_eq!(said(json!({ "kind": "game", "extra": { "game": { "title": "Chess" } } })), "Game Chess");
        assert_eq!(
            said(json!({ "kind": "to-do", "extra": { "todo": { "title": { "text": "Buy" } } } })),
            "List Buy"
        );
        for kind in ["photo", "contact", "poll", "place", "dice", "hologram"] {
            said(json!({ "kind": kind }));
        }
    }
}
