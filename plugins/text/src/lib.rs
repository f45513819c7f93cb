//! Exports messages as plain text: a line for each, under its day. What people wrote over several
//! lines is indented, so that nobody can write what looks like a message of somebody else.

use schemars::JsonSchema;
use serde::Deserialize;
use tapedeck_messages::{
    Action, Files, People, Replied, Zone, attached, describe, facts, forwarded, is_edited, paths, reacted,
    sentence, title,
};
use tapedeck_plugin::{
    Error, Exporter, FileFormat, Message, Messages, Options, Output,
    chats::{Chat, Person, Topic},
    marks,
};

/// What the operator may set, and what one export may ask for in its parameters.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// The offset from UTC in which dates are written, such as `+02:00`.
    utc_offset: String,
}

struct TextExport {
    zone: Zone,
    people: People,
    chats: u64,
    /// That was written last.
    day: Option<i64>,
}

const INDENT: &str = "        ";

impl Exporter for TextExport {
    type Settings = Settings;

    const COLUMNS: &'static [&'static str] =
        &["media", "files", "action", "forward", "reactions", "replied", "sender-name", "deleted"];

    fn formats() -> Vec<FileFormat> {
        vec![FileFormat {
            name: "text".into(),
            extension: "txt".into(),
            mime: "text/plain; charset=utf-8".into(),
            summary: "A line for each message, under its day".into(),
        }]
    }

    fn open(settings: &Settings, options: Options, _: &mut Output) -> Result<Self, Error> {
        let zone = Zone::asked(&options.parameters, &settings.utc_offset).map_err(Error::settings)?;
        Ok(Self { zone, people: People::of_account(options.account), chats: 0, day: None })
    }

    fn begin_chat(&mut self, chat: &Chat, _: &[Topic], out: &mut Output) -> Result<(), Error> {
        self.people.begin_chat(chat);
        let out = out.main();
        if self.chats > 0 {
            out.extend_from_slice(b"\n\n");
        }
        self.chats += 1;
        self.day = None;
        let title = title(chat);
        line(out, &title);
        let rule = "=".repeat(title.chars().count().min(80));
        line(out, &rule);
        Ok(())
    }

    fn introduce(&mut self, people: Vec<Person>) -> Result<(), Error> {
        self.people.introduce(people);
        Ok(())
    }

    fn push(&mut self, messages: &Messages<'_>, out: &mut Output) -> Result<(), Error> {
        let out = out.main();
        for message in messages.iter() {
            self.write(out, &message);
        }
        Ok(())
    }
}

impl TextExport {
    fn write(&mut self, out: &mut Vec<u8>, message: &Message<'_>) {
        let date = self.zone.date(message.date());
        let day = self.zone.day(message.date());
        if self.day.replace(day) != Some(day) {
            out.extend_from_slice(b"\n-- ");
            out.extend_from_slice(&date.as_str().as_bytes()[..10]);
            out.extend_from_slice(b" --\n");
        }
        out.push(b'[');
        out.extend_from_slice(&date.as_str().as_bytes()[11..16]);
        out.extend_from_slice(b"] ");
        let who = self.people.of(message);
        if message.is(marks::SERVICE) {
            let action: Action = facts(message, "action").unwrap_or_default();
            out.extend_from_slice(b"* ");
            line(out, &sentence(&action, who.name, &self.people));
            return;
        }
        match who.name {
            "" if who.id == 0 => words(out, "somebody"),
            "" => words(out, &format!("user {}", who.id)),
            name => words(out, name),
        }
        self.beside(out, message);
        out.push(b':');
        let media = attached(message);
        if message.text().is_empty() {
            out.extend_from_slice(if media.is_some() { b" " } else { b"\n" });
        } else {
            out.push(b' ');
            indented(out, message.text());
            out.extend_from_slice(if media.is_some() { INDENT.as_bytes() } else { b"" });
        }
        if let Some(media) = media {
            let files = Files::of(message);
            out.push(b'[');
            words(out, &describe(&media));
            for path in paths(&media, &files) {
                out.extend_from_slice(b": ");
                words(out, path);
            }
            out.extend_from_slice(b"]\n");
        }
        if let Some(reactions) = reacted(message) {
            out.extend_from_slice(INDENT.as_bytes());
            line(out, &reactions);
        }
    }

    /// What a line says in front of its colon.
    fn beside(&self, out: &mut Vec<u8>, message: &Message<'_>) {
        if let Some(name) = forwarded(message, &self.people) {
            out.extend_from_slice(b" (forwarded");
            if !name.is_empty() {
                out.extend_from_slice(b" from ");
                words(out, &name);
            }
            out.push(b')');
        }
        if let Some(id) = message.reply_to_id() {
            let replied: Replied = facts(message, "replied").unwrap_or_default();
            out.extend_from_slice(b" (to ");
            match replied.name.as_str() {
                "" => words(out, &format!("message {id}")),
                name => words(out, name),
            }
            if let Some(beginning) = replied.text.lines().next().filter(|it| !it.is_empty()) {
                out.extend_from_slice(": “".as_bytes());
                words(out, &beginning.chars().take(40).collect::<String>());
                out.extend_from_slice("”".as_bytes());
            }
            out.push(b')');
        }
        if is_edited(message) {
            out.extend_from_slice(b" (edited)");
        }
        if message.extra("deleted").is_some() {
            out.extend_from_slice(b" (deleted)");
        }
    }
}

/// On one line, whatever is in it.
fn words(out: &mut Vec<u8>, text: &str) {
    for letter in text.chars() {
        let letter =
            if letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}') { ' ' } else { letter };
        out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

fn line(out: &mut Vec<u8>, text: &str) {
    words(out, text);
    out.push(b'\n');
}

fn indented(out: &mut Vec<u8>, text: &str) {
    let is_end =
        |letter: char| matches!(letter, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    if !text.contains(is_end) {
        return line(out, text);
    }
    for (place, part) in text.replace("\r\n", "\n").split(is_end).enumerate() {
        if place > 0 && !part.is_empty() {
            out.extend_from_slice(INDENT.as_bytes());
        }
        line(out, part);
    }
}

tapedeck_plugin::export!(TextExport: Exporter, settings: "settings.schema.json");

#[cfg(test)]
mod tests;
