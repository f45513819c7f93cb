//! Ids of a chat that stand for no message here, and why: so that a certificate can tell them from those that never existed.
//! They are kept as notes of ten thousand ids each, and what is told is added in the transaction that tells it: nobody has
//! to know what others have added meanwhile.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    range::{IdRange, Ranges},
    store::{SharedStore, StoreError},
    stored::ChatKey,
};
use crate::model::{MessageId, PeerId};

const IDS: i32 = 10_000;
/// The one word under which removed ids stand.
pub(super) const REMOVED: &str = "removed";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shelf {
    /// Read and not kept.
    Skipped,
    /// Kept once, and gone for good.
    Removed,
}

impl Shelf {
    pub(super) const ALL: [Self; 2] = [Self::Skipped, Self::Removed];

    fn name(self, chat: PeerId, number: i32) -> String {
        format!("{}{number}", self.prefix(chat))
    }

    /// What the names of all notes of a chat begin with.
    pub(super) fn prefix(self, chat: PeerId) -> String {
        let word = match self {
            Self::Skipped => "skipped",
            Self::Removed => "removed",
        };
        format!("{word}/{chat}/")
    }

    /// The same ids, by the notes that they belong into.
    pub(super) fn notes(self, chat: PeerId, ids: &Ranges) -> Vec<(String, Ranges)> {
        let mut notes: BTreeMap<i32, Ranges> = BTreeMap::new();
        for range in ids.iter() {
            for number in (range.first.0 / IDS)..=(range.last.0 / IDS) {
                let first = range.first.0.max(number.saturating_mul(IDS));
                let last = range.last.0.min(number.saturating_mul(IDS).saturating_add(IDS - 1));
                let part = IdRange::new(MessageId(first), MessageId(last));
                part.into_iter().for_each(|part| notes.entry(number).or_default().add(part));
            }
        }
        notes.into_iter().map(|(number, ids)| (self.name(chat, number), ids)).collect()
    }

    /// All that is noted in this stretch of a chat.
    pub(crate) async fn of(
        self,
        store: &SharedStore,
        key: &ChatKey,
        within: IdRange,
    ) -> Result<Shelved, StoreError> {
        let mut all = Shelved::default();
        for number in (within.first.0 / IDS)..=(within.last.0 / IDS) {
            let note = store.note(key.account.clone(), self.name(key.chat, number)).await?;
            for (why, ids) in Shelved::read(note).0 {
                all.add(why, &ids);
            }
        }
        Ok(all)
    }
}

/// By reason.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Shelved(pub(crate) BTreeMap<String, Ranges>);

impl Shelved {
    fn read(note: Option<Value>) -> Self {
        note.and_then(|note| serde_json::from_value(note).ok()).unwrap_or_default()
    }

    fn add(&mut self, why: String, ids: &Ranges) {
        let place = self.0.entry(why).or_default();
        ids.iter().for_each(|range| place.add(range));
    }

    /// What a note says when these are added; none when it says so already.
    pub(super) fn with(note: Option<Value>, why: &str, ids: &Ranges) -> Option<Value> {
        let before = Self::read(note);
        let mut now = before.clone();
        now.add(why.to_owned(), ids);
        if now == before { None } else { serde_json::to_value(now).ok() }
    }

    /// Whatever the reason.
    pub(crate) fn ids(&self) -> Ranges {
        self.0.values().flat_map(Ranges::iter).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_go_into_notes_of_ten_thousand() {
        let range = |first, last| IdRange { first: MessageId(first), last: MessageId(last) };
        let ids: Ranges =
            [range(5, 5), range(9_998, 20_001), range(i32::MAX, i32::MAX)].into_iter().collect();
        let notes = Shelf::Skipped.notes(PeerId(-7), &ids);
        let told: Vec<(&str, Vec<IdRange>)> =
            notes.iter().map(|(name, ids)| (name.as_str(), ids.iter().collect())).collect();
        assert_eq!(
            told,
            [
                ("skipped/-7/0", vec![range(5, 5), range(9_998, 9_999)]),
                ("skipped/-7/1", vec![range(10_000, 19_999)]),
                ("skipped/-7/2", vec![range(20_000, 20_001)]),
                ("skipped/-7/214748", vec![range(i32::MAX, i32::MAX)]),
            ]
        );
    }
}
