//! Formats of many pages: which of them change when something is new.
//!
//! The exporter writes down which page begins where, in a file of its own that the mark's number of parts names: a book
//! whose mark was never written is not read. What lies between two beginnings is written anew as a whole, so that
//! an export that is killed writes the same pages once more.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::Read as _,
    path::Path,
};

use serde::Deserialize;
use serde_json::Value;

use super::{
    error::ExportError,
    extent::{self, Extent},
    increment::New,
    request::Filter,
};
use crate::{
    archive::{ChatKey, IdRange, Ranges, Store, StoredChat},
    model::{MessageId, PeerId},
};

/// So many older messages may be new on a page that is followed by others; with more, the chat is written anew.
const ROOM: u64 = 1_000;
/// Longer ones are no books: they are read as a whole.
const LONGEST_BOOK: u64 = 64 << 20;
const FIRST: MessageId = MessageId(i32::MIN);
const LAST: MessageId = MessageId(i32::MAX);

/// What the exporter has written of its pages. The rest of it is the exporter's own.
#[derive(Clone, Debug)]
pub(super) struct Book {
    whole: Value,
    chats: BTreeMap<PeerId, Chapter>,
}

#[derive(Clone, Debug, Deserialize)]
struct Told {
    chats: BTreeMap<PeerId, Chapter>,
}

#[derive(Clone, Debug, Deserialize)]
struct Chapter {
    pages: Vec<Leaf>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
struct Leaf {
    first: MessageId,
    messages: u64,
}

/// What an exporter is told beside its options.
#[derive(Clone, Debug)]
pub(super) struct Addition {
    /// As the exporter has written it.
    pub(super) before: Value,
    /// Pages of chats, counted from 0. Chats that are not here come whole.
    pub(super) anew: BTreeMap<PeerId, Vec<usize>>,
}

/// Of the part with this number.
pub(super) fn book_name(part: u32) -> String {
    format!(".pages.{part:04}.json")
}

impl Book {
    /// None if it is not there or is no book: then the export begins anew.
    pub(super) fn read(room: &Path, part: u32) -> Option<Self> {
        let file = File::open(room.join(book_name(part))).ok()?;
        let mut text = String::new();
        let read = file.take(LONGEST_BOOK + 1).read_to_string(&mut text).ok()?;
        if read as u64 > LONGEST_BOOK {
            return None;
        }
        let whole: Value = serde_json::from_str(&text).ok()?;
        let told = Told::deserialize(&whole).ok()?;
        let is_in_order = |chapter: &Chapter| chapter.pages.is_sorted_by_key(|page| page.first);
        told.chats.values().all(is_in_order).then_some(Self { whole, chats: told.chats })
    }

