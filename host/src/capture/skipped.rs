//! Messages that were read and not kept: which, and why, so that a certificate can tell them from those
//! that never existed. They are kept as notes of ten thousand ids each.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Capture, CaptureError};
use crate::{
    archive::{ChatKey, IdRange, Ranges, SharedStore, StoreError, Write},
    model::{MessageId, PeerId},
};

const IDS: i32 = 10_000;

/// By reason.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Skipped(pub(crate) BTreeMap<String, Ranges>);

fn name(chat: PeerId, shelf: i32) -> String {
    format!("skipped/{chat}/{shelf}")
}

fn read(value: Option<serde_json::Value>) -> Skipped {
    value.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default()
}

impl Skipped {
    fn add(&mut self, id: MessageId, reason: &str) {
        self.0.entry(reason.to_owned()).or_default().add(IdRange::of(id));
    }

    /// All that was skipped in this stretch of a chat.
    pub(crate) async fn of(store: &SharedStore, key: &ChatKey, within: IdRange) -> Result<Self, StoreError> {
        let mut all = Self::default();
        for shelf in (within.first.0 / IDS)..=(within.last.0 / IDS) {
            let note = store.note(key.account.clone(), name(key.chat, shelf)).await?;
            for (reason, ranges) in read(note).0 {
                let place = all.0.entry(reason).or_default();
                ranges.iter().for_each(|range| place.add(range));
            }
        }
        Ok(all)
    }
}

/// Notes what is skipped of one chat.
#[derive(Debug, Default)]
pub(super) struct SkipNotes {
    open: Option<(PeerId, i32, Skipped)>,
}

impl SkipNotes {
    pub(super) async fn note(
        &mut self,
        capture: &Capture,
        chat: PeerId,
        skipped: &[(MessageId, String)],
    ) -> Result<Vec<Write>, CaptureError> {
        let mut writes = Vec::new();
        for (id, reason) in skipped {
            let shelf = id.0 / IDS;
            if !matches!(&self.open, Some((at, number, _)) if (*at, *number) == (chat, shelf)) {
                writes.extend(self.close());
                let note = capture.store.note(capture.account.clone(), name(chat, shelf)).await?;
                self.open = Some((chat, shelf, read(note)));
            }
            if let Some((.., open)) = &mut self.open {
                open.add(*id, reason);
            }
        }
        if !skipped.is_empty() {
            writes.extend(self.write());
        }
        Ok(writes)
    }

    fn write(&self) -> Option<Write> {
        let (chat, shelf, skipped) = self.open.as_ref()?;
        Some(Write::Note { name: name(*chat, *shelf), value: serde_json::to_value(skipped).ok() })
    }

    fn close(&mut self) -> Option<Write> {
        let written = self.write();
        self.open = None;
        written
    }
}
