//! What every kind of source gives: chats, people and messages, one after the other.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{error::ImportError, folder::Found};
use crate::{
    archive::{FolderRecord, Version},
    model::{Chat, Message, MessageId, PeerId, Topic, User},
};

/// Reads on a thread of its own. The same source tells the same messages in the same order each time: an import
/// that was cut short goes on by counting them.
pub(crate) trait Source: Send {
    /// Gives everything to `hear`, chats before their messages, and ends at once when that fails.
    fn read(&mut self, hear: &mut dyn FnMut(Told) -> Result<(), ImportError>) -> Result<(), ImportError>;
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Told {
    Chat(Box<Chat>),
    Listed {
        chat: PeerId,
        is_archived: bool,
    },
    User(Box<User>),
    Topic {
        chat: PeerId,
        topic: Box<Topic>,
    },
    Folders(Vec<FolderRecord>),
    Message(Box<ToldMessage>),
    /// An earlier text of a message that was told before.
    Version {
        chat: PeerId,
        id: MessageId,
        version: Box<Version>,
    },
    Unreadable(Unreadable),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ToldMessage {
    pub(crate) message: Message,
    pub(crate) sender_name: Option<String>,
    /// Where its file is, if it has one.
    pub(crate) file: Option<Found>,
    /// Where its other files are, by their numbers.
    pub(crate) more_files: Vec<(i64, Found)>,
    /// Texts that it had before.
    pub(crate) versions: Vec<Version>,
    pub(crate) deleted: Option<Timestamp>,
}

impl ToldMessage {
    pub(crate) fn new(message: Message) -> Self {
        Self {
            message,
            sender_name: None,
            file: None,
            more_files: Vec::new(),
            versions: Vec::new(),
            deleted: None,
        }
    }
}

/// A part of the source that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    /// The file and the place in it.
    pub place: String,
    pub reason: String,
}

/// How much of the source has been read; shared between the reader and who shows it.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    read: AtomicU64,
    total: AtomicU64,
}

impl Meter {
    pub(crate) fn expect(&self, total: u64) {
        self.0.total.fetch_add(total, Ordering::Relaxed);
    }

    pub(crate) fn advance(&self, read: u64) {
        self.0.read.fetch_add(read, Ordering::Relaxed);
    }

    /// So much, of how much: bytes of files, rows of databases.
    pub fn read(&self) -> (u64, u64) {
        (self.0.read.load(Ordering::Relaxed), self.0.total.load(Ordering::Relaxed))
    }
}

/// What all sources are told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    /// Only this chat; the one that a source without ids speaks of.
    pub(crate) chat: Option<PeerId>,
    /// Of dates that do not say theirs.
    pub(crate) timezone: Option<jiff::tz::TimeZone>,
    /// Where the archive knows supergroups to have been before they were supergroups.
    pub(crate) former: std::collections::HashMap<PeerId, PeerId>,
    /// Whose account it is, as far as the archive knows.
    pub(crate) owner: Option<PeerId>,
    pub(crate) meter: Meter,
}

impl Asked {
    pub(crate) fn wants(&self, chat: PeerId) -> bool {
        self.chat.is_none_or(|wanted| wanted == chat)
    }
}

/// A file of the source with what tells whether it is still the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    place: String,
    contents: String,
}

impl Fingerprint {
    pub(crate) fn of(paths: &[PathBuf]) -> Result<Self, ImportError> {
        let (mut place, mut contents) = (String::new(), String::new());
        for path in paths {
            let facts = std::fs::metadata(path).map_err(|error| ImportError::open(path, error))?;
            let path = std::fs::canonicalize(path).map_err(|error| ImportError::open(path, error))?;
            place.push_str(&format!("{}\0", path.display()));
            contents.push_str(&format!("{}\0{:?}", path.display(), age(&facts)));
            // What a database has in its log is not in its file.
            let log = std::fs::metadata(format!("{}-wal", path.display()));
            contents.push_str(&format!("{:?}\0", log.ok().filter(|log| log.len() > 0).map(|log| age(&log))));
        }
        Ok(Self::told(&place, &contents))
    }

    /// Of what is no file.
    pub(crate) fn told(place: &str, contents: &str) -> Self {
        Self { place: digest(place), contents: contents.to_owned() }
    }

    /// What else decides what is read of it.
    pub(crate) fn with(mut self, choice: &str) -> Self {
        self.contents.push_str(choice);
        self
    }

    /// The place, whatever lies there.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Its present contents.
    pub(crate) fn contents(&self) -> String {
        digest(&self.contents)
    }
}

fn age(facts: &std::fs::Metadata) -> (u64, Option<Timestamp>) {
    (facts.len(), facts.modified().ok().and_then(|at| Timestamp::try_from(at).ok()))
}

fn digest(text: &str) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(text.as_bytes()).iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}
