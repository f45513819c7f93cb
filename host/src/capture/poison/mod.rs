//! Messages that could not be read: each is asked for once more in the next run, then passed, and stays
//! listed until a version comes that can read it.

mod retry;

use std::collections::BTreeSet;

use jiff::Timestamp;

pub use retry::{Retried, RetryPoison};

use super::{Capture, CaptureError, intake::Intake, page::Page};
use crate::{
    archive::{IdRange, Poison, Ranges, Write},
    model::{Blob, MessageId, PeerId},
    telegram::read::{self, Quarantined},
};

/// After so many runs, the cursor passes it.
const RUNS: u32 = 2;

/// The bad messages of one chat.
#[derive(Clone, Debug, Default)]
pub(super) struct PoisonOfChat {
    known: Vec<Poison>,
}

impl PoisonOfChat {
    pub(super) fn new(known: Vec<Poison>) -> Self {
        Self { known }
    }

    /// Whether the cursor waits for one of them.
    pub(super) fn is_waited_for(&self) -> bool {
        self.known.iter().any(|poison| poison.attempts < RUNS)
    }

    fn ids(&self, passed_only: bool) -> BTreeSet<MessageId> {
        let all = self.known.iter().filter(|poison| !passed_only || poison.attempts >= RUNS);
        all.map(|poison| poison.id).collect()
    }

    /// Notes what a page could not give, in this run.
    pub(super) fn note(&mut self, chat: PeerId, bad: &[Quarantined], now: Timestamp) -> Vec<Write> {
        let mut writes = Vec::new();
        for bad in bad {
            let place = self.known.iter().position(|poison| poison.id == bad.id);
            let before = place.map(|place| self.known.swap_remove(place));
            let poison = Poison {
                chat,
                id: bad.id,
                reason: bad.reason.clone(),
                bytes: Some(Blob(bad.bytes.clone())),
                attempts: before.as_ref().map_or(0, |poison| poison.attempts) + 1,
                first: before.map_or(now, |poison| poison.first),
                last: now,
            };
            // The store adds up the attempts.
            writes.push(Write::Poison(Box::new(Poison { attempts: 1, ..poison.clone() })));
            self.known.push(poison);
        }
        writes
    }

    /// The cursor, moved over what is known whole and what is passed.
    pub(super) fn cursor(&self, from: MessageId, coverage: &Ranges) -> MessageId {
        frontier(from, coverage, &self.ids(true))
    }

    /// From where on nothing was read, whether it could be read or not.
    pub(super) fn read_to(&self, from: MessageId, coverage: &Ranges) -> MessageId {
        frontier(from, coverage, &self.ids(false))
    }

    /// Asks once more for those that the cursor waits for.
    pub(super) async fn retry(
        &mut self,
        capture: &Capture,
        intake: &mut Intake,
        chat: PeerId,
    ) -> Result<Vec<Write>, CaptureError> {
        let ids: Vec<MessageId> =
            self.known.iter().filter(|poison| poison.attempts < RUNS).map(|poison| poison.id).collect();
        self.ask_again(capture, intake, chat, &ids).await
    }

    /// Asks for messages of the chat that was begun with again; those that can be read now, or are gone, are healed.
    pub(super) async fn ask_again(
        &mut self,
        capture: &Capture,
        intake: &mut Intake,
        chat: PeerId,
        ids: &[MessageId],
    ) -> Result<Vec<Write>, CaptureError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut page = Page::of(read::by_ids(&capture.client, chat, ids).await?);
        page.messages.retain(|message| message.chat == chat && ids.contains(&message.id));
        let bad: Vec<Quarantined> = page.bad.drain(..).filter(|bad| ids.contains(&bad.id)).collect();
        let read: Vec<MessageId> = page.messages.iter().map(|message| message.id).collect();
        let missing = std::mem::take(&mut page.missing);
        let mut writes = intake.take(capture, chat, page).await?.writes;
        for id in read.into_iter().chain(missing).filter(|id| ids.contains(id)) {
            writes.extend([Write::Healed { chat, id }, Write::Covered { chat, range: IdRange::of(id) }]);
            self.known.retain(|poison| poison.id != id);
        }
        writes.extend(self.note(chat, &bad, capture.clock.now()));
        Ok(writes)
    }
}

fn frontier(from: MessageId, coverage: &Ranges, passed: &BTreeSet<MessageId>) -> MessageId {
    let mut at = from;
    loop {
        let Some(next) = at.0.checked_add(1).map(MessageId) else { return at };
        if passed.contains(&next) {
            at = next;
        } else if let Some(range) = coverage.iter().find(|range| range.contains(next)) {
            at = range.last;
        } else {
            return at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(all: &[(i32, i32)]) -> Ranges {
        all.iter().filter_map(|(first, last)| IdRange::new(MessageId(*first), MessageId(*last))).collect()
    }

    fn bad(id: i32) -> Quarantined {
        Quarantined { peer: None, id: MessageId(id), bytes: vec![1], reason: "unexpected".into() }
    }

    #[test]
    fn the_cursor_waits_one_run_and_then_passes() {
        let (chat, now) = (PeerId(5), Timestamp::UNIX_EPOCH);
        let coverage = ranges(&[(1, 6), (8, 20)]);
        let mut poison = PoisonOfChat::default();
        let noted = poison.note(chat, &[bad(7)], now);
        let [Write::Poison(first)] = &noted[..] else { panic!("one is noted") };
        assert_eq!((first.attempts, first.id), (1, MessageId(7)));
        assert!(poison.is_waited_for());
        assert_eq!(poison.cursor(MessageId(0), &coverage), MessageId(6));
        assert_eq!(poison.read_to(MessageId(0), &coverage), MessageId(20));
        let noted = poison.note(chat, &[bad(7)], now);
        let [Write::Poison(second)] = &noted[..] else { panic!("one is noted") };
        assert_eq!(second.attempts, 1, "the store adds them up");
        assert!(!poison.is_waited_for());
        assert_eq!(poison.cursor(MessageId(6), &coverage), MessageId(20));
    }

    #[test]
    fn holes_stop_the_cursor() {
        let poison = PoisonOfChat::default();
        assert_eq!(poison.cursor(MessageId(3), &ranges(&[(5, 9)])), MessageId(3));
        assert_eq!(poison.cursor(MessageId(4), &ranges(&[(5, 9)])), MessageId(9));
        assert_eq!(poison.cursor(MessageId(7), &ranges(&[(5, 9)])), MessageId(9));
        assert_eq!(poison.cursor(MessageId(i32::MAX), &ranges(&[])), MessageId(i32::MAX));
    }
}