    /// How much of each chat is read, when this is new in it.
    pub(super) async fn extents(
        self,
        store: &dyn Store,
        filter: &Filter,
        new: &New,
    ) -> Result<(Vec<(StoredChat, Extent)>, Addition), ExportError> {
        let mut anew = BTreeMap::new();
        let mut extents = Vec::with_capacity(new.chats.len());
        for (chat, _) in &new.chats {
            let id = chat.chat.id;
            let touched = self.chats.get(&id).zip(new.changed.get(&id)).and_then(|(it, ids)| it.touched(ids));
            let key = ChatKey { account: chat.account.clone(), chat: id };
            let found = match &filter.query {
                Some(text) => Some(extent::found(store, &key, filter, text).await?),
                None => None,
            };
            let extent = match (touched, found) {
                (None, None) => Extent::Whole,
                (None, Some(ids)) => Extent::Found(ids),
                (Some((pages, ranges)), found) => {
                    anew.insert(id, pages);
                    match found {
                        None => Extent::Ranges(ranges),
                        Some(ids) => {
                            Extent::Found(ids.into_iter().filter(|id| ranges.contains(*id)).collect())
                        }
                    }
                }
            };
            extents.push((chat.clone(), extent));
        }
        Ok((extents, Addition { before: self.whole, anew }))
    }
}

impl Chapter {
    /// The pages on which these messages are or would be, and all that may be on them. None: everything changes.
    fn touched(&self, ids: &Ranges) -> Option<(Vec<usize>, Ranges)> {
        let (mut numbers, mut ranges) = (Vec::new(), Ranges::default());
        for (number, page) in self.pages.iter().enumerate() {
            let next = self.pages.get(number + 1);
            let first = if number == 0 { FIRST } else { page.first };
            let last = next.map_or(LAST, |next| MessageId(next.first.0.saturating_sub(1)));
            let Some(range) = IdRange::new(first, last) else { continue };
            let untouched: u64 = ids.gaps(range).iter().map(IdRange::len).sum();
            match range.len() - untouched {
                0 => {}
                many if next.is_some() && many > page.messages.saturating_add(ROOM) => return None,
                _ => {
                    numbers.push(number);
                    ranges.add(range);
                }
            }
        }
        (!numbers.is_empty()).then_some((numbers, ranges))
    }
}

/// The order in which what was written takes its place: what leads to other files comes after them.
pub(super) fn in_order<'a>(files: &'a BTreeSet<String>, main: &str, part: u32) -> Vec<&'a String> {
    let book = book_name(part);
    let rank = |name: &str| u8::from(name == main) + 2 * u8::from(name == book);
    let mut names: Vec<&String> = files.iter().collect();
    names.sort_by_key(|name| rank(name));
    names
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write as _};

    use super::*;

    fn chapter(pages: &[(i32, u64)]) -> Chapter {
        let leaf = |&(first, messages): &(i32, u64)| Leaf { first: MessageId(first), messages };
        Chapter { pages: pages.iter().map(leaf).collect() }
    }

    fn ids(ranges: &[(i32, i32)]) -> Ranges {
        ranges
            .iter()
            .map(|&(first, last)| IdRange { first: MessageId(first), last: MessageId(last) })
            .collect()
    }

    #[test]
    fn only_pages_with_something_new_are_written_anew() {
        let chapter = chapter(&[(5, 100), (200, 100), (400, 20)]);
        let pages = |changed: &[(i32, i32)]| chapter.touched(&ids(changed)).map(|(pages, _)| pages);
        assert_eq!(pages(&[(500, 510)]), Some(vec![2]), "what is newest goes onto the last one");
        assert_eq!(pages(&[(7, 7), (250, 250)]), Some(vec![0, 1]));
        assert_eq!(pages(&[(1, 2)]), Some(vec![0]), "what is older than all goes onto the first one");
        assert_eq!(pages(&[(399, 400)]), Some(vec![1, 2]));
        assert_eq!(pages(&[(10_000, 90_000)]), Some(vec![2]), "the last one may be followed by others");
        assert_eq!(pages(&[(-9_000, 2)]), None, "too much for one page");
        let full = self::chapter(&[(5, u64::MAX), (200, 1)]);
        assert!(full.touched(&ids(&[(6, 6)])).is_some(), "an exporter may say anything");
        let (_, ranges) = chapter.touched(&ids(&[(250, 250)])).unwrap();
        assert_eq!(ranges, ids(&[(200, 399)]));
    }

    #[test]
    fn books_that_cannot_be_read_are_none() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Book::read(folder.path(), 1).is_none());
        for (text, is_book) in [
            (
                r#"{ "chats": { "-7": { "number": 1, "pages": [{ "first": 1, "messages": 2, "dates": null }] } } }"#,
                true,
            ),
            (
                r#"{ "chats": { "-7": { "pages": [{ "first": 9, "messages": 2 }, { "first": 1, "messages": 2 }] } } }"#,
                false,
            ),
            (r#"{ "chats": "#, false),
        ] {
            fs::write(folder.path().join(book_name(1)), text).unwrap();
            assert_eq!(Book::read(folder.path(), 1).is_some(), is_book, "{text}");
        }
    }

    #[test]
    fn books_without_end_are_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(book_name(1));
        let written = fs::write(&path, r#"{ "chats": {} }"#);
        assert!(written.is_ok() && Book::read(folder.path(), 1).is_some());
        let book = File::options().append(true).open(&path).unwrap();
        for _ in 0..=LONGEST_BOOK >> 20 {
            (&book).write_all(&[b' '; 1 << 20]).unwrap();
        }
        assert!(Book::read(folder.path(), 1).is_none());
    }
}
