//! What is in the archive after a run.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde_json::Value;
use tapedeck::{
    archive::{
        Around, AvatarsPage, ChatKey, FileState, FilesPage, MediaClass, MessagePage, Ranges, SharedStore,
    },
    model::{AccountName, MessageId, PeerId},
};
use tempfile::TempDir;

use super::{CHATS, FORUM, Work};
use crate::capture::engine;

/// One run: a folder of its own.
pub(super) struct Site {
    pub(super) work: Work,
    pub(super) folder: TempDir,
}

/// What is in the archive, as far as it is no matter of luck.
#[derive(Debug, PartialEq)]
pub(super) struct Picture {
    chats: Vec<(PeerId, Vec<Value>, Option<MessageId>, Ranges)>,
    topics: Vec<String>,
    files: Vec<FileState>,
    /// Pictures of chats and people.
    pictures: Vec<(PeerId, i64)>,
    poison: usize,
    blobs: BTreeSet<PathBuf>,
}

impl Site {
    pub(super) async fn store(&self) -> SharedStore {
        engine::open(self.folder.path()).await
    }

    pub(super) fn media(&self) -> PathBuf {
        self.folder.path().join("media")
    }

    pub(super) async fn picture(&self) -> Picture {
        self.picture_in(&self.store().await).await
    }

    pub(super) async fn picture_in(&self, store: &SharedStore) -> Picture {
        let mut chats = Vec::new();
        for chat in CHATS {
            let key = ChatKey { account: AccountName::main(), chat };
            let page = MessagePage::new(Around::After(MessageId(0)), 1_000);
            let stored = store.messages(key.clone(), page).await.unwrap();
            let messages = stored.into_iter().map(|mut stored| {
                stored.deleted = stored.deleted.map(|_| Timestamp::UNIX_EPOCH);
                let mut value = serde_json::to_value(stored).unwrap();
                forget_references(&mut value);
                value
            });
            let messages = messages.collect();
            let sync = store.sync(key).await.unwrap();
            // A listener reads what is missing now and then, but never says that a chat is whole.
            let coverage = if self.work == Work::Listen { Ranges::default() } else { sync.coverage };
            chats.push((chat, messages, sync.cursor, coverage));
        }
        let page = FilesPage {
            account: None,
            chat: None,
            class: MediaClass::All,
            most_attempts: u32::MAX,
            after: 0,
            limit: 100,
        };
        let files = store.files(page).await.unwrap().0.into_iter().map(|file| file.state).collect();
        let poison = store.poison(None, None).await.unwrap().len();
        let forum = ChatKey { account: AccountName::main(), chat: FORUM };
        let topics = store.topics(forum).await.unwrap().into_iter().map(|topic| topic.title).collect();
        let page = AvatarsPage { account: AccountName::main(), peer: None, after: None, limit: 100 };
        let pictures = store.avatars(page).await.unwrap();
        Picture {
            chats,
            topics,
            files,
            pictures: pictures.into_iter().map(|(peer, held)| (peer, held.photo)).collect(),
            poison,
            blobs: files_below(&self.media().join("blobs"), &self.media()),
        }
    }
}

impl Picture {
    pub(super) fn nothing() -> Self {
        Self {
            chats: Vec::new(),
            topics: Vec::new(),
            files: Vec::new(),
            pictures: Vec::new(),
            poison: 0,
            blobs: BTreeSet::new(),
        }
    }

    /// That has happened since the archive was written.
    pub(super) fn has_everything(&self) -> bool {
        let messages = || self.chats.iter().flat_map(|(_, messages, ..)| messages);
        let count = |is_so: fn(&Value) -> bool| messages().filter(|it| is_so(it)).count();
        self.says("later") == 121
            && self.says("louder") == 1
            && self.says("better") == 2
            && count(|it| !it["deleted"].is_null()) == 2
            && count(|it| it["message"]["is_pinned"] == true) == 1
    }

    fn says(&self, text: &str) -> usize {
        let messages = self.chats.iter().flat_map(|(_, messages, ..)| messages);
        messages.filter(|it| it["message"]["text"].as_str().is_some_and(|it| it.starts_with(text))).count()
    }

    /// The first thing that differs, in words.
    pub(super) fn against(&self, expected: &Self) -> String {
        for ((chat, messages, cursor, coverage), (_, others, other_cursor, other_coverage)) in
            self.chats.iter().zip(&expected.chats)
        {
            if let Some((one, other)) = messages.iter().zip(others).find(|(one, other)| one != other) {
                return format!("{chat} has {one} instead of {other}");
            }
            if messages.len() != others.len() {
                return format!("{chat} has {} messages instead of {}", messages.len(), others.len());
            }
            if (cursor, coverage) != (other_cursor, other_coverage) {
                return format!(
                    "{chat} is at {cursor:?} {coverage:?} instead of {other_cursor:?} {other_coverage:?}"
                );
            }
        }
        let rest = |of: &Self| {
            let Self { topics, files, pictures, poison, blobs, .. } = of;
            format!("{topics:?} {files:?} {pictures:?}, {poison} unreadable, {blobs:?}")
        };
        format!("it has {} instead of {}", rest(self), rest(expected))
    }
}

/// They are given anew now and then.
fn forget_references(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| name != "reference");
            fields.values_mut().for_each(forget_references);
        }
        Value::Array(list) => list.iter_mut().for_each(forget_references),
        _ => {}
    }
}

fn files_below(folder: &Path, root: &Path) -> BTreeSet<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let found = entries.flat_map(|path| if path.is_dir() { files_below(&path, root) } else { [path].into() });
    found.map(|path| path.strip_prefix(root).map(Path::to_owned).unwrap_or(path)).collect()
}
