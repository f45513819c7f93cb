//! Stored messages whose edits wait for a decision, or were dismissed: what they say stays, whoever asks Telegram again.
//!
//! Only what was edited at Telegram is looked up, so that whoever reads messages that nobody has edited pays nothing. What is
//! not stored is taken as Telegram shows it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Capture, CaptureError, undo};
use crate::{
    archive::{BlockedOperation, says_the_same},
    model::{Message, MessageId, PeerId},
};

/// Operations that are read at a time.
const PAGE: usize = 500;

#[derive(Debug, Default)]
pub(super) struct Spared {
    /// The numbers of what is held back of messages, the newest last.
    waiting: HashMap<PeerId, BTreeMap<MessageId, Vec<i64>>>,
    /// The number of the last operation that is known.
    last: i64,
    /// Of the chat that is read, as soon as somebody has asked.
    dismissed: Option<(PeerId, BTreeSet<MessageId>)>,
}

impl Spared {
    /// Asks for what was held back since the last time: the listener goes on meanwhile.
    pub(super) async fn learn(&mut self, capture: &Capture) -> Result<(), CaptureError> {
        loop {
            let found = capture.store.blocked_after(self.last, PAGE).await?;
            let is_all = found.len() < PAGE;
            for (account, operation) in found {
                self.last = operation.number;
                if account != capture.account {
                    continue;
                }
                let of_chat = self.waiting.entry(operation.chat).or_default();
                for id in operation.ids {
                    of_chat.entry(id).or_default().push(operation.number);
                }
            }
            if is_all {
                return Ok(());
            }
        }
    }

    /// As far as is known: somebody may have decided since.
    pub(super) fn waits(&self, chat: PeerId, id: MessageId) -> bool {
        self.waiting.get(&chat).and_then(|ids| ids.get(&id)).is_some_and(|numbers| !numbers.is_empty())
    }

    /// What waits of a message, the newest if there are several.
    pub(super) async fn waiting(
        &mut self,
        capture: &Capture,
        chat: PeerId,
        id: MessageId,
    ) -> Result<Option<BlockedOperation>, CaptureError> {
        let Some(numbers) = self.waiting.get_mut(&chat).and_then(|ids| ids.get_mut(&id)) else {
            return Ok(None);
        };
        while let Some(number) = numbers.last() {
            if let Some((_, operation)) = capture.store.blocked_by_number(*number).await? {
                return Ok(Some(operation));
            }
            numbers.pop();
        }
        Ok(None)
    }

    /// Before the first messages of a chat: what was dismissed meanwhile counts.
    pub(super) fn begin(&mut self) {
        self.dismissed = None;
    }

    /// Leaves out stored messages that wait; those whose edits were dismissed say what they say here, and take reactions.
    pub(super) async fn leave(
        &mut self,
        capture: &Capture,
        chat: PeerId,
        told: &mut Vec<Message>,
    ) -> Result<(), CaptureError> {
        let edited = told.iter().filter(|message| message.edited.is_some());
        let mut ids: Vec<MessageId> = edited.map(|message| message.id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        self.learn(capture).await?;
        self.learn_dismissed(capture, chat).await?;
        ids.retain(|id| self.waits(chat, *id) || self.may_be_dismissed(chat, *id));
        if ids.is_empty() {
            return Ok(());
        }
        for stored in capture.store.by_id(capture.key(chat), ids).await? {
            let stored = stored.message;
            if self.waiting(capture, chat, stored.id).await?.is_some() {
                told.retain(|message| message.id != stored.id);
                continue;
            }
            for told in told.iter_mut().filter(|message| message.id == stored.id) {
                if !says_the_same(&stored, told)
                    && undo::is_dismissed(&capture.store, &capture.key(chat), &stored, told).await?
                {
                    *told = Message { reactions: told.reactions.take(), ..stored.clone() };
                }
            }
        }
        Ok(())
    }

    async fn learn_dismissed(&mut self, capture: &Capture, chat: PeerId) -> Result<(), CaptureError> {
        if self.dismissed.as_ref().is_none_or(|(of, _)| *of != chat) {
            let ids = undo::dismissed_edits(&capture.store, &capture.key(chat)).await?;
            self.dismissed = Some((chat, ids));
        }
        Ok(())
    }

    fn may_be_dismissed(&self, chat: PeerId, id: MessageId) -> bool {
        self.dismissed.as_ref().is_some_and(|(of, ids)| *of == chat && ids.contains(&id))
    }
}
