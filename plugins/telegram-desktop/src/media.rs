//! Media by the fields that Telegram Desktop has for them.

use serde_json::Value;
use tapedeck_messages::{Absence, Contact, File, Files, Media, Place, Point, Poll, facts};
use tapedeck_plugin::{Message, json};

/// Readers know a file that is not there by these sentences in place of its path.
const NOT_INCLUDED: &str = "(File not included. Change data exporting settings to download.)";
const TOO_LARGE: &str = "(File exceeds maximum size. Change data exporting settings to download.)";
const UNAVAILABLE: &str = "(File unavailable, please try again later)";

pub(crate) fn write(object: &mut json::Object<'_>, media: &Media, files: &Files) {
    let detail = &media.detail;
    match media.kind.as_str() {
        "photo" => {
            if let Some(file) = &media.file {
                write_photo(object, file, files);
            }
        }
        "video" | "video-note" | "animation" | "voice" | "audio" | "sticker" | "document" => {
            if let Some(file) = &media.file {
                write_document(object, &media.kind, file, files);
            }
        }
        "contact" => detail.contact.iter().for_each(|contact| write_contact(object, contact)),
        "place" | "live-place" | "venue" => detail.place.iter().for_each(|place| write_place(object, place)),
        "poll" => detail.poll.iter().for_each(|poll| write_poll(object, poll)),
        "game" => write_game(object, media),
        "invoice" => write_invoice(object, media),
        "to-do" => write_todo(object, media),
        "giveaway" => write_giveaway(object, media),
        "paid" => object.integer("paid_stars_amount", number(media, "stars_amount")),
        "dice" => {
            if let Some(dice) = &detail.dice {
                object.object("dice", |object| {
                    object.string("emoji", &dice.emoji);
                    object.integer("value", dice.value);
                });
            }
        }
        _ => {}
    }
    if media.is_spoiler {
        object.boolean("media_spoiler", true);
    }
    if let Some(seconds) = media.ttl_seconds {
        object.integer("self_destruct_period_seconds", seconds);
    }
}

pub(crate) fn path(files: &Files, id: i64) -> &str {
    match files.place(id) {
        Place::At(path) => path,
        Place::Missing(Absence::NotIncluded, _) => NOT_INCLUDED,
        Place::Missing(Absence::TooLarge, _) => TOO_LARGE,
        Place::Missing(Absence::Unavailable, _) => UNAVAILABLE,
    }
}

pub(crate) fn write_photo(object: &mut json::Object<'_>, file: &File, files: &Files) {
    object.string("photo", path(files, file.id));
    object.integer("photo_file_size", file.size_bytes);
    write_pixels(object, file);
}

fn write_pixels(object: &mut json::Object<'_>, file: &File) {
    if let Some(pixels) = file.pixels() {
        object.integer("width", pixels.width);
        object.integer("height", pixels.height);
    }
}

fn write_document(object: &mut json::Object<'_>, kind: &str, file: &File, files: &Files) {
    object.string("file", path(files, file.id));
    if let Some(name) = &file.name {
        object.string("file_name", name);
    }
    object.integer("file_size", file.size_bytes);
    let word = match kind {
        "video" => Some("video_file"),
        "video-note" => Some("video_message"),
        "animation" => Some("animation"),
        "voice" => Some("voice_message"),
        "audio" => Some("audio_file"),
        "sticker" => Some("sticker"),
        _ => None,
    };
    if let Some(word) = word {
        object.string("media_type", word);
    }
    if let Some(sticker) = file.sticker.as_ref().filter(|it| !it.emoji.is_empty()) {
        object.string("sticker_emoji", &sticker.emoji);
    }
    if let Some(audio) = file.audio.as_ref().filter(|_| kind == "audio") {
        for (name, value) in [("performer", &audio.performer), ("title", &audio.title)] {
            value.iter().for_each(|value| object.string(name, value));
        }
    }
    if !file.mime.is_empty() {
        object.string("mime_type", &file.mime);
    }
    if let Some(seconds) = file.seconds() {
        object.integer("duration_seconds", seconds);
    }
    write_pixels(object, file);
}

fn write_contact(object: &mut json::Object<'_>, contact: &Contact) {
    object.object("contact_information", |object| {
        object.string("first_name", &contact.first_name);
        object.string("last_name", &contact.last_name);
        object.string("phone_number", &contact.phone);
    });
    if !contact.vcard.is_empty() {
        object.string("contact_vcard", NOT_INCLUDED);
    }
}

fn write_place(object: &mut json::Object<'_>, place: &Point) {
    if let Some(venue) = &place.venue {
        object.string("place_name", &venue.title);
        object.string("address", &venue.address);
    }
    object.object("location_information", |object| {
        object.raw("latitude", place.latitude.to_string().as_bytes());
        object.raw("longitude", place.longitude.to_string().as_bytes());
    });
    if let Some(live) = place.live {
        object.integer("live_location_period_seconds", live.period_seconds);
    }
}

