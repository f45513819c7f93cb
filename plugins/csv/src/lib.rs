//! Exports messages as a table. Every text is quoted as RFC 4180 says, and none of them is run as a
//! formula by the program that opens it.

use schemars::JsonSchema;
use serde::Deserialize;
use tapedeck_messages::{
    Action, Files, Forward, Media, People, Reactions, Zone, describe, facts, paths, sentence,
};
use tapedeck_plugin::{
    Error, Exporter, FileFormat, Message, Messages, Options, Output,
    chats::{Chat, Person, Topic},
    csv, json, marks,
};

/// What the operator may set, and what one export may ask for in its parameters.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// Begins with a byte-order mark: some versions of Excel take the file for another alphabet without.
    bom: bool,
    /// What stands between fields. Where numbers are written with a comma, spreadsheets expect semicolons.
    separator: Separator,
    /// The offset from UTC in which dates are written, such as `+02:00`.
    utc_offset: String,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Separator {
    #[default]
    Comma,
    Semicolon,
    Tab,
}

impl Separator {
    const fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }
}

struct CsvExport {
    separator: u8,
    zone: Zone,
    people: People,
    title: String,
}

const HEADER: [&str; 20] = [
    "chat_id",
    "chat",
    "id",
    "date",
    "sender_id",
    "sender",
    "text",
    "kind",
    "media",
    "file",
    "reply_to",
    "forwarded_from",
    "edited",
    "topic",
    "album",
    "views",
    "reactions",
    "is_outgoing",
    "is_pinned",
    "deleted",
];

impl Exporter for CsvExport {
    type Settings = Settings;

    const COLUMNS: &'static [&'static str] =
        &["media", "files", "action", "forward", "reactions", "sender-name", "deleted"];

    fn formats() -> Vec<FileFormat> {
        vec![FileFormat {
            name: "csv".into(),
            extension: "csv".into(),
            mime: "text/csv".into(),
            summary: "A table with a message a row, for spreadsheets".into(),
        }]
    }

    fn open(settings: &Settings, options: Options, out: &mut Output) -> Result<Self, Error> {
        let settings = asked(settings, &options.parameters)?;
        let separator = settings.separator.byte();
        let out = out.main();
        if settings.bom {
            out.extend_from_slice("\u{feff}".as_bytes());
        }
        for (place, name) in HEADER.into_iter().enumerate() {
            if place > 0 {
                out.push(separator);
            }
            csv::field(out, name);
        }
        out.extend_from_slice(b"\r\n");
        let zone = Zone::try_from(settings.utc_offset).map_err(Error::settings)?;
        Ok(Self { separator, zone, people: People::of_account(options.account), title: String::new() })
    }

    fn begin_chat(&mut self, chat: &Chat, _: &[Topic], _: &mut Output) -> Result<(), Error> {
        self.people.begin_chat(chat);
        self.title.clone_from(&chat.title);
        Ok(())
    }

    fn introduce(&mut self, people: Vec<Person>) -> Result<(), Error> {
        self.people.introduce(people);
        Ok(())
    }

    fn push(&mut self, messages: &Messages<'_>, out: &mut Output) -> Result<(), Error> {
        let out = out.main();
        for message in messages.iter() {
            self.row(out, &message);
        }
        Ok(())
    }
}

/// The settings, with what this export asks for instead.
fn asked(settings: &Settings, parameters: &str) -> Result<Settings, Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Parameters {
        bom: Option<bool>,
        separator: Option<Separator>,
        utc_offset: Option<String>,
    }
    let asked: Parameters = serde_json::from_str(parameters).map_err(|error| {
        Error::settings(format!(
            "{error}; an export may say bom = true, separator = \"comma\", \"semicolon\" or \"tab\", utc_offset = \"+02:00\""
        ))
    })?;
    Ok(Settings {
        bom: asked.bom.unwrap_or(settings.bom),
        separator: asked.separator.unwrap_or(settings.separator),
        utc_offset: asked.utc_offset.unwrap_or_else(|| settings.utc_offset.clone()),
    })
}

impl CsvExport {
    fn row(&self, out: &mut Vec<u8>, message: &Message<'_>) {
        let is_service = message.is(marks::SERVICE);
        let who = self.people.of(message);
        let media: Option<Media> = message.extra("media").and_then(|_| facts(message, "media"));
        let action: Option<Action> = is_service.then(|| facts(message, "action")).flatten();
        let mut row = Row { out, separator: self.separator, is_first: true };
        row.number(Some(message.chat_id()));
        row.text(&self.title);
        row.number(Some(message.id()));
        row.date(self.zone, Some(message.date()));
        row.number(Some(who.id).filter(|id| *id != 0));
        row.text(who.name);
        match &action {
            Some(action) => row.text(&sentence(action, who.name, &self.people)),
            None => row.text(message.text()),
        }
        row.text(if is_service { "service" } else { "message" });
        row.text(&media.as_ref().map(describe).unwrap_or_default());
        let files = Files::of(message);
        row.text(
            &media
                .as_ref()
                .map(|media| paths(media, &files).collect::<Vec<_>>().join(" "))
                .unwrap_or_default(),
        );
        row.number(message.reply_to_id());
        row.text(&self.origin(message));
        row.date(self.zone, message.edit_date());
        row.number(message.topic_id());
        row.number(message.album_id());
        row.number(Some(message.views().into()).filter(|views| *views > 0));
        row.text(&reactions(message));
        row.number(Some(message.is(marks::OUTGOING).into()));
        row.number(Some(message.is(marks::PINNED).into()));
        row.text(facts::<String>(message, "deleted").unwrap_or_default().as_str());
        out.extend_from_slice(b"\r\n");
    }

    fn origin(&self, message: &Message<'_>) -> String {
        if !message.is(marks::FORWARDED) {
            return String::new();
        }
        let forward: Option<Forward> = facts(message, "forward");
        let Some(forward) = forward else { return String::new() };
        let known = forward.from.map(|id| match self.people.named(id).name {
            "" => id.to_string(),
            name => name.to_owned(),
        });
        forward.from_name.or(known).unwrap_or_default()
    }
}

fn reactions(message: &Message<'_>) -> String {
    if !message.is(marks::HAS_REACTIONS) {
        return String::new();
    }
    let reactions: Reactions = facts(message, "reactions").unwrap_or_default();
    let counts = reactions.counts.iter().map(|it| format!("{} {}", it.reaction.shown(), it.count));
    counts.collect::<Vec<_>>().join(", ")
}

struct Row<'a> {
    out: &'a mut Vec<u8>,
    separator: u8,
    is_first: bool,
}

impl Row<'_> {
    fn text(&mut self, text: &str) {
        csv::field(self.next(), text);
    }

    /// As it is: the sign of a number makes no formula of it.
    fn number(&mut self, number: Option<i64>) {
        let out = self.next();
        if let Some(number) = number {
            json::integer(out, number);
        }
    }

    fn date(&mut self, zone: Zone, seconds: Option<i64>) {
        let out = self.next();
        if let Some(seconds) = seconds {
            out.extend_from_slice(zone.date(seconds).as_str().as_bytes());
            out.extend_from_slice(zone.suffix().as_bytes());
        }
    }

    fn next(&mut self) -> &mut Vec<u8> {
        if !std::mem::take(&mut self.is_first) {
            self.out.push(self.separator);
        }
        self.out
    }
}

tapedeck_plugin::export!(CsvExport: Exporter, settings: "settings.schema.json");

#[cfg(test)]
mod tests;
