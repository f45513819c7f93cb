//! Exports messages as Markdown that CommonMark and GitHub read: what people wrote is escaped, and
//! only the marks that Telegram tells of become marks.

mod escape;
mod marked;

use escape::{address, plain};
use schemars::JsonSchema;
use serde::Deserialize;
use tapedeck_messages::{
    Action, Entity, Files, Media, People, Place, Replied, Zone, attached, describe, facts, forwarded, href,
    is_edited, reacted, sentence, title,
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

struct MarkdownExport {
    zone: Zone,
    people: People,
    /// Anchors of several chats must differ.
    chat: u64,
    /// That was written last.
    day: Option<i64>,
}

impl Exporter for MarkdownExport {
    type Settings = Settings;

    const COLUMNS: &'static [&'static str] = &[
        "entities",
        "media",
        "files",
        "action",
        "forward",
        "reactions",
        "replied",
        "sender-name",
        "deleted",
    ];

    fn formats() -> Vec<FileFormat> {
        vec![FileFormat {
            name: "markdown".into(),
            extension: "md".into(),
            mime: "text/markdown; charset=utf-8".into(),
            summary: "Markdown with marks, links and pictures".into(),
        }]
    }

    fn open(settings: &Settings, options: Options, _: &mut Output) -> Result<Self, Error> {
        let zone = Zone::asked(&options.parameters, &settings.utc_offset).map_err(Error::settings)?;
        Ok(Self { zone, people: People::of_account(options.account), chat: 0, day: None })
    }

    fn begin_chat(&mut self, chat: &Chat, _: &[Topic], out: &mut Output) -> Result<(), Error> {
        self.people.begin_chat(chat);
        let out = out.main();
        self.chat += 1;
        self.day = None;
        out.extend_from_slice(if self.chat > 1 { b"\n# " } else { b"# " });
        plain(out, &title(chat));
        out.push(b'\n');
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

impl MarkdownExport {
    fn write(&mut self, out: &mut Vec<u8>, message: &Message<'_>) {
        let date = self.zone.date(message.date());
        let day = self.zone.day(message.date());
        if self.day.replace(day) != Some(day) {
            out.extend_from_slice(b"\n## ");
            out.extend_from_slice(&date.as_str().as_bytes()[..10]);
            out.push(b'\n');
        }
        let who = self.people.of(message);
        out.extend_from_slice(format!("\n<a id=\"m{}-{}\"></a>", self.chat, message.id()).as_bytes());
        if message.is(marks::SERVICE) {
            let action: Action = facts(message, "action").unwrap_or_default();
            out.push(b'_');
            plain(out, &sentence(&action, who.name, &self.people));
            out.extend_from_slice(b"_\n");
            return;
        }
        out.extend_from_slice(b"**");
        match who.name.trim() {
            "" if who.id == 0 => plain(out, "Somebody"),
            "" => plain(out, &format!("User {}", who.id)),
            name => plain(out, name),
        }
        out.extend_from_slice(b"** ");
        out.extend_from_slice(&date.as_str().as_bytes()[11..16]);
        self.beside(out, message);
        out.push(b'\n');
        self.answered(out, message);
        if !message.text().is_empty() {
            let entities: Vec<Entity> = match message.is(marks::HAS_ENTITIES) {
                true => facts(message, "entities").unwrap_or_default(),
                false => Vec::new(),
            };
            out.push(b'\n');
            marked::write(out, message.text(), &entities);
        }
        if let Some(media) = attached(message) {
            attach(out, &media, &Files::of(message));
        }
        if let Some(reactions) = reacted(message) {
            out.push(b'\n');
            plain(out, &reactions);
            out.push(b'\n');
        }
    }

    fn beside(&self, out: &mut Vec<u8>, message: &Message<'_>) {
        if let Some(name) = forwarded(message, &self.people) {
            out.extend_from_slice(" · forwarded".as_bytes());
            if !name.is_empty() {
                out.extend_from_slice(b" from ");
                plain(out, &name);
            }
        }
        if is_edited(message) {
            out.extend_from_slice(" · edited".as_bytes());
        }
        if message.extra("deleted").is_some() {
            out.extend_from_slice(" · deleted".as_bytes());
        }
    }

    fn answered(&self, out: &mut Vec<u8>, message: &Message<'_>) {
        let Some(id) = message.reply_to_id() else { return };
        let replied: Replied = facts(message, "replied").unwrap_or_default();
        out.extend_from_slice(b"\n> [");
        match replied.name.as_str() {
            "" => plain(out, &format!("Message {id}")),
            name => plain(out, name),
        }
        out.extend_from_slice(format!("](#m{}-{id})", self.chat).as_bytes());
        let beginning: String = replied.text.chars().take(80).collect();
        if !beginning.trim().is_empty() {
            out.push(b' ');
            plain(out, beginning.trim());
        }
        out.push(b'\n');
    }
}

/// A picture where it is one, else a link, else words.
fn attach(out: &mut Vec<u8>, media: &Media, files: &Files) {
    let words = describe(media);
    let all: Vec<_> = media.file.iter().chain(&media.more_files).collect();
    if all.is_empty() {
        out.extend_from_slice(b"\n_");
        plain(out, &words);
        out.extend_from_slice(b"_\n");
    }
    for file in all {
        out.push(b'\n');
        match files.place(file.id) {
            Place::At(path) => {
                let is_picture = media.kind == "photo" || file.mime.starts_with("image/");
                out.extend_from_slice(if is_picture { b"![" } else { b"[" });
                plain(out, &words);
                out.extend_from_slice(b"](");
                address(out, &href(path));
                out.extend_from_slice(b")\n");
            }
            Place::Missing(_, why) => {
                out.push(b'_');
                plain(out, &words);
                out.extend_from_slice(" · ".as_bytes());
                plain(out, why);
                out.extend_from_slice(b"_\n");
            }
        }
    }
}

tapedeck_plugin::export!(MarkdownExport: Exporter, settings: "settings.schema.json");

#[cfg(test)]
mod tests;
