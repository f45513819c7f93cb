//! An exporter that counts, and answers garbage on request.

use std::cell::Cell;

use super::{
    PluginError, Probe, act, asked_of, configure,
    exports::tapedeck::plugin::exporter::{FileFormat, Guest, GuestSession, Options, Piece},
    tapedeck::plugin::{
        chats::{Chat, Person, Topic},
        messages::Batch,
    },
    wish_of,
};
use crate::request;

impl Guest for Probe {
    type Session = Session;

    fn configure(settings: String) -> Result<(), String> {
        configure(&settings)
    }

    fn formats() -> Vec<FileFormat> {
        drop(asked_of("formats"));
        let name = match wish_of("formats").1.as_str() {
            "empty-name" => "",
            _ => "probe",
        };
        vec![FileFormat {
            name: name.to_owned(),
            extension: "txt".to_owned(),
            mime: "text/plain".to_owned(),
            summary: "Counts what it gets".to_owned(),
        }]
    }
}

pub(super) struct Session {
    options: Options,
    chats: Cell<u64>,
    people: Cell<usize>,
    messages: Cell<usize>,
}

impl GuestSession for Session {
    fn new(options: Options) -> Self {
        drop(asked_of("open"));
        let parameters = serde_json::from_str(&options.parameters).unwrap_or_default();
        if let Some(request) = request::of_call(&parameters, "open") {
            drop(act::act(request));
        }
        Self { options, chats: Cell::default(), people: Cell::default(), messages: Cell::default() }
    }

    fn begin_chat(&self, chat: Chat, topics: Vec<Topic>) -> Result<Vec<Piece>, PluginError> {
        self.chats.set(self.chats.get() + 1);
        answer("begin-chat", format!("chat {} with {} topics\n", chat.id, topics.len()))
    }

    fn introduce(&self, people: Vec<Person>) -> Result<(), PluginError> {
        self.people.set(self.people.get() + people.len());
        asked_of("introduce").map(drop)
    }

    fn push(&self, batch: Batch) -> Result<Vec<Piece>, PluginError> {
        self.messages.set(self.messages.get() + batch.ids.len());
        answer("push", format!("{} messages\n", batch.ids.len()))
    }

    fn finish(&self) -> Result<Vec<Piece>, PluginError> {
        let (format, messages) = (&self.options.chosen_format, self.messages.get());
        let (chats, people) = (self.chats.get(), self.people.get());
        answer("finish", format!("{format}: {chats} chats, {people} people, {messages} messages\n"))
    }
}

/// The line, or what the request in the settings answers, unless something else was asked for: `path …` for a piece beside the file, `bytes
/// N` for a long one, `pieces N` for many.
fn answer(call: &str, line: String) -> Result<Vec<Piece>, PluginError> {
    let piece = |path: &str, content| Piece { path: path.to_owned(), content };
    let (what, argument) = wish_of(call);
    let number = argument.parse().unwrap_or(1 << 20);
    Ok(match what.as_str() {
        "path" => vec![piece(&argument, line.into_bytes())],
        "bytes" => vec![piece("", vec![b'x'; number])],
        "pieces" => (0..number).map(|_| piece("", b"x".to_vec())).collect(),
        _ => {
            let answer = asked_of(call)?;
            vec![piece("", if answer.is_empty() { line } else { answer + "\n" }.into_bytes())]
        }
    })
}