fn write_poll(object: &mut json::Object<'_>, poll: &Poll) {
    object.object("poll", |object| {
        object.string("question", &poll.question.text);
        object.boolean("closed", poll.is_closed);
        object.integer("total_voters", poll.total());
        object.array("answers", |list| {
            for answer in &poll.answers {
                let votes = poll.votes(answer);
                list.object(|object| {
                    object.string("text", &answer.text.text);
                    object.integer("voters", votes.and_then(|votes| votes.voters).unwrap_or(0));
                    object.boolean("chosen", votes.is_some_and(|votes| votes.is_chosen));
                });
            }
        });
    });
}

fn write_game(object: &mut json::Object<'_>, media: &Media) {
    let Some(game) = media.extra.get("game") else { return };
    let text = |name: &str| game.get(name).and_then(Value::as_str).unwrap_or_default();
    object.string("game_title", text("title"));
    object.string("game_description", text("description"));
    object.string("game_link", text("short_name"));
}

fn write_invoice(object: &mut json::Object<'_>, media: &Media) {
    let text = |name: &str| media.extra.get(name).and_then(Value::as_str).unwrap_or_default();
    object.object("invoice_information", |object| {
        object.string("title", text("title"));
        object.string("description", text("description"));
        object.integer("amount", number(media, "total_amount"));
        object.string("currency", text("currency"));
        if let Some(receipt) = media.extra.get("receipt_msg_id").and_then(Value::as_i64) {
            object.integer("receipt_message_id", receipt);
        }
    });
}

fn write_todo(object: &mut json::Object<'_>, media: &Media) {
    let Some(list) = media.extra.get("todo") else { return };
    let words =
        |value: &Value| value.pointer("/title/text").and_then(Value::as_str).unwrap_or_default().to_owned();
    let is = |name: &str| list.get(name).and_then(Value::as_bool).unwrap_or(false);
    object.object("todo_list", |object| {
        object.string("title", &words(list));
        object.boolean("others_can_append", is("others_can_append"));
        object.boolean("others_can_complete", is("others_can_complete"));
        object.array("answers", |answers| {
            for item in list.get("list").and_then(Value::as_array).into_iter().flatten() {
                answers.object(|object| {
                    object.string("text", &words(item));
                    object.integer("id", item.get("id").and_then(Value::as_i64).unwrap_or(0));
                });
            }
        });
    });
}

fn write_giveaway(object: &mut json::Object<'_>, media: &Media) {
    object.object("giveaway_information", |object| {
        object.integer("quantity", number(media, "quantity"));
        object.integer("months", number(media, "months"));
        object.integer("until_date", number(media, "until_date"));
        object.array("channels", |list| {
            let channels = media.extra.get("channels").and_then(Value::as_array);
            channels.into_iter().flatten().filter_map(Value::as_i64).for_each(|id| list.integer(id));
        });
    });
}

fn number(media: &Media, name: &str) -> i64 {
    media.extra.get(name).and_then(Value::as_i64).unwrap_or(0)
}

/// Buttons under a message, in rows.
pub(crate) fn write_buttons(object: &mut json::Object<'_>, message: &Message<'_>) {
    let Some(extra) = facts::<Value>(message, "extra") else { return };
    let Some(rows) = extra.pointer("/reply_markup/rows").and_then(Value::as_array) else { return };
    object.array("inline_bot_buttons", |list| {
        for row in rows {
            let mut buttons = Vec::new();
            json::array(&mut buttons, |row_list| {
                for button in row.get("buttons").and_then(Value::as_array).into_iter().flatten() {
                    row_list.object(|object| write_button(object, button));
                }
            });
            list.raw(&buttons);
        }
    });
}

fn write_button(object: &mut json::Object<'_>, button: &Value) {
    let text = |name: &str| button.get(name).and_then(Value::as_str);
    let kind = match text("_").unwrap_or_default().trim_start_matches("keyboardButton") {
        "" => "default",
        "Url" => "url",
        "Callback" => "callback",
        "RequestPhone" => "request_phone",
        "RequestGeoLocation" => "request_location",
        "RequestPoll" => "request_poll",
        "RequestPeer" => "request_peer",
        "SwitchInline" => "switch_inline",
        "Game" => "game",
        "Buy" => "buy",
        "UrlAuth" => "auth",
        "UserProfile" => "user_profile",
        "WebView" => "web_view",
        "SimpleWebView" => "simple_web_view",
        "Copy" => "copy_text",
        _ => "unsupported",
    };
    object.string("type", kind);
    if let Some(words) = text("text") {
        object.string("text", words);
    }
    if let Some(data) = text("url").or_else(|| text("query")).or_else(|| text("copy_text")) {
        object.string("data", data);
    } else if let Some(data) = text("data") {
        object.string("dataBase64", data);
    }
}
