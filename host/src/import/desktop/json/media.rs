//! What hangs on a message.

use jiff::Timestamp;
use serde_json::Value;

use super::text;
use crate::{
    import::{
        blank,
        fields::Fields,
        folder::{Folder, Found},
    },
    model::{
        Audio, Blob, Contact, Detail, File, FileForm, LivePlace, Media, MediaKind, PeerId, PixelSize, Place,
        Poll, PollAnswer, PollResults, PollVotes, RichText, Sticker, Venue, Video,
    },
};

/// Takes what is media out of the fields.
pub(super) fn take(fields: &mut Fields, folder: &Folder, date: Timestamp) -> Option<(Media, Option<Found>)> {
    let (mut media, found) = if fields.get("photo").is_some_and(Value::is_string) {
        let (file, found) = photo(fields, folder, date);
        with_file(MediaKind::Photo, file, found)
    } else if fields.get("file").is_some_and(Value::is_string) {
        document(fields, folder, date)
    } else {
        (other(fields)?, None)
    };
    media.is_spoiler = fields.flag("media_spoiler");
    media.ttl_seconds = fields.small("self_destruct_period_seconds");
    Some((media, found))
}

/// A photo by itself, or the new one of a chat.
pub(super) fn photo(fields: &mut Fields, folder: &Folder, date: Timestamp) -> (File, Option<Found>) {
    let mut file = blank::file(FileForm::Photo, date);
    file.mime = "image/jpeg".into();
    file.picture = pixels(fields);
    let found = found(fields, "photo", folder);
    set_size(&mut file, fields.number("photo_file_size"), &found);
    (file, Some(found))
}

fn with_file(kind: MediaKind, file: File, found: Option<Found>) -> (Media, Option<Found>) {
    let mut media = blank::media(kind);
    media.file = Some(Box::new(file));
    (media, found)
}

fn document(fields: &mut Fields, folder: &Folder, date: Timestamp) -> (Media, Option<Found>) {
    let name = fields.text("media_type");
    let kind = match name.as_deref() {
        Some("sticker") => MediaKind::Sticker,
        Some("video_message") => MediaKind::VideoNote,
        Some("voice_message") => MediaKind::Voice,
        Some("animation") => MediaKind::Animation,
        Some("video_file") => MediaKind::Video,
        Some("audio_file") => MediaKind::Audio,
        _ => MediaKind::Document,
    };
    let mut file = blank::file(FileForm::Document, date);
    let path_name = fields
        .get("file")
        .and_then(Value::as_str)
        .and_then(|path| path.rsplit('/').next())
        .map(str::to_owned);
    let found = found(fields, "file", folder);
    // Names that the export itself made up are no names of files.
    let is_real = |found: &Found| matches!(found, Found::File { .. }) && kind == MediaKind::Document;
    file.name = fields.text("file_name").or_else(|| path_name.filter(|_| is_real(&found)));
    file.mime = fields.text("mime_type").unwrap_or_default();
    set_size(&mut file, fields.number("file_size"), &found);
    let pixels = pixels(fields);
    let seconds = fields.float("duration_seconds");
    match kind {
        MediaKind::Video | MediaKind::VideoNote | MediaKind::Animation => {
            file.video = Some(Box::new(video(pixels, seconds, kind)));
            file.is_animated = kind == MediaKind::Animation;
        }
        MediaKind::Voice | MediaKind::Audio => file.audio = Some(Box::new(audio(fields, seconds, kind))),
        MediaKind::Sticker => {
            file.picture = pixels;
            file.sticker = Some(Box::new(sticker(fields)));
        }
        _ => file.picture = pixels,
    }
    let (mut media, found) = with_file(kind, file, Some(found));
    if let (MediaKind::Document, Some(name)) = (kind, name) {
        media.extra.insert("media_type", name.into());
    }
    (media, found)
}

/// The path, or the sentence that says why there is none.
fn found(fields: &mut Fields, name: &str, folder: &Folder) -> Found {
    let path = fields.text(name).unwrap_or_default();
    match folder.find(&path) {
        Found::Nothing(_) if path.starts_with('(') && path.ends_with(')') => {
            Found::Nothing(path.trim_matches(['(', ')']).to_owned())
        }
        found => found,
    }
}

fn set_size(file: &mut File, told: Option<i64>, found: &Found) {
    let on_disk = match found {
        Found::File { bytes, .. } => i64::try_from(*bytes).ok(),
        Found::Nothing(_) => None,
    };
    file.size_bytes = told.filter(|size| *size > 0).or(on_disk).unwrap_or(0);
}

fn pixels(fields: &mut Fields) -> Option<PixelSize> {
    let is_size = fields.has("width") && fields.has("height");
    let (width, height) =
        if is_size { (fields.small("width"), fields.small("height")) } else { (None, None) };
    Some(PixelSize { width: width?, height: height? })
}

