//! Messages that somebody has to decide about.

use std::collections::{BTreeSet, HashMap};

use crate::{
    capture::{Capture, CaptureError},
    model::{MessageId, PeerId},
};

/// Operations that are read at a time.
const PAGE: usize = 500;

/// What was held back since the run began, or before. What is decided meanwhile waits for the next run.
#[derive(Debug, Default)]
pub(super) struct Held {
    ids: HashMap<PeerId, BTreeSet<MessageId>>,
    /// The number of the last operation that is known.
    last: i64,
}

impl Held {
    /// Asks for what was held back since the last time: the listener goes on meanwhile.
    pub(super) async fn learn(&mut self, capture: &Capture) -> Result<(), CaptureError> {
        loop {
            let found = capture.store.blocked_after(self.last, PAGE).await?;
            let Some((_, last)) = found.last() else { return Ok(()) };
            self.last = last.number;
            for (_, operation) in found.into_iter().filter(|(account, _)| *account == capture.account) {
                self.ids.entry(operation.chat).or_default().extend(operation.ids);
            }
        }
    }

    pub(super) fn has(&self, chat: PeerId, id: MessageId) -> bool {
        self.ids.get(&chat).is_some_and(|ids| ids.contains(&id))
    }
}
