//! Exports messages as JSON in the replaced tool's shape, so that what reads its exports reads
//! these. Nothing is gathered: a message is written as it comes, in memory that does not grow with the chat.

mod frame;
mod message;
mod senders;

use frame::{Frame, Shape};
use message::Said;
use schemars::JsonSchema;
use senders::{Sender, Senders};
use serde::Deserialize;
use tapedeck_plugin::{
    Date, Error, Exporter, FileFormat, MediaKind, Message, Messages, Options, Output,
    chats::{Chat, Person, Topic},
    json, marks,
};

/// What the operator may set, and what one export may ask for in its parameters.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// `object` writes `{"chat": …, "messages": […]}`, `array` the messages alone.
    shape: Shape,
    /// Adds everything else that is known of messages: edits, entities, media and their files, forwards,
    /// reactions, topics, albums, views; when they were deleted, and their earlier texts.
    full: bool,
}

/// What one export asks for in place of the settings.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    shape: Option<Shape>,
    full: Option<bool>,
}

struct JsonExport {
    full: bool,
    frame: Frame,
    senders: Senders,
}

/// Facts that are JSON already, and go into full exports by the archive's own names.
const FACTS: [&str; 12] = [
    "entities",
    "media",
    "files",
    "action",
    "reply",
    "forward",
    "reactions",
    "comments",
    "forwards",
    "signature",
    "deleted",
    "versions",
];

const FORMAT: &str = "json";

impl Exporter for JsonExport {
    type Settings = Settings;

    const COLUMNS: &'static [&'static str] = &FACTS;

    fn formats() -> Vec<FileFormat> {
        vec![FileFormat {
            name: FORMAT.into(),
            extension: "json".into(),
            // Nothing is read but columns, unless `full` is on.
            mime: "application/json; facts=full".into(),
            summary: "One object with the chat and its messages, or an array of messages".into(),
        }]
    }

    fn open(settings: &Settings, options: Options, _: &mut Output) -> Result<Self, Error> {
        let parameters: Parameters = serde_json::from_str(&options.parameters).map_err(|error| {
            Error::settings(format!(
                "{error}; an export may say shape = \"object\" or \"array\", full = true or false"
            ))
        })?;
        let shape = parameters.shape.unwrap_or(settings.shape);
        Ok(Self {
            full: parameters.full.unwrap_or(settings.full),
            frame: Frame::new(shape, options.is_single_chat),
            senders: Senders::of_account(
                options.account.map(|person| (person.id, sender(&person.name, &person.usernames))),
            ),
        })
    }

    fn begin_chat(&mut self, chat: &Chat, topics: &[Topic], out: &mut Output) -> Result<(), Error> {
        let spoken = sender(&chat.title, &chat.usernames);
        let is_full = self.full;
        self.frame
            .begin_chat(out.main(), |object| write_chat(object, chat, if is_full { topics } else { &[] }));
        self.senders.begin_chat(spoken);
        Ok(())
    }

    fn introduce(&mut self, people: Vec<Person>) -> Result<(), Error> {
        for person in people {
            self.senders.introduce(person.id, sender(&person.name, &person.usernames));
        }
        Ok(())
    }

    fn push(&mut self, messages: &Messages<'_>, out: &mut Output) -> Result<(), Error> {
        let out = out.main();
        for message in messages.iter() {
            self.frame.next_message(out);
            let is_outgoing = message.is(marks::OUTGOING);
            let said = Said {
                chat_id: self.frame.names_chats().then(|| message.chat_id()),
                id: message.id(),
                date: message.date(),
                sender: self.senders.of(message.sender_id().unwrap_or(0), is_outgoing),
                text: message.text(),
                is_outgoing,
                reply_to: message.reply_to_id(),
            };
            message::write(out, &said, |object| match self.full {
                true => write_more(object, &message),
                false => write_files(object, &message),
            });
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Output) -> Result<(), Error> {
        self.frame.finish(out.main());
        Ok(())
    }
}

fn sender(name: &str, usernames: &[String]) -> Sender {
    Sender { name: name.into(), username: usernames.first().cloned() }
}

/// The kinds of the replaced tool: it called bots private and large groups groups.
fn kind(chat: &Chat) -> &str {
    match chat.kind.as_str() {
        "private" | "bot" => "private",
        "group" | "supergroup" => "group",
        other => other,
    }
}

fn write_chat(object: &mut json::Object<'_>, chat: &Chat, topics: &[Topic]) {
    object.integer("id", chat.id);
    object.string("type", kind(chat));
    message::optional(object, "title", Some(&chat.title));
    message::optional(object, "username", chat.usernames.first().map(String::as_str));
    match chat.participants {
        Some(count) => object.integer("participants_count", count.into()),
        None => object.null("participants_count"),
    }
    object.boolean("is_forum", chat.marks & 1 != 0);
    if topics.is_empty() {
        return;
    }
    object.array("topics", |list| {
        for topic in topics {
            list.object(|object| {
                object.integer("id", topic.id);
                object.string("title", &topic.title);
                object.string("date", Date::of(topic.created).as_str());
            });
        }
    });
}

/// Where files are exported, too, what they are and where they lie.
fn write_files(object: &mut json::Object<'_>, message: &Message<'_>) {
    let Some((media, files)) = message.extra("media").zip(message.extra("files")) else { return };
    object.string("media_type", message.media().name());
    object.raw("media", media.as_bytes());
    object.raw("files", files.as_bytes());
}

fn write_more(object: &mut json::Object<'_>, message: &Message<'_>) {
    let mut number = |name: &str, value: Option<i64>| {
        if let Some(value) = value {
            object.integer(name, value);
        }
    };
    number("sender_id", message.sender_id());
    number("topic_id", message.topic_id());
    number("album_id", message.album_id());
    number("via_bot_id", message.via_bot_id());
    number("views", Some(message.views().into()).filter(|views| *views > 0));
    if let Some(date) = message.edit_date() {
        object.string("edit_date", Date::of(date).as_str());
    }
    if message.is(marks::PINNED) {
        object.boolean("is_pinned", true);
    }
    if message.media() != MediaKind::Nothing {
        object.string("media_type", message.media().name());
    }
    for fact in FACTS {
        if let Some(value) = message.extra(fact) {
            object.raw(fact, value.as_bytes());
        }
    }
}

tapedeck_plugin::export!(JsonExport: Exporter, settings: "settings.schema.json");

#[cfg(test)]
mod tests;
