//! Exports chats as pages that look like the app: a thousand messages a file, each page with its own
//! style, nothing fetched from anywhere. Whatever people wrote is escaped, and no page holds a script.
//!
//! What is kept while messages pass is the people, where each page begins, and an album that has not ended.

mod body;
mod book;
mod media;
mod overview;
mod page;
mod text;

use body::Bubble;
use book::Addition;
use page::Pages;
use schemars::JsonSchema;
use serde::Deserialize;
use tapedeck_messages::{Action, Media, People, Zone, facts, sentence};
use tapedeck_plugin::{
    Error, Exporter, FileFormat, MediaKind, Message, Messages, Options, Output,
    chats::{Chat, Person, Topic},
    html, marks,
};

/// What the operator may set, and what one export may ask for in its parameters.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    /// How many messages a page holds.
    #[schemars(range(min = 10, max = 100_000))]
    messages_per_page: u32,
    /// The offset from UTC in which dates are written, such as `+02:00`.
    utc_offset: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { messages_per_page: 1_000, utc_offset: String::new() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    messages_per_page: Option<u32>,
    utc_offset: Option<String>,
}

struct HtmlExport {
    zone: Zone,
    people: People,
    created: i64,
    pages: Pages,
    /// Where the book of pages goes, if somebody may add to the export.
    book: Option<String>,
    /// Whose message was written last, and when: the next one may join it.
    last: Option<Last>,
    /// An album that may go on.
    album: Option<Album>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Last {
    sender: i64,
    is_own: bool,
    date: i64,
    day: i64,
}

/// Pictures stand together; what is said of them stands below all.
#[derive(Debug)]
struct Album {
    id: i64,
    files: usize,
    below: Vec<u8>,
    /// Of the first, which is that of all.
    time: Vec<u8>,
}

/// Messages of one sender within this time are joined.
const JOINED_SECONDS: i64 = 15 * 60;
/// Telegram has ten at most; whatever has more is no album.
const LARGEST_ALBUM: usize = 30;

impl Exporter for HtmlExport {
    type Settings = Settings;

    const COLUMNS: &'static [&'static str] = &[
        "entities",
        "media",
        "files",
        "action",
        "reply",
        "forward",
        "reactions",
        "comments",
        "signature",
        "replied",
        "sender-name",
        "deleted",
        "extra",
    ];

    fn formats() -> Vec<FileFormat> {
        vec![FileFormat {
            name: "html".into(),
            extension: "html".into(),
            // What is new goes onto the pages that it belongs to.
            mime: "text/html; parts=pages".into(),
            summary: "Pages that look like the app and open without a network".into(),
        }]
    }

    fn open(settings: &Settings, options: Options, _: &mut Output) -> Result<Self, Error> {
        let asked: Parameters = serde_json::from_str(&options.parameters).map_err(|error| {
            Error::settings(format!(
                "{error}; an export may say messages_per_page = 1000, utc_offset = \"+02:00\""
            ))
        })?;
        let zone = Zone::try_from(asked.utc_offset.unwrap_or_else(|| settings.utc_offset.clone()))
            .map_err(Error::settings)?;
        let per_page = asked.messages_per_page.unwrap_or(settings.messages_per_page).max(10);
        let told = options.extra.iter().find(|value| value.name == "file_name");
        let file_name = told.and_then(|value| serde_json::from_str::<String>(&value.value).ok());
        let Addition { file: book_file, book, anew } = Addition::of(&options)?;
        Ok(Self {
            zone,
            people: People::of_account(options.account),
            created: options.created,
            pages: Pages::new(options.is_single_chat, per_page, file_name, book, anew),
            book: book_file,
            last: None,
            album: None,
        })
    }

    fn begin_chat(&mut self, chat: &Chat, topics: &[Topic], out: &mut Output) -> Result<(), Error> {
        self.end_chat(out);
        self.people.begin_chat(chat);
        self.pages.begin_chat(chat, topics);
        Ok(())
    }

    fn introduce(&mut self, people: Vec<Person>) -> Result<(), Error> {
        self.people.introduce(people);
        Ok(())
    }

