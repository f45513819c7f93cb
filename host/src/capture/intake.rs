//! The one way of messages into the archive: topics that are skipped, filters in their order, then writes.
//! Sweep, listener, fill and recheck all go through here, so that what one keeps, the others keep too.

use super::{
    Capture, CaptureError,
    choose::Rules,
    filter::Filters,
    page::{Known, Page, message},
    skipped::skipped,
    spared::Spared,
};
use crate::{
    archive::Write,
    model::{Chat, Message, MessageId, Migration, PeerId},
    plugin_host::Names,
};

/// Belongs to one run.
#[derive(Debug)]
pub(super) struct Intake {
    pub(super) rules: Rules,
    pub(super) spared: Spared,
    filters: Filters,
    known: Known,
}

/// What messages of a chat came to.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) writes: Vec<Write>,
    pub(super) kept: u64,
    pub(super) skipped: u64,
    /// Where the chat went, or came from.
    pub(super) moved: Vec<PeerId>,
    /// Something was pinned.
    pub(super) has_pin: bool,
    /// A topic was made or changed.
    pub(super) has_topic: bool,
}

impl Intake {
    pub(super) fn new(capture: &Capture) -> Result<Self, CaptureError> {
        Ok(Self {
            rules: Rules::new(&capture.section)?,
            spared: Spared::default(),
            filters: Filters::new(capture.plugins.as_ref(), &capture.section.filters)?,
            known: Known::default(),
        })
    }

    /// Before the first messages of a chat.
    pub(super) async fn begin(&mut self, chat: &Chat) -> Result<(), CaptureError> {
        self.spared.begin();
        self.filters.begin(chat).await
    }

    /// Those who are new or look different now.
    pub(super) fn people(&mut self, page: &Page) -> Vec<Write> {
        self.known.people(page)
    }

    /// A page of the chat that was begun with: its people and its messages. Stored messages about whose edits somebody has
    /// to decide are left out, and those whose edits were dismissed stay as they are.
    pub(super) async fn take(
        &mut self,
        capture: &Capture,
        chat: PeerId,
        mut page: Page,
    ) -> Result<Taken, CaptureError> {
        self.spared.leave(capture, chat, &mut page.messages).await?;
        self.take_all(chat, page).await
    }

    /// The same, whatever was held back or dismissed.
    pub(super) async fn take_all(&mut self, chat: PeerId, page: Page) -> Result<Taken, CaptureError> {
        let people = self.known.people(&page);
        let names = page.names();
        let mut taken = self.messages(chat, page.messages, &names).await?;
        taken.writes.splice(0..0, people);
        Ok(taken)
    }

    /// Messages of the chat that was begun with.
    pub(super) async fn messages(
        &mut self,
        chat: PeerId,
        messages: Vec<Message>,
        names: &Names,
    ) -> Result<Taken, CaptureError> {
        let mut taken = Taken::default();
        for message in &messages {
            let Some(action) = &message.action else { continue };
            taken.moved.extend(action.migration.map(|migration| match migration {
                Migration::To(peer) | Migration::From(peer) => peer,
            }));
            taken.has_pin |= action.name == "pin_message";
            taken.has_topic |= action.name.starts_with("topic_");
        }
        let (kept, mut left_out) = self.without_topics(chat, messages);
        let judged = self.filters.judge(kept, names).await?;
        left_out.extend(judged.dropped);
        taken.skipped = left_out.len() as u64;
        taken.kept = judged.kept.len() as u64;
        taken.writes.extend(judged.kept.into_iter().map(|kept| message(kept, names)));
        taken.writes.extend(skipped(chat, left_out));
        Ok(taken)
    }

    fn without_topics(
        &self,
        chat: PeerId,
        messages: Vec<Message>,
    ) -> (Vec<Message>, Vec<(MessageId, String)>) {
        if !self.rules.skips_topics(chat) {
            return (messages, Vec::new());
        }
        // A message that says nothing of a topic is in the general one.
        let topic = |message: &Message| match message.topic() {
            Some(topic) => topic,
            // The one that opened a topic is part of it.
            None if self.rules.skips_topic(chat, message.id) => message.id,
            None => MessageId(1),
        };
        let is_skipped = |message: &Message| self.rules.skips_topic(chat, topic(message));
        let (skipped, kept): (Vec<Message>, Vec<Message>) = messages.into_iter().partition(is_skipped);
        let reasons = skipped.iter().map(|message| (message.id, format!("topic {}", topic(message))));
        let reasons = reasons.collect();
        (kept, reasons)
    }
}
