//! Which page of which chat holds what: what an export that is added to has to know of itself. The host keeps it in a
//! file beside the pages, and reads from it which pages change when something is new.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tapedeck_plugin::{Error, Options};

/// The chats of an export.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Book {
    pub(crate) chats: BTreeMap<i64, Chapter>,
}

/// One chat.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Chapter {
    /// Its place among the others, from 1 on.
    pub(crate) number: u64,
    pub(crate) title: String,
    pub(crate) kind: String,
    /// Where its pages lie: nothing, or a folder with `/` at its end.
    pub(crate) folder: String,
    pub(crate) pages: Vec<Leaf>,
}

/// One page.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Leaf {
    /// The number of its first message: where the page before ends.
    pub(crate) first: i64,
    pub(crate) messages: u64,
    pub(crate) dates: Option<(i64, i64)>,
}

/// What the host says of an export that is added to.
#[derive(Debug, Default)]
pub(crate) struct Addition {
    /// Where the book is written to; nothing where nobody will add to the export.
    pub(crate) file: Option<String>,
    pub(crate) book: Book,
    /// Pages that come again whole, counted from 0. Other chats come whole.
    pub(crate) anew: BTreeMap<i64, Vec<usize>>,
}

impl Chapter {
    pub(crate) fn messages(&self) -> u64 {
        self.pages.iter().map(|page| page.messages).sum()
    }

    /// The first and the last.
    pub(crate) fn dates(&self) -> Option<(i64, i64)> {
        let dates = self.pages.iter().filter_map(|page| page.dates);
        dates.reduce(|(first, last), (from, to)| (first.min(from), last.max(to)))
    }

    /// Of a page, counted from 0.
    pub(crate) fn path(&self, number: usize) -> String {
        format!("{}{}", self.folder, name(number))
    }
}

impl Leaf {
    pub(crate) fn saw(&mut self, date: i64) {
        let (first, last) = self.dates.unwrap_or((date, date));
        self.dates = Some((first.min(date), last.max(date)));
    }
}

impl Addition {
    pub(crate) fn of(options: &Options) -> Result<Self, Error> {
        Ok(Self {
            file: told(options, "pages_file")?,
            book: told(options, "pages_before")?.unwrap_or_default(),
            anew: told(options, "pages_anew")?.unwrap_or_default(),
        })
    }
}

fn told<T: serde::de::DeserializeOwned>(options: &Options, name: &str) -> Result<Option<T>, Error> {
    let Some(found) = options.extra.iter().find(|value| value.name == name) else { return Ok(None) };
    let read = serde_json::from_str(&found.value);
    read.map_err(|error| Error::settings(format!("the fact `{name}` of the export cannot be read: {error}")))
}

/// `messages.html`, `messages2.html`.
pub(crate) fn name(number: usize) -> String {
    match number {
        0 => "messages.html".to_owned(),
        number => format!("messages{}.html", number + 1),
    }
}