fn video(pixels: Option<PixelSize>, seconds: Option<f64>, kind: MediaKind) -> Video {
    Video {
        pixels: pixels.unwrap_or(PixelSize { width: 0, height: 0 }),
        seconds: seconds.unwrap_or(0.0),
        is_round: kind == MediaKind::VideoNote,
        is_streamable: false,
        is_silent: kind == MediaKind::Animation,
        codec: None,
        still_at_seconds: None,
        preload_bytes: None,
    }
}

fn audio(fields: &mut Fields, seconds: Option<f64>, kind: MediaKind) -> Audio {
    #[expect(clippy::cast_possible_truncation, reason = "a float becomes the nearest number there is")]
    let seconds = seconds.unwrap_or(0.0) as i32;
    Audio {
        seconds,
        is_voice: kind == MediaKind::Voice,
        title: fields.text("title"),
        performer: fields.text("performer"),
        waveform: None,
    }
}

fn sticker(fields: &mut Fields) -> Sticker {
    Sticker {
        emoji: fields.text("sticker_emoji").unwrap_or_default(),
        is_custom_emoji: false,
        is_mask: false,
        is_free: false,
        has_text_color: false,
        extra: crate::model::Extra::default(),
    }
}

/// Media without a file.
fn other(fields: &mut Fields) -> Option<Media> {
    if let Some(mut contact) = fields.object("contact_information") {
        let detail = Contact {
            phone: contact.text("phone_number").unwrap_or_default(),
            first_name: contact.text("first_name").unwrap_or_default(),
            last_name: contact.text("last_name").unwrap_or_default(),
            vcard: String::new(),
            user: PeerId(contact.number("user_id").unwrap_or(0)),
        };
        return Some(detailed(MediaKind::Contact, Detail::Contact(detail)));
    }
    if let Some(place) = place(fields) {
        return Some(place);
    }
    if let Some(asked) = fields.get("poll").cloned().and_then(Fields::of).and_then(poll) {
        fields.take("poll");
        return Some(detailed(MediaKind::Poll, Detail::Poll(asked)));
    }
    let kinds = [
        (MediaKind::Game, &["game_title", "game_description", "game_short_name", "game_link"][..]),
        (MediaKind::Invoice, &["invoice_information"]),
        (MediaKind::Giveaway, &["giveaway_information"]),
        (MediaKind::GiveawayResults, &["giveaway_results"]),
        (MediaKind::ToDo, &["todo_list"]),
        (MediaKind::Paid, &["paid_stars_amount"]),
    ];
    let (kind, names) = kinds.into_iter().find(|(_, names)| names.iter().any(|name| fields.has(name)))?;
    let mut media = blank::media(kind);
    for name in names {
        if let Some(value) = fields.take(name) {
            media.extra.insert(name, value);
        }
    }
    Some(media)
}

fn detailed(kind: MediaKind, detail: Detail) -> Media {
    let mut media = blank::media(kind);
    media.detail = Some(Box::new(detail));
    media
}

fn place(fields: &mut Fields) -> Option<Media> {
    let mut point = Fields::of(fields.get("location_information")?.clone())?;
    let (latitude, longitude) = (point.float("latitude")?, point.float("longitude")?);
    fields.take("location_information");
    let period = fields.small("live_location_period_seconds");
    let title = fields.text("place_name");
    let venue = title.map(|title| Venue {
        title,
        address: fields.text("address").unwrap_or_default(),
        provider: String::new(),
        id: String::new(),
        kind: String::new(),
    });
    let kind = match (&venue, period) {
        (Some(_), _) => MediaKind::Venue,
        (None, Some(_)) => MediaKind::LivePlace,
        (None, None) => MediaKind::Place,
    };
    let live =
        period.map(|period_seconds| LivePlace { period_seconds, heading_degrees: None, alert_meters: None });
    let place = Place { latitude, longitude, access_hash: 0, accuracy_meters: None, venue, live };
    Some(detailed(kind, Detail::Place(place)))
}

/// Options have no bytes here: their number stands for them, as with most polls at Telegram.
fn poll(mut fields: Fields) -> Option<Poll> {
    let question = fields.take("question").and_then(text::rich_text)?;
    let mut answers = Vec::new();
    let mut votes = Vec::new();
    for (number, answer) in fields.list("answers")?.into_iter().enumerate() {
        let mut answer = Fields::of(answer)?;
        let option = Blob(vec![u8::try_from(number).ok()?]);
        let text = answer.take("text").and_then(text::rich_text).unwrap_or_else(RichText::default);
        votes.push(PollVotes {
            option: option.clone(),
            voters: answer.small("voters"),
            recent: None,
            is_chosen: answer.flag("chosen"),
            is_correct: answer.flag("correct"),
        });
        answers.push(PollAnswer { text, option, extra: answer.rest().into() });
    }
    Some(Poll {
        id: 0,
        question,
        answers,
        is_closed: fields.flag("closed"),
        is_quiz: fields.flag("quiz"),
        is_multiple_choice: fields.flag("multiple_choice"),
        has_public_voters: fields.flag("public_voters"),
        close_date: None,
        results: PollResults {
            total: fields.small("total_voters"),
            votes: Some(votes),
            ..PollResults::default()
        },
        extra: fields.rest().into(),
    })
}