    fn push(&mut self, messages: &Messages<'_>, out: &mut Output) -> Result<(), Error> {
        for message in messages.iter() {
            self.write(out, &message);
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut Output) -> Result<(), Error> {
        self.end_chat(out);
        overview::write(out.main(), self.pages.book(), self.created, self.zone);
        if let Some(file) = &self.book {
            let book = serde_json::to_vec(self.pages.book());
            out.file(file).extend(book.map_err(|error| Error::permanent(error.to_string()))?);
        }
        Ok(())
    }
}

impl HtmlExport {
    fn end_chat(&mut self, out: &mut Output) {
        self.end_album(out);
        self.last = None;
        self.pages.end_chat(out);
    }

    fn write(&mut self, out: &mut Output, message: &Message<'_>) {
        let album = message.album_id();
        if let Some(id) = album
            && let Some(open) = self.album.take_if(|open| open.id == id && open.files < LARGEST_ALBUM)
        {
            self.add_to_album(out, message, open);
            return;
        }
        self.end_album(out);
        if self.pages.next_message(out, message.id(), message.date()) {
            self.last = None;
        }
        let day = self.zone.day(message.date());
        let page = self.pages.page(out);
        if self.last.is_none_or(|last| last.day != day) {
            self.last = None;
            body::day(page, self.zone.date(message.date()).as_str());
        }
        let who = self.people.of(message);
        if message.is(marks::SERVICE) {
            let action: Action = facts(message, "action").unwrap_or_default();
            body::service(page, message.id(), &sentence(&action, who.name, &self.people));
            self.last = Some(Last { sender: 0, is_own: false, date: 0, day });
            return;
        }
        let is_own = message.is(marks::OUTGOING) && !message.is(marks::POST);
        let now = Last { sender: who.id, is_own, date: message.date(), day };
        let is_joined = self.last.is_some_and(|last| {
            last.sender == now.sender
                && last.is_own == is_own
                && now.date - last.date < JOINED_SECONDS
                && last.date > 0
        });
        self.last = Some(now);
        let bubble = Bubble {
            message,
            who,
            people: &self.people,
            zone: self.zone,
            pages: &self.pages,
            is_own,
            is_joined,
        };
        let page = self.pages.page(out);
        bubble.open(page);
        match album {
            Some(id) => {
                page.extend_from_slice(b"<div class=\"album\">");
                self.add_to_album(out, message, Album { id, files: 0, below: Vec::new(), time: Vec::new() });
            }
            None => {
                if let Some(media) = media_of(message) {
                    media::write(page, &media, message, self.pages.root());
                }
                bubble.words(page);
                bubble.close(page);
            }
        }
    }

    fn add_to_album(&mut self, out: &mut Output, message: &Message<'_>, mut album: Album) {
        let page = self.pages.page(out);
        if album.files > 0 {
            self.pages.joined();
            page.extend_from_slice(format!("<i id=\"m{}\"></i>", message.id()).as_bytes());
        }
        if let Some(media) = media_of(message) {
            media::write(page, &media, message, self.pages.root());
        }
        let bubble = Bubble {
            message,
            who: self.people.of(message),
            people: &self.people,
            zone: self.zone,
            pages: &self.pages,
            is_own: false,
            is_joined: true,
        };
        bubble.words_without_time(&mut album.below);
        if album.files == 0 {
            bubble.time(&mut album.time);
        }
        album.files += 1;
        self.album = Some(album);
    }

    fn end_album(&mut self, out: &mut Output) {
        if let Some(album) = self.album.take() {
            let page = self.pages.page(out);
            page.extend_from_slice(b"</div>");
            page.extend_from_slice(&album.below);
            page.extend_from_slice(&album.time);
            page.extend_from_slice(b"</div></div>\n");
        }
    }
}

fn media_of(message: &Message<'_>) -> Option<Media> {
    (message.media() != MediaKind::Nothing).then(|| facts(message, "media")).flatten()
}

fn escaped(out: &mut Vec<u8>, text: &str) {
    html::text(out, text);
}

tapedeck_plugin::export!(HtmlExport: Exporter, settings: "settings.schema.json");

#[cfg(test)]
mod tests;
